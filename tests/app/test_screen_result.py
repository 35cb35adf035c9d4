"""The Result screen: on a file that was produced, on one made by hand, and on files that cannot be read."""

import os
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest
from snapshot import check_snapshot, screen_text

from smdtui import words
from smdtui.app import SmdApp
from smdtui.services import Selection
from smdtui.widgets.text_view import TextView

ROOT = Path(__file__).resolve().parents[2]
PROFILE = 'format = 1\nhutch = "tmo"\n[epics]\nper_event = ["sam_x"]\n[runs.all.epix100_0]\nsums = ["calib"]\n'


@pytest.fixture(scope="session")
def produced(written, tmp_path_factory):
    """Run 12, produced for real by one rank."""
    folder = tmp_path_factory.mktemp("produced")
    (folder / "p.toml").write_text(PROFILE, encoding="utf-8")
    [xtc] = written.glob("*/*/xtc")
    words = ["-m", "producer", "--exp", "tmoc00126", "--run", "12", "--dir", xtc, "--profile", folder / "p.toml"]
    done = subprocess.run(
        [sys.executable, *words, "--output", folder / "tmoc00126_Run0012.h5"],
        cwd=ROOT,
        env={**os.environ, "PS_PARALLEL": "none"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return folder / "tmoc00126_Run0012.h5"


@pytest.fixture
def made(tmp_path):
    """A small file of which every number is known; `ipm/nan` has NaN, `Sums/[x]` a name like markup."""
    path = tmp_path / "xppx43218_Run0007.h5"
    numbers = np.random.default_rng(3).normal(5, 2, 40)
    holes = np.where(np.arange(40) % 4 == 0, np.nan, numbers)
    with h5py.File(path, "w") as f:
        f["timestamp"] = np.arange(40, dtype=np.int64) + 10**18
        f["ipm/sum"], f["ipm/nan"] = numbers, holes
        f["ipm/sum"].attrs["units"] = "mJ"
        f["Sums/[x]"] = np.arange(12, dtype=np.uint16).reshape(3, 4)
        f["note"] = "hello"
    return path, numbers, holes


@pytest.fixture
def app_on(make_services):
    """`app_on(path)`: the app with that file selected."""

    def make(path, **selection):
        services = make_services()
        services.selection = Selection(result=path, **selection)
        return SmdApp(services)

    return make


async def show(pilot, app, wait_for):
    await pilot.press("5")
    await wait_for(pilot, lambda: app.screen.NAME == "result" and app.screen.opened, "the tree")
    await wait_for(pilot, lambda: not app.screen.busy("verify") and not app.screen.busy("figures"), "verdict, figures")
    return app.screen


async def test_a_produced_file_is_verified_and_summed_up(app_on, produced, wait_for):
    app = app_on(produced, run=12)
    async with app.run_test(size=(120, 60)) as pilot:
        await show(pilot, app, wait_for)
        assert "✓ verified   8 of 8 events" in screen_text(app)
        assert "counted again in the data" in screen_text(app) and "not counted" not in screen_text(app)
        with h5py.File(produced) as f:
            data = f["/Sums/epix100_0_calib"][:]
        [row] = [line for line in screen_text(app).splitlines() if "epix100_0_calib" in line]
        assert words.number(data.max()) in row and words.number(data.min()) in row


async def test_figures_are_those_of_numpy(app_on, made, wait_for):
    path, numbers, holes = made
    app = app_on(path)
    async with app.run_test(size=(80, 24)) as pilot:
        await show(pilot, app, wait_for)
        lines = {line.split()[0]: line.split() for line in screen_text(app).splitlines() if line.strip()}
        assert lines["sum"][2:] == [words.number(v) for v in (numbers.min(), numbers.mean(), numbers.max())] + ["0%"]
        assert lines["nan"][2:] == [words.number(f(holes)) for f in (np.nanmin, np.nanmean, np.nanmax)] + ["25.0%"]
        assert lines["[x]"][1:] == ["3x4", "0", "5.5", "11", "–"]
        check_snapshot(app, "result_80x24")


async def test_folding_filtering_attributes_and_values(app_on, made, wait_for):
    app = app_on(made[0])
    async with app.run_test(size=(80, 30)) as pilot:
        result = await show(pilot, app, wait_for)
        await pilot.press("slash", *"ipm sum", "enter", "down")
        assert [result.opened.outline.nodes[row].path for row in result.list.state.view] == ["/ipm", "/ipm/sum"]
        assert "units = mJ" in screen_text(app)
        await pilot.press("enter")
        await wait_for(pilot, lambda: isinstance(app.screen, TextView), "the values")
        assert "[0]" in screen_text(app)
        await pilot.press("escape", "escape", "h")
        assert "/ipm/sum" not in [result.opened.outline.nodes[row].path for row in result.list.state.view]
        await pilot.press("c")
        await wait_for(pilot, lambda: "no UserDataCfg" in screen_text(app), "the sentence")


async def test_the_profile_that_was_used(app_on, produced, wait_for):
    app = app_on(produced, run=12)
    async with app.run_test(size=(100, 120)) as pilot:
        await show(pilot, app, wait_for)
        await pilot.press("c")
        await wait_for(pilot, lambda: isinstance(app.screen, TextView), "the profile")
        assert "sam_x" in screen_text(app) and "epix100_0" in screen_text(app)


async def test_only_rows_on_the_screen_are_summed_up(app_on, tmp_path, wait_for):
    path = tmp_path / "many.h5"
    with h5py.File(path, "w") as f:
        for i in range(300):
            f[f"d{i:03d}"] = np.arange(3)
    app = app_on(path)
    async with app.run_test(size=(80, 24)) as pilot:
        result = await show(pilot, app, wait_for)
        assert "d000" in screen_text(app) and 5 < len(result.figures) < 40
        await pilot.press("G")
        await wait_for(pilot, lambda: "/d299" in result.figures, "the figures of the last")
        assert "/d150" not in result.figures


@pytest.mark.parametrize("content", [b"", b"no HDF5 at all" * 100])
async def test_a_file_that_cannot_be_read_is_said_and_others_can_be_opened(app_on, tmp_path, wait_for, content, made):
    path = tmp_path / "bad_Run0001.h5"
    path.write_bytes(content)
    app = app_on(path)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("5")
        await wait_for(pilot, lambda: "bad_Run0001.h5 cannot be read" in screen_text(app), "the message")
        await pilot.press("enter", "c", "h", "f")
        await wait_for(pilot, lambda: "2 files in" in screen_text(app), "the list of files")
        assert app.screen.list.state.row == 0
        await pilot.press("enter")
        await wait_for(pilot, lambda: "▾ ipm" in screen_text(app), "the other file")
        assert app.services.selection.run == 7


async def test_a_damaged_file_fails_its_verdict_in_words(app_on, made, wait_for):
    with h5py.File(made[0], "a") as f:
        del f["timestamp"]
    app = app_on(made[0])
    async with app.run_test(size=(80, 24)) as pilot:
        await show(pilot, app, wait_for)
        assert "✗ failed" in screen_text(app) and "has no timestamps" in screen_text(app)


async def test_a_run_that_was_not_produced_says_how_to(make_services, wait_for):
    services = make_services()
    services.selection = Selection(run=3)
    app = SmdApp(services)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("5")
        await wait_for(pilot, lambda: "Run 3 has not been produced yet." in screen_text(app), "the message")
        assert "Press L on the Runs screen" in screen_text(app)


async def test_no_file_yet(make_services, wait_for, tmp_path):
    app = SmdApp(make_services())
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("5")
        await wait_for(pilot, lambda: "Nothing has been produced yet." in screen_text(app), "the message")

"""On the Profile screen: run ranges by keys, inner tables, comparing, history, two people, what a crash left."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import tomllib
from snapshot import screen_text
from terminal import Terminal

from producer.plan import check, effective
from smdtui.app import SmdApp
from smdtui.profile.difference import between_texts
from smdtui.profile.rescue import Keeper, rescued
from smdtui.screens.difference_sheet import DifferenceSheet
from smdtui.screens.history_sheet import HistorySheet
from smdtui.screens.merge_sheet import MergeSheet
from smdtui.screens.pv_form import EntryForm, InnerForm
from smdtui.screens.range_form import RangeForm
from smdtui.widgets.profile_text import ProfileText
from smdtui.widgets.question import Question

ROOT = Path(__file__).resolve().parents[2]
TEXT = """format = 1
hutch = "tmo"

[epics]  # kept
per_event = ["sam_x"]

[runs.12-.epix100_0.droplet] # since the shift
threshold = 10.0

[[runs.12-.epix100_0.roi]]
name = "spot"
region = [[10, 20], [30, 40]]
"""


@pytest.fixture
def profile(tmp_path):
    folder = tmp_path / "results" / "profiles"
    folder.mkdir(parents=True)
    (folder / "test.toml").write_text(TEXT, encoding="utf-8")
    return folder / "test.toml"


@pytest.fixture
def opened(open_services, wait_for):
    """`async with opened(run) as (app, pilot, screen)`: the Profile screen at 80x24 on the profile and a run."""
    from contextlib import asynccontextmanager

    @asynccontextmanager
    async def show(run=13):
        app = SmdApp(open_services())
        async with app.run_test(size=(80, 24)) as pilot:
            app.services.select(run=run)
            await pilot.press("3")
            await wait_for(pilot, lambda: "profile" in app._screen_stacks, "the screen")
            await wait_for(pilot, lambda: bool(app._screen_stacks["profile"]), "the screen")
            screen = app._screen_stacks["profile"][0]
            await wait_for(pilot, lambda: screen.runs and not screen.busy("state"), "the runs and the parts")
            screen.select(run=run)  # the Runs screen may have selected its own meanwhile
            await wait_for(pilot, lambda: screen.state.run == run and not screen.busy("state"), "the run")
            yield app, pilot, screen

    return show


def at(screen, title, kind="function"):
    row = next(n for n, part in enumerate(screen.state.parts) if part.title == title and part.kind == kind)
    screen.parts.state = screen.parts.state.to(row)


def process(code, *arguments):
    words = [sys.executable, "-c", f"import sys; from pathlib import Path; {code}", *map(str, arguments)]
    return subprocess.Popen(words, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def values(text, run):
    profile, problems = check("p.toml", text)
    assert problems == [], problems
    return effective(profile, run).as_json()["plan"]["detectors"]


async def test_from_this_run_on_and_the_ends_by_keys(opened, profile, wait_for):
    async with opened() as (app, pilot, screen):
        document = app.services.document
        assert screen.part.title == "epix100_0", "the cursor begins on the detector of the run"
        await pilot.press("s")
        await wait_for(pilot, lambda: not screen.busy("state"), "the split")
        assert screen.part.path == ("runs", "13-", "epix100_0") and "runs 12 " in screen_text(app)
        assert {run: values(document.text, run) == values(TEXT, run) for run in (12, 13, 16)} == dict.fromkeys(
            (12, 13, 16), True
        )
        at(screen, "droplet")
        screen.parts.state = screen.parts.state.to(
            [n for n, p in enumerate(screen.state.parts) if p.title == "droplet"][1]
        )
        await pilot.press("right_curly_bracket")
        await wait_for(pilot, lambda: not screen.busy("state"), "the later beginning")
        assert "[runs.16-.epix100_0.droplet]" in document.text and "[[runs.13-.epix100_0.roi]]" in document.text
        assert screen.part.path == ("runs", "16-", "epix100_0", "droplet")
        await pilot.press("u", "less_than_sign")
        await wait_for(pilot, lambda: not screen.busy("state"), "the end")
        assert "[runs.13-16.epix100_0.droplet]" in document.text, "open before, now ends at the last recorded run"
        await pilot.press("greater_than_sign")
        await wait_for(pilot, lambda: not screen.busy("state"), "open again")
        assert "[runs.13-.epix100_0.droplet]" in document.text
        await pilot.press(*["u"] * 4)
        assert document.text == TEXT


async def test_joining_copying_and_typing_a_range(opened, profile, wait_for):
    async with opened() as (app, pilot, screen):
        document = app.services.document
        await pilot.press("s")
        await wait_for(pilot, lambda: not screen.busy("state"), "the split")
        await pilot.press("J")
        await wait_for(pilot, lambda: not screen.busy("state"), "the join")
        assert "13-" not in document.text and values(document.text, 16) == values(TEXT, 16)
        at(screen, "droplet")
        await pilot.press("r")
        await wait_for(pilot, lambda: isinstance(app.screen, RangeForm), "the form")
        await pilot.press("ctrl+u", *"12-20", "ctrl+s")
        await wait_for(pilot, lambda: app.screen is screen and not screen.busy("state"), "the range")
        assert "[runs.12-20.epix100_0.droplet] # since the shift" in document.text
        await pilot.press("y")
        await wait_for(pilot, lambda: isinstance(app.screen, RangeForm), "the form")
        await pilot.press(*"15-", "ctrl+s")
        assert isinstance(app.screen, RangeForm) and "has runs 15-20 already" in screen_text(app)
        await pilot.press("ctrl+u", *"30-", "ctrl+s")
        await wait_for(pilot, lambda: app.screen is screen and not screen.busy("state"), "the copy")
        assert "[runs.30-.epix100_0.droplet] # since the shift" in document.text


async def test_a_table_within_a_function_is_added_changed_and_removed(opened, profile, wait_for):
    async with opened() as (app, pilot, screen):
        document = app.services.document
        at(screen, "roi spot")
        await pilot.press("a")
        await wait_for(pilot, lambda: isinstance(app.screen, Question), "what to add")
        await wait_for(pilot, lambda: "in roi spot: projection" in screen_text(app), "the answers")
        await wait_for(pilot, lambda: app.focused is not None and app.focused.id == "answer-0", "the focus")
        await pilot.press("down")
        await wait_for(pilot, lambda: app.focused is not None and app.focused.id == "answer-1", "the second answer")
        await pilot.press("enter")
        await wait_for(pilot, lambda: isinstance(app.screen, InnerForm), "the form")
        await pilot.press("ctrl+s")
        await wait_for(pilot, lambda: app.screen is screen and not screen.busy("state"), "the projection")
        assert "[[runs.12-.epix100_0.roi.projection]]" in document.text
        at(screen, "projection projection", "inner")
        await pilot.press("enter")
        await wait_for(pilot, lambda: isinstance(app.screen, InnerForm), "the form")
        app.screen.view.focus_field("axis")
        await pilot.press("ctrl+u", "1", "ctrl+s")
        await wait_for(pilot, lambda: app.screen is screen and not screen.busy("state"), "the change")
        assert (
            document.value(("runs", "12-", "epix100_0", "roi", 0, "projection", 0)) == {"axis": 1}
            or "axis = 1" in document.text
        )
        await pilot.press("d")
        await wait_for(pilot, lambda: not screen.busy("state"), "the removal")
        assert "projection" not in document.text


def test_every_function_and_section_has_a_form():
    from producer.analysis import FUNCTIONS
    from producer.defaults import SECTIONS
    from producer.parameters import describe, only_short
    from smdtui.profile.entry_draft import EntryDraft
    from smdtui.profile.form import inner_tables

    def tables(parameters):
        yield parameters
        for table in inner_tables(parameters):
            yield from tables(table.parameters)

    for name, module in {**FUNCTIONS, **SECTIONS}.items():
        for parameters in tables(module.Parameters):
            draft = EntryDraft.table(name, parameters)
            fields = {f.name for f in draft.form.fields} | {t.name for t in inner_tables(parameters)}
            assert fields == {f.name for f in describe(parameters)}
            told = [f.help for f in draft.form.fields]
            assert all(told), (name, parameters)
            if not draft.problems and not only_short(parameters):
                assert draft.value == {}
    assert EntryForm("droplet").draft.form.fields


async def test_comparing_runs_and_the_file(opened, profile, wait_for):
    async with opened() as (app, pilot, screen):
        document = app.services.document
        await pilot.press("s")
        await wait_for(pilot, lambda: not screen.busy("state"), "the split")
        head = "[runs.13-.epix100_0.droplet] # since the shift\nthreshold = "
        document.text = document.text.replace(f"{head}10.0", f"{head}12.0")
        await pilot.press("D")
        await wait_for(pilot, lambda: isinstance(app.screen, Question), "the question")
        assert "run 13 with run 12" in screen_text(app) and "with run 16" in screen_text(app)
        await pilot.press("enter")
        await wait_for(pilot, lambda: isinstance(app.screen, DifferenceSheet), "the differences")
        [change] = app.screen.changes
        assert (change.name, change.before, change.after) == ("detectors.epix100_0.droplet.threshold", 10.0, 12.0)
        await pilot.press("escape", "D", "down", "down", "enter")
        await wait_for(pilot, lambda: isinstance(app.screen, DifferenceSheet), "the differences")
        assert app.screen.changes == tuple(between_texts(TEXT, document.text))


async def test_history_is_looked_at_and_brought_back(opened, profile, wait_for):
    async with opened() as (app, pilot, screen):
        document = app.services.document
        at(screen, "every EPICS PV", "all_pvs")
        await pilot.press("enter", "W")
        await pilot.pause()
        await pilot.press(*"new sample", "ctrl+s")
        await wait_for(pilot, lambda: app.screen is screen and not document.unsaved, "the save")
        await pilot.press("H")
        await wait_for(pilot, lambda: isinstance(app.screen, HistorySheet), "the history")
        assert "new sample" in screen_text(app) and "1 difference to the buffer" in screen_text(app)
        await pilot.press("enter")
        await wait_for(pilot, lambda: isinstance(app.screen, DifferenceSheet), "the difference")
        await pilot.press("escape", "r")
        await wait_for(pilot, lambda: app.screen is screen, "the screen")
        assert document.text == TEXT and document.unsaved
        await pilot.press("u")
        assert "all = true" in document.text


async def test_two_people_and_both_have_their_changes(opened, profile, wait_for):
    async with opened() as (app, pilot, screen):
        document = app.services.document
        at(screen, "every EPICS PV", "all_pvs")
        await pilot.press("enter")
        document.text = document.text.replace("10.0", "12.0")
        theirs = TEXT.replace("10.0", "14.0").replace("[10, 20]", "[10, 25]") + "# theirs\n"
        profile.write_text(theirs)
        await pilot.press("w")
        await wait_for(pilot, lambda: isinstance(app.screen, Question), "the question")
        await pilot.press("down", "enter")
        await wait_for(pilot, lambda: isinstance(app.screen, MergeSheet), "the three-way view")
        text = screen_text(app)
        assert "1 changed by both" in text and "▲ both" in text and "14" in text and "12" in text
        row = next(n for n, d in enumerate(app.screen.three.differences) if d.clash)
        app.screen.list.state = app.screen.list.state.to(row)
        await pilot.press("space")
        assert app.screen.three.differences[row].take == "theirs"
        await pilot.press("space", "ctrl+s")
        await wait_for(pilot, lambda: app.screen is screen, "the screen")
        await pilot.press("w")
        saved = tomllib.loads(profile.read_text())
        assert saved["epics"]["all"] is True and saved["runs"]["12-"]["epix100_0"]["droplet"]["threshold"] == 12.0
        assert saved["runs"]["12-"]["epix100_0"]["roi"][0]["region"][0] == [10, 25]
        assert [v.text() for v in document.history()] == [theirs], "theirs is kept whole"


async def test_another_editor_is_told_of(opened, profile, wait_for):
    code = "from smdtui.profile.presence import Presence; Presence(Path(sys.argv[1]), 'anna').announce();"
    other = process(f"{code} print('ready', flush=True); sys.stdin.read()", profile)
    try:
        assert other.stdout.readline() == "ready\n"
        async with opened() as (app, pilot, screen):
            await wait_for(pilot, lambda: bool(screen.editors), "the other editor")
            assert "being edited by anna since" in screen_text(app)
            at(screen, "every EPICS PV", "all_pvs")
            await pilot.press("enter")
            mine = profile.parent / f".test.toml.editing-{os.uname().nodename}-{os.getpid()}"
            await wait_for(pilot, mine.exists, "our own notice")
            await pilot.press("w")
            await wait_for(pilot, lambda: not mine.exists(), "its end")
    finally:
        other.kill()
        other.wait()


async def test_what_a_crash_left_is_offered(opened, profile, wait_for, tmp_path):
    code = "from smdtui.profile.rescue import Keeper;"
    code += "Keeper(Path(sys.argv[1]), Path(sys.argv[2])).keep(sys.argv[3], sys.argv[4])"
    lost = TEXT.replace("10.0", "11.5")
    assert process(code, tmp_path / "state", profile, lost, TEXT).wait() == 0
    async with opened() as (app, pilot, _):
        await wait_for(pilot, lambda: isinstance(app.screen, Question), "the offer")
        await pilot.press("down", "enter")
        await wait_for(pilot, lambda: isinstance(app.screen, DifferenceSheet), "what differs")
        assert "11.5" in screen_text(app)
        await pilot.press("escape")
        await wait_for(pilot, lambda: isinstance(app.screen, Question), "the offer again")
        await pilot.press("enter")
        await wait_for(pilot, lambda: app.services.document.text == lost, "the changes")
        assert app.services.document.unsaved and profile.read_text() == TEXT
        await pilot.press("u")
        assert app.services.document.text == TEXT


async def test_a_read_only_file_is_left_alone_and_a_copy_offered(opened, profile, wait_for):
    profile.chmod(0o444)
    async with opened() as (app, pilot, screen):
        at(screen, "every EPICS PV", "all_pvs")
        await pilot.press("enter", "w")
        await wait_for(pilot, lambda: isinstance(app.screen, Question), "the question")
        assert "is read-only" in screen_text(app)
        await pilot.press("down", "enter")
        await wait_for(pilot, lambda: app.screen is screen, "the screen")
        assert profile.read_text() == TEXT and app.services.document.path.name.startswith("test.mine-")
        assert "all = true" in app.services.document.path.read_text()


async def test_a_symbolic_link_stays_one(opened, profile, wait_for, tmp_path):
    real = tmp_path / "elsewhere.toml"
    profile.rename(real)
    profile.symlink_to(real)
    async with opened() as (app, pilot, screen):
        at(screen, "every EPICS PV", "all_pvs")
        await pilot.press("enter", "w")
        assert profile.is_symlink() and "all = true" in real.read_text()
        assert [v.text() for v in app.services.document.history()] == [TEXT]


async def test_problems_stand_in_the_margin_of_the_text(opened, profile, wait_for):
    async with opened() as (app, pilot, screen):
        await pilot.press("t")
        area = screen.query_one(ProfileText)
        area.move_cursor((7, 0))
        await pilot.press(*"tre")
        await wait_for(pilot, lambda: screen.state.errors == 1 and not screen.busy("state"), "the problem")
        lines = screen_text(app).split("\n")
        line = next(line for line in lines if "trethreshold" in line)
        assert line.split()[0] == "8✗" and "unknown key 'trethreshold'" in screen_text(app)
        await pilot.press("backspace", "backspace", "backspace")
        await wait_for(pilot, lambda: screen.state.errors == 0, "the mending")
        assert app.services.document.text == TEXT


# ---- a real terminal, killed -----------------------------------------------------------------------------------------


def test_killed_between_keystrokes_nothing_is_lost(written, tmp_path):
    profile = tmp_path / "shift.toml"
    profile.write_text(TEXT)
    state = tmp_path / "state"
    environment = {f"XDG_{name}_HOME": str(tmp_path / name.lower()) for name in ("CACHE", "STATE", "DATA", "CONFIG")}
    words = [sys.executable, "-m", "smdtui.cli", "tmoc00126", "--site", written / "site.toml", "--profile", profile]
    words += ["--results", tmp_path / "results"]
    with Terminal(words, 80, 24, env=environment, cwd=ROOT) as terminal:
        terminal.wait_for("  16 ", 60)
        terminal.press("3")
        terminal.wait_for("droplet")
        terminal.settle()
        terminal.press("s")
        terminal.wait_for("runs 16-")
        terminal.settle(0.4)
        terminal.kill()
    assert profile.read_text() == TEXT
    [kept] = rescued(state / "smdtui", profile)
    assert "[runs.16-.epix100_0.droplet]" in kept.text and kept.seen == TEXT
    with Terminal(words, 80, 24, env=environment, cwd=ROOT) as terminal:
        terminal.wait_for("  16 ", 60)
        terminal.press("3")
        terminal.wait_for("changes that were not saved")
        terminal.press("enter")
        terminal.wait_for("runs 16-")
        terminal.press("w")
        terminal.wait_for("Saved shift.toml")
        terminal.press("ctrl+q")
        assert terminal.wait_exit(30) == 0
    assert profile.read_text() == kept.text
    assert rescued(state / "smdtui", profile) == [] and not list(profile.parent.glob(".shift.toml.editing-*"))


def test_a_keeper_writes_what_was_seen(tmp_path):
    Keeper(tmp_path, tmp_path / "p.toml").keep("a", None)
    [file] = (tmp_path / "unsaved").iterdir()
    assert json.loads(file.read_text())["seen"] is None and oct(file.parent.stat().st_mode)[-3:] == "700"


async def test_changes_given_up_on_purpose_are_not_offered_again(opened, profile, wait_for, tmp_path):
    async with opened() as (app, pilot, screen):
        await pilot.press("s")
        await wait_for(pilot, lambda: list((tmp_path / "state" / "unsaved").glob("*.json")), "the kept buffer")
        await pilot.press("ctrl+q")
        await wait_for(pilot, lambda: app.screen is not screen, "the question")
        await pilot.press("y")
        await wait_for(pilot, lambda: not app.is_running or app._exit, "the end")
    assert list((tmp_path / "state" / "unsaved").glob("*.json")) == []
    assert not list(profile.parent.glob(".test.toml.editing-*")) and profile.read_text() == TEXT

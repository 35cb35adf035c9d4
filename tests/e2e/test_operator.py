"""The operator's whole loop at 80x24, by keyboard, in a real terminal with the real app, psana and mpiexec."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import h5py
import pytest
import tomllib
from places import ROOT
from terminal import Terminal

SMDTUI = [sys.executable, "-m", "smdtui.cli"]
EXPERIMENT = "tmoc00126"


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """The demo, smaller, written once."""
    place = tmp_path_factory.mktemp("written") / "demo"
    code = (
        "import sys; from pathlib import Path; from smdtui.demo import command;"
        "sys.exit(command(Path(sys.argv[1]), terminal=True, open_app=lambda *a: 0, events=80, pvs=400))"
    )
    words = [sys.executable, "-c", code, str(place)]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return place


@pytest.fixture
def demo(written, tmp_path):
    place = tmp_path / "demo"
    shutil.copytree(written, place)
    return place


def app(demo: Path, **size) -> Terminal:
    return Terminal([*SMDTUI, EXPERIMENT, "--site", demo / "site.toml"], cwd=ROOT, **size)


def profile_of(demo: Path) -> Path:
    return demo / "tmo" / EXPERIMENT / "results" / "smdtui" / "profiles" / "demo.toml"


def jobs_of(demo: Path) -> list[Path]:
    return sorted((demo / "tmo" / EXPERIMENT / "results" / "smdtui" / "jobs").glob("2*"))


def processes_naming(path: Path) -> list[str]:
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            state = (folder / "stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            continue
        if str(path) in words and state != "Z" and int(folder.name) != os.getpid():
            found.append(f"{folder.name} {words}")
    return found


def none_left(job: Path) -> bool:
    """Whether every process of the job is gone, or goes within some seconds of its end."""
    end = time.monotonic() + 15
    while processes_naming(job):
        if time.monotonic() > end:
            return False
        time.sleep(0.2)
    return True


def go_to_run(t: Terminal, run: int) -> None:
    t.wait_for(f"  {run} ")
    t.press(":")
    t.type(str(run))
    t.press("enter")
    t.wait_for(f"run {run} ")


def test_from_a_run_on_disk_to_a_verified_file(demo):
    with app(demo) as t:
        t.wait_for("DEMO")
        go_to_run(t, 12)

        # three PVs, found by filter, into the profile
        t.press("2")
        t.wait_for("epix100_0", timeout=30)
        t.press("/")
        t.type("sam")
        t.press("enter")
        t.wait_until(lambda s: "epix100_0" not in s and "sam_z" in s, what="the filtered names")
        t.press("space", "space", "space")
        t.wait_until(lambda s: len(re.findall(r"^●", s, re.M)) == 3, what="three marks")
        t.press("a")
        t.wait_for("added per event")

        # a region of the area detector
        t.press("escape")
        t.press("/")
        t.type("epix100")
        t.press("enter")
        t.wait_until(lambda s: "sam_z" not in s and "epix100_0" in s, what="the detector alone")
        t.press("R")
        t.wait_for("columns")
        t.press("shift+tab")  # the form opens on the region; the name is the field before
        t.settle()
        t.type("corner")
        t.press("tab")
        t.type("0:100")
        t.press("tab")
        t.type("0:200")
        t.settle()
        t.press("ctrl+s")
        t.wait_gone("save pixels")

        # check and save
        t.press("3")
        t.wait_for("not saved")
        t.press("c")
        t.wait_until(lambda s: re.search(r"✓ .*run 12", s), 60, "a clean check")
        t.press("w")
        t.wait_gone("demo.toml*")
        saved = tomllib.loads(profile_of(demo).read_text())
        assert {"sam_x", "sam_y", "sam_z"} <= {
            p if isinstance(p, str) else p["alias"] for p in saved["epics"]["per_event"]
        }
        corner = next(r for r in saved["runs"]["all"]["epix100_0"]["roi"] if r["name"] == "corner")
        assert corner["region"] == [[0, 100], [0, 200]]

        # launch with 5 ranks and watch
        t.press("L")
        t.wait_for("ranks")
        launch_it(t)
        t.wait_for("verified", timeout=120)

        # the result
        t.press("o")
        t.wait_for("[5 Result]")
        t.wait_for("10 of 10 events")
        t.press("/")
        t.type("sam_z")
        t.press("enter")
        t.wait_for("epicsUser", timeout=20)
        t.press("ctrl+q")
        assert t.wait_exit() == 0
    (job,) = jobs_of(demo)
    assert tomllib.loads((job / "request.toml").read_text())["ranks"] == 5
    with h5py.File(demo / "tmo" / EXPERIMENT / "hdf5" / "smalldata" / f"{EXPERIMENT}_Run0012.h5") as f:
        assert len(f["timestamp"]) == 10
        assert {"sam_x", "sam_y", "sam_z"} <= set(f["epicsUser"])
        assert f["epix100_0/corner_sum"].shape == (10,)
    assert none_left(job)


def launch(t: Terminal, run: int) -> None:
    go_to_run(t, run)
    t.press("L")
    t.wait_for("ranks")
    launch_it(t)


def launch_it(t: Terminal) -> None:
    """From the launch sheet; while the check of the profile goes on, the first answer waits for it."""
    t.settle()
    t.press("ctrl+s")
    t.wait_until(lambda s: "[4 Jobs]" in s or "Not checked" in s, 30, "the job, or the question")
    if "Not checked" in t.text():
        t.press("enter")
    t.wait_for("[4 Jobs]", timeout=60)


def wait_for_file(path: Path, timeout: float = 60) -> None:
    end = time.monotonic() + timeout
    while not path.exists():
        assert time.monotonic() < end, f"{path} did not appear"
        time.sleep(0.1)


@pytest.mark.parametrize("how", ["kill -9", "the terminal closes", "quit"])
def test_a_job_goes_on_without_the_app_and_is_found_again(demo, how):
    with app(demo) as t:
        launch(t, 13)
        t.wait_for("running", timeout=30)
        if how == "kill -9":
            t.kill(signal.SIGKILL)
        elif how == "quit":
            t.press("ctrl+q")
            t.wait_exit()
        else:
            t.hang_up()
    (job,) = jobs_of(demo)
    with app(demo) as t:
        t.wait_for("DEMO")
        t.press("4")
        t.wait_for("13")
        t.wait_for("verified", timeout=120)
    assert tomllib.loads((job / "verdict.toml").read_text())["verdict"] == "verified"
    assert none_left(job)


def test_cancel_ends_every_rank_and_says_who(demo):
    with app(demo) as t:
        launch(t, 15)
        t.wait_for("running", timeout=30)
        (job,) = jobs_of(demo)
        wait_for_file(job / "progress" / "total.json")
        t.press("x")
        t.wait_for("Cancel")
        t.press("y")
        t.wait_for("cancelled", timeout=30)
    assert none_left(job)
    assert not list((demo / "tmo" / EXPERIMENT).glob("hdf5/**/*Run0015.h5"))


def test_ctrl_c_leaves_the_job_alone(demo):
    with app(demo) as t:
        launch(t, 12)
        t.press("ctrl+c")
        t.wait_for("verified", timeout=120)


def test_keys_that_come_faster_than_the_screen_are_not_lost(demo):
    """A fast typist, a slow line, a pasted text: what follows the key that opens a field goes into the field."""
    with app(demo) as t:
        t.wait_for("  13 ")
        os.write(t.fd, b":13\r")
        t.wait_for("run 13 ")
        os.write(t.fd, b"2")
        t.wait_for("epix100_0", timeout=30)
        os.write(t.fd, b"/epix100\r")
        t.wait_until(lambda s: "1 match" in s, what="one name")
        os.write(t.fd, b"R")
        t.wait_for("columns")
        os.write(t.fd, b"\x1b[Zcorner\t0:100\t0:200\x13")
        t.wait_for("corner of epix100_0 added")

"""Following an experiment: what is missing is submitted once, by one follower, until something keeps failing."""

import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace

import pytest
from conftest_jobs import FAKE, PROFILE, ended, wait_for
from places import ROOT

from smdtui.jobs import local
from smdtui.jobs.folder import JobFolder, folders
from smdtui.jobs.follow import Aim, Follower, FollowError, folder_of
from smdtui.jobs.follow_control import status
from smdtui.jobs.store import list_jobs


@pytest.fixture
def runs(bench, small_experiment):
    """Real files of complete runs; the stand-in produces them."""
    source = small_experiment / "tmo" / "tmoc00126" / "xtc"
    directory = bench.place.directory / "xtc"
    shutil.copytree(source, directory)
    (directory / "behaviour").write_text("nothing")
    bench.place = replace(bench.place, directory=directory, name="tmoc00126")
    return directory


@pytest.fixture
def follow(bench, runs):
    made = []

    def make(**more) -> Follower:
        follower = Follower(Aim(bench.site, bench.place, bench.profile, ranks=1, who="ada", at_once=9, **more))
        made.append(follower)
        return follower

    yield make
    for one in made:
        if one.holds():
            one.stop()


def finish(bench):
    for folder in folders(bench.jobs):
        ended(folder)


def test_every_complete_run_once(bench, follow):
    follower = follow()
    follower.start()
    complete = {s.run for s in follower.catalog.summaries() if s.state == "complete"}
    assert complete
    first = follower.step()
    assert set(first.submitted) == complete
    assert not follower.step().submitted  # they are at work
    finish(bench)
    assert not follower.step().submitted
    assert [j.state for j in list_jobs([bench.jobs])] == ["verified"] * len(complete)
    bench.profile.write_text(PROFILE + "\n[runs.12.epix_2]\nsums = ['calib']\n")
    assert set(follower.step().submitted) == {12}  # the plan of the others is what it was
    finish(bench)


def test_no_more_at_once_than_allowed(bench, follow):
    follower = follow()
    follower.aim = replace(follower.aim, at_once=1)
    follower.start()
    step = follower.step()
    assert len(step.submitted) == 1 and step.waiting
    finish(bench)
    assert len(follower.step().submitted) == 1
    finish(bench)


def test_a_failed_run_is_not_tried_again_and_three_in_a_row_pause(bench, follow, runs):
    (runs / "behaviour").write_text("raise 0")
    follower = follow()
    follower.aim = replace(follower.aim, at_once=1)
    follower.start()
    seen = []
    for _ in range(3):
        seen += follower.step().submitted
        finish(bench)
    assert len(set(seen)) == 3
    step = follower.step()
    assert "the last 3 jobs failed" in step.paused and "the detector has no calibration" in step.paused
    follower.stop()
    again = follow()
    again.start()  # a restart does not forget it
    assert "the last 3 jobs failed" in again.step().paused
    assert not again.step().submitted
    assert status(bench.place).name == "paused"
    assert "paused: the last 3 jobs failed" in status(bench.place).words
    (runs / "behaviour").write_text("nothing")
    os.utime(bench.profile)
    again.aim = replace(again.aim, at_once=9)
    step = again.step()
    assert not step.paused and not set(step.submitted) & set(seen)
    finish(bench)


def test_one_follower_per_experiment(bench, follow):
    first, second = follow(), follow()
    first.start()
    with pytest.raises(FollowError, match=r"ada follows this experiment already, on .* \(process \d+\)"):
        second.start()
    assert "ada follows it on" in status(bench.place).words
    first.stop()
    assert (status(bench.place).name, status(bench.place).words) == ("off", "")
    second.start()


def test_the_place_of_a_dead_one_is_taken(bench, follow):
    folder = JobFolder(folder_of(bench.place))
    folder.path.mkdir(parents=True)
    folder.write("follower.toml", {"who": "eve", **local.identity(os.getpid()), "start": 1, "since": "x"})
    assert follow().start() == f"the follower of eve on {os.uname().nodename} is gone; this one goes on"
    folder.write("follower.toml", {"who": "eve", "host": "elsewhere", "pid": 1, "since": "x"})
    with pytest.raises(FollowError):
        follow().start()
    os.utime(folder.path / "beat", (0, 0))
    assert "is gone" in follow().start()


def test_a_run_whose_files_changed_is_produced_again(bench, follow, runs):
    follower = follow()
    follower.start()
    assert len(follower.step().submitted) > 1
    finish(bench)
    assert not follower.step().submitted
    file = next(runs.glob("*-r0013-*.xtc2"))
    os.utime(file, (1e9, 1e9))  # as when the data mover brings another copy
    follower.catalog.list_again()
    assert set(follower.step().submitted) == {13}
    finish(bench)
    assert not follower.step().submitted


def test_a_run_that_is_being_recorded_is_submitted_where_that_is_wanted(bench, follow):
    follower = follow(while_recording=True)
    follower.start()
    recording = {s.run for s in follower.catalog.summaries() if s.state == "recording"}
    assert recording == {16}
    step = follower.step()
    assert list(step.submitted)[-1] == 16 and len(step.submitted) > 1  # what is complete comes first
    scripts = {run: (bench.jobs / id_ / "submit.sh").read_text() for run, id_ in step.submitted.items()}
    assert {run for run, text in scripts.items() if "--wait 1800" in text} == {16}
    finish(bench)


def test_who_lost_its_place_stops(bench, follow):
    follower = follow()
    follower.start()
    follower.folder.write("follower.toml", {"who": "eve", "host": "elsewhere", "pid": 1})
    with pytest.raises(FollowError, match="took over"):
        follower.step()


def test_the_command_stops_cleanly_on_term_and_survives_kill(bench, runs, tmp_path):
    site = tmp_path / "site.toml"
    site.write_text(f'name = "t"\nresults = "{tmp_path}/out"\n[engines.local]\nkind = "local"\nranks = 1\n')
    words = [
        sys.executable,
        "-c",
        f"import smdtui.jobs.script as s, pathlib; s.producer_path = lambda: "
        f"pathlib.Path({str(FAKE)!r}); import sys; from smdtui.cli import main; sys.exit(main())",
    ]
    words += ["follow", "tmoc00126", str(bench.profile), "--site", str(site), "--dir", str(runs)]
    words += ["--results", str(tmp_path / "out"), "--at-once", "9"]
    jobs = lambda: [f for place in (tmp_path / "out").rglob("jobs") for f in folders(place)]  # noqa: E731
    first = subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    wait_for(jobs, "the first job")
    first.kill()
    first.wait(20)
    assert subprocess.run([*words, "--once"], cwd=ROOT, timeout=60).returncode == 0
    second = subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    wait_for(lambda: list((tmp_path / "out").rglob("follower.toml")), "the follower's lock")
    time.sleep(1.0)
    second.send_signal(signal.SIGTERM)
    said = second.communicate(timeout=30)[0]
    assert second.returncode == 0, said
    assert "jobs that were submitted go on" in said
    assert not list((tmp_path / "out").rglob("follower.toml"))
    for folder in jobs():
        ended(folder)
    # A job whose submission was killed before it began may stand beside the one that took its place.
    began = [f.table("request.toml")["run"] for f in jobs() if f.has("engine.toml")]
    assert len(began) == len(set(began)) and began

"""A follower as its own process: started, looked at, asked to stop, and what is told of one that is gone."""

import os
import signal

import pytest
from conftest_jobs import wait_for

from smdtui.jobs import local
from smdtui.jobs.folder import JobFolder
from smdtui.jobs.follow import Aim, FollowError, folder_of
from smdtui.jobs.follow_control import command_words, go_on, start, status, stop


@pytest.fixture
def aim(tmp_path, monkeypatch):
    """Of an experiment without runs."""
    from smdtui import site
    from smdtui.catalog.experiment import resolve

    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "xtc").mkdir()
    (tmp_path / "site.toml").write_text('[engines.local]\nkind = "local"\nranks = 1\n')
    profile = tmp_path / "profile.toml"
    profile.write_text('format = 1\nhutch = "tmo"\n')
    found = site.load(tmp_path / "site.toml")
    experiment = resolve(found, "tmoc00126", dir=tmp_path / "xtc", results=tmp_path / "out")
    aim = Aim(found, experiment, profile, ranks=1, who="ada", at_once=3, while_recording=True)
    yield aim
    left = status(experiment)
    if left.running:
        os.kill(left.pid, signal.SIGKILL)
    local.collect()


def off(aim):
    def ended():
        local.collect()
        return status(aim.experiment).name == "off"

    wait_for(ended, "its end")


def test_started_looked_at_and_stopped(aim):
    assert status(aim.experiment).name == "off"
    found = start(aim)
    assert found.name == "following" and found.pid != os.getpid()
    assert os.getsid(found.pid) == found.pid  # it outlives the terminal
    now = status(aim.experiment)
    assert (now.profile, now.engine, now.ranks, now.while_recording) == (str(aim.profile), "local", 1, True)
    assert f"follows it on {os.uname().nodename}" in now.words
    with pytest.raises(FollowError, match="follows this experiment already"):
        start(aim)
    assert status(aim.experiment).pid == found.pid
    assert "was asked to stop" in stop(aim.experiment, "eve")
    off(aim)
    folder = JobFolder(folder_of(aim.experiment))
    assert "eve asked for the end" in (folder.path / "follow.txt").read_text()
    assert [(e["what"], e["who"]) for e in folder.events()][1] == ("asked to stop", "eve")
    assert stop(aim.experiment, "eve") == "nobody follows this experiment"


def test_one_that_was_killed_is_told_and_replaced(aim):
    first = start(aim)
    os.kill(first.pid, signal.SIGKILL)
    wait_for(lambda: not status(aim.experiment).running, "its death")
    gone = status(aim.experiment)
    assert gone.name == "gone" and "is gone; start it again" in gone.words
    folder = JobFolder(folder_of(aim.experiment))
    folder.write("paused.toml", {"why": "three failed", "profile_time": str(aim.profile.stat().st_mtime_ns)})
    assert start(aim).name == "paused"  # it survives the restart, with its reason
    assert go_on(aim.experiment, "eve") == "it goes on"
    assert status(aim.experiment).name == "following"
    assert go_on(aim.experiment, "eve") == "it is not paused"
    stop(aim.experiment, "eve")
    off(aim)


def test_why_it_does_not_start_is_said(aim, tmp_path):
    with pytest.raises(FollowError, match="there is no profile"):
        start(Aim(aim.site, aim.experiment, tmp_path / "none.toml", who="ada"))


def test_the_command_line_means_the_same_aim(aim):
    words = command_words(aim, resume=True)
    assert words[:3] == ["follow", "tmoc00126", str(aim.profile)]
    assert words[-6:] == ["--ranks", "1", "--at-once", "3", "--while-recording", "--resume"]
    from dataclasses import replace

    elsewhere = replace(aim.experiment, hdf5=aim.experiment.results / "other")
    with pytest.raises(FollowError, match="would not find them"):
        command_words(replace(aim, experiment=elsewhere))

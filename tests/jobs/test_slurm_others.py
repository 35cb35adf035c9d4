"""Cancelling a job that somebody else has in Slurm, with a scancel that does as Slurm does."""

import os
import stat

import pytest

from smdtui.jobs import rights, slurm
from smdtui.jobs.folder import create
from smdtui.jobs.job import read_job
from smdtui.jobs.slurm_poll import Known


@pytest.fixture
def theirs(tmp_path, monkeypatch):
    programs = tmp_path / "bin"
    programs.mkdir()
    scancel = programs / "scancel"
    scancel.write_text(
        "#!/bin/sh\necho 'scancel: error: Kill job error on job id 7: Access/permission denied' >&2; exit 1\n"
    )
    scancel.chmod(stat.S_IRWXU)
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(slurm, "_mine", lambda folder: False)
    (tmp_path / "jobs").mkdir()
    folder = create(tmp_path / "jobs", 7, {"experiment": "xppfake", "run": 7, "kind": "slurm", "who": "ada"})
    folder.write("engine.toml", {"kind": "slurm", "job": "7", "name": "r7", "user": "ada"})
    return folder


def test_what_runs_is_not_marked_as_cancelled(theirs):
    theirs.write("start.toml", {"when": "2026-11-22T10:00:00Z", "host": "node", "job": "7"})
    said = slurm.cancel(theirs, "bob")
    assert not said.done and "it runs in Slurm as a job of ada, who alone may end it" in said.message
    assert not theirs.has("cancel.toml") and theirs.events() == []
    assert rights.controlling(read_job(theirs)) == "it runs in Slurm as a job of ada, who alone may end it"
    theirs.write("exit.toml", {"status": 1, "when": "2026-11-22T10:01:00Z"})
    theirs.write("scheduler.toml", {"id": "7", "state": "FAILED", "name": "r7"})
    assert read_job(theirs).state == "failed", "its own end"


def test_what_waits_ends_as_it_begins(theirs):
    assert rights.controlling(read_job(theirs)) == ""
    said = slurm.cancel(theirs, "bob")
    assert said.done and "Slurm keeps it for ada, and it ends as it begins" in said.message
    assert theirs.table("cancel.toml")["who"] == "bob", "which submit.sh looks for"


def test_a_name_that_slurm_does_not_show_us_is_no_sign_of_a_lost_job(theirs, monkeypatch):
    (theirs.path / "engine.toml").unlink()
    monkeypatch.setattr(slurm, "ask", lambda wanted, hasten: Known(names={wanted[0].name: ""}))
    job = read_job(theirs)
    assert (job.state, job.reason) == ("pending", "Slurm tells only its owner about it")
    monkeypatch.setattr(slurm, "_mine", lambda folder: True)
    assert read_job(theirs).state == "lost"

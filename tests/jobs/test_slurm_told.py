"""Several people look at one person's jobs: while the owner's program asks Slurm, theirs need not."""

import json
import os
import stat
import time
from dataclasses import asdict

import pytest
from conftest_jobs import wait_for

from smdtui.jobs import slurm, slurm_poll, slurm_told
from smdtui.jobs.folder import JobFolder, create, utc
from smdtui.jobs.job import read_job
from smdtui.jobs.slurm_poll import Wanted

SQUEUE = """#!/bin/sh
echo "$*" >>"$0.calls"
echo '7|PENDING|t|s|e||r7|Priority'
"""


@pytest.fixture
def ada(tmp_path, monkeypatch):
    """Her pending job, of which Slurm has been asked."""
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "squeue").write_text(SQUEUE)
    (programs / "squeue").chmod(stat.S_IRWXU)
    monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "ada"))
    monkeypatch.setattr(slurm_told, "_published", {})
    (tmp_path / "jobs").mkdir()
    facts = {"experiment": "xppfake", "run": 7, "kind": "slurm", "who": "ada", "slurm_name": "r7", "created": utc()}
    folder = create(tmp_path / "jobs", 7, facts)
    folder.write("engine.toml", {"kind": "slurm", "job": "7", "name": "r7"})
    wait_for(lambda: "(Priority)" in read_job(folder).reason, "the answer")
    return folder


def become_bob(monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "bob"))
    monkeypatch.setattr(slurm, "_mine", lambda folder: False)
    monkeypatch.setattr(slurm_poll, "_thread", None)


def calls(tmp_path) -> int:
    return len((tmp_path / "bin" / "squeue.calls").read_text().splitlines())


def answers(folder: JobFolder):
    return folder.path.parent / ".slurm" / f"{os.getuid()}.json"


def test_who_watches_sees_what_the_owner_was_told_and_asks_nothing(ada, tmp_path, monkeypatch):
    become_bob(monkeypatch, tmp_path)
    before = calls(tmp_path)
    job = read_job(ada)
    assert (job.state, "(Priority)" in job.reason) == ("pending", True)
    assert calls(tmp_path) == before and not (tmp_path / "bob").exists()


@pytest.mark.parametrize("wrong", ["old", "gone", "nonsense", "list", "line", "other", "whose"])
def test_what_is_old_or_not_the_owners_is_not_believed(ada, tmp_path, monkeypatch, wrong):
    path = answers(ada)
    table = json.loads(path.read_text())
    if wrong == "old":
        path.write_text(json.dumps(table | {"answered": time.time() - 100}))
    elif wrong == "gone":
        path.unlink()
    elif wrong == "nonsense":
        path.write_text('{"answered": 9e9, "lines": {"7 r7": [1]}}')
    elif wrong == "list":
        path.write_text("[]")
    elif wrong == "line":
        path.write_text(json.dumps(table | {"lines": {"7 r7": {**table["lines"]["7 r7"], "state": 5}}}))
    elif wrong == "other":
        path.write_text(json.dumps(table | {"lines": {"8 r8": table["lines"]["7 r7"]}}))
    elif os.getuid():
        pytest.skip("only root can give a file away")
    else:
        os.chown(path, 65534, -1)
    become_bob(monkeypatch, tmp_path)
    before = calls(tmp_path)
    wait_for(lambda: "(Priority)" in read_job(ada).reason, "his own answer")
    assert calls(tmp_path) > before


def test_two_programs_of_the_owner_do_not_undo_each_other(ada, monkeypatch):
    known = slurm_poll.Known(**json.loads(json.dumps(asdict(slurm_poll.read()))))
    other = Wanted("r8", "8")
    known.lines[other.key] = known.lines["7 r7"]
    for wanted in (other, Wanted("r7", "7")):
        monkeypatch.setattr(slurm_told, "_published", {})  # as in a program of its own
        slurm_told.publish([(ada, wanted)], known)
        assert json.loads(answers(ada).read_text())["lines"].keys() == known.lines.keys()
    del known.lines["7 r7"]  # it is over
    slurm_told.publish([(ada, other)], known)
    assert json.loads(answers(ada).read_text())["lines"].keys() == {other.key}


def test_where_the_owner_cannot_write_nothing_is_lost(ada, monkeypatch):
    path = answers(ada)
    path.unlink()
    path.parent.rmdir()
    path.parent.write_text("in the way")
    monkeypatch.setattr(slurm_told, "_published", {})
    assert "(Priority)" in read_job(ada).reason

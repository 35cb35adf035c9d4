"""What is asked of Slurm, in which turn, and what is made of silence; by squeue and sacct of our own."""

import json
import stat

import pytest
from conftest_jobs import wait_for

from smdtui.jobs import slurm, slurm_poll
from smdtui.jobs.folder import create
from smdtui.jobs.job import read_job
from smdtui.jobs.slurm_poll import Wanted

PROGRAM = """#!/bin/sh
echo "$0 $*" >>"$(dirname "$0")/calls"
"""


@pytest.fixture
def slurm_says(tmp_path, monkeypatch):
    """A function that sets what a program answers: shell text."""
    programs = tmp_path / "bin"
    programs.mkdir()
    monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(slurm_poll, "FAST_SECONDS", 0.0)
    monkeypatch.setattr(slurm_poll, "SLOW_SECONDS", 0.0)

    def says(name, text):
        (programs / name).write_text(PROGRAM + text)
        (programs / name).chmod(stat.S_IRWXU)

    says("squeue", "")
    says("sacct", "")
    says.calls = lambda: [line.rpartition("/")[2].split()[0] for line in (programs / "calls").read_text().splitlines()]
    return says


def job(tmp_path, run=7):
    request = {"experiment": "xppfake", "run": run, "kind": "slurm", "who": "ada", "slurm_name": f"r{run}"}
    folder = create(tmp_path / "jobs", run, request)
    folder.write("engine.toml", {"kind": "slurm", "job": str(run), "name": f"r{run}"})
    return folder


def reason(folder, words) -> str:
    """The state of the job as soon as its reason has the words."""

    def look():
        found = read_job(folder)
        return found.state if words in found.reason else None

    return wait_for(look, words)


@pytest.fixture(autouse=True)
def jobs(tmp_path):
    (tmp_path / "jobs").mkdir()


def test_two_jobs_without_a_number_are_both_looked_for(slurm_says, tmp_path):
    slurm_says("squeue", "echo '41_2|PENDING|t|s|e||batch|Priority'\necho '42|PENDING|t|s|e||alone|None'\n")
    for name, number in (("batch#2", "41_2"), ("alone", "42"), ("batch#3", "")):  # nothing else is asked in between
        wait_for(lambda name=name: name in slurm_poll.ask([Wanted(name)], True).names, name)
        assert slurm_poll.read().names[name] == number


def test_each_kind_of_question_has_its_turn(slurm_says):
    slurm_says("squeue", "")
    wanted = [Wanted("lost"), Wanted("r7", "7")]
    line = wait_for(lambda: slurm_poll.ask(wanted, True).line(wanted[1]), "an answer")
    assert line.state == "UNKNOWN"
    calls = slurm_says.calls()
    assert calls[0] == "squeue" and "sacct" in calls[:4] and len(calls) <= 8
    assert slurm_poll.read().names["lost"] == ""


def test_silence_of_slurm_ends_only_ones_own_job(slurm_says, tmp_path, monkeypatch):
    folder = job(tmp_path)
    monkeypatch.setattr(slurm, "_mine", lambda _: False)
    assert reason(folder, "Slurm tells only its owner about it") == "pending"
    assert not folder.has("scheduler.toml")
    monkeypatch.setattr(slurm, "_mine", lambda _: True)
    found = read_job(folder)
    assert found.state == "lost" and "knows nothing of the job any more" in found.cause


def test_an_answer_is_stale_as_soon_as_the_next_fails(slurm_says, tmp_path):
    folder = job(tmp_path)
    slurm_says("squeue", "echo '7|PENDING|t|s|e||r7|Priority'\n")
    assert reason(folder, "jobs with more priority come first (Priority)") == "pending"
    slurm_says("squeue", "echo 'slurm_load_jobs error: Unable to contact slurm controller' >&2; exit 1\n")
    assert reason(folder, "(Priority); stale, as Slurm said") == "pending"
    assert "Unable to contact slurm controller" in read_job(folder).reason
    slurm_says("squeue", "echo '7|PENDING|t|s|e||r7|Resources'\n")
    assert reason(folder, "it waits for nodes to become free (Resources)") == "pending"
    assert "stale" not in read_job(folder).reason


def test_a_file_of_answers_that_is_no_such_file_is_begun_anew(slurm_says, tmp_path):
    slurm_says("squeue", "echo '7|PENDING|t|s|e||r7|Priority'\n")
    for text in ("", "[]", '{"asked": "x"', json.dumps({"other": 1})):
        slurm_poll.place().parent.mkdir(parents=True, exist_ok=True)
        slurm_poll.place().write_text(text)
        line = wait_for(lambda: slurm_poll.ask([Wanted("r7", "7")], True).line(Wanted("r7", "7")), "an answer")
        assert line.reason == "Priority"


def test_a_number_that_slurm_gave_out_again_confuses_no_two_jobs(slurm_says):
    """Both are ours: the first is settled by sacct, the second runs."""
    slurm_says("squeue", "echo '7|RUNNING|t|s|e||second|None'\n")
    first, second = Wanted("first", "7"), Wanted("second", "7")
    line = wait_for(lambda: slurm_poll.ask([first, second], True).line(first), "an answer")
    assert line.state == "UNKNOWN" and slurm_poll.read().line(second).state == "RUNNING"
    slurm_says("squeue", "")
    wait_for(lambda: slurm_poll.ask([first, second], True).line(second).state == "UNKNOWN", "the second's end")
    assert slurm_poll.read().missing == {}


@pytest.mark.parametrize("broken", ["folder", "file"])
def test_where_the_answers_cannot_be_kept_that_is_said(slurm_says, tmp_path, broken, capfd):
    folder = job(tmp_path)
    slurm_poll.place().parent.parent.mkdir(parents=True, exist_ok=True)
    if broken == "folder":
        slurm_poll.place().parent.write_text("in the way")
    else:
        slurm_poll.place().mkdir(parents=True)
    assert reason(folder, "its answers cannot be kept in ") == "pending"
    assert slurm_poll._thread is None or not slurm_poll._thread.is_alive()
    assert capfd.readouterr().err == "", "a traceback would lie over the screen"

"""A scheduler that cannot be reached for a while: the follower tries again, and no run is given up."""

import shutil
import stat
from dataclasses import replace

import pytest

from smdtui.jobs import follow as following
from smdtui.jobs.follow import Aim, Follower
from smdtui.jobs.store import list_jobs
from smdtui.site import Engine, Site

ANSWERS = {
    "away": 'echo "sbatch: error: Batch job submission failed: Unable to contact slurm controller" >&2; exit 1',
    "refuses": 'echo "sbatch: error: Invalid partition name specified" >&2; exit 1',
    "takes": 'number=$(cat "$0.count" 2>/dev/null || echo 100); echo $((number + 1)) >"$0.count"; echo "$number"',
}


@pytest.fixture
def follower(bench, small_experiment, tmp_path, monkeypatch):
    """Of three runs, to an sbatch that answers as it is told."""
    source = small_experiment / "tmo" / "tmoc00126" / "xtc"
    for run in (12, 13, 14):
        for file in source.rglob(f"*-r00{run}-*"):
            target = bench.place.directory / file.relative_to(source)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, target)
    programs = tmp_path / "bin"
    programs.mkdir()
    monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin")
    monkeypatch.setattr(following, "AWAY_SECONDS", 0.0)
    place = replace(bench.place, name="tmoc00126")
    site = Site("test", engines={"slurm": Engine(kind="slurm", ranks=1)})
    follower = Follower(Aim(site, place, bench.profile, who="ada"))
    follower.answer = lambda name: answering(programs, name)
    answering(programs, "away")
    follower.start()
    yield follower
    follower.stop()


def answering(programs, name):
    for program in ("sbatch", "squeue"):
        text = ANSWERS[name] if program == "sbatch" else "exit 0"
        (programs / program).write_text(f"#!/bin/sh\n{text}\n")
        (programs / program).chmod(stat.S_IRWXU)


def test_it_tries_again_until_the_scheduler_is_back(bench, follower):
    for _ in range(4):
        step = follower.step()
        assert "Slurm's controller does not answer" in step.trouble
        assert (dict(step.submitted), dict(step.refused), step.paused) == ({}, {}, "")
        assert len(step.waiting) >= 2
    refused = list_jobs([bench.jobs])
    assert len(refused) == 4  # one try for all runs, not one for each
    assert all("Unable to contact slurm controller" in job.cause for job in refused)
    follower.answer("takes")
    step = follower.step()
    assert step.trouble == "" and len(step.submitted) >= 2
    assert not follower.step().submitted


def test_while_it_is_away_it_is_left_alone(bench, follower, monkeypatch):
    monkeypatch.setattr(following, "AWAY_SECONDS", 1000.0)
    assert follower.step().trouble
    follower.answer("takes")
    assert "does not answer" in follower.step().trouble
    assert len(list_jobs([bench.jobs])) == 1


def test_what_is_refused_for_a_fault_of_its_own_is_not_tried_again(bench, follower):
    follower.answer("refuses")
    step = follower.step()
    assert step.trouble == "" and len(step.refused) >= 2
    assert all("partition does not exist" in why for why in step.refused.values())
    assert not follower.step().refused

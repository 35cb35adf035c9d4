"""A scheduler that cannot be reached for a while: the follower tries again, and no run is given up."""

import shutil
import stat
from dataclasses import replace
from types import SimpleNamespace

import pytest

from smdtui.jobs import follow as following
from smdtui.jobs.folder import JobFolder
from smdtui.jobs.follow import Aim, Follower, refused_before
from smdtui.jobs.store import list_jobs
from smdtui.site import Engine, Site

ANSWERS = {
    "away": 'echo "sbatch: error: Batch job submission failed: Unable to contact slurm controller" >&2; exit 1',
    "refuses": 'echo "sbatch: error: Invalid partition name specified" >&2; exit 1',
    "full": 'echo "sbatch: error: AssocMaxSubmitJobLimit" >&2; echo "sbatch: error: Batch job submission failed: '
    "Job violates accounting/QOS policy (job submit limit, user's size and/or time limits)\" >&2; exit 1",
    "standby": 'echo "sbatch: error: Slurm backup controller in standby mode" >&2; exit 1',
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


def test_what_is_refused_for_a_fault_of_its_own_is_not_tried_again(bench, follower, monkeypatch):
    monkeypatch.setattr(following, "FAILURES", 9)  # else three of them pause it
    follower.answer("refuses")
    step = follower.step()
    assert step.trouble == "" and len(step.refused) >= 2
    assert all("partition does not exist" in why for why in step.refused.values())
    records = len(list_jobs([bench.jobs]))
    again = follower.step()
    assert not again.submitted and again.refused.keys() == step.refused.keys()  # it is said as long as it is so
    assert all("partition does not exist" in why for why in again.refused.values())
    assert len(list_jobs([bench.jobs])) == records
    follower.answer("takes")
    assert not follower.step().submitted
    bench.profile.write_text(bench.profile.read_text() + "\n[runs.all.epix_2]\nsums = ['calib']\n")
    assert set(follower.step().submitted) == set(step.refused)


@pytest.mark.parametrize(
    ("answer", "said"), [("full", "you have as many jobs as you may"), ("standby", "cannot take jobs at the moment")]
)
def test_a_refusal_that_passes_drops_no_run(bench, follower, answer, said):
    follower.answer(answer)
    for _ in range(4):  # nor do three of them pause the follower
        step = follower.step()
        assert said in step.trouble
        assert not step.refused and not step.paused and len(step.waiting) >= 2
    follower.answer("takes")
    assert len(follower.step().submitted) >= 2


def test_between_the_tries_it_waits_longer_and_longer(bench, follower, monkeypatch):
    monkeypatch.setattr(following, "AWAY_SECONDS", 100.0)
    now = 1000.0
    monkeypatch.setattr(following.time, "monotonic", lambda: now)
    tried = []
    for _ in range(40):
        before = len(list_jobs([bench.jobs]))
        follower.step()
        tried.append(len(list_jobs([bench.jobs])) > before)
        now += 100.0
    assert [i for i, one in enumerate(tried) if one] == [0, 1, 3, 7, 15, 23, 31, 39]


def test_only_what_the_engine_refused_since_the_last_job_counts(bench):
    def job(number, state, plan="p", data="", **rejected):
        folder = JobFolder(bench.jobs / f"2026-{number}")
        folder.path.mkdir(parents=True)
        if rejected:
            folder.write("rejected.toml", rejected)
        facts = {
            "events_limit": 0,
            "output": "/none",
            "profile": "/p.toml",
            "created": "",
            "started": "",
            "gate": False,
        }
        return SimpleNamespace(
            id=str(number), run=17, state=state, plan_sha256=plan, data=data, folder=folder, cause="no such partition",
            active=False, **facts,
        )  # fmt: skip

    def refusals(*jobs):
        return refused_before([17], jobs, bench.profile, lambda profile, run: "p", {})

    assert (
        "no such partition (1); a change of its plan, or --resume" in refusals(job(1, "rejected", by_engine=True))[17]
    )
    assert not refusals(job(2, "rejected", plan="q", by_engine=True))  # another plan
    assert not refusals(job(3, "rejected", again=True), job(4, "rejected", cause="it is at work on the file"))
    assert not refusals(job(5, "rejected", by_engine=True), job(6, "verified"))  # later it was taken
    assert refusals(job(7, "verified"), job(8, "rejected", by_engine=True))

"""What goes of old jobs, and what stays: above all the cause of a failure and the verdict."""

import time
from dataclasses import replace

import pytest
from conftest_jobs import ended

from smdtui.jobs.cause import ENOUGH
from smdtui.jobs.clean import clean, cleanable, cost_on_disk
from smdtui.jobs.job import read_job

KEPT = {"request.toml", "plan.toml", "submit.sh", "engine.toml", "exit.toml", "verdict.toml", "events.jsonl"}


def test_of_a_verified_job_plan_and_verdict_stay(bench):
    job = ended(bench.launch())
    (job.folder.path / "log.txt").write_text("x" * 100_000)
    freed = cost_on_disk(job)
    assert freed > 100_000
    assert clean(job, "eve").bytes == freed
    assert {p.name for p in job.folder.path.iterdir()} == KEPT
    after = read_job(job.folder)
    assert (after.state, after.done, after.total, after.plan_sha256) == ("verified", 20, 20, job.plan_sha256)
    assert [(e["what"], e["who"]) for e in job.folder.events()][-1] == ("cleaned", "eve")
    assert clean(after, "eve").bytes == 0


def test_of_a_failed_job_the_cause_stays(bench):
    job = ended(bench.launch("raise 0"))
    log = job.folder.path / "log.txt"
    text = log.read_text()
    log.write_text("first words\n" + "chatter\n" * ENOUGH + text)
    before = read_job(job.folder)
    assert "the detector has no calibration" in before.cause
    assert clean(before, "eve").bytes > 5 * ENOUGH
    assert log.stat().st_size < 2 * ENOUGH + 200
    assert "were cleaned up" in log.read_text() and log.read_text().startswith("first words")
    after = read_job(job.folder)
    assert (after.state, after.cause, after.done) == (before.state, before.cause, before.done)


def test_only_what_ended_long_ago_and_has_something_to_give(bench):
    job = ended(bench.launch())
    assert cleanable([job], days=1) == []
    assert cleanable([job], days=1, now=time.time() + 90_000) == [job]
    clean(job, "eve")
    assert cleanable([read_job(job.folder)], days=0) == []


def test_a_job_at_work_is_left_alone(bench):
    job = replace(ended(bench.launch()), state="running")
    assert cleanable([job], days=-1) == []
    with pytest.raises(ValueError, match="is running; only jobs that have ended"):
        clean(job, "eve")

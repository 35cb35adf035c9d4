"""How often Slurm is asked: by any number of programs of a host together, and while its controller is away."""

import subprocess
import sys
import time
from pathlib import Path

import pytest
from conftest_jobs import wait_for
from test_slurm_jobs import end, preset, until

from smdtui.jobs import engine, slurm_poll
from smdtui.jobs.job import read_job
from smdtui.jobs.store import list_jobs

ASKING = ("squeue", "sacct", "scontrol")
# An app, as far as Slurm notices it: looks at all jobs twice a second until it is told to end.
WATCH = """
import sys, time
from pathlib import Path
from smdtui.jobs import slurm, slurm_poll
from smdtui.jobs.store import list_jobs
jobs, stop, fast, slow = sys.argv[1:]
slurm_poll.FAST_SECONDS, slurm_poll.SLOW_SECONDS = float(fast), float(slow)
while not Path(stop).exists():
    list_jobs([Path(jobs)])
    time.sleep(0.5)
"""


class Watchers:
    """Some programs that look at the jobs of a bench, at one time, until the end of the with-block."""

    def __init__(self, lab, count: int, fast: float, slow: float) -> None:
        self.stop = lab.place.results / "stop"
        words = [sys.executable, "-c", WATCH, str(lab.jobs), str(self.stop), str(fast), str(slow)]
        self.all = [subprocess.Popen(words, cwd=Path(__file__).parents[2]) for _ in range(count)]

    def __enter__(self) -> None:
        pass

    def __exit__(self, *_) -> None:
        self.stop.touch()
        assert [one.wait(90) for one in self.all] == [0] * len(self.all)


def gaps(times: list[float]) -> list[float]:
    return [b - a for a, b in zip(times, times[1:], strict=False)]


def asked(slurm, since: int) -> list[float]:
    return sorted(slurm.calls(*ASKING))[since:]


def test_two_consoles_and_a_third_share_one_question_per_interval(lab, slurm):
    preset(lab, partition="closed")
    for run in range(1, 9):
        lab.launch(run=run)
    before = len(asked(slurm, 0))
    with Watchers(lab, 3, fast=2.0, slow=2.0):
        wait_for(lambda: len(asked(slurm, before)) > 3, "four questions")
    times = asked(slurm, before)
    # The question is written down before it is asked, so that starting the program may only bring two nearer by a bit.
    assert all(gap > 1.5 for gap in gaps(times)), times


def test_the_intervals_are_those_that_a_controller_can_bear():
    assert (slurm_poll.FAST_SECONDS, slurm_poll.SLOW_SECONDS) == (10.0, 30.0)


@pytest.mark.long
@pytest.mark.timeout(500)
def test_the_real_intervals_with_50_jobs_and_four_programs(lab, slurm):
    """At most one call in 10 s, in 30 s when nothing has changed for a minute; 3 minutes."""
    preset(lab, partition="closed", concurrency=5, ranks=1)
    for run in range(1, 51):
        lab.launch(run=run)
    time.sleep(slurm_poll.LIVELY_SECONDS - 30.0)  # they still count as new for half a minute
    before = len(asked(slurm, 0))
    with Watchers(lab, 4, fast=10.0, slow=30.0):
        begin = time.time()
        time.sleep(180.0)
        times = asked(slurm, before)
    found = gaps(times)
    print(f"{len(times)} calls in 180 s for 50 jobs and 4 programs; gaps {[round(g, 1) for g in found]}")
    assert all(gap > 9.5 for gap in found)
    settled = [b - a for a, b in zip(times, times[1:], strict=False) if a > begin + 75.0]
    assert settled and all(gap > 29.5 for gap in settled)


@pytest.mark.long
@pytest.mark.timeout(500)
def test_controller_down_for_a_minute(lab, slurm, monkeypatch):
    """With the product's own intervals. A job that ends meanwhile is known by its own record; 3 minutes."""
    monkeypatch.setattr(slurm_poll, "FAST_SECONDS", 10.0)
    monkeypatch.setattr(slurm_poll, "SLOW_SECONDS", 30.0)
    folders = []
    for run, behaviour in ((1, "slow"), (2, "events 2000")):
        folders.append(lab.launch(behaviour, run=run))
        until(folders[-1], lambda j: j.state == "running" and j.done > 0, "progress")
    running, ending = folders
    preset(lab, partition="closed")
    waiting = lab.launch("slow", run=3)

    def look(folder):
        return {job.id: job for job in list_jobs([lab.jobs])}[folder.id]

    wait_for(lambda: "PartitionDown" in look(waiting).reason, "why it waits", 60)
    slurm.stop_controller()
    down = time.monotonic()
    before = len(asked(slurm, 0))
    try:
        stale = 0.0
        while time.monotonic() - down < 60.0:
            assert look(running).state == "running" and "stale" not in look(running).reason
            assert look(waiting).state == "pending"
            assert look(ending).state in ("running", "verified")
            if not stale and "stale, as Slurm said" in look(waiting).reason:
                stale = time.monotonic() - down
                assert "PartitionDown" in look(waiting).reason
            time.sleep(0.5)
        assert stale and look(ending).state == "verified"  # it ended with no controller there to tell
        times = asked(slurm, before)
    finally:
        slurm.start_controller()
    up = time.monotonic()
    wait_for(lambda: "stale" not in look(waiting).reason, "a fresh answer", 60)
    fresh = time.monotonic() - up
    assert look(waiting).reason == "its partition is closed at the moment (PartitionDown)"
    print(
        f"stale shown {stale:.0f} s after the stop, right {fresh:.0f} s after the return, {len(times)} calls meanwhile"
    )
    assert len(times) <= 6 and all(gap > 9.5 for gap in gaps(times))
    for folder in (running, waiting):
        engine.cancel(folder, "eve")
    assert {end(running).state, end(waiting).state} == {"cancelled"}
    assert read_job(ending).state == "verified"

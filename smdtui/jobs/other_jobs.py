"""What the jobs that are there mean for a new launch: who is at work on the same file, who was faster, what never
began."""

from collections.abc import Sequence
from pathlib import Path

from producer.problem import Problem
from smdtui.jobs.folder import CANCEL, utc
from smdtui.jobs.job import Job
from smdtui.jobs.states import LOST, REJECTED
from smdtui.jobs.store import list_jobs


def known_jobs(jobs: Path) -> tuple[list[Job], list[Problem]]:
    """The jobs in the folder `jobs`, or why they cannot be read."""
    try:
        return list_jobs([jobs]), []
    except OSError as e:
        return [], [Problem("error", f"the jobs folder cannot be read: {e.strerror}", file=str(jobs))]


def claimed(known: Sequence[Job], run: int, gate: bool, output: Path) -> list[Problem]:
    """A problem for each job that is at work on the same file: of `output` there may be several spellings, but in one
    jobs folder run and gate name it."""
    active = [job for job in known if job.active and (job.run, job.gate) == (run, gate)]
    return [
        Problem("error", f"{job.id} ({job.state}, {job.who}) is at work on {output}; cancel it or wait for its end")
        for job in active
    ]


def newest_of(known: Sequence[Job], run: int) -> str:
    """The id of the run's newest job, refused ones and tests of first events left out; "" for none."""
    return max((job.id for job in known if job.run == run and job.state != REJECTED and not job.gate), default="")


def overtaken(known: Sequence[Job], run: int, newest: str) -> list[Problem]:
    """A problem when the run was launched by somebody else since `newest` was its newest job."""
    now = newest_of(known, run)
    if now <= newest:
        return []
    job = next(job for job in known if job.id == now)
    words = f"run {run} was launched meanwhile by {job.who} ({job.id}, {job.state}); launch it anew to produce it again"
    return [Problem("error", words)]


def never_began(job: Job) -> bool:
    """Also one that waits for its turn or in a queue, on a machine that has not been heard of for long."""
    return job.state == LOST and not job.started


def give_up(known: Sequence[Job], run: int, gate: bool, who: str) -> None:
    """What never began is cancelled: its supervisor or script, should it come after all, finds that out."""
    for job in known:
        if never_began(job) and (job.run, job.gate) == (run, gate) and not job.folder.has(CANCEL):
            job.folder.write(CANCEL, {"who": who, "time": utc()})
            job.folder.event("given up", who)

"""Clean up old jobs: what they took on disk goes; what they were, and how they ended, stays."""

import shutil
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from smdtui.jobs.cause import ENOUGH
from smdtui.jobs.folder import HEARTBEAT, LOG, PROGRESS, SUPERVISOR_LOG, VERDICT, JobFolder, seconds, write_whole
from smdtui.jobs.job import Job

OLD_DAYS = 30.0


@dataclass(frozen=True)
class Cleaned:
    """`bytes` freed (or, asked beforehand, that would be)."""

    job: str
    bytes: int


def cleanable(jobs: Iterable[Job], days: float = OLD_DAYS, now: float | None = None) -> list[Job]:
    """Those that ended, or were refused, at least `days` ago and still have something to give."""
    before = (time.time() if now is None else now) - days * 86400
    return [job for job in jobs if not job.active and _when(job) <= before and cost_on_disk(job) > 0]


def _when(job: Job) -> float:
    return seconds(job.ended) or seconds(job.created) or 0.0


def cost_on_disk(job: Job) -> int:
    """Bytes that `clean` would free."""
    path = job.folder.path
    found = sum(_size(path / name) for name in _whole(job))
    if _counted(job.folder):
        found += sum(_size(file) for file in (path / PROGRESS).glob("*"))
    log = _size(path / LOG)
    return found + (0 if LOG in _whole(job) or log <= 2 * ENOUGH + 200 else log - 2 * ENOUGH)


def _whole(job: Job) -> list[str]:
    """The files that go altogether. Of a job that went wrong both ends of the log stay: they hold the cause."""
    return [SUPERVISOR_LOG, HEARTBEAT, *([LOG] if job.state == "verified" else [])]


def _counted(folder: JobFolder) -> bool:
    """Whether the verdict says how many events there were, so that the ranks' own files are not needed for that."""
    return isinstance((folder.table(VERDICT) or {}).get("events"), int)


def clean(job: Job, who: str) -> Cleaned:
    """Keeps request, plan, script, verdict and every record; the HDF5 file is not touched. Raises ValueError for a job
    at work, OSError where the folder may not be written."""
    if job.active:
        raise ValueError(f"{job.id} is {job.state}; only jobs that have ended are cleaned up")
    freed, path = cost_on_disk(job), job.folder.path
    if not freed:
        return Cleaned(job.id, 0)
    job.folder.event("cleaned", who, bytes=freed)
    for name in _whole(job):
        (path / name).unlink(missing_ok=True)
    if LOG not in _whole(job):
        _shorten(path / LOG)
    if _counted(job.folder):
        shutil.rmtree(path / PROGRESS, ignore_errors=True)
    return Cleaned(job.id, freed)


def _shorten(path: Path) -> None:
    size = _size(path)
    if size <= 2 * ENOUGH + 200:
        return
    with open(path, "rb") as f:
        head = f.read(ENOUGH)
        f.seek(size - ENOUGH)
        tail = f.read(ENOUGH)
    middle = f"\n[ {size - 2 * ENOUGH} bytes were here, and were cleaned up ]\n"
    write_whole(path, head.decode("utf-8", "replace") + middle + tail.decode("utf-8", "replace"))


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0

"""All jobs under some folders, newest first, at little cost: what has ended is read once."""

import os
import time
from collections.abc import Iterable
from pathlib import Path

import tomllib

from smdtui.jobs import engine, local, slurm
from smdtui.jobs.folder import (
    CANCEL,
    ENGINE,
    EXIT,
    REJECTED,
    SCHEDULER,
    VERDICT,
    JobFolder,
    folders,
    make_folder,
    write_toml,
)
from smdtui.jobs.job import Job, read_job
from smdtui.jobs.states import LOST, EngineFacts

_ended: dict[Path, tuple[tuple[int, ...], Job]] = {}


def _stamp(path: str) -> int:
    try:
        return os.stat(path).st_mtime_ns
    except OSError:
        return 0


def _stamps(folder: JobFolder) -> tuple[int, ...]:
    """Changes when the end of a job is written again (submit.sh run by hand, or a cancel of what was lost)."""
    return tuple(_stamp(f"{folder.path}/{name}") for name in (EXIT, VERDICT, REJECTED, CANCEL, SCHEDULER))


def find_job(roots: Iterable[Path], word: str) -> Job:
    """The job whose id is `word`, or whose id alone contains it. Raises LookupError with the nearest ids."""
    from producer.problem import nearest

    all_ = [f for root in roots for f in folders(root)]
    exact = [f for f in all_ if f.id == word] or [f for f in all_ if word in f.id]
    if len(exact) == 1:
        return read_job(exact[0])
    if exact:
        raise LookupError(f"{word!r} fits {len(exact)} jobs: {', '.join(f.id for f in exact[:5])}; give more of the id")
    near = nearest(word, [f.id for f in all_]) or [f.id for f in all_[:3]]
    hint = f"; there are {', '.join(near)}" if near else "; there are no jobs yet"
    raise LookupError(f"there is no job {word!r}{hint}")


def list_jobs(roots: Iterable[Path], now: float | None = None, newest: int | None = None) -> list[Job]:
    """The jobs in the jobs folders `roots`, newest first; `newest`: only so many of each, for a first picture. Raises
    OSError for a folder that may not be read."""
    now = time.time() if now is None else now
    found: list[Job] = []
    ahead: list[tuple[JobFolder, tuple[int, ...]]] = []
    for folder in (f for root in roots for f in folders(root)[:newest]):
        stamps = _stamps(folder)
        known = _ended.get(folder.path)
        if known and known[0] == stamps:
            found.append(known[1])
        else:
            ahead.append((folder, stamps))
    answers = engine.facts((folder for folder, _ in ahead), now)
    for folder, stamps in ahead:
        job = read_job(folder, now, answers.get(folder.path, EngineFacts()))
        found.append(job)
        if not job.active and _settled(job, now):
            _ended[folder.path] = (stamps, job)
    return sorted(found, key=lambda job: job.id, reverse=True)


def _settled(job: Job, now: float) -> bool:
    """False where another look may say more."""
    if job.kind == "slurm":
        return not slurm.open_question(job.folder, now)
    # A lost job of another machine may only have been silent.
    return job.state != LOST or local.here(job.folder.table(ENGINE) or {})


def _roots_file() -> Path:
    state = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state")
    return state / "smdtui" / "roots.toml"


def remembered_roots() -> list[Path]:
    """The jobs folders that this user has launched in, latest last; those that are gone are left out."""
    try:
        table = tomllib.loads(_roots_file().read_text(encoding="utf-8"))
    except (FileNotFoundError, tomllib.TOMLDecodeError):
        return []
    roots = table.get("roots", [])
    return [Path(r) for r in roots if isinstance(r, str) and Path(r).is_dir()]


def remember_root(jobs: Path) -> None:
    """Raises OSError where the user's state folder may not be written."""
    known = [r for r in remembered_roots() if r != jobs]
    if not _roots_file().parent.exists():
        make_folder(_roots_file().parent)
    write_toml(_roots_file(), {"roots": [str(r) for r in [*known, jobs]]})

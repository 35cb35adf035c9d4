"""Following an experiment: every complete run is to be produced with one profile, and what is missing is submitted.

What is wanted is compared with what the job folders say, so a follower can be ended and started at any time. There is
one per experiment.
"""

import contextlib
import fcntl
import os
import socket
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from producer.problem import errors
from producer.run_files import RunFiles
from smdtui.catalog.runs import RunCatalog
from smdtui.jobs import local
from smdtui.jobs.data_identity import data_identity
from smdtui.jobs.folder import REJECTED as REJECTION
from smdtui.jobs.folder import JobFolder, make_folder, open_append, seconds, utc
from smdtui.jobs.job import Job
from smdtui.jobs.launch import LaunchError, Place, Request, jobs_folder, prepare, submit
from smdtui.jobs.other_jobs import never_began
from smdtui.jobs.production import NONE, PARTIAL, STALE, newest_jobs, plan_hash, production_state
from smdtui.jobs.states import FAILED, FINISHED, LOST, REJECTED
from smdtui.jobs.store import list_jobs
from smdtui.site import Site

FOLLOWER, PAUSED, RESUMED, STOP, BEAT = "follower.toml", "paused.toml", "resumed.toml", "stop.toml", "beat"
STEP_SECONDS = 10.0
AWAY_SECONDS = 60.0  # between two tries to send something to an engine that cannot be reached, twice that next time,
AWAY_MOST = 8  # up to so many times that: each try leaves a record
SILENT_SECONDS = 120.0  # a follower of another machine that has not shown itself for so long is gone
FAILURES = 3  # so many failed jobs in a row stop the follower
AT_ONCE = {"local": 1, "slurm": 20}  # jobs of one experiment, unless the engine's `concurrency` says otherwise
_BAD = frozenset({FAILED, FINISHED, LOST, REJECTED})


class FollowError(Exception):
    """The message is a sentence for people."""


@dataclass(frozen=True)
class Aim:
    """What is to be true: every complete run of `experiment` produced with `profile`. `while_recording`: a run that is
    being recorded is submitted already; its job waits for the end of the run, and so has its nodes by then."""

    site: Site
    experiment: Place
    profile: Path
    engine: str = ""
    ranks: int = 0
    who: str = ""
    at_once: int = 0
    while_recording: bool = False

    @property
    def limit(self) -> int:
        engine = self.site.engines[self.engine or self.site.default_engine]
        return self.at_once or engine.concurrency or AT_ONCE[engine.kind]


@dataclass(frozen=True)
class Step:
    """What one look led to. `waiting` are runs held back by the limit, `refused` those that cannot be submitted, each
    with why; `paused` is "" or why nothing is submitted; `trouble` why nothing could be looked at
    or sent."""

    submitted: Mapping[int, str] = field(default_factory=dict)
    refused: Mapping[int, str] = field(default_factory=dict)
    waiting: tuple[int, ...] = ()
    paused: str = ""
    trouble: str = ""


def folder_of(experiment: Place) -> Path:
    return experiment.results / "follow"


def missing_runs(
    runs: Iterable[int],
    jobs: Collection[Job],
    profile: Path,
    now_hash: Callable[[Path, int], str | None],
    files: Mapping[int, RunFiles] | None = None,
) -> list[int]:
    """Those of `runs` that have to be submitted, ascending: never produced, produced by another plan, from other files
    or of a part of the events only, or given to a job that never began. What failed or was cancelled is submitted again
    only when its plan or its files have changed since. `files`: those of each run now; None: they are not looked at."""
    newest = newest_jobs(jobs)
    found = []
    for run in sorted(runs):
        job, wanted = newest.get(run), now_hash(profile, run)
        of_run = (files or {}).get(run)
        state = production_state(job, profile, of_run)
        changed = job is not None and not job.active and _changed(job, wanted, of_run)
        if state in (NONE, STALE, PARTIAL) or (job is not None and never_began(job)) or changed:
            found.append(run)
    return found


def refused_before(
    runs: Iterable[int],
    jobs: Collection[Job],
    profile: Path,
    now_hash: Callable[[Path, int], str | None],
    files: Mapping[int, RunFiles],
) -> dict[int, str]:
    """Those of `runs` that their engine would not have, since their last job, with the plan and the files that they
    have now: it would not have them again. Run -> why."""
    newest = newest_jobs(jobs)
    last: dict[int, Job] = {}
    for job in sorted(jobs, key=lambda job: job.id):
        if refused_by_engine(job) and (job.run not in newest or job.id > newest[job.run].id):
            last[job.run] = job
    return {
        run: f"{last[run].cause} ({last[run].id}); a change of its plan, or --resume, tries it again"
        for run in runs
        if run in last and (wanted := now_hash(profile, run)) is not None
        if not _changed(last[run], wanted, files.get(run))
    }


def _changed(job: Job, wanted: str | None, files: RunFiles | None) -> bool:
    if wanted is not None and wanted != job.plan_sha256:
        return True
    return files is not None and bool(job.data) and job.data != data_identity(files)


def refused_by_engine(job: Job) -> bool:
    """Of a refused launch: whether it is the run's own fault, and not one that another try may not have: the engine
    away, a full disk, somebody at work on the file. What can be seen before a launch is looked at each time anyway."""
    return job.state == REJECTED and (job.folder.table(REJECTION) or {}).get("by_engine") is True


def failing(jobs: Iterable[Job], profile: Path, since: float) -> str:
    """Why to stop: the last FAILURES jobs of this profile that ended all failed; "" while they do not."""
    ours = [
        job
        for job in jobs
        if not job.active and Path(job.profile) == profile.absolute() and (seconds(job.created) or 0) >= since
        if not never_began(job)  # whoever launched it was killed, which says nothing of the profile
        if job.state != REJECTED or refused_by_engine(job)
    ]
    last = sorted(ours, key=lambda job: job.id, reverse=True)[:FAILURES]
    if len(last) < FAILURES or any(job.state not in _BAD for job in last):
        return ""
    runs = ", ".join(str(job.run) for job in reversed(last))
    return f"the last {FAILURES} jobs failed (runs {runs}); of run {last[0].run}: {last[0].cause}"


class Follower:
    """Holds the experiment's lock from `start` to `stop`. Raises FollowError where another one holds it, OSError where
    the experiment's results cannot be written."""

    def __init__(self, aim: Aim):
        self.aim = aim
        self.folder = JobFolder(folder_of(aim.experiment))
        self.catalog = RunCatalog(aim.experiment.directory)
        self._away, self._away_until = "", 0.0  # why the engine cannot be reached; no other try before (monotonic)
        self._away_times = 1
        self._same: dict[int, str] = {}  # run -> identity of the files that are still those of its job

    # -- one per experiment
    def start(self, resume: bool = False) -> str:
        """Returns words on a follower whose place this one takes, "" where there was none."""
        if not self.folder.path.exists():
            make_folder(self.folder.path)
        with self._locked():
            other = self.folder.table(FOLLOWER)
            if other is not None and not gone(self.folder, other):
                raise FollowError(
                    f"{other.get('who')} follows this experiment already, on {other.get('host')} (process "
                    f"{other.get('pid')}) since {other.get('since')}; stop that one first"
                )
            aim = self.aim
            self.beat()  # whoever cannot do that shall not be written down as the follower
            self.folder.write(
                FOLLOWER,
                {
                    "who": aim.who,
                    **local.identity(os.getpid()),
                    "since": utc(),
                    "profile": str(aim.profile.absolute()),
                    "engine": aim.engine or aim.site.default_engine,
                    "ranks": aim.ranks,
                    "while_recording": aim.while_recording,
                },
            )
            (self.folder.path / STOP).unlink(missing_ok=True)
            if resume and self.folder.has(PAUSED):
                self.resume("was asked to")
        self.folder.event("follow", aim.who, profile=str(aim.profile))
        return f"the follower of {other.get('who')} on {other.get('host')} is gone; this one goes on" if other else ""

    def stop(self) -> None:
        """Leaves the jobs alone."""
        with self._locked():
            mine = self.folder.table(FOLLOWER)
            if mine is not None and (mine.get("host"), mine.get("pid")) == (socket.gethostname(), os.getpid()):
                (self.folder.path / FOLLOWER).unlink()
                (self.folder.path / STOP).unlink(missing_ok=True)
        self.folder.event("stop following", self.aim.who)

    def asked_to_stop(self) -> str:
        """Who asked; "" while nobody did."""
        asked = self.folder.table(STOP)
        return "" if asked is None else str(asked.get("who", "somebody"))

    def _locked(self) -> "_Lock":
        return _Lock(self.folder.path / ".lock")

    def beat(self) -> None:
        """The next follower may be somebody else of the group."""
        path = self.folder.path / BEAT
        try:
            open_append(path).close()
        except PermissionError:  # of somebody who made it for themselves only
            path.unlink()
            open_append(path).close()
        os.utime(path)

    def holds(self) -> bool:
        """False when another follower took the place of this one, which was silent for too long."""
        mine = self.folder.table(FOLLOWER) or {}
        return (mine.get("host"), mine.get("pid")) == (socket.gethostname(), os.getpid())

    # -- pausing
    def pause(self, why: str) -> None:
        self.folder.write(PAUSED, {"why": why, "time": utc(), "profile_time": self._profile_time()})
        self.folder.event("paused", self.aim.who, why=why)

    def resume(self, why: str) -> None:
        resume(self.aim.experiment, self.aim.who, why)

    def _profile_time(self) -> str:
        return str(self.aim.profile.stat().st_mtime_ns)

    # -- the work
    def step(self) -> Step:
        """One look, and the submissions that follow from it. Raises FollowError when another follower took over."""
        if not self.holds():
            raise FollowError("another follower took over; this one stops")
        self.beat()
        paused = self.folder.table(PAUSED)
        if paused is not None:
            if paused.get("profile_time") == self._profile_time():
                return Step(paused=str(paused.get("why", "")))
            self.resume("the profile has changed")
        aim = self.aim
        jobs = list_jobs([jobs_folder(aim.experiment)])
        since = seconds(str((self.folder.table(RESUMED) or {}).get("time", ""))) or 0.0
        why = failing(jobs, aim.profile, since)
        if why:
            self.pause(why)
            return Step(paused=why)
        summaries = self.catalog.summaries()
        after = [job for job in jobs if job.state != REJECTED or (seconds(job.created) or 0) >= since]
        recording = [s.run for s in summaries if s.state == "recording"] if aim.while_recording else []
        complete = [s.run for s in summaries if s.state == "complete"]
        files = self._files(complete, after)
        # What is complete comes first: a job of a run that is being recorded waits, and may take the only place.
        wanted = missing_runs(complete, after, aim.profile, plan_hash, files)
        wanted += missing_runs(recording, after, aim.profile, plan_hash)
        refused = refused_before(wanted, after, aim.profile, plan_hash, files)
        self._same |= {run: self.catalog.identity(run) for run in files.keys() - set(wanted)}
        busy = {job.run for job in jobs if job.active}
        refused = {run: why for run, why in refused.items() if run not in busy}
        wanted = [run for run in wanted if run not in busy and run not in refused]
        newest = {run: job.id for run, job in newest_jobs(jobs).items()}
        room = max(aim.limit - len(busy), 0)
        step = self._submit({run: newest.get(run, "") for run in wanted}, set(recording), room)
        return replace(step, refused={**refused, **step.refused})

    def _files(self, runs: Iterable[int], jobs: Iterable[Job]) -> dict[int, RunFiles]:
        """Of those runs whose job has ended and whose files are not known to be what they were then."""
        over = {run for run, job in newest_jobs(jobs).items() if not job.active}
        found = {}
        for run in over.intersection(runs):
            if self._same.get(run) != self.catalog.identity(run):
                with contextlib.suppress(KeyError):  # gone since the folder was listed
                    found[run] = self.catalog.files[run]
        return found

    def _submit(self, wanted: Mapping[int, str], recording: Collection[int], room: int) -> Step:
        """`wanted`: run -> its newest job when that was decided."""
        aim = self.aim
        submitted: dict[int, str] = {}
        refused: dict[int, str] = {}
        away = time.monotonic() < self._away_until
        self._away = self._away if away else ""
        for run, newest in wanted.items():
            if len(submitted) >= room or self._away:
                break
            request = Request(
                experiment=aim.experiment,
                run=run,
                profile=aim.profile,
                engine=aim.engine,
                ranks=aim.ranks,
                who=aim.who,
                while_recording=run in recording,
                newest=newest,
            )
            prepared = prepare(aim.site, request)
            if prepared.refused:  # no record each time: it is looked at again in the next step
                refused[run] = errors(prepared.problems)[0].text()
                continue
            try:
                submitted[run] = submit(prepared).id
                self._away_times = 1
            except LaunchError as error:
                if error.folder is not None and (error.folder.table(REJECTION) or {}).get("again") is True:
                    wait = AWAY_SECONDS * self._away_times
                    self._away, self._away_until = error.problems[0].message, time.monotonic() + wait
                    self._away_times = min(2 * self._away_times, AWAY_MOST)
                    break
                refused[run] = error.problems[0].message
            self.beat()
        waiting = tuple(run for run in wanted if run not in submitted and run not in refused)
        return Step(submitted, refused, waiting, trouble=self._away)


def gone(folder: JobFolder, other: Mapping[str, Any]) -> bool:
    """Whether the follower that the table names is no more, as far as can be seen from here."""
    if "unreadable" in other:
        return True
    if local.here(other):
        return local.alive(other).alive is not True
    try:
        return time.time() - (folder.path / BEAT).stat().st_mtime > SILENT_SECONDS
    except OSError:
        return True


def resume(experiment: Place, who: str, why: str) -> None:
    """Ends a pause; what failed before counts no more."""
    folder = JobFolder(folder_of(experiment))
    folder.write(RESUMED, {"time": utc(time.time() + 1)})
    (folder.path / PAUSED).unlink(missing_ok=True)
    folder.event("resumed", who, why=why)


def ask_to_stop(experiment: Place, who: str) -> None:
    """The follower sees it wherever it runs; signals reach only processes of this user on this machine."""
    folder = JobFolder(folder_of(experiment))
    folder.write(STOP, {"who": who, "time": utc(), "host": socket.gethostname()})
    folder.event("asked to stop", who)


class _Lock:
    """Held for moments only, by whoever starts or stops."""

    def __init__(self, path: Path):
        self.path = path

    def __enter__(self) -> None:
        self.file = open_append(self.path)
        fcntl.flock(self.file, fcntl.LOCK_EX)

    def __exit__(self, *_: object) -> None:
        self.file.close()

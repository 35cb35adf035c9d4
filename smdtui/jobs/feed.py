"""The jobs of the open experiment, looked at again and again by one thread for the whole app: what has changed is told,
and which jobs have ended since the last look. The same thread shows that this console is here, and who else is."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

NEAR, FAR = 0.5, 3.0  # seconds between two looks: while somebody looks at the list, and else
REST = 15.0  # a look is followed by a pause so many times as long as it took: never more than a part of one core
FIRST = 40  # jobs of the first picture
ASIDE = 5.0  # seconds between two looks at who else is there and whether the experiment is followed


@dataclass(frozen=True)
class Look:
    """`jobs`: newest first; `trouble`: why they cannot be read; `ended`: those that were at work at the look before and
    are no more; `follow`: smdtui.jobs.follow_control.FollowStatus or None; `here`: other consoles, in words;
    `may_not`: why nothing can be launched, "" when it can; `closed`: job id -> why this person cannot change it."""

    experiment: str = ""
    jobs: tuple[Any, ...] = ()
    trouble: str = ""
    ended: tuple[Any, ...] = ()
    follow: Any = None
    here: str = ""
    may_not: str = ""
    closed: Mapping[str, str] = field(default_factory=dict)


@dataclass
class _Known:
    """What was told last of one experiment."""

    experiment: Any = None
    shown: Any = None
    states: dict[str, str] = field(default_factory=dict)
    aside: float = 0.0
    follow: Any = None
    here: str = ""
    may_not: str = ""
    closed: dict[str, str] = field(default_factory=dict)
    notice: Any = None


def signature(job: Any) -> tuple[Any, ...]:
    """Changes exactly when something of the job that is shown has changed."""
    ranks = tuple((r.rank, r.phase, r.done) for r in job.progress.ranks)
    return job.id, job.state, job.cause, job.reason, job.by, job.done, job.total, job.ended, ranks


class JobFeed:
    """`experiment`: which one is open just now, None for none. `tell` is called in the feed's own thread."""

    def __init__(self, experiment: Callable[[], Any], who: str, tell: Callable[[Look], object]) -> None:
        self._experiment, self._who, self._tell = experiment, who, tell
        self._near = False
        self._wake = threading.Event()
        self._stop = False
        self._known = _Known()
        self._thread: threading.Thread | None = None
        self.failed: Callable[[Exception], None] = lambda error: None  # a bug in here

    def start(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="smdtui jobs", daemon=True)
            self._thread.start()

    def look_closely(self, near: bool) -> None:
        """Whether somebody looks at the list; if so, look at once."""
        if near != self._near:
            self._near = near
            if near:
                self.again()

    def again(self) -> None:
        """Do not wait for the end of the pause."""
        self._wake.set()

    def close(self) -> None:
        self._stop = True
        self._wake.set()
        if self._known.notice is not None:
            self._known.notice.withdraw()

    def _run(self) -> None:
        while not self._stop:
            began, used = time.monotonic(), time.thread_time()
            try:
                self.look()
            except Exception as error:  # a bug, told each time; the next look may do
                self._known.shown = ()  # told, and it was not what was there: what comes next is news
                self.failed(error)
            cost = max(time.thread_time() - used, (time.monotonic() - began) / 10)
            self._wake.wait(max(NEAR if self._near else FAR, REST * cost))
            self._wake.clear()

    def look(self) -> None:
        """One look; tells what is new."""
        from smdtui.jobs.launch import jobs_folder
        from smdtui.jobs.store import list_jobs

        experiment, known = self._experiment(), self._known
        if experiment != known.experiment:
            if known.notice is not None:
                known.notice.withdraw()
            known = self._known = _Known(experiment)
        if experiment is None:
            return
        jobs: tuple[Any, ...] = ()
        trouble = ""
        try:
            if known.shown is None:  # what fills the screen is there at once, the rest a moment later
                few = tuple(list_jobs([jobs_folder(experiment)], newest=FIRST))
                if len(few) == FIRST:
                    self._tell(Look(experiment.name, few))
            jobs = tuple(list_jobs([jobs_folder(experiment)]))
        except OSError as error:
            trouble = _words(error)
        try:
            self._look_aside(known, jobs)
        except OSError as error:  # the jobs are shown all the same
            known.here = f"who else is here cannot be seen ({_words(error)})"
        aside = (_shown(known.follow), known.here, known.may_not, tuple(known.closed))
        now = (tuple(map(signature, jobs)), trouble, aside)
        if now == known.shown or self._stop:
            return
        ended = tuple(job for job in jobs if known.states.get(job.id) in _AT_WORK and not job.active)
        if not trouble:
            known.states = {job.id: job.state for job in jobs}
        known.shown = now
        self._tell(Look(experiment.name, jobs, trouble, ended, known.follow, known.here, known.may_not, known.closed))

    def _look_aside(self, known: _Known, jobs: tuple[Any, ...]) -> None:
        from smdtui.jobs import consoles, rights
        from smdtui.jobs.follow_control import status

        now = time.monotonic()
        if known.aside and now - known.aside < ASIDE:
            return
        known.aside = now
        if known.notice is None:
            known.notice = consoles.Notice(known.experiment, self._who)
        known.notice.touch()
        known.here = consoles.words(consoles.others(known.experiment), self._who)
        known.follow = status(known.experiment)
        known.may_not = rights.launching(known.experiment)
        known.closed = {job.id: why for job in jobs if job.active and (why := rights.controlling(job))}


def _words(error: OSError) -> str:
    return f"{error.filename}: {error.strerror}" if error.filename and error.strerror else str(error)


def _shown(follow: Any) -> tuple[Any, ...]:
    """What of a follower's status is shown: not its age, which is another at each look."""
    return () if follow is None else (follow.name, follow.who, follow.host, follow.profile, follow.paused)


_AT_WORK = ("pending", "running", "stalled")

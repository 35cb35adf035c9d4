"""The jobs as a list: in which order, which of them a filter finds, and what they are together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from smdtui.jobs.states import STATES

SORTS = ("newest", "run", "state", "progress", "left", "who")
# What wants somebody's eyes comes first.
_URGENT = (
    "stalled",
    "failed",
    "rejected",
    "lost",
    "finished-unverified",
    "running",
    "pending",
    "cancelled",
    "verified",
)


@dataclass(frozen=True)
class Board:
    """`found`: smdtui.jobs.job.Job, newest first. Rows are positions in `jobs`."""

    found: tuple[Any, ...] = ()
    sort: str = "newest"
    turned: bool = False

    @cached_property
    def jobs(self) -> Sequence[Any]:
        """In the order shown; what the order cannot tell apart is newest first, what it knows nothing of is last."""
        if self.sort == "newest":
            return self.found[::-1] if self.turned else self.found
        key = _KEYS[self.sort]
        known = [job for job in self.found if key(job) is not None]
        known.sort(key=key, reverse=self.turned)
        return (*known, *(job for job in self.found if key(job) is None))

    @cached_property
    def position(self) -> Mapping[str, int]:
        """Job id -> row."""
        return {job.id: row for row, job in enumerate(self.jobs)}

    def with_jobs(self, found: Iterable[Any]) -> Board:
        return replace(self, found=tuple(found))

    def next_sort(self) -> Board:
        return replace(self, sort=SORTS[(SORTS.index(self.sort) + 1) % len(SORTS)], turned=False)

    def reverse(self) -> Board:
        return replace(self, turned=not self.turned)

    def rows(self, ids: Iterable[str]) -> frozenset[int]:
        """The rows of those jobs that are still there."""
        return frozenset(self.position[i] for i in ids if i in self.position)

    def search(self, query: str) -> list[int]:
        """The rows whose job has every word of the query: a number or ``12-20`` is its run, another word is part of its
        state, its owner, its engine, its id or what is said of it; ``-word`` leaves out."""
        tests = [_test(word) for word in query.casefold().split()]
        return [row for row, job in enumerate(self.jobs) if all(test(job) for test in tests)]

    @cached_property
    def words(self) -> str:
        """ "2 running, 1 failed, 40 verified"."""
        return counted(self.found)


def counted(jobs: Iterable[Any]) -> str:
    """How many jobs are in which state, the urgent first; "no jobs"."""
    counts = Counter(job.state for job in jobs)
    return ", ".join(f"{counts[state]} {state}" for state in _URGENT if counts[state]) or "no jobs"


def _urgency(job: Any) -> int:
    return _URGENT.index(job.state) if job.state in _URGENT else len(STATES)


def _share(job: Any) -> float | None:
    return -job.done / job.total if job.total else None


_KEYS: dict[str, Callable[[Any], Any]] = {
    "run": lambda job: -job.run,
    "state": _urgency,
    "progress": _share,
    "left": lambda job: job.eta_seconds,
    "who": lambda job: job.who.casefold(),
}


def _test(word: str) -> Callable[[Any], bool]:
    if word.startswith("-") and len(word) > 1:
        inner = _test(word[1:])
        return lambda job: not inner(job)
    first, dash, last = word.partition("-")
    if first.isdecimal() and (not dash or last.isdecimal() or not last):
        if not dash:
            return lambda job: str(job.run).startswith(first)
        end = int(last) if last else None
        return lambda job: int(first) <= job.run and (end is None or job.run <= end)
    return lambda job: word in _line(job)


def _line(job: Any) -> str:
    return " ".join((job.state, job.who, job.engine, job.id, job.cause or "", job.reason, job.by or "")).casefold()

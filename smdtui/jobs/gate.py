"""A test with the first events before a batch: offered where no job has shown yet that the plan works."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import tomllib

from smdtui.jobs.folder import PLAN
from smdtui.jobs.states import VERIFIED

EVENTS = 50
LOOK_BACK = 300  # verified jobs whose plans are read, newest first


class Asked(Protocol):
    """What is asked for of a run, as far as it matters here (smdtui.jobs.launch.Prepared)."""

    @property
    def request(self) -> Any: ...
    @property
    def plan_text(self) -> str: ...


@dataclass(frozen=True)
class Gate:
    """`runs`: one for each plan that no job has verified yet, () where there is nothing to test."""

    runs: tuple[int, ...] = ()
    events: int = EVENTS

    def __bool__(self) -> bool:
        return bool(self.runs)

    @property
    def words(self) -> str:
        """Why, in a sentence; "" when there is nothing to test."""
        if not self.runs:
            return ""
        runs = ", ".join(map(str, self.runs))
        return f"nothing was verified with this plan yet: test it with {self.events} events of run {runs} first"


def needs_gate(prepared: Sequence[Asked], jobs: Iterable[Any], events: int = EVENTS) -> Gate:
    """Of a batch of more than one run: the runs to test first. `jobs`: those of the experiment, newest first
    (smdtui.jobs.job.Job). A test of few events proves a plan as well as a whole run does; the run's number is no part
    of the plan. A batch that asks for no more events than the test would is its own test."""
    whole = [one for one in prepared if one.plan_text and not 0 < (one.request.events or 0) <= events]
    if len(prepared) < 2 or not whole:
        return Gate((), events)
    first: dict[str, int] = {}
    for one in whole:
        first.setdefault(plan_identity(one.plan_text), one.request.run)
    for job in [job for job in jobs if job.state == VERIFIED][:LOOK_BACK]:
        if not first:
            break
        try:
            first.pop(plan_identity((job.folder.path / PLAN).read_text(encoding="utf-8")), None)
        except (OSError, ValueError):  # a plan that cannot be read proves nothing
            continue
    return Gate(tuple(first.values()), events)


def plan_identity(text: str) -> str:
    """The same for two runs whose frozen plans differ in the run's number only. Raises ValueError for text that is no
    TOML."""
    table = tomllib.loads(text)
    sections = list(table.pop("runs", {}).values())
    return hashlib.sha256(json.dumps([table, sections], sort_keys=True, default=str).encode()).hexdigest()

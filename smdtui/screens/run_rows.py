"""The runs of an experiment as rows: newest first, what each column says, what a filter finds. No Textual here."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from smdtui import words
from smdtui.theme import look

# what the runs can be sorted by, in the order in which the key goes through them
SORTS = ("run", "state", "begin", "duration", "events", "rate", "size", "production")
_WORST = ("damaged", "recording", "reading", "complete")


@dataclass(frozen=True)
class RunRows:
    """`summaries` by run number (None: seen in the folder, not read yet); `production` its production state;
    `pending`: how many are still to be read, or looked at again; `problem`: why the folder cannot be read."""

    summaries: Mapping[int, Any] = field(default_factory=dict)
    production: Mapping[int, str] = field(default_factory=dict)
    sort: str = "run"
    ascending: bool = False
    pending: int = 0
    problem: str | None = None
    complete: bool = True
    # run -> (summary, production, what a filter looks in): shared by all rows of the screen, so that a key costs little
    _lines: dict[int, tuple[Any, str, str]] = field(default_factory=dict, repr=False, compare=False)

    @cached_property
    def runs(self) -> Sequence[int]:
        """Run numbers in the order shown; of equal ones, and by default, the newest first: what is looked at most."""
        runs = sorted(self.summaries, reverse=True)
        if self.sort == "run":
            return runs[::-1] if self.ascending else runs
        known = [run for run in runs if self._key(run) is not None]
        known.sort(key=lambda run: self._key(run), reverse=not self.ascending)
        have = set(known)
        return known + [run for run in runs if run not in have]  # what is not known comes last, whichever way

    def _key(self, run: int) -> Any:
        summary = self.summaries[run]
        if self.sort == "production":
            return self.production.get(run, "none")
        if self.sort == "state":
            return -_WORST.index(self.state(run)) if self.state(run) in _WORST else 0
        if summary is None:
            return None
        values: dict[str, Callable[[], Any]] = {
            "begin": lambda: summary.begin,
            "duration": lambda: summary.seconds,
            "events": lambda: summary.events if summary.format == "xtc2" else None,
            "rate": lambda: summary.rate,
            "size": lambda: summary.bytes,
        }
        return values[self.sort]()

    def sorted_by(self, sort: str, ascending: bool) -> RunRows:
        return replace(self, sort=sort, ascending=ascending)

    def next_sort(self) -> RunRows:
        """By the next column."""
        return self.sorted_by(SORTS[(SORTS.index(self.sort) + 1) % len(SORTS)], False)

    @cached_property
    def position(self) -> Mapping[int, int]:
        return {run: row for row, run in enumerate(self.runs)}

    @cached_property
    def unread(self) -> int:
        return sum(summary is None for summary in self.summaries.values())

    def with_runs(self, runs: Sequence[int]) -> RunRows:
        """The runs that the folder holds now; what was read of them stays."""
        return replace(self, summaries={run: self.summaries.get(run) for run in runs})

    def with_summaries(self, found: Sequence[Any]) -> RunRows:
        return replace(self, summaries={**self.summaries, **{summary.run: summary for summary in found}})

    def state(self, run: int) -> str:
        summary = self.summaries[run]
        return "reading" if summary is None else str(summary.state)

    def text(self, run: int, now: float) -> dict[str, str]:
        """What is shown of a run, column by column."""
        summary = self.summaries[run]
        produced = self.production.get(run, "none")
        if summary is None:
            return {"run": str(run), "state": "reading", "production": produced}
        begin = None if summary.begin is None else summary.begin / 1e9
        old = summary.format != "xtc2"  # LCLS-I: when it was written last, no more
        if old and summary.last:
            begin = summary.last / 1e9
        return {
            "run": str(run),
            "state": summary.state,
            "begin": "–" if begin is None else words.moment(begin, now),
            "duration": "–" if summary.seconds is None else words.duration(summary.seconds),
            "events": "–" if old else f"{summary.events:,}",
            "rate": "–" if summary.rate is None else f"{summary.rate:.3g}/s",
            "size": words.size(summary.bytes),
            "streams": str(summary.streams),
            "chunks": str(summary.chunks),
            "scan": "LCLS-I" if old else f"scan {summary.steps}" if summary.scan else "",
            "production": produced,
        }

    def _line(self, run: int, now: float) -> str:
        summary, produced = self.summaries[run], self.production.get(run, "none")
        known = self._lines.get(run)
        if known is None or known[0] is not summary or known[1] != produced:
            shown = self.text(run, now)
            shown["production"] = look(produced).word if produced != "none" else "not produced"
            parts = [shown[key] for key in ("state", "begin", "scan", "production") if key in shown]
            parts.append(getattr(summary, "problem", None) or "")
            known = self._lines[run] = (summary, produced, " ".join(parts).casefold())
        return known[2]

    def search(self, query: str, now: float) -> list[int]:
        """Rows that have all words of the query in what they show, or in what is wrong with them; a number means runs
        that begin with it, 12-20 and 12- those between."""
        tests: list[Callable[[int], bool]] = [_run_test(p) for p in query.split() if _RUNS.fullmatch(p)]
        parts = [part.casefold() for part in query.split() if not _RUNS.fullmatch(part)]
        return [
            row
            for row, run in enumerate(self.runs)
            if all(test(run) for test in tests)
            and (not parts or all(part in line for line in (self._line(run, now),) for part in parts))
        ]

    def nearest(self, number: int) -> int | None:
        """The row of that run, else of the nearest that there is."""
        if not self.runs:
            return None
        return self.position[min(self.runs, key=lambda run: (abs(run - number), run))]


_RUNS = re.compile(r"(\d+)(?:(-)(\d*))?")


def _run_test(text: str) -> Callable[[int], bool]:
    match = _RUNS.fullmatch(text)
    assert match is not None
    if match[2]:
        first, last = int(match[1]), int(match[3]) if match[3] else None
        return lambda run: first <= run and (last is None or run <= last)
    return lambda run: str(run).startswith(match[1])


def runs_text(runs: Sequence[int]) -> str:
    """Run numbers as a RUNS argument: [3, 1, 2, 7] is "1-3,7"."""
    parts: list[list[int]] = []
    for run in sorted(set(runs)):
        if parts and run == parts[-1][1] + 1:
            parts[-1][1] = run
        else:
            parts.append([run, run])
    return ",".join(str(a) if a == b else f"{a}-{b}" for a, b in parts)

"""The runs of an experiment as rows: newest first, what each column says, what a filter finds. No Textual here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from smdtui import words
from smdtui.theme import look


@dataclass(frozen=True)
class RunRows:
    """`summaries` by run number (None: seen in the folder, not read yet); `production` its production state."""

    summaries: Mapping[int, Any] = field(default_factory=dict)
    production: Mapping[int, str] = field(default_factory=dict)

    @cached_property
    def runs(self) -> Sequence[int]:
        """Run numbers, the newest first: what is looked at most."""
        return sorted(self.summaries, reverse=True)

    @cached_property
    def position(self) -> Mapping[int, int]:
        return {run: row for row, run in enumerate(self.runs)}

    @property
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
        last = summary.end or getattr(summary, "last", None)
        return {
            "run": str(run),
            "state": summary.state,
            "begin": "–" if begin is None else words.moment(begin, now),
            "duration": "–" if begin is None or not last else words.duration(last / 1e9 - begin),
            "events": f"{summary.events:,}",
            "size": words.size(summary.bytes),
            "streams": str(summary.streams),
            "scan": f"scan {summary.steps}" if summary.scan else "",
            "production": produced,
        }

    def search(self, query: str, now: float) -> list[int]:
        """Rows that have all words of the query in what they show; a number means runs that begin with it."""
        parts = query.casefold().split()
        found = []
        for row, run in enumerate(self.runs):
            shown = self.text(run, now)
            shown["production"] = look(shown["production"]).word if shown["production"] != "none" else "not produced"
            line = " ".join(shown[key] for key in ("state", "begin", "scan", "production") if key in shown).casefold()
            if all(str(run).startswith(part) if part.isdigit() else part in line for part in parts):
                found.append(row)
        return found

    def nearest(self, number: int) -> int | None:
        """The row of that run, else of the nearest that there is."""
        if not self.runs:
            return None
        return self.position[min(self.runs, key=lambda run: (abs(run - number), run))]


def runs_text(runs: Sequence[int]) -> str:
    """Run numbers as a RUNS argument: [3, 1, 2, 7] is "1-3,7"."""
    parts: list[list[int]] = []
    for run in sorted(set(runs)):
        if parts and run == parts[-1][1] + 1:
            parts[-1][1] = run
        else:
            parts.append([run, run])
    return ",".join(str(a) if a == b else f"{a}-{b}" for a, b in parts)

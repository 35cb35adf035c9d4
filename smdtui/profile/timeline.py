"""The run-range timeline: which runs each (detector, function) of a profile covers, drawn in characters.

Runs that were recorded are the columns (not run numbers: a beamtime that starts at 400 must not begin with 400 blank
columns); when there are more runs than columns, each column stands for several and shows the worst of them.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from producer.run_ranges import RangeError, RunRange

SECTION = ("█", "▓")  # neighbouring sections differ without colour
BASE = "░"
GAP = "·"
CLASH = "!"


@dataclass(frozen=True)
class Row:
    """One detector and function with its run ranges as written, `all` among them where it is the base."""

    detector: str
    function: str
    ranges: tuple[RunRange, ...]

    @property
    def title(self) -> str:
        return f"{self.detector} {self.function}"

    def covering(self, run: int) -> list[int]:
        """Indices of the ranges other than `all` that hold `run`."""
        return [n for n, r in enumerate(self.ranges) if not r.is_all and r.contains(run)]

    @property
    def has_base(self) -> bool:
        return any(r.is_all for r in self.ranges)

    def state(self, run: int) -> str:
        """The character of one run."""
        held = self.covering(run)
        if len(held) > 1:
            return CLASH
        if held:
            others = [n for n, r in enumerate(self.ranges) if not r.is_all]
            return SECTION[others.index(held[0]) % 2]
        return BASE if self.has_base else GAP

    def states(self, runs: Sequence[int]) -> list[str]:
        """`state` of each of the sorted `runs`, without asking each range for each run."""
        states = [BASE if self.has_base else GAP] * len(runs)
        held = [False] * len(runs)
        number = 0
        for held_by in self.ranges:
            if held_by.is_all:
                continue
            for first, last in held_by.spans:
                end = len(runs) if last is None else bisect_right(runs, last)
                for n in range(bisect_left(runs, first), end):
                    states[n], held[n] = (CLASH if held[n] else SECTION[number % 2]), True
            number += 1
        return states

    def gaps(self, runs: Iterable[int]) -> list[int]:
        return [] if self.has_base else [run for run in runs if not self.covering(run)]


@dataclass(frozen=True)
class Timeline:
    """`current`: the row (detector, function) that edits are about, or all of a detector's (its function ""), and the
    range of its bar."""

    rows: tuple[Row, ...]
    runs: tuple[int, ...]
    selected: int | None = None
    current: tuple[str, str, str] | None = None

    @cached_property
    def states(self) -> list[list[str]]:
        return [row.states(self.runs) for row in self.rows]

    def with_current(self, current: tuple[str, str, str] | None) -> "Timeline":
        changed = replace(self, current=current)
        changed.__dict__["states"] = self.states  # the same rows and runs
        return changed

    def is_current(self, row: Row) -> bool:
        return self.current is not None and self.current[0] == row.detector and self.current[1] in ("", row.function)

    @property
    def current_row(self) -> int | None:
        """The first row that is current."""
        return next((n for n, row in enumerate(self.rows) if self.is_current(row)), None)

    def bar_of_current(self, width: int) -> set[int]:
        """The character columns of the range that is current."""
        if self.current is None:
            return set()
        try:
            held = RunRange.parse(self.current[2])
        except RangeError:
            return set()
        cell = self.cell_width(width)
        columns = [n for n, runs in enumerate(self.columns(width)) if any(held.contains(run) for run in runs)]
        return {n * cell + i for n in columns for i in range(cell)}

    @classmethod
    def of(cls, rows: Iterable[Row], runs: Iterable[int], selected: int | None = None) -> "Timeline":
        return cls(tuple(rows), tuple(sorted(set(runs))), selected)

    def step(self, by: int) -> "Timeline":
        """The next or previous recorded run selected."""
        if not self.runs:
            return self
        if self.selected not in self.runs:
            return replace(self, selected=self.runs[-1 if by < 0 else 0])
        at = self.runs.index(self.selected) + by
        return replace(self, selected=self.runs[max(0, min(len(self.runs) - 1, at))])

    def columns(self, width: int) -> list[tuple[int, ...]]:
        """The runs that each of at most `width` columns stands for, in order, none left out."""
        if width < 1 or not self.runs:
            return []
        per = -(-len(self.runs) // width)
        if per == 1 and width >= 2 * len(self.runs):
            return [(run,) for run in self.runs]
        return [tuple(self.runs[n : n + per]) for n in range(0, len(self.runs), per)]

    def cell_width(self, width: int) -> int:
        """How many characters one column takes: few runs are drawn broader, to be seen and clicked."""
        columns = len(self.columns(width))
        return max(1, min(4, width // columns)) if columns else 1

    def bar(self, row: Row, width: int) -> str:
        """The row's characters, the worst run of each column shown: clash, then gap, then section, then base."""
        order = CLASH + GAP + "".join(SECTION) + BASE
        states = self.states[self.rows.index(row)]
        bar, at, cell = "", 0, self.cell_width(width)
        for runs in self.columns(width):
            bar += min(states[at : at + len(runs)], key=order.index) * cell
            at += len(runs)
        return bar

    def selected_column(self, width: int) -> int | None:
        """The column (in characters) where the selected run begins."""
        for n, runs in enumerate(self.columns(width)):
            if self.selected in runs:
                return n * self.cell_width(width)
        return None

    def run_at(self, column: int, width: int) -> int | None:
        """The run under a character column, as for a click."""
        columns, cell = self.columns(width), self.cell_width(width)
        at = column // cell
        return columns[at][0] if 0 <= at < len(columns) else None

    def scale(self, width: int) -> str:
        """Run numbers over the columns, as many as fit, the selected one in any case (marked ▼)."""
        cell = self.cell_width(width)
        columns = self.columns(width)
        line = [" "] * (len(columns) * cell)
        at = self.selected_column(width)
        labels: list[tuple[int, str]] = [] if at is None else [(at, f"▼{self.selected}")]
        labels += [(0, str(columns[0][0])), (len(line), str(columns[-1][-1]))] if columns else []
        labels += [(n * cell, str(runs[0])) for n, runs in enumerate(columns)]
        for place, label in labels:
            place = max(0, min(place, len(line) - len(label)))
            clear = "".join(line[max(0, place - 1) : place + len(label) + 1])
            if len(label) <= len(line) and not clear.strip():
                line[place : place + len(label)] = label
        return "".join(line)


def sections(profile_sections: Sequence[tuple[str, str, RunRange]]) -> tuple[Row, ...]:
    """Rows from (detector, function, range) in the order of the file, ranges of one row gathered."""
    rows: dict[tuple[str, str], list[RunRange]] = {}
    for detector, function, runs in profile_sections:
        ranges = rows.setdefault((detector, function), [])
        if runs.text not in [r.text for r in ranges]:
            ranges.append(runs)
    return tuple(Row(detector, function, tuple(ranges)) for (detector, function), ranges in rows.items())

"""The run number while a function is read: a number whose comparisons record for which runs they come out the same.

A function is carried out for one run; each decision on the run narrows `Path.spans` to the runs that decide alike. What
the function returns then holds for all of `spans`, exactly, and the next run to try is any outside of them.
"""

import math
import operator
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from producer.run_ranges import RunRange, Span
from smdtui.profile.importing.values import Undecided

FIRST = 1  # LCLS numbers runs from 1
EVERY: tuple[Span, ...] = ((FIRST, None),)

COMPARE: dict[str, Callable[[Any, Any], Any]] = {
    "Lt": operator.lt,
    "LtE": operator.le,
    "Gt": operator.gt,
    "GtE": operator.ge,
    "Eq": operator.eq,
    "NotEq": operator.ne,
}
_FLIPPED = {"Lt": "Gt", "LtE": "GtE", "Gt": "Lt", "GtE": "LtE", "Eq": "Eq", "NotEq": "NotEq"}


@dataclass
class Path:
    """One way through the file: that of `run`, taken by all runs in `spans`."""

    run: int
    spans: tuple[Span, ...] = field(default=EVERY)

    def keep(self, spans: tuple[Span, ...]) -> None:
        self.spans = intersect(self.spans, spans)


@dataclass(frozen=True)
class RunNumber:
    """scale*run + offset; `text`: the digits of it as a str."""

    path: Path
    scale: int = 1
    offset: int = 0
    text: bool = False

    def __deepcopy__(self, memo: Any) -> "RunNumber":
        return self

    def __repr__(self) -> str:
        return "<made from the run number>"

    @property
    def value(self) -> int:
        return self.scale * self.path.run + self.offset

    def shifted(self, kind: str, other: int, swapped: bool) -> "RunNumber | int | None":
        """self + other and the like (other - self when `swapped`); None where the result is no multiple of the run."""
        if self.text:
            return None
        if kind == "Add":
            return RunNumber(self.path, self.scale, self.offset + other)
        if kind == "Sub":
            sign = -1 if swapped else 1
            return RunNumber(self.path, sign * self.scale, sign * (self.offset - other))
        if kind == "Mult":
            return RunNumber(self.path, self.scale * other, self.offset * other) if other else 0
        return None

    def compare(self, kind: str, other: Any, line: int) -> bool:
        """Raises TypeError where Python does, `Undecided` where the runs that answer alike are no ranges."""
        if isinstance(other, RunNumber):
            return self._compare_runs(kind, other, line)
        if self.text or isinstance(other, str):
            return self._compare_text(kind, other, line)
        if not isinstance(other, (int, float)):
            if kind in ("Eq", "NotEq"):
                return kind == "NotEq"
            return bool(COMPARE[kind](self.value, other))  # raises Python's own TypeError
        return self._decide(kind, other)

    def _decide(self, kind: str, other: float) -> bool:
        result = bool(COMPARE[kind](self.value, other))
        if math.isfinite(other):
            where = satisfying(kind, self.scale, self.offset, Fraction(other))
            self.path.keep(where if result else complement(where))
        return result

    def _compare_runs(self, kind: str, other: "RunNumber", line: int) -> bool:
        if self.text != other.text:
            if kind in ("Eq", "NotEq"):
                return kind == "NotEq"
            raise TypeError("'<' not supported between instances of 'str' and 'int'")
        if self.text and kind not in ("Eq", "NotEq"):
            raise Undecided("run numbers are compared as text", line)
        scale, offset = self.scale - other.scale, self.offset - other.offset
        if scale == 0:
            return bool(COMPARE[kind](offset, 0))
        return RunNumber(self.path, scale, offset)._decide(kind, 0)

    def _compare_text(self, kind: str, other: Any, line: int) -> bool:
        if not (self.text and isinstance(other, str)):
            if kind in ("Eq", "NotEq"):
                return kind == "NotEq"
            mine = "str" if self.text else "int"
            raise TypeError(
                f"{_SYMBOL[kind]!r} not supported between instances of {mine!r} and {type(other).__name__!r}"
            )
        if kind not in ("Eq", "NotEq"):
            raise Undecided("run numbers are compared as text", line)
        if not (other.isascii() and other.isdigit() and str(int(other)) == other):
            return kind == "NotEq"
        return RunNumber(self.path, self.scale, self.offset)._decide(kind, int(other))

    def among(self, values: Iterable[Any], line: int) -> bool:
        """run in values"""
        return any(self.compare("Eq", value, line) for value in values)


_SYMBOL = {"Lt": "<", "LtE": "<=", "Gt": ">", "GtE": ">="}


def satisfying(kind: str, scale: int, offset: int, bound: Fraction) -> tuple[Span, ...]:
    """The runs for which ``scale*run + offset <kind> bound``; `scale` is not 0."""
    at = (bound - offset) / scale
    if scale < 0:
        kind = _FLIPPED[kind]
    if kind in ("Eq", "NotEq"):
        same = ((int(at), int(at)),) if at.denominator == 1 and at >= FIRST else ()
        return same if kind == "Eq" else complement(same)
    if kind in ("Lt", "LtE"):
        last = math.floor(at) if kind == "LtE" else math.ceil(at) - 1
        return ((FIRST, last),) if last >= FIRST else ()
    first = math.ceil(at) if kind == "GtE" else math.floor(at) + 1
    return ((max(first, FIRST), None),)


def intersect(a: tuple[Span, ...], b: tuple[Span, ...]) -> tuple[Span, ...]:
    common = RunRange.of(a).overlap(RunRange.of(b)) if a and b else None
    return common.spans if common else ()


def complement(spans: tuple[Span, ...]) -> tuple[Span, ...]:
    """The runs from `FIRST` on that are not in `spans` (sorted and disjoint)."""
    found: list[Span] = []
    first = FIRST
    for start, last in spans:
        if start > first:
            found.append((first, start - 1))
        if last is None:
            return tuple(found)
        first = max(first, last + 1)
    return (*found, (first, None))


def subtract(a: tuple[Span, ...], b: tuple[Span, ...]) -> tuple[Span, ...]:
    return intersect(a, complement(b))


def union(a: tuple[Span, ...], b: tuple[Span, ...]) -> tuple[Span, ...]:
    return RunRange.of((*a, *b)).spans


def range_text(spans: tuple[Span, ...]) -> str:
    """As a profile writes them; ``all`` for every run there can be."""
    return "all" if spans == EVERY else RunRange.of(spans).text if spans else "no run"

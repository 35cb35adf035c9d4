"""Run ranges as a profile writes them: ``17``, ``9-12``, ``20-``, ``-8``, a comma list of these, or ``all``."""

import re
from dataclasses import dataclass, field
from typing import Iterable, List, Optional, Tuple

Span = Tuple[int, Optional[int]]  # first and last run, both included; None = no end

_PART = re.compile(r"(\d{0,9})\s*(-?)\s*(\d{0,9})", re.ASCII)


class RangeError(ValueError):
    """A text that is no run range: `str()` says why, `suggestion` what may have been meant, or ""."""

    def __init__(self, message: str, suggestion: str = "") -> None:
        super().__init__(message)
        self.suggestion = suggestion


@dataclass(frozen=True)
class RunRange:
    """`spans` are sorted, disjoint and not adjacent; two ranges are equal when they hold the same runs (and both or
    neither are ``all``), however they are written in `text`."""

    text: str = field(compare=False)
    spans: Tuple[Span, ...]
    is_all: bool = False

    @classmethod
    def parse(cls, text: str) -> "RunRange":
        """Raises `RangeError`."""
        if text.strip() == "all":
            return cls(text, ((0, None),), True)
        parts = text.split(",")
        spans, mended = [], []
        for part in parts:
            span = _span(part.strip(), text)
            mended.append(part.strip())
            if span[1] is not None and span[1] < span[0]:
                mended[-1] = f"{span[1]}-{span[0]}"
                others = [p.strip() for p in parts[len(mended) :]]
                raise RangeError(f"the run range {part.strip()!r} runs backwards", ",".join(mended + others))
            spans.append(span)
        return cls(text, _merged(spans))

    @classmethod
    def of(cls, spans: Iterable[Span]) -> "RunRange":
        merged = _merged(spans)
        return cls(",".join(_text(span) for span in merged), merged)

    def contains(self, run: int) -> bool:
        return any(first <= run and (last is None or run <= last) for first, last in self.spans)

    def overlap(self, other: "RunRange") -> Optional["RunRange"]:
        """The runs that both hold, or None."""
        common = []
        for a_first, a_last in self.spans:
            for b_first, b_last in other.spans:
                first = max(a_first, b_first)
                last = a_last if b_last is None else b_last if a_last is None else min(a_last, b_last)
                if last is None or first <= last:
                    common.append((first, last))
        return RunRange.of(common) if common else None

    def before(self, run: int) -> Optional["RunRange"]:
        """The part below `run`, or None."""
        return self.overlap(RunRange.of([(0, run - 1)])) if run > 0 else None

    def without(self, other: "RunRange") -> Optional["RunRange"]:
        """The runs of this one that `other` does not hold, or None."""
        free: List[Span] = []
        start: Optional[int] = 0
        for first, last in other.spans:
            if start is not None and first > start:
                free.append((start, first - 1))
            start = None if last is None else last + 1
        if start is not None:
            free.append((start, None))
        return self.overlap(RunRange.of(free)) if free else None

    def joined(self, other: "RunRange") -> "RunRange":
        """The runs that either holds."""
        return RunRange.of([*self.spans, *other.spans])

    def since(self, run: int) -> Optional["RunRange"]:
        """The part from `run` on, or None."""
        return self.overlap(RunRange.of([(run, None)]))


def _span(part: str, text: str) -> Span:
    match = _PART.fullmatch(part)
    if match is None or part in ("", "-"):
        what = f"{part!r} in {text!r}" if part != text else repr(text)
        raise RangeError(f'{what} is no run range; write 17, 9-12, 20-, -8, all or a list such as "7,9,12-14"')
    first, dash, last = match.groups()
    if not dash:
        if last:  # two numbers with a space between
            raise RangeError(f"{part!r} is no run range; write {first}-{last}", f"{first}-{last}")
        return int(first), int(first)
    return int(first or 0), int(last) if last else None


def _merged(spans: Iterable[Span]) -> Tuple[Span, ...]:
    merged: List[Span] = []
    for first, last in sorted(spans, key=lambda span: span[0]):
        if merged:
            before_first, before_last = merged[-1]
            if before_last is None or first <= before_last + 1:
                end = None if before_last is None or last is None else max(before_last, last)
                merged[-1] = (before_first, end)
                continue
        merged.append((first, last))
    return tuple(merged)


def _text(span: Span) -> str:
    first, last = span
    if last is None:
        return f"{first}-"
    if first == last:
        return str(first)
    return f"-{last}" if first == 0 else f"{first}-{last}"

"""What is looked for in a log, in bytes."""

import re
from collections.abc import Callable, Sequence
from typing import Protocol

from smdtui.jobs.log_level import ERROR_BYTES, ERROR_SIGNS


class Wanted(Protocol):
    """Looked for in pieces of a file that share `overlap` bytes, lest a place on their border be missed."""

    overlap: int

    def first(self, data: bytes) -> int:
        """Where it begins first, -1: nowhere."""
        ...

    def last(self, data: bytes) -> int:
        """Where it begins last, -1: nowhere."""
        ...


class Text:
    """Letters match both cases when the text has no capital."""

    def __init__(self, text: str):
        self._text = text.encode()
        self._fold = text == text.lower()
        self.overlap = len(self._text) - 1

    def first(self, data: bytes) -> int:
        return (data.lower() if self._fold else data).find(self._text)

    def last(self, data: bytes) -> int:
        return (data.lower() if self._fold else data).rfind(self._text)


class Expression:
    """A regular expression whose matches are no longer than 64 bytes and hold one of `signs`, which are looked for
    first."""

    overlap = 128

    def __init__(self, expression: re.Pattern[bytes], signs: Sequence[bytes]):
        self._expression, self._signs = expression, signs

    def first(self, data: bytes) -> int:
        begin = 0
        while (sign := min((at for s in self._signs if (at := data.find(s, begin)) >= 0), default=-1)) >= 0:
            found = self._expression.search(data, max(0, sign - 64), sign + 128)
            if found:
                return found.start()
            begin = sign + 1
        return -1

    def last(self, data: bytes) -> int:
        end = len(data)
        while (sign := max(data.rfind(s, 0, end) for s in self._signs)) >= 0:
            near = self._expression.finditer(data, max(0, sign - 64), sign + 128)
            at = max((found.start() for found in near), default=-1)
            if at >= 0:
                return at
            end = sign + 1
        return -1


ERRORS = Expression(ERROR_BYTES, ERROR_SIGNS)  # the lines of level ``error``


def find(
    read: Callable[[int, int], bytes],
    wanted: Wanted,
    begin: int,
    end: int,
    backwards: bool,
    stop: Callable[[], bool],
    progress: Callable[[float], None],
    piece: int,
) -> int | None:
    """The first (or last) place between the bytes `begin` and `end` of what `read(place, count)` gives; None where
    there is none or `stop()` became true. `progress` is told the share that has been looked at, 0 to 1."""
    length = max(end - begin, 1)
    piece = max(piece, wanted.overlap + 1)
    if backwards:
        while end > begin and not stop():
            progress(1 - (end - begin) / length)
            low = max(begin, end - piece)
            at = wanted.last(read(low, end - low))
            if at >= 0:
                return low + at
            end = low + wanted.overlap if low > begin else begin
        return None
    place = begin
    while place < end and not stop():
        progress((place - begin) / length)
        data = read(place, min(piece, end - place))
        at = wanted.first(data)
        if at >= 0:
            return place + at
        if len(data) <= wanted.overlap:
            return None
        place += len(data) - wanted.overlap
    return None

"""What is looked for in a log, in bytes."""

import re
from collections.abc import Callable
from typing import Protocol

from smdtui.jobs.log_level import ERROR_BYTES


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
    """A regular expression whose matches are no longer than 64 bytes."""

    overlap = 64

    def __init__(self, expression: re.Pattern[bytes]):
        self._expression = expression

    def first(self, data: bytes) -> int:
        found = self._expression.search(data)
        return found.start() if found else -1

    def last(self, data: bytes) -> int:
        return max((found.start() for found in self._expression.finditer(data)), default=-1)


ERRORS = Expression(ERROR_BYTES)  # the lines of level ``error``


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

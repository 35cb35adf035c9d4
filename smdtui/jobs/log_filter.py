"""A log with only some of its lines: those of some ranks, those that matter, repeated ones once."""

import re
import time
from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from smdtui.jobs.cause import ranks_words
from smdtui.jobs.log_file import BLOCK, LogFile
from smdtui.jobs.log_level import ERROR, ERROR_SIGNS, TRACEBACK, WARNING_SIGNS, level_of
from smdtui.jobs.log_search import Text, Wanted
from smdtui.jobs.log_text import CLIP, shown
from smdtui.jobs.rank_tag import TAG_BYTES

SPAN = 64 * 1024  # bytes between the places from which the items can be read again
HEAD = 8 * CLIP  # bytes of a line that are looked at
_CLOCK = re.compile(rb"(?:\d{4}-\d\d-\d\d[ T])?\d\d:\d\d:\d\d(?:[.,]\d+)?Z? ?")


@dataclass(frozen=True)
class LineFilter:
    """`ranks` None: of all, and of no rank; `level` "" or the least that is shown, ``warning`` or ``error``, with the
    whole of tracebacks; `collapse`: what says the same as the line before, but for the time and the rank, is counted
    and not shown."""

    ranks: frozenset[int] | None = None
    level: str = ""
    collapse: bool = False

    @property
    def open(self) -> bool:
        """True when every line is shown as it is."""
        return self.ranks is None and not self.level and not self.collapse


class _Reader:
    """Takes line after line and tells which begin an item. `inside` are the ranks whose traceback is under way."""

    def __init__(self, wanted: LineFilter, inside: frozenset[int | None] = frozenset(), key: int | None = None):
        self.wanted, self.inside = wanted, set(inside)
        self.key = key  # a hash of what the item says
        self.count = 0
        self.ranks: set[int] = set()

    def takes(self, line: bytes) -> bool:
        """True when it begins an item, False when it is left out or repeats the item before."""
        wanted = self.wanted
        tag = TAG_BYTES.match(line)
        rank = int(tag[1] or tag[2]) if tag else None
        if wanted.ranks is not None and rank not in wanted.ranks:
            return False
        text = line[tag.end() :] if tag else line
        if wanted.level and not self._matters(rank, text):
            return False
        if wanted.collapse:
            clock = _CLOCK.match(text)
            key = hash(text[clock.end() :] if clock else text)
            if key == self.key:
                self.count += 1
                if rank is not None:
                    self.ranks.add(rank)
                return False
            self.key, self.count, self.ranks = key, 1, set() if rank is None else {rank}
        return True

    def _matters(self, rank: int | None, text: bytes) -> bool:
        if TRACEBACK in text:
            self.inside.add(rank)
            return True
        if rank in self.inside:
            if text[:1].strip():  # the line that names the exception
                self.inside.discard(rank)
            return True
        level = level_of(text)
        return level == ERROR or (level != "" and self.wanted.level != ERROR)


@dataclass(frozen=True)
class _Mark:
    """A line from which reading can begin: the number of items before it and what the reader knew."""

    item: int
    place: int
    inside: frozenset[int | None] = frozenset()
    key: int | None = None


class FilteredLog:
    """The items of `file` that `wanted` lets through: `lines` of them so far, `get` like those of a LogFile.

    One thread may `grow` while others `get` and `search`. Of the whole file only a mark in each 64 KB is remembered.
    """

    def __init__(self, file: LogFile, wanted: LineFilter):
        self.file, self.wanted = file, wanted
        self._reset()

    def _reset(self) -> None:
        self._generation = self.file.generation
        self._reader = _Reader(self.wanted)
        self._place = 0  # what lies before has been taken
        self._marks = [_Mark(0, 0)]
        self._long: dict[int, str] = {}  # item -> how often it is there, where the next one is far
        self._last = 0  # where the newest item begins
        self._whole = 0  # items without that of an open last line
        self.lines = 0
        self.share = 0.0  # of the file that has been looked at

    @property
    def complete(self) -> bool:
        return self._place >= self.file.size or self.share >= 1

    def grow(self, seconds: float = 0.05) -> bool:
        """Looks at what was not looked at yet for about so long; True when something has changed. The file itself is
        to be grown by its owner."""
        before = (self._generation, self.lines, self._place)
        if self.file.generation != self._generation:
            self._reset()
        deadline = time.monotonic() + seconds
        open_line = b""
        for place, line, after in _pieces(self.file, self._place, self._worth if self.wanted.level else None):
            if after is None:
                open_line = line or b""
                break
            self._take(place, line)
            self._place = after
            if time.monotonic() > deadline:
                break
        more = 0
        if open_line:
            more = _Reader(self.wanted, frozenset(self._reader.inside), self._reader.key).takes(open_line)
        self.lines = self._whole + more
        self.share = 1.0 if open_line or self._place >= self.file.size else self._place / self.file.size
        return before != (self._generation, self.lines, self._place)

    def _worth(self, data: bytes) -> bool:
        """Whether one of these lines may be of a level that is shown."""
        signs = ERROR_SIGNS if self.wanted.level == ERROR else (*ERROR_SIGNS, *WARNING_SIGNS)
        return bool(self._reader.inside) or any(sign in data for sign in signs)

    def _take(self, place: int, line: bytes | None) -> None:
        reader = self._reader
        if place - self._marks[-1].place >= SPAN:
            self._marks.append(_Mark(self._whole, place, frozenset(reader.inside), reader.key))
        if line is None:
            return
        count, ranks = reader.count, reader.ranks
        if reader.takes(line):
            if self._whole and place - self._last >= SPAN:
                self._long[self._whole - 1] = _times(count, ranks)
            self._last = place
            self._whole += 1

    def get(self, begin: int, count: int) -> list[str]:
        """The text of `count` items from `begin` on, fewer at the end; what is repeated with how often."""
        end = min(begin + count, self.lines)
        found: list[str] = []
        if begin < end:
            for item, _, text in self._items(max(begin, 0)):
                found.append(text())
                if item + 1 >= end:
                    break
        return found

    def _items(self, begin: int) -> Iterator[tuple[int, int, Callable[[], str]]]:
        """(number, place, what gives its text), from the item `begin` on."""
        newest, live = self._whole - 1, self._place - self._last >= SPAN
        while True:
            mark = self._mark_before(begin)
            reader, item = _Reader(self.wanted, mark.inside, mark.key), mark.item - 1
            place, line, known = -1, b"", None
            for next_place, next_line, _ in _lines(self.file, mark.place):
                count, ranks = reader.count, reader.ranks
                if not reader.takes(next_line):
                    continue
                if place >= 0 and item >= begin:
                    yield item, place, _Shown(line, _times(count, ranks))
                item, place, line = item + 1, next_place, next_line
                known = self._long.get(item)
                if known is None and item == newest and live:
                    known = _times(self._reader.count, self._reader.ranks)
                if known is not None and item >= begin:
                    break
            else:
                known = None
            if place >= 0 and item >= begin:
                yield item, place, _Shown(line, known if known is not None else _times(reader.count, reader.ranks))
            if known is None:
                return
            if item == newest:
                if self.lines > self._whole:
                    yield from ((item + 1, at, _Shown(rest, "")) for at, rest, _ in _lines(self.file, self._place))
                return
            begin = item + 1

    def _mark_before(self, item: int) -> _Mark:
        """The last one that is not behind the beginning of the item."""
        return self._marks[bisect_right(self._marks, item, key=lambda mark: mark.item) - 1]

    def search(
        self,
        needle: str | Wanted,
        start: int,
        stop: Callable[[], bool] = lambda: False,
        backwards: bool = False,
        progress: Callable[[float], None] = lambda share: None,
    ) -> int | None:
        """As LogFile.search, in items. Only what is shown of them is found."""
        while not self.complete:
            if stop():
                return None
            self.file.grow(0.0)
            self.grow(0.05)
            progress(self.share / 2)
        if not needle or not self.lines or (start >= self.lines and not backwards) or (start < 0 and backwards):
            return None
        wanted = Text(needle) if isinstance(needle, str) else needle
        start = min(max(start, 0), self.lines - 1)
        begin, end = (0, self._after(start)) if backwards else (self._begin(start), self.file.size)
        whole = max(end - begin, 1)
        while True:
            left = (end - begin) / whole

            def told(part: float, left: float = left) -> None:
                progress(1 - left * (1 - part) / 2)

            place = self.file.find(wanted, begin, end, stop, backwards, told)
            if place is None or stop():
                return None
            item, line, after = self._at(place)
            if item is not None:
                return item
            begin, end = (begin, line) if backwards else (after, end)

    def _begin(self, item: int) -> int:
        return next((place for number, place, _ in self._items(item) if number == item), self.file.size)

    def _after(self, item: int) -> int:
        """Where the line of the item ends."""
        place = self._begin(item)
        return next((after or self.file.size for _, _, after in _lines(self.file, place)), self.file.size)

    def _at(self, place: int) -> tuple[int | None, int, int]:
        """The item whose first line holds the byte `place` (None: it is left out or a repetition), and where that
        line begins and the next one."""
        mark = self._marks[bisect_right(self._marks, place, key=lambda mark: mark.place) - 1]
        reader, item = _Reader(self.wanted, mark.inside, mark.key), mark.item - 1
        for begin, line, after in _lines(self.file, mark.place):
            begins = reader.takes(line)
            item += begins
            if after is None or place < after:
                return item if begins else None, begin, after or self.file.size
        return None, place, self.file.size


class _Shown:
    """Gives the text of an item when it is asked for."""

    def __init__(self, line: bytes, times: str):
        self._line, self._times = line, times

    def __call__(self) -> str:
        return shown(self._line) + self._times


def _times(count: int, ranks: set[int]) -> str:
    if count < 2:
        return ""
    return f"   × {count:,}" + (f", {_ranks(frozenset(ranks))}" if len(ranks) > 1 else "")


@lru_cache(maxsize=256)
def _ranks(ranks: frozenset[int]) -> str:
    return ranks_words(sorted(ranks))


def _lines(file: LogFile, place: int) -> Iterator[tuple[int, bytes, int | None]]:
    """(where it begins, its first bytes without the end, where the next begins or None for an open last line)."""
    for begin, line, after in _pieces(file, place, None):
        if line is not None:
            yield begin, line, after


def _pieces(
    file: LogFile, place: int, worth: Callable[[bytes], bool] | None
) -> Iterator[tuple[int, bytes | None, int | None]]:
    """As `_lines`; None instead of many lines at once that are not `worth` a look."""
    while True:
        data = file.read(place, BLOCK)
        cut = data.rfind(b"\n") + 1
        if not cut:
            if len(data) < BLOCK:
                if data:
                    yield place, data[:HEAD], None
                return
            after = place + len(data)
            while piece := file.read(after, 16 * BLOCK):
                at = piece.find(b"\n")
                if at >= 0:
                    after += at + 1
                    break
                after += len(piece)
            else:
                yield place, data[:HEAD], None
                return
            yield place, data[:HEAD], after
            place = after
            continue
        if worth is not None and not worth(data[:cut]):
            yield place, None, place + cut
            place += cut
            continue
        begin = place
        for line in data[: cut - 1].split(b"\n"):
            yield begin, line[:HEAD] if len(line) > HEAD else line, begin + len(line) + 1
            begin += len(line) + 1
        place += cut

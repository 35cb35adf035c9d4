"""A log of any size as lines: opens at its end at once, counts the rest by and by, reads only what is shown."""

import os
import threading
import time
from bisect import bisect_left
from collections.abc import Callable
from pathlib import Path

from smdtui.jobs.log_search import Text, Wanted, find
from smdtui.jobs.log_text import shown

BLOCK = 256 * 1024
TAIL = 64 * 1024
HEAD = 256  # bytes by which a file that was cut and has grown again is known


class LogFile:
    """Lines count from 0. Until `complete` the file's beginning has been counted and its end read; what lies between is
    estimated, so `lines` may still change, but the last ones are right from the first `grow` on.

    One thread may `grow` while others `get` and `search`. Raises OSError where the file cannot be read.
    """

    def __init__(self, path: Path):
        self.path = path
        self._lock = threading.Lock()
        self._descriptor = -1
        self.generation = 0  # another number: what was read of the file before is no more
        self._reset()

    def _reset(self) -> None:
        before, self._descriptor = self._descriptor, os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
        if before >= 0:
            os.close(before)
        self._inode = os.fstat(self._descriptor).st_ino
        self._head = os.pread(self._descriptor, HEAD, 0)
        self.generation += 1
        # newlines before byte i*BLOCK, for every block boundary that the counting has passed
        self._counts = [0]
        self._partial = 0  # newlines counted in the block that is not full yet
        self._scanned = 0
        self.size = 0
        self._estimate = 0  # lines between what is counted and the tail
        self._tail: list[str] = []
        self.lines = 0

    def close(self) -> None:
        with self._lock:
            if self._descriptor >= 0:
                os.close(self._descriptor)
                self._descriptor = -1

    @property
    def complete(self) -> bool:
        return self._scanned >= self.size

    def grow(self, seconds: float = 0.05) -> bool:
        """Looks at the file again and counts for about so long; True when something has changed."""
        with self._lock:
            if self._descriptor < 0:
                raise ValueError("the log file is closed")
            before = (self._inode, self.lines, self.size, self._scanned)
            self._look()
            deadline = time.monotonic() + seconds
            while self._scanned < self.size and time.monotonic() < deadline:
                self._count()
            self._end()
            return before != (self._inode, self.lines, self.size, self._scanned)

    def _look(self) -> None:
        try:
            inode = os.stat(self.path).st_ino
        except FileNotFoundError:  # removed under us; what is open still reads
            inode = self._inode
        size = os.fstat(self._descriptor).st_size
        head = os.pread(self._descriptor, HEAD, 0)
        if inode != self._inode or size < self.size or not head.startswith(self._head):
            self._reset()  # rotated, or cut and written anew
            size = os.fstat(self._descriptor).st_size
        elif len(head) > len(self._head):
            self._head = head
        self.size = size

    def _count(self) -> None:
        boundary = len(self._counts) * BLOCK
        data = os.pread(self._descriptor, min(boundary, self.size) - self._scanned, self._scanned)
        if not data:
            self.size = self._scanned
            return
        self._partial += data.count(b"\n")
        self._scanned += len(data)
        if self._scanned == boundary:
            self._counts.append(self._counts[-1] + self._partial)
            self._partial = 0

    def _end(self) -> None:
        """The number of lines, and while the counting has not come so far the text of the last ones."""
        counted = self._counts[-1] + self._partial
        if self.complete:
            open_line = self.size > 0 and os.pread(self._descriptor, 1, self.size - 1) != b"\n"
            self._estimate, self._tail, self.lines = 0, [], counted + open_line
            return
        begin = max(self._scanned, self.size - TAIL)
        data = os.pread(self._descriptor, self.size - begin, begin)
        first = data.find(b"\n", 0, len(data) - 1) + 1  # 0: all of it is one long line
        lines = data[first:].split(b"\n")
        if lines and not lines[-1]:
            lines.pop()
        per_byte = max(len(lines), 1) / max(len(data) - first, 1)
        self._estimate = int((begin + first - self._scanned) * per_byte) + 1
        self._tail = [shown(line) for line in lines]
        self.lines = counted + self._estimate + len(lines)

    def get(self, begin: int, count: int) -> list[str]:
        """The text of `count` lines from `begin` on, fewer at the end: without escape sequences, of what a carriage
        return overwrote only the last, clipped to 4000 characters."""
        end = min(begin + count, self.lines)
        begin = max(begin, 0)
        tail, first = self._tail, self.lines - len(self._tail)
        if tail and begin >= first:
            return tail[begin - first : end - first]
        counted = self._counts[-1] + self._partial
        if tail and end > counted:
            # Somewhere in what is not counted yet: the place that the scroll bar means, not exactly that line.
            part = (begin - counted) / max(self._estimate, 1)
            place = self._scanned + int(max(part, 0.0) * (self.size - TAIL - self._scanned))
            return self._near(place, end - begin)
        return self._read(begin, end)

    def _near(self, place: int, count: int) -> list[str]:
        data = os.pread(self._descriptor, count * 400, place)
        lines = [shown(line) for line in data.split(b"\n")[1:-1][:count]]
        return lines + [""] * (count - len(lines))

    def _start(self, line: int) -> int:
        """The byte where a counted line begins."""
        if line == 0:
            return 0
        counts = self._counts
        block = max(bisect_left(counts, line) - 1, 0)
        data = os.pread(self._descriptor, BLOCK, block * BLOCK)
        at = -1
        for _ in range(line - counts[block]):
            at = data.find(b"\n", at + 1)
            if at < 0:
                return self.size  # cut meanwhile
        return block * BLOCK + at + 1

    def _read(self, begin: int, end: int) -> list[str]:
        found: list[str] = []
        place = self._start(begin) if begin < end else 0
        while begin + len(found) < end:
            data = os.pread(self._descriptor, TAIL, place)
            if not data:
                break
            pieces = data.split(b"\n")
            if len(pieces) == 1 and len(data) == TAIL:  # longer than is read at once: go on behind it
                after = self._start(begin + len(found) + 1)
                rest = max(place + TAIL, after - TAIL)
                found.append(shown(data, self.read(rest, after - rest).rstrip(b"\n")))
                place = after
                continue
            last = pieces.pop()
            if len(data) < TAIL and last:
                pieces.append(last)
            found += [shown(piece) for piece in pieces]
            place += len(data) - (len(last) if len(data) == TAIL else 0)
        return found[: end - begin]

    def search(
        self,
        needle: str | Wanted,
        start: int,
        stop: Callable[[], bool] = lambda: False,
        backwards: bool = False,
        progress: Callable[[float], None] = lambda share: None,
    ) -> int | None:
        """The first line from `start` on (or back) that holds `needle`, None where there is none or `stop()` became
        true. Text matches both cases when it has no capital. `progress` is told the share done, 0 to 1."""
        self.grow(0.0)
        ahead = self.size - self._scanned
        while not self.complete:
            if stop():
                return None
            self.grow(0.05)
            progress((ahead - self.size + self._scanned) / (ahead + self.size))
        if not needle or (start >= self.lines and not backwards) or (start < 0 and backwards):
            return None
        start = min(max(start, 0), self.lines - 1)
        begin, end = (0, self._start(start + 1)) if backwards else (self._start(start), self.size)
        share = ahead / (ahead + end - begin) if end > begin else 0.0
        place = self.find(
            Text(needle) if isinstance(needle, str) else needle,
            begin,
            end,
            stop,
            backwards,
            lambda done: progress(share + (1 - share) * done),
        )
        return None if place is None else self._line(place)

    def find(
        self,
        wanted: Wanted,
        begin: int,
        end: int,
        stop: Callable[[], bool],
        backwards: bool = False,
        progress: Callable[[float], None] = lambda share: None,
    ) -> int | None:
        """The byte between `begin` and `end` where `wanted` is first (or last)."""
        return find(self.read, wanted, begin, end, backwards, stop, progress, 4 * BLOCK)

    def read(self, place: int, count: int) -> bytes:
        """Raises OSError, also when it is closed."""
        return os.pread(self._descriptor, count, place)

    def line_at(self, place: int) -> int | None:
        """The number of the line that holds the byte `place`, None while the counting has not come so far."""
        return self._line(place) if place < self._scanned else None

    def _line(self, place: int) -> int:
        """The line that the byte at `place` belongs to."""
        block = min(place // BLOCK, len(self._counts) - 1)
        data = os.pread(self._descriptor, place - block * BLOCK, block * BLOCK)
        return self._counts[block] + data.count(b"\n")

"""Local jobs wait for each other: of one user on one machine no more run at a time than it has cores for, in the order
of their launch.

Each job's supervisor holds a ticket, a file that it has locked as long as it lives; so what a killed one leaves is
seen, and counts for nothing.
"""

import fcntl
import os
import socket
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from smdtui.environment import cache_folder

WAITS, RUNS = "waits", "runs"


def cores() -> int:
    return len(os.sched_getaffinity(0))


class Ticket:
    """Of the job in `job` with so many ranks; `release` gives it back. Raises OSError where the user's cache folder
    cannot be written."""

    def __init__(self, job: Path, ranks: int, room: int | None = None):
        self.ranks, self.room = max(ranks, 1), cores() if room is None else room
        self._folder = cache_folder() / f"queue-{socket.gethostname()}"
        self._folder.mkdir(parents=True, exist_ok=True)
        self._path = self._folder / f"{job.name}.{zlib.crc32(bytes(job)):08x}"
        with self._alone():
            self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._say(WAITS)

    def ahead(self) -> int:
        """How many jobs it has to wait for; 0: it is its turn, which is taken by this."""
        with self._alone():
            others = list(self._others())
            running = [ranks for _, state, ranks in others if state == RUNS]
            waiting = [name for name, state, _ in others if state == WAITS and name < self._path.name]
            # The larger job than the machine runs alone.
            fits = not running or sum(running) + self.ranks <= self.room
            if waiting or not fits:
                return len(running) + len(waiting)
            self._say(RUNS)
            return 0

    def release(self) -> None:
        self._path.unlink(missing_ok=True)
        os.close(self._file)

    def _say(self, state: str) -> None:
        os.ftruncate(self._file, 0)
        os.pwrite(self._file, f"{state} {self.ranks}".encode(), 0)

    def _others(self) -> Iterator[tuple[str, str, int]]:
        """(name, state, ranks) of the other tickets; those of the dead are removed."""
        for path in self._folder.iterdir():
            if path == self._path or path.name == ".lock":
                continue
            try:
                file = os.open(path, os.O_RDWR | os.O_CLOEXEC)
            except FileNotFoundError:
                continue
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                path.unlink(missing_ok=True)
            except BlockingIOError:
                state, _, ranks = os.pread(file, 100, 0).decode().partition(" ")
                if ranks.isdigit():
                    yield path.name, state, int(ranks)
            finally:
                os.close(file)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        with open(self._folder / ".lock", "wb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

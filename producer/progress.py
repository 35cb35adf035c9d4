"""How far each rank is: small files in the job's folder that anybody may read at any time.

``progress/rank0003.json`` = {"rank", "role": "smd0|eb|worker|serial", "phase":
"starting|waiting|reading|merging|verifying|done|failed", "done": events, "time": unix seconds, "history":
[[unix, done], ...]}
and ``progress/total.json`` = {"total": events, "workers": count, "begin": unix seconds}. Each is replaced as a whole,
so that a reader never sees half of one.
"""

import json
import os
import time
from collections import deque
from pathlib import Path
from typing import Any, Callable, Deque, Optional, Tuple

from producer import log

# History: each second of the last half minute, then each tenth of five minutes.
FINE_SECONDS, SECONDS, COARSE_STEP = 30.0, 300.0, 10.0


def write_json(path: Path, content: Any) -> None:
    """Replace the file at `path` as a whole."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_text(json.dumps(content), encoding="utf-8")
    os.replace(temporary, path)


class Progress:
    """Of one rank. Without a job folder nothing is written. Writes at most once a second, except for a new phase."""

    def __init__(self, job: Optional[Path], rank: int, role: str) -> None:
        self.folder = None if job is None else job / "progress"
        self.rank, self.role, self.phase, self.done = rank, role, "starting", 0
        self.listener: Optional[Callable[[int], None]] = None  # told how many events are done, once a second at most
        self._history: Deque[Tuple[float, int]] = deque()
        self._old: Deque[Tuple[float, int]] = deque()
        self._written = 0.0
        if self.folder is not None:
            self.folder.mkdir(parents=True, exist_ok=True)
        self.enter("starting")

    def total(self, events: int, workers: int) -> None:
        if self.folder is not None:
            write_json(self.folder / "total.json", {"total": events, "workers": workers, "begin": time.time()})

    def enter(self, phase: str) -> None:
        self.phase = phase
        self._write()

    def event(self) -> None:
        self.done += 1
        if time.monotonic() - self._written >= 1.0:
            self._write()
            if self.listener is not None:
                self.listener(self.done)

    def alive(self) -> None:
        """To be called all the while in long work that is no event."""
        if time.monotonic() - self._written >= 1.0:
            self._write()

    def end(self, phase: str) -> None:
        """`enter` for when the verdict is there already: a disk that is full then no longer matters."""
        try:
            self.enter(phase)
        except OSError as error:
            log.warning(f"how far rank {self.rank} is cannot be written: {error}")

    def _write(self) -> None:
        self._written = time.monotonic()
        if self.folder is None:
            return
        now = time.time()
        self._remember(now)
        write_json(
            self.folder / f"rank{self.rank:04d}.json",
            {
                "rank": self.rank,
                "role": self.role,
                "phase": self.phase,
                "done": self.done,
                "time": now,
                "history": [*self._old, *self._history],
            },
        )

    def _remember(self, now: float) -> None:
        self._history.append((round(now, 3), self.done))
        while now - self._history[0][0] > FINE_SECONDS and len(self._history) > 2:
            point = self._history.popleft()
            if not self._old or point[0] - self._old[-1][0] >= COARSE_STEP:
                self._old.append(point)
        while self._old and now - self._old[0][0] > SECONDS:
            self._old.popleft()

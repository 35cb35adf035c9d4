"""Unsaved changes outlive a crash: the buffer is kept in the user's state folder until it is saved or given up.

One file for each profile and console; a console that is still running keeps its own to itself.
"""

import hashlib
import json
import os
import socket
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from smdtui.profile.presence import STALE, alive, born

FOLDER = "unsaved"


@dataclass(frozen=True)
class Rescued:
    """The unsaved text of a console that is gone. `seen`: what the file held when that console read it."""

    file: Path
    path: Path
    text: str
    seen: str | None
    time: float

    def discard(self) -> None:
        self.file.unlink(missing_ok=True)


class Keeper:
    """Keeps the buffer of one profile for this console."""

    def __init__(self, state: Path, path: Path) -> None:
        self._folder = Path(state) / FOLDER
        self._path = Path(os.path.abspath(path))
        self._file = self._folder / f"{_stem(self._path)}-{socket.gethostname().replace('/', '_')}-{os.getpid()}.json"

    def keep(self, text: str, seen: str | None) -> None:
        """Raises OSError; what was kept before is still there then."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        entry = {
            "path": str(self._path),
            "host": socket.gethostname(),
            "pid": os.getpid(),
            "born": born(os.getpid()),
            "time": time.time(),
            "seen": seen,
            "text": text,
        }
        descriptor, name = tempfile.mkstemp(prefix=".", dir=self._folder)
        try:
            with open(descriptor, "w", encoding="utf-8") as file:
                json.dump(entry, file)
                file.flush()
                os.fsync(file.fileno())
            os.replace(name, self._file)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise

    def forget(self) -> None:
        """The changes are saved, or given up."""
        self._file.unlink(missing_ok=True)


def rescued(state: Path, path: Path) -> list[Rescued]:
    """What consoles that are gone left of the profile, the newest first."""
    path = Path(os.path.abspath(path))
    host, found = socket.gethostname(), []
    for file in (Path(state) / FOLDER).glob(f"{_stem(path)}-*.json"):
        try:
            entry = json.loads(file.read_text(encoding="utf-8"))
            kept = Rescued(file, Path(entry["path"]), entry["text"], entry["seen"], float(entry["time"]))
            if entry["host"] == host:
                running = alive(int(entry["pid"]), int(entry["born"]))
            else:  # a home that hosts share: whoever types there is heard of
                running = time.time() - kept.time < STALE
        except (OSError, ValueError, KeyError, TypeError):
            continue  # just being replaced or removed
        if kept.path == path and not running:
            found.append(kept)
    return sorted(found, key=lambda kept: -kept.time)


def _stem(path: Path) -> str:
    return f"{path.stem[:40]}-{hashlib.sha256(str(path).encode()).hexdigest()[:16]}"

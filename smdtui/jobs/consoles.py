"""Who else has an experiment open: each console keeps a small file in the results, ``consoles/HOST-PID.json``, and
touches it now and then. It is advice, never a lock; one that was not touched for a while is of a console that is gone.
"""

from __future__ import annotations

import json
import os
import socket
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from smdtui.jobs.folder import make_folder, utc, write_whole
from smdtui.jobs.launch import Place
from smdtui.profile.presence import alive, born

BEAT = 20.0  # seconds between two touches
GONE = 90.0  # not touched for so long: the console is gone, or its host
_KINDS: dict[str, Any] = {"who": str, "host": str, "pid": int, "born": int, "since": str}


@dataclass(frozen=True)
class Console:
    """`since`: ISO 8601 UTC."""

    who: str
    host: str
    pid: int
    born: int
    since: str


def folder_of(experiment: Place) -> Path:
    return Path(experiment.results) / "consoles"


class Notice:
    """Our own file. Where none can be written (somebody who may only look) there is just none."""

    def __init__(self, experiment: Place, who: str) -> None:
        host = socket.gethostname()
        self.console = Console(who, host, os.getpid(), born(os.getpid()), utc())
        self.folder = folder_of(experiment)
        self.file = self.folder / f"{host.replace('/', '_')}-{os.getpid()}.json"

    def touch(self) -> bool:
        """False where that cannot be done."""
        try:
            if not self.folder.parent.parent.is_dir():
                return False  # nothing of this experiment is there yet; opening the app does not begin it
            if not self.folder.is_dir():
                make_folder(self.folder)
            if self.file.exists():
                os.utime(self.file)
            else:
                write_whole(self.file, json.dumps(asdict(self.console)) + "\n")
        except OSError:
            return False
        return True

    def withdraw(self) -> None:
        try:
            self.file.unlink(missing_ok=True)
        except OSError:
            return  # it goes stale by itself


def others(experiment: Place, now: float | None = None) -> list[Console]:
    """The other consoles on the experiment, the longest open first. The files of those that are gone are cleared away
    where that is allowed."""
    now = time.time() if now is None else now
    host, found = socket.gethostname(), []
    for file in folder_of(experiment).glob("*.json"):
        try:
            entry = json.loads(file.read_text(encoding="utf-8"))
            console = Console(**{name: kind(entry[name]) for name, kind in _KINDS.items()})
            age = now - file.stat().st_mtime
        except (OSError, ValueError, KeyError, TypeError):
            continue  # just being written or removed
        if (console.host, console.pid) == (host, os.getpid()):
            continue
        if age > GONE or (console.host == host and not alive(console.pid, console.born)):
            _clear(file)
        else:
            found.append(console)
    return sorted(found, key=lambda console: console.since)


def _clear(file: Path) -> None:
    try:
        file.unlink()
    except OSError:
        return  # of another user, in a folder that is not ours: stale for everybody


def words(consoles: list[Console], who: str) -> str:
    """ "also here: bob (xpp-daq), you (xpp-control)"; "" for nobody."""
    names = [f"{'you' if c.who == who else c.who or 'somebody'} ({c.host.partition('.')[0]})" for c in consoles]
    return f"also here: {', '.join(dict.fromkeys(names))}" if names else ""

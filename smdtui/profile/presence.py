"""Who else is editing a profile: advice, never a lock. Each console that has unsaved changes keeps a small file beside
the profile, ``.NAME.toml.editing-HOST-PID``, and touches it now and then; one that was not touched for a while, or
whose process is gone, is of somebody who is not there any more.
"""

import json
import os
import socket
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

BEAT = 30.0  # seconds between two touches
STALE = 150.0  # not touched for so long: the console is gone, or its host


@dataclass(frozen=True)
class Editor:
    who: str
    host: str
    pid: int
    born: int  # when its process began, see `born`
    since: float  # unix seconds

    def text(self) -> str:
        """As in "being edited by anna since 14:02 on xpp-console"."""
        clock = time.strftime("%H:%M", time.localtime(self.since))
        return f"being edited by {self.who or 'somebody'} since {clock} on {self.host}"


_KINDS: dict[str, Any] = {"who": str, "host": str, "pid": int, "born": int, "since": float}


class Presence:
    """Our own notice on one profile. It is advice, so where none can be written there is just none: then nothing can be
    saved there either, which saving says."""

    def __init__(self, path: Path, who: str, now: float | None = None) -> None:
        real = Path(os.path.realpath(path))
        host = socket.gethostname()
        self.editor = Editor(who, host, os.getpid(), born(os.getpid()), time.time() if now is None else now)
        self.file = real.parent / f"{_prefix(real)}{host.replace('/', '_')}-{os.getpid()}"
        self.path = path

    def announce(self) -> bool:
        """Write the notice, or touch it; False where that cannot be done."""
        try:
            if self.file.exists():
                os.utime(self.file)
            else:
                self.file.write_text(json.dumps(asdict(self.editor)) + "\n", encoding="utf-8")
        except OSError:
            return False
        return True

    def withdraw(self) -> None:
        try:
            self.file.unlink(missing_ok=True)
        except OSError:
            return  # a folder that became read-only: the notice goes stale by itself


def others(path: Path) -> list[Editor]:
    """Those who are editing the profile in another console, the longest first. Notices of consoles that are gone are
    cleared away where that is allowed."""
    real = Path(os.path.realpath(path))
    host, found = socket.gethostname(), []
    for file in real.parent.glob(f"{_prefix(real)}*"):
        try:
            entry = json.loads(file.read_text(encoding="utf-8"))
            editor = Editor(**{name: kind(entry[name]) for name, kind in _KINDS.items()})
            age = time.time() - file.stat().st_mtime
        except (OSError, ValueError, KeyError, TypeError):
            continue  # just being written or removed
        mine = (editor.host, editor.pid) == (host, os.getpid())
        gone = age > STALE or (editor.host == host and not alive(editor.pid, editor.born))
        if gone and not mine:
            _clear(file)
        elif not mine:
            found.append(editor)
    return sorted(found, key=lambda editor: editor.since)


def _prefix(real: Path) -> str:
    return f".{real.name}.editing-"


def alive(pid: int, since: int) -> bool:
    """Whether the process of that number on this host is still the one that began at `since`."""
    return since != 0 and born(pid) == since


def born(pid: int) -> int:
    """When a process began, in clock ticks since the host did; 0 when there is none. Numbers of processes come again,
    with this they are told apart."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return 0
    return int(text.rpartition(")")[2].split()[19])


def _clear(file: Path) -> None:
    try:
        file.unlink()
    except OSError:
        return  # somebody else's folder: it stays, and is stale for everybody

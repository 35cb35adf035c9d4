"""One production of a file at a time, on whichever host.

``<file>.inprogress.lock`` names the owner and is touched every few seconds while he lives. A lock is stale when its
owner is a process of this machine that is gone, or when it has not been touched for a minute by the clock of the
file's own server.
"""

import contextlib
import json
import os
import socket
import threading
import time
from pathlib import Path
from typing import Any, Dict, Optional

BEAT = 5.0  # seconds
SILENT = 60.0  # seconds without a beat after which an owner on another machine is taken for dead


class Locked(Exception):
    """Somebody else writes this file; the message says who."""


class Lock:
    """Held from `Lock(path)` until `release`. Raises `Locked`, or OSError when the folder cannot be written.
    `taken_over`: what to say when the lock of a dead owner was removed, or ""."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.taken_over = ""
        self._mine = json.dumps({**_self(), "since": time.time()})
        if not self._create():
            self._take_over()
        self._stop = threading.Event()
        self.beating = threading.Thread(target=self._beat, name="lock", daemon=True)
        self.beating.start()

    def mine(self) -> bool:
        """Whether nobody else has taken the lock (after a minute's silence of ours, say) nor removed it. Raises OSError
        when it cannot be read."""
        try:
            return self.path.read_bytes() == self._mine.encode()
        except FileNotFoundError:
            return False

    def release(self) -> None:
        self._stop.set()
        if self.mine():
            self.path.unlink()

    def _create(self) -> bool:
        try:
            handle = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o664)
        except FileExistsError:
            return False
        with os.fdopen(handle, "w") as file:
            file.write(self._mine)
        return True

    def _take_over(self) -> None:
        owner = _read(self.path)
        who = _who(owner)
        silent = self._silent_for()
        if not _dead(owner, silent):
            raise Locked(
                f"{self.path.name[: -len('.inprogress.lock')]} is being written by {who} "
                f"(last sign of life {silent:.0f} s ago). Wait for it, cancel it, or choose another output."
            )
        aside = self.path.with_name(f"{self.path.name}.{os.getpid()}")
        with contextlib.suppress(FileNotFoundError):
            os.rename(self.path, aside)
            if _read(aside) != owner:  # somebody else took over in between: his lock back to its place
                with contextlib.suppress(FileExistsError):
                    os.link(aside, self.path)
                aside.unlink()
                raise Locked(f"{self.path.name} was taken by another process just now.")
            aside.unlink()
        if not self._create():
            raise Locked(f"{self.path.name} was taken by another process just now.")
        self.taken_over = f"took over from {who}, which is gone"

    def _silent_for(self) -> float:
        """Seconds since the last beat, by the clock of the file server: clocks of hosts differ."""
        probe = self.path.with_name(f"{self.path.name}.clock.{os.getpid()}")
        try:
            probe.touch()
            return max(0.0, probe.stat().st_mtime - self.path.stat().st_mtime)
        except FileNotFoundError:
            return 0.0
        finally:
            probe.unlink(missing_ok=True)

    def _beat(self) -> None:
        while not self._stop.wait(BEAT):
            # A beat that fails (folder gone, disk trouble) shows as silence, which is what it is.
            with contextlib.suppress(OSError):
                if not self.mine():
                    return  # or the lock of another owner would look alive when he is not
                os.utime(self.path)


def _self() -> Dict[str, Any]:
    return {"host": socket.gethostname(), "pid": os.getpid(), "space": _space(), "started": _started(os.getpid())}


def _space() -> str:
    """Within which a process id means something: this boot of this machine, this container."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return f"{boot} {os.stat('/proc/self/ns/pid').st_ino}"
    except OSError:
        return ""


def _started(pid: int) -> Optional[str]:
    """When a process started, in the kernel's ticks; None when there is no such process, or a dead one."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except (OSError, IndexError):
        return None
    return None if fields[0] in "ZX" else fields[19]


def _read(path: Path) -> Dict[str, Any]:
    try:
        owner = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return owner if isinstance(owner, dict) else {}


def _who(owner: Dict[str, Any]) -> str:
    return f"process {owner['pid']} on {owner['host']}" if "pid" in owner and "host" in owner else "an unknown process"


def _dead(owner: Dict[str, Any], silent: float) -> bool:
    if owner.get("space") and owner["space"] == _space():
        return _started(int(owner["pid"])) != owner.get("started")
    return silent > SILENT

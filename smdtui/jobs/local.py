"""Local jobs: start a supervisor, ask whether it lives, cancel, and end what a lost one left behind."""

import getpass
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from producer.problem import Problem
from smdtui.jobs.cancelled import Cancelled
from smdtui.jobs.engine_away import EngineAway
from smdtui.jobs.folder import CANCEL, ENGINE, EXIT, HEARTBEAT, SUPERVISOR_LOG, WAITS, JobFolder, open_append, utc
from smdtui.jobs.shared_memory import sweep_recorded
from smdtui.jobs.states import EngineFacts
from smdtui.site import Engine

MARK = "SMDTUI_JOB"  # in the environment of every process that a job starts; its value is the job's folder
GRACE_SECONDS = 5.0
START_SECONDS = 20.0


def boot_id() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def process_start(pid: int) -> int | None:
    """When a process started (clock ticks since boot), which with its number names it for ever; None if it is no more
    or only waits to be collected."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(errors="replace")
    except (OSError, ValueError):
        return None
    after = text[text.rindex(")") + 2 :].split()
    return None if after[0] in "ZX" else int(after[19])


def identity(pid: int) -> dict[str, Any]:
    return {"host": socket.gethostname(), "boot": boot_id(), "pid": pid, "start": process_start(pid)}


def here(engine: Mapping[str, Any]) -> bool:
    return engine.get("host") == socket.gethostname()


def alive(engine: Mapping[str, Any], folder: Path | None = None) -> EngineFacts:
    """What this machine says about the supervisor that engine.toml names; with the job's `folder` also how many of the
    job's processes a dead one has left."""
    if "unreadable" in engine:
        return EngineFacts(None, reason=str(engine["unreadable"]))
    waits = (JobFolder(folder).table(WAITS) if folder else None) or {}
    if not here(engine):
        reason = f"on {engine.get('host')}: {waits.get('reason', '')}" if waits else f"runs on {engine.get('host')}"
        return EngineFacts(None, pending=bool(waits), reason=reason)
    if engine.get("boot") != boot_id():
        return EngineFacts(False, reason="the machine was restarted meanwhile")
    start = process_start(int(engine.get("pid") or 0))
    if start is not None and start == engine.get("start"):
        return EngineFacts(True, pending=bool(waits), reason=str(waits.get("reason", "")))
    return EngineFacts(False, reason="its supervisor was killed", orphans=len(marked(folder)) if folder else 0)


def send(pid: int, start: int, number: int) -> bool:
    """Sends a signal to just that process, never to another that got its number since. False if it is no more.
    Raises PermissionError where it belongs to somebody else."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return False
    try:
        if process_start(pid) != start:
            return False
        signal.pidfd_send_signal(handle, number)
        return True
    except ProcessLookupError:
        return False
    finally:
        os.close(handle)


def marked(folder: Path) -> list[tuple[int, int]]:
    """(pid, start) of this user's processes that carry the mark of the job in `folder`."""
    wanted = f"{MARK}={folder}".encode()
    found = []
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            variables = Path(f"/proc/{entry}/environ").read_bytes().split(b"\0")
        except OSError:  # of another user, or gone
            continue
        start = process_start(int(entry)) if wanted in variables else None
        if start is not None:
            found.append((int(entry), start))
    return found


def end_marked(folder: Path, grace: float = GRACE_SECONDS) -> int:
    """Ends all processes of the job: TERM, and KILL to what is left after `grace` seconds. Returns how many there
    were at first."""
    first = marked(folder)
    deadline = time.monotonic() + grace
    sent: set[tuple[int, int]] = set()
    while left := marked(folder):
        late = time.monotonic() > deadline
        if time.monotonic() > deadline + grace:
            raise TimeoutError(f"{len(left)} processes of the job do not end: {', '.join(str(p) for p, _ in left)}")
        for one in left:
            if late or one not in sent:
                send(*one, signal.SIGKILL if late else signal.SIGTERM)
                sent.add(one)
        time.sleep(0.05)
    return len(first)


def check(engine: Engine, ranks: int) -> list[Problem]:
    """Nothing but the launcher can be wrong here, and that is looked at where it is chosen."""
    return []


def sending(engine: Engine, ranks: int, folder: Path, name: str) -> list[str]:
    return []


def facts(folders: Sequence[JobFolder], now: float) -> dict[Path, EngineFacts]:
    found = {}
    for folder in folders:
        engine = None if folder.has(EXIT) else folder.table(ENGINE)
        if engine is not None:
            found[folder.path] = alive(engine, folder.path)
    return found


def start(
    folder: JobFolder,
    environment: Mapping[str, str],
    engine: Engine | None = None,
    ranks: int = 0,
    timeout: float = START_SECONDS,
) -> None:
    """Starts the job's supervisor in a session of its own and returns when engine.toml says that it runs. Raises
    RuntimeError with the supervisor's own words when it does not, EngineAway when it needs longer than `timeout` s."""
    child = start_apart(["smdtui.jobs.supervisor", str(folder.path)], folder.path / SUPERVISOR_LOG, environment)
    deadline = time.monotonic() + timeout
    while not (folder.has(ENGINE) or folder.has(EXIT)):
        if child.poll() is not None or time.monotonic() > deadline:
            break
        time.sleep(0.01)
    if not (folder.has(ENGINE) or folder.has(EXIT)):
        slow = child.poll() is None
        child.kill()
        child.wait()
        said = (folder.path / SUPERVISOR_LOG).read_text(errors="replace").strip().splitlines()
        if slow:  # the machine is busy, or a disk is
            raise EngineAway(f"the job's supervisor did not start within {timeout:.0f} s; try again later")
        raise RuntimeError(f"the job's supervisor did not start: {said[-1] if said else 'it says nothing'}")


_children: list[subprocess.Popen[bytes]] = []


def start_apart(
    words: Sequence[str], log: Path, environment: Mapping[str, str] = os.environ
) -> "subprocess.Popen[bytes]":
    """Starts ``python -m words...`` in a session of its own: it outlives this process, and is collected where it has
    ended before. What it says is appended to `log`. Raises OSError."""
    collect()
    with open_append(log) as file:
        child = subprocess.Popen(
            [sys.executable, "-m", *words],
            cwd=Path(__file__).resolve().parents[2],
            env={k: v for k, v in environment.items() if k != MARK},
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
            start_new_session=True,
        )
    _children.append(child)
    return child


def collect() -> None:
    """Collects supervisors (and followers) of this process that have ended, lest they stay as zombies while the app
    lives."""
    _children[:] = [c for c in _children if c.poll() is None]


def cancel(folder: JobFolder, who: str = "") -> Cancelled:
    """Asks a job to end all its ranks, and returns at once; asking again changes nothing. The record of who asked
    lies in the folder before any signal is sent, so that a supervisor on another machine finds it as well. Raises
    OSError where the folder may not be written."""
    who = who or getpass.getuser()
    collect()
    if folder.has(EXIT):
        return Cancelled(False, f"{folder.id} has ended already")
    engine = folder.table(ENGINE)
    first = not folder.has(CANCEL)
    if first:
        folder.write(CANCEL, {"who": who, "time": utc(), "host": socket.gethostname()})
        folder.event("cancel", who)
    if engine is None:
        return Cancelled(True, f"{folder.id} is cancelled before its start")
    facts = alive(engine)
    if facts.alive is None:
        return Cancelled(True, f"{folder.id} {facts.reason}; its supervisor there is asked to end it")
    if facts.alive:
        try:
            if send(int(engine["pid"]), int(engine["start"]), signal.SIGTERM):
                return Cancelled(True, f"{folder.id} is being cancelled")
        except PermissionError:
            return Cancelled(
                True, f"{folder.id} belongs to {engine.get('user', 'another user')}; its supervisor is asked to end it"
            )
    count = end_marked(folder.path)
    sweep_recorded(folder.path)
    if not folder.has(EXIT):
        folder.write(EXIT, {"by": "cancel", "when": utc(), "host": socket.gethostname(), "leftover": count})
    return Cancelled(True, f"{folder.id} had lost its supervisor; {count} of its processes were ended")


def heartbeat(folder: JobFolder) -> float | None:
    try:
        return (folder.path / HEARTBEAT).stat().st_mtime
    except OSError:
        return None

"""The folder of one job: the truth about it, for any number of consoles and users.

Every file appears whole (written beside and renamed); ``events.jsonl`` only grows. Folder and files are group-writable
where the parent is a setgid folder that its group may write, and never writable by everybody.
"""

import fcntl
import io
import json
import os
import secrets
import shutil
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import tomli_w
import tomllib

REQUEST, PLAN, SCRIPT, ENGINE = "request.toml", "plan.toml", "submit.sh", "engine.toml"
EXIT, VERDICT, CANCEL, REJECTED = "exit.toml", "verdict.toml", "cancel.toml", "rejected.toml"
# Under Slurm: its begin, its end as Slurm says it, who held or released it last, and which task of an array it is.
START, SCHEDULER, HOLD, ARRAY = "start.toml", "scheduler.toml", "hold.toml", "array.toml"
WAITS = "waits.toml"  # a local job's, until there is room on the machine
EVENTS, LOG, PROGRESS, SUPERVISOR_LOG, HEARTBEAT = "events.jsonl", "log.txt", "progress", "supervisor.txt", "heartbeat"


def utc(when: float | None = None) -> str:
    """ISO 8601 UTC to the second; `when` in seconds of the Unix clock, default now."""
    moment = datetime.now(timezone.utc) if when is None else datetime.fromtimestamp(when, timezone.utc)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def seconds(when: str | None) -> float | None:
    """The inverse of `utc`; None for what is no such time."""
    try:
        return datetime.fromisoformat(when or "").timestamp()
    except ValueError:
        return None


def shared(folder: Path) -> bool:
    """True where what is made in `folder` belongs to its group as well."""
    mode = folder.stat().st_mode
    return bool(mode & stat.S_ISGID and mode & stat.S_IWGRP)


def _open_up(path: Path, group: int, together: bool) -> None:
    mode = stat.S_IMODE(path.stat().st_mode) & ~stat.S_IWOTH
    path.chmod(mode | group if together else mode)


def make_folder(path: Path) -> None:
    """Makes `path` and the folders above it. Raises OSError (FileExistsError when it is there)."""
    if not path.parent.exists():
        try:
            make_folder(path.parent)
        except FileExistsError:
            if not path.parent.is_dir():  # else another console was faster
                raise
    path.mkdir()
    _open_up(path, stat.S_ISGID | stat.S_IRWXG, shared(path.parent))


def write_whole(path: Path, text: str, executable: bool = False) -> None:
    """Writes `text` so that no reader ever sees half of it."""
    fresh = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(3)}")
    try:
        with open(fresh, "x", encoding="utf-8") as f:
            f.write(text)
            f.flush()
            os.fsync(f.fileno())
        _open_up(fresh, stat.S_IRGRP | stat.S_IWGRP, shared(path.parent))
        if executable:
            fresh.chmod(stat.S_IMODE(fresh.stat().st_mode) | 0o110)
        fresh.replace(path)
    except BaseException:
        fresh.unlink(missing_ok=True)
        raise


def open_append(path: Path) -> io.FileIO:
    """`path` opened so that each write goes to its end as a whole, made with the folder's rights when it is new."""
    try:
        file = io.FileIO(path, "xb", opener=lambda name, flags: os.open(name, flags | os.O_APPEND, 0o664))
    except FileExistsError:
        return io.FileIO(path, "ab")
    _open_up(path, stat.S_IRGRP | stat.S_IWGRP, shared(path.parent))
    return file


def write_toml(path: Path, table: Mapping[str, Any]) -> None:
    """TOML has no null: keys whose value is None are left out."""
    write_whole(path, tomli_w.dumps({k: v for k, v in table.items() if v is not None}))


# What has been read once, with inode, time and size: a list of jobs is looked at twice a second.
_tables: dict[tuple[Path, str], tuple[tuple[int, int, int], dict[str, Any]]] = {}


@dataclass(frozen=True)
class JobFolder:
    path: Path

    @property
    def id(self) -> str:
        return self.path.name

    def table(self, name: str) -> dict[str, Any] | None:
        """The TOML file `name`; None when it is not there, ``{"unreadable": why}`` when it cannot be read."""
        try:
            with open(self.path / name, "rb") as f:
                facts = os.fstat(f.fileno())
                stamp = (facts.st_ino, facts.st_mtime_ns, facts.st_size)
                known = _tables.get((self.path, name))
                if known is None or known[0] != stamp:
                    known = _tables[self.path, name] = (stamp, tomllib.load(f))
                return known[1]
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as e:
            return {"unreadable": f"{name}: {e.strerror}"}
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as e:
            return {"unreadable": f"{name}: {e}"}

    def write(self, name: str, table: Mapping[str, Any]) -> None:
        write_toml(self.path / name, table)

    def has(self, name: str) -> bool:
        try:
            return (self.path / name).exists()
        except PermissionError:  # whoever may not look into the folder sees nothing there
            return False

    def event(self, what: str, who: str, **more: Any) -> None:
        """Appends one line to events.jsonl; lines of several writers never mix."""
        path = self.path / EVENTS
        line = json.dumps({"time": utc(), "what": what, "who": who, "host": os.uname().nodename, **more})
        with open_append(path) as f:
            f.write(line.encode() + b"\n")

    def events(self) -> list[dict[str, Any]]:
        """Oldest first. A line that is no JSON object (a full disk cut it) is shown as ``{"what": "unreadable"}``,
        and so is a file that may not be read."""
        try:
            lines = (self.path / EVENTS).read_text(encoding="utf-8", errors="replace").splitlines()
        except FileNotFoundError:
            return []
        except OSError as e:
            return [{"what": "unreadable", "text": f"{EVENTS}: {e.strerror}"}]
        return [_event(line) for line in lines if line.strip()]


def _event(line: str) -> dict[str, Any]:
    try:
        event = json.loads(line)
    except ValueError:
        event = None
    return event if isinstance(event, dict) else {"what": "unreadable", "text": line}


@contextmanager
def locked(jobs: Path) -> Iterator[None]:
    """Only one launch at a time looks at the jobs in `jobs` and adds its own. Makes `jobs`. Raises OSError."""
    if not jobs.exists():
        try:
            make_folder(jobs)
        except FileExistsError:
            if not jobs.is_dir():
                raise
    with open_append(jobs / ".lock") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def create(jobs: Path, run: int, request: Mapping[str, Any]) -> JobFolder:
    """A new folder under `jobs`, which exists and is locked. It becomes visible under its name only with the request in
    it; of a run's jobs the newer has the greater name. Raises OSError."""
    for left in jobs.glob(".2*-r*"):  # of somebody killed in here
        shutil.rmtree(left, ignore_errors=True)
    name = f"{_after(jobs, run):%Y%m%dT%H%M%S}-r{run:04d}-{secrets.token_hex(2)}"
    building = jobs / f".{name}"
    make_folder(building)
    try:
        write_toml(building / REQUEST, {"id": name, **request})
        make_folder(building / PROGRESS)
        building.rename(jobs / name)
    except BaseException:
        shutil.rmtree(building, ignore_errors=True)
        raise
    return JobFolder(jobs / name)


def _after(jobs: Path, run: int) -> datetime:
    """Now, or where a job of the run says the same second or a later one (clocks differ), the second after that."""
    when = datetime.now(timezone.utc)
    for name in (path.name for path in jobs.glob(f"2*-r{run:04d}-*")):
        try:
            other = datetime.strptime(name[:15], "%Y%m%dT%H%M%S").replace(tzinfo=timezone.utc)
        except ValueError:
            continue
        when = max(when, other + timedelta(seconds=1))
    return when


def folders(jobs: Path) -> list[JobFolder]:
    """Those under `jobs`, newest first; [] when there is none yet. Raises OSError where it may not be read."""
    try:
        with os.scandir(jobs) as entries:
            names = [e.name for e in entries if not e.name.startswith(".") and e.is_dir()]
    except FileNotFoundError:
        return []
    return [JobFolder(jobs / name) for name in sorted(names, reverse=True)]

"""Writing a profile so that nothing is lost: whole or not at all, over nothing that was not seen, each version kept.

Beside a profile ``a.toml`` a folder ``.history`` holds every version that a save replaced (``a.<utc time>.toml``) and
``a.jsonl``, a line for each save: when, who, why, the hash of what was written and the version kept.
"""

import contextlib
import errno
import fcntl
import hashlib
import json
import os
import stat
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from smdtui.new_file_mode import new_file_mode

HISTORY = ".history"


class ChangedOnDisk(Exception):
    """Somebody else wrote the file meanwhile; nothing was written. `theirs`: its text now, None when it is gone."""

    def __init__(self, path: Path, theirs: str | None) -> None:
        what = "was deleted" if theirs is None else "was changed by somebody else"
        super().__init__(f"{path} {what} since it was opened; nothing was saved, your changes are still here")
        self.theirs = theirs


class SaveFailed(Exception):
    """The file could not be written and is as it was. `str()` says why and that the changes are still there."""


@dataclass(frozen=True)
class Version:
    """A version that a later save replaced. `who` and `why` belong to the save that wrote what follows it."""

    path: Path
    time: datetime
    who: str
    why: str

    def text(self) -> str:
        return self.path.read_bytes().decode("utf-8")


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def save(path: Path, text: str, seen: bytes | None, who: str, why: str, overwrite: bool = False) -> bytes:
    """Write `text` to the file that `path` is or points to, and return it as bytes. `seen`: what the file held when it
    was read, None when there was none. Mode and group stay. `overwrite`: also over what somebody else wrote, which is
    kept as a version like any other. Raises ChangedOnDisk, SaveFailed."""
    real = Path(os.path.realpath(path))
    data = text.encode("utf-8")
    try:
        history = _history_folder(real)
        with _locked(history):
            there = _read(real)
            if there == data:
                return data
            if there != seen and not overwrite:
                raise ChangedOnDisk(path, None if there is None else there.decode("utf-8", "replace"))
            mode = _mode(real)
            if there is not None and not mode & 0o222:
                raise SaveFailed(f"{path} is read-only; your changes are still here")
            if there is not None and not os.access(real, os.W_OK):
                raise PermissionError(errno.EACCES, "Permission denied")
            kept = None if there is None else _keep(history, real, there, mode)
            with _logged(history, real, who, why, data, kept):
                _replace(real, data, mode)
    except OSError as error:
        raise SaveFailed(f"cannot save {path}: {_reason(error)}; your changes are still here") from error
    return data


def versions(path: Path) -> list[Version]:
    """The versions kept of the file, the newest first."""
    real = Path(os.path.realpath(path))
    history = real.parent / HISTORY
    said = {}
    with contextlib.suppress(FileNotFoundError), open(history / f"{real.stem}.jsonl", encoding="utf-8") as log:
        for line in log:
            try:
                entry = json.loads(line)
                said[entry["kept"]] = entry
            except (ValueError, KeyError, TypeError):
                continue  # a line cut off by a full disk; the version itself is listed all the same
    found = []
    for kept in history.glob(f"{real.stem}.*.toml") if history.is_dir() else ():
        stamp = kept.name[len(real.stem) + 1 : -len(".toml")]
        try:
            time = datetime.strptime(stamp, _STAMP).replace(tzinfo=UTC)
        except ValueError:
            continue  # of a profile whose name begins like this one's
        entry = said.get(kept.name, {})
        found.append(Version(kept, time, entry.get("who", ""), entry.get("why", "")))
    return sorted(found, key=lambda version: version.time, reverse=True)


_STAMP = "%Y%m%dT%H%M%S.%fZ"


def _read(real: Path) -> bytes | None:
    try:
        return real.read_bytes()
    except FileNotFoundError:
        return None


def _mode(real: Path) -> int:
    try:
        return stat.S_IMODE(real.stat().st_mode)
    except FileNotFoundError:
        return new_file_mode(real.parent)


def _history_folder(real: Path) -> Path:
    history = real.parent / HISTORY
    if not history.is_dir():
        real.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(FileExistsError):  # another console was faster
            history.mkdir()
            history.chmod(stat.S_IMODE(real.parent.stat().st_mode) & ~0o002)  # the group writes where it could before
    return history


def _open_shared(path: Path, flags: int) -> int:
    """A file that whoever may write to its folder may write to, others not."""
    try:
        return os.open(path, flags)
    except FileNotFoundError:
        descriptor = os.open(path, flags | os.O_CREAT, 0o600)
        os.fchmod(descriptor, stat.S_IMODE(path.parent.stat().st_mode) & 0o664 | 0o600)
        return descriptor


@contextlib.contextmanager
def _locked(history: Path) -> Iterator[None]:
    """Between comparing and replacing no other console of this program comes in."""
    with open(_open_shared(history / ".lock", os.O_RDWR), "rb") as lock:
        # Where the file system has no locks, comparing with what was read remains.
        with contextlib.suppress(OSError):
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _keep(history: Path, real: Path, data: bytes, mode: int) -> Path:
    kept = history / f"{real.stem}.{datetime.now(UTC).strftime(_STAMP)}.toml"
    _replace(kept, data, mode)
    return kept


def _replace(real: Path, data: bytes, mode: int) -> None:
    descriptor, name = tempfile.mkstemp(prefix=f".{real.name}.", dir=real.parent)
    try:
        with open(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            with contextlib.suppress(OSError):  # a group that we are not in; the mode is kept all the same
                os.fchown(file.fileno(), -1, (real if real.exists() else real.parent).stat().st_gid)
            os.fchmod(file.fileno(), mode)
            os.fsync(file.fileno())
        os.replace(name, real)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(name)
        raise
    # The file is in its place: where a folder cannot be synced, only a power cut could still bring back the old one.
    with contextlib.suppress(OSError):
        folder = os.open(real.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


@contextlib.contextmanager
def _logged(history: Path, real: Path, who: str, why: str, data: bytes, kept: Path | None) -> Iterator[None]:
    """The line is written before the save, which fails with it, and taken back when the save fails: what was replaced
    is never said to have failed."""
    entry = {
        "time": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "who": who,
        "why": why,
        "sha256": sha256(data),
        "kept": kept.name if kept else None,
    }
    descriptor = _open_shared(history / f"{real.stem}.jsonl", os.O_WRONLY | os.O_APPEND)
    try:
        before = os.fstat(descriptor).st_size
        line = (json.dumps(entry) + "\n").encode()
        try:
            if os.write(descriptor, line) < len(line):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            yield
        except BaseException:
            with contextlib.suppress(OSError):  # a line of a save that was none is passed over by whoever reads
                os.ftruncate(descriptor, before)
            raise
    finally:
        os.close(descriptor)


def _reason(error: OSError) -> str:
    words = {
        errno.ENOSPC: "the disk is full",
        errno.EDQUOT: "the quota is used up",
        errno.EACCES: "no permission to write there",
        errno.EPERM: "no permission to write there",
        errno.EROFS: "the file system is read-only",
    }
    return words.get(error.errno or 0, (error.strerror or str(error)).lower())

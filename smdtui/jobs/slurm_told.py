"""What Slurm told the owner of jobs, for everybody who looks at them: whoever watches somebody else's jobs need not ask
while a program of their owner does, on whatever host.

Each user has one file beside the jobs; it is believed only of jobs that belong to who owns the file.
"""

import contextlib
import json
import os
from collections.abc import Iterable
from dataclasses import fields
from pathlib import Path
from typing import Any

from smdtui.jobs.folder import JobFolder, make_folder, write_whole
from smdtui.jobs.slurm_poll import Known, Wanted
from smdtui.jobs.slurm_words import Line

TOLD = ".slurm"  # under the jobs folder
FRESH_SECONDS = 45.0  # the slowest question comes after 30 s

_published: dict[Path, tuple[float, frozenset[str]]] = {}  # by this program: of which answer, which jobs
_read: dict[Path, tuple[tuple[int, int], dict[str, Any]]] = {}


def publish(asked: Iterable[tuple[JobFolder, Wanted]], known: Known) -> None:
    """Of one's own jobs, once for each answer. Where that cannot be written, others ask themselves."""
    told: dict[Path, set[str]] = {}
    for folder, wanted in asked:
        if wanted.id and wanted.key in known.lines:
            told.setdefault(folder.path.parent, set()).add(wanted.key)
    for jobs, keys in told.items():
        path = jobs / TOLD / f"{os.getuid()}.json"
        # Another program of the same user may look at other jobs in the folder.
        before = _published[jobs][1] if jobs in _published else _table(path).get("lines", {}).keys()
        now = known.answered, frozenset((keys | before) & known.lines.keys())
        if now == _published.get(jobs):
            continue
        _published[jobs] = now
        with contextlib.suppress(OSError):
            if not path.parent.is_dir():
                make_folder(path.parent)
            write_whole(path, json.dumps({"answered": now[0], "lines": {key: known.lines[key] for key in now[1]}}))


def told(folder: JobFolder, wanted: Wanted, now: float) -> Known | None:
    """What the job's owner was told of it; None where that is old, or nothing."""
    try:
        owner = folder.path.stat().st_uid
    except OSError:
        return None
    table = _table(folder.path.parent / TOLD / f"{owner}.json", owner)
    answered, line = table.get("answered"), table.get("lines", {}).get(wanted.key)
    if not isinstance(answered, float) or not abs(now - answered) < FRESH_SECONDS or not _is_line(line):
        return None
    return Known(answered=min(answered, now), lines={wanted.key: line})


def _table(path: Path, owner: int | None = None) -> dict[str, Any]:
    """What the file says; {} where it is not there, no such file, or not of that user."""
    try:
        facts = path.stat(follow_symlinks=False)
        stamp = (facts.st_ino, facts.st_mtime_ns)
        if path not in _read or _read[path][0] != stamp:
            table = json.loads(path.read_text(encoding="utf-8"))
            good = isinstance(table, dict) and isinstance(table.get("lines"), dict)
            _read[path] = stamp, table if good else {}
    except (OSError, ValueError):
        return {}
    return _read[path][1] if owner is None or facts.st_uid == owner else {}


def _is_line(line: Any) -> bool:
    names = {field.name for field in fields(Line)}
    return isinstance(line, dict) and line.keys() == names and all(isinstance(value, str) for value in line.values())

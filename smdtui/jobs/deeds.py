"""Who did what to a job: its events as lines for people."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from typing import Any

from smdtui.jobs.folder import seconds

_WORDS = {
    "submitted": "launched",
    "cancel": "cancelled",
    "hold": "held",
    "release": "released",
    "cleaned": "cleaned up",
    "rejected": "was refused",
    "sbatch": "handed it to Slurm",
    "sbatch unanswered": "got no answer from sbatch",
    "slurm": "was given the number of the job",
    "unreadable": "left a line that cannot be read",
}
_HIDDEN = ("time", "what", "who", "host")


def deed(event: Mapping[str, Any]) -> str:
    """ "ada@xpp-control launched (engine milano, ranks 120)"."""
    what = str(event.get("what", ""))
    who = str(event.get("who") or "") or "somebody"
    host = str(event.get("host") or "")
    more = ", ".join(f"{k} {v}" for k, v in event.items() if k not in _HIDDEN and v not in (None, ""))
    by = f"{who}@{host.partition('.')[0]}" if host else who
    return f"{by} {_WORDS.get(what, what)}{f' ({more})' if more else ''}"


def record(events: Iterable[Mapping[str, Any]]) -> str:
    """A line for each, oldest first, with local time."""
    lines = []
    for event in events:
        when = seconds(str(event.get("time", "")))
        clock = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(when)) if when is not None else "?" * 4
        lines.append(f"{clock}  {deed(event)}")
    return "\n".join(lines) or "Nothing is recorded of it."

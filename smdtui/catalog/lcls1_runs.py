"""Runs of LCLS-I (``e1234-r0041-s00-c00.xtc``): their format is not read, names and sizes tell what is told."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # it imports numpy, which who only wants names has no need of
    from producer.run_summary import RunSummary


NAME = re.compile(r".+-r(?P<run>\d{4,})-s(?P<stream>\d{2,})-c(?P<chunk>\d{2,})\.xtc(?P<recording>\.inprogress)?")
FORMAT = "xtc"


def group(names: Iterable[str]) -> dict[int, list[str]]:
    """Run number -> the names of its files, both ascending."""
    runs: dict[int, list[str]] = {}
    for name in names:
        if name.endswith((".xtc", ".xtc.inprogress")):
            match = NAME.fullmatch(name)
            if match is not None:
                runs.setdefault(int(match["run"]), []).append(name)
    return {run: sorted(runs[run]) for run in sorted(runs)}


def summarize(folder: Path, run: int, names: list[str]) -> tuple[RunSummary, str]:
    """(the run in a line, its identity). `last` is when a file was last written; events and times are not known."""
    from producer.run_summary import JUST_WRITTEN, RunSummary

    size, last, missing, recording, empty = 0, 0, [], False, []
    streams: dict[str, list[int]] = {}
    stamps = []
    for name in names:
        match = NAME.fullmatch(name)
        assert match is not None
        streams.setdefault(match["stream"], []).append(int(match["chunk"]))
        recording |= match["recording"] is not None
        try:
            status = os.stat(folder / name)
        except OSError as error:
            missing.append(f"{name} cannot be read: {error.strerror}")
            continue
        size += status.st_size
        last = max(last, status.st_mtime_ns)
        stamps.append(f"{name} {status.st_size} {status.st_mtime_ns}")
        if not status.st_size:
            empty.append(f"{name} is empty")
    gaps = [
        f"stream {stream} lacks chunk {chunk}, though chunk {max(chunks)} is there"
        for stream, chunks in streams.items()
        for chunk in sorted(set(range(max(chunks))) - set(chunks))
    ]
    recording = recording or time.time() - last / 1e9 < JUST_WRITTEN
    problem = next(iter([*missing, *gaps, *([] if recording else empty)]), None)
    state = "damaged" if problem else "recording" if recording else "complete"
    summary = RunSummary(
        run, None, None, 0, 0, False, len(streams), size, state, problem, (), last or None, len(names), FORMAT
    )
    return summary, "\n".join(stamps)

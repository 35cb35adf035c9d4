"""The HDF5 files that were produced of an experiment."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

RUN = re.compile(r"_run0*(\d+)", re.IGNORECASE)


@dataclass(frozen=True)
class Produced:
    """`run` from the file's name (None where it says none); `changed` in Unix seconds."""

    path: Path
    run: int | None
    bytes: int
    changed: float
    finished: bool  # False: still being written, or left by a job that died


def produced_files(folder: Path) -> list[Produced]:
    """The files of the folder, highest run first. An absent folder holds none; OSError if it cannot be read."""
    if not folder.exists():
        return []
    files = []
    with os.scandir(folder) as entries:
        for entry in entries:
            finished = entry.name.endswith(".h5")
            if not finished and not entry.name.endswith(".inprogress"):
                continue
            try:
                info = entry.stat()
            except FileNotFoundError:  # renamed meanwhile
                continue
            match = RUN.search(entry.name)
            run = int(match[1]) if match else None
            files.append(Produced(Path(entry.path), run, info.st_size, info.st_mtime, finished))
    return sorted(files, key=lambda f: (-(f.run if f.run is not None else -1), f.path.name))


def result_of(folder: Path, run: int) -> Path | None:
    """The finished file of a run, the newest if there are several."""
    found = [f for f in produced_files(folder) if f.run == run and f.finished]
    return max(found, key=lambda f: f.changed).path if found else None

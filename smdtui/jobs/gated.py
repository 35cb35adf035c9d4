"""A batch behind a test of first events, from the app: a process of its own tests and, when that is verified, launches
the rest, so that the app may be closed meanwhile."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from smdtui.jobs import local
from smdtui.jobs.folder import make_folder, utc
from smdtui.jobs.launch import Prepared, jobs_folder
from smdtui.jobs.place_words import place_words

GATES = ".gates"  # under the jobs folder: what each such process says


def command_words(prepared: Sequence[Prepared], events: int) -> list[str]:
    """The words after `smdtui` that test with so many events and then launch all of `prepared`."""
    first = prepared[0]
    asked = first.request
    runs = ",".join(str(one.request.run) for one in prepared)
    words = ["submit", asked.experiment.name, runs, str(Path(asked.profile).absolute())]
    words += place_words(first.site, asked.experiment)
    words += ["--engine", first.engine_name, "--ranks", str(first.ranks), "--gate", str(events)]
    words += ["--max", str(len(prepared))]
    if first.engine.kind == "slurm":
        words += ["--at-once", str(first.engine.concurrency)]
    return [*words, *(["--events", str(asked.events)] if asked.events else [])]


def start(prepared: Sequence[Prepared], events: int) -> Path:
    """Returns where the process says what it does. Raises OSError, PlaceError."""
    words = ["smdtui.cli", *command_words(prepared, events)]
    folder = jobs_folder(prepared[0].request.experiment) / GATES
    if not folder.is_dir():
        make_folder(folder)
    path = folder / f"{utc().replace(':', '')}-{os.getpid()}.txt"
    local.start_apart(words, path)
    return path

"""How prepared runs reach their engine, as a person at a shell would write it."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path

from smdtui.jobs.batch import array_words
from smdtui.jobs.launch import Prepared

UNNAMED = Path("BATCH")


def sending(prepared: Sequence[Prepared]) -> str:
    """The line of sbatch: of the first run, or of the array of all; "" for a local engine."""
    first = prepared[0]
    if is_array(prepared):
        name = f"{first.request.run}-{first.request.experiment.name}-{len(prepared)}runs"
        return shlex.join(array_words(first, UNNAMED, name, len(prepared)))
    return shlex.join(first.sending)


def is_array(prepared: Sequence[Prepared]) -> bool:
    first = prepared[0]
    return len(prepared) > 1 and first.engine.kind == "slurm" and first.engine.concurrency > 0

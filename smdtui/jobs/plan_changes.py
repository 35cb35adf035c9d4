"""What differs between the frozen plans of two jobs, of one run or of two."""

from __future__ import annotations

from typing import Any

import tomllib

from smdtui.jobs.folder import PLAN, JobFolder
from smdtui.profile.difference import Change, between


def plan_changes(first: JobFolder, second: JobFolder) -> list[Change]:
    """Raises OSError where a plan is not there (a refused launch has none), ValueError where it is no TOML."""
    return between(frozen(first), frozen(second))


def frozen(folder: JobFolder) -> dict[str, Any]:
    """The plan of a job, its one section of runs as ``detectors``: two runs differ in what is done, not in their
    numbers."""
    table = tomllib.loads((folder.path / PLAN).read_text(encoding="utf-8"))
    detectors: dict[str, Any] = {}
    for section in table.pop("runs", {}).values():
        detectors |= section
    return {**table, "detectors": detectors}

"""Checking the profile as it is being edited, saved or not."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

from producer.problem import Problem
from smdtui.profile.document import ProfileDocument


def check_buffer(buffer: ProfileDocument, dirty: bool, site: Any, experiment: Any, run: int | None) -> list[Problem]:
    """Everything wrong with the buffer, against `run` where there is one. An unsaved buffer is checked as a file
    beside the profile (for its base is named relative to it), which is gone afterwards. Raises OSError where none can
    be made."""
    from smdtui.profile.check import check_run

    if run is None or experiment is None:
        return buffer.problems()
    path = Path(buffer.path)
    if not dirty:
        return check_run(path, site, experiment, run)
    beside = path.with_name(f".{path.stem}.check-{os.getpid()}.toml")
    try:
        beside.write_text(buffer.text, encoding="utf-8")
        found = check_run(beside, site, experiment, run)
    finally:
        beside.unlink(missing_ok=True)
    return [replace(p, file=str(path)) if p.file == str(beside) else p for p in found]

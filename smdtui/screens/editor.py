"""A text in the person's own editor."""

from __future__ import annotations

import os
import shlex
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from textual.app import App


class EditorFailed(Exception):
    """Nothing is taken over; `str()` says why."""


def edit_outside(app: App[Any], name: str, text: str) -> str:
    """Leave the terminal to $VISUAL or $EDITOR (else vi) with a copy of `text`; returns what is written there. Raises
    EditorFailed."""
    command = shlex.split(os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi")
    with tempfile.TemporaryDirectory(prefix="smdtui-") as folder:
        path = Path(folder) / name
        try:
            path.write_text(text, encoding="utf-8")
            with app.suspend():
                status = subprocess.run([*command, str(path)]).returncode
            written = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise EditorFailed(f"{name_of(command)}: {error}") from error
    if status:
        raise EditorFailed(f"{name_of(command)} ended with status {status}; nothing was taken over")
    return written


def name_of(command: list[str]) -> str:
    return Path(command[0]).name

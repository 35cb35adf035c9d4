"""Small JSON files under the user's cache folder: whole or absent, and never more than a cache."""

import hashlib
import json
import os
import tempfile
from pathlib import Path
from typing import Any

from smdtui.environment import cache_folder


def place(kind: str, directory: Path, name: str = "") -> Path:
    """The file for what is known of a folder of data."""
    folder = cache_folder() / kind
    digest = hashlib.sha256(os.fsencode(directory)).hexdigest()[:16]
    return folder / f"{digest}{name}.json"


def read(path: Path) -> Any:
    """What was written, or None when it is not there or not whole."""
    try:
        return json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None


def write(path: Path, value: Any) -> str | None:
    """Atomic; returns why it could not be written, in words, or None."""
    fresh = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, fresh = tempfile.mkstemp(prefix=".", dir=path.parent)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(value, file)
        os.replace(fresh, path)
    except OSError as error:
        if fresh is not None and os.path.exists(fresh):
            os.unlink(fresh)
        return f"{path} cannot be written: {error.strerror}"
    return None

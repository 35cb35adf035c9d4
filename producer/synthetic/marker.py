"""The file that makes a folder a demo's: written first, completed last, so that a half-written demo shows."""

import json
import os
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Optional

NAME = "DEMO"
SENTENCE = "A synthetic experiment written by smdtui: nothing in this folder was measured."


@dataclass(frozen=True)
class Marker:
    """What was asked of the writer, and whether it got to the end."""

    version: int = 0
    seed: int = 0
    events: int = 0
    pvs: int = 0
    experiment: str = ""
    complete: bool = False

    def write(self, directory: Path) -> None:
        """Atomic. Raises OSError."""
        fresh = directory / f".{NAME}.{os.getpid()}"
        try:
            fresh.write_text(json.dumps({"what": SENTENCE, **asdict(self)}, indent=1) + "\n")
            fresh.replace(directory / NAME)
        finally:
            fresh.unlink(missing_ok=True)


def read(directory: Path) -> Optional[Marker]:
    """The marker of a demo's folder, whichever version wrote it; None where there is none. Raises OSError where the
    folder cannot be read."""
    try:
        found = json.loads((directory / NAME).read_text())
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError, ValueError):
        return None
    if not isinstance(found, dict) or found.get("what") != SENTENCE:
        return None
    return Marker(**{field.name: found[field.name] for field in fields(Marker) if field.name in found})


def foreign(directory: Path) -> Optional[str]:
    """A name in `directory` that says it is no demo's folder; None when it is one, is empty or does not exist. Raises
    OSError, NotADirectoryError too."""
    if not directory.exists() or read(directory) is not None:
        return None
    return next((name for name in sorted(os.listdir(directory)) if not name.startswith(f".{NAME}")), None)


def foreign_words(directory: Path, name: str) -> str:
    return f"{directory} holds other things ({name}), which stay as they are; name a new or an empty folder"

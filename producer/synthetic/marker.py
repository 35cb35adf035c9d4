"""The file that makes a folder a demo's: written first, completed last, so that a half-written demo shows."""

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Optional

NAME = "DEMO"
SENTENCE = "A synthetic experiment written by smdtui: nothing in this folder was measured."


@dataclass(frozen=True)
class Marker:
    """What was asked of the writer, and whether it got to the end."""

    version: int
    seed: int
    events: int
    pvs: int
    experiment: str
    complete: bool = False

    def write(self, directory: Path) -> None:
        """Atomic. Raises OSError."""
        fresh = directory / f".{NAME}.{os.getpid()}"
        fresh.write_text(json.dumps({"what": SENTENCE, **asdict(self)}, indent=1) + "\n")
        fresh.replace(directory / NAME)


def read(directory: Path) -> Optional[Marker]:
    """The marker of a demo's folder; None where there is none, or none that can be read."""
    try:
        found = json.loads((directory / NAME).read_text())
        found.pop("what", None)
        return Marker(**found)
    except (OSError, ValueError, TypeError, AttributeError):
        return None

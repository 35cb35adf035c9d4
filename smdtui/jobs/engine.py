"""What every engine can do, and which one a job belongs to. The rest of the app knows engines only by this."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from producer.problem import Problem
from smdtui.jobs import local, slurm
from smdtui.jobs.cancelled import Cancelled
from smdtui.jobs.folder import ENGINE, REQUEST, JobFolder
from smdtui.jobs.states import EngineFacts
from smdtui.site import Engine


class Driver(Protocol):
    """Implemented by the modules `local` and `slurm`."""

    def check(self, engine: Engine, ranks: int) -> list[Problem]:
        """What makes a launch on this engine impossible, or worth a warning; asks no scheduler."""
        ...

    def sending(self, engine: Engine, ranks: int, folder: Path, name: str) -> list[str]:
        """The command line that hands submit.sh to the engine, for people to see; [] where there is none."""
        ...

    def start(self, folder: JobFolder, environment: Mapping[str, str], engine: Engine, ranks: int) -> None:
        """Starts submit.sh in `folder` and writes engine.toml. Raises OSError, or RuntimeError in words."""
        ...

    def facts(self, folders: Sequence[JobFolder], now: float) -> dict[Path, EngineFacts]:
        """What the engine says of jobs that have no final record yet; one question for all of them at most."""
        ...

    def cancel(self, folder: JobFolder, who: str = "") -> Cancelled:
        """Asks for the end, which comes later; asking again changes nothing. Raises OSError."""
        ...


DRIVERS: dict[str, Driver] = {"local": local, "slurm": slurm}


def kind_of(folder: JobFolder) -> str:
    """The kind of engine that a job was given to; jobs of before this was written down are local."""
    for name in (ENGINE, REQUEST):
        table: Mapping[str, Any] = folder.table(name) or {}
        kind = table.get("kind")
        if kind in DRIVERS:
            return str(kind)
    return "local"


def driver(kind: str) -> Driver:
    return DRIVERS[kind]


def facts(folders: Iterable[JobFolder], now: float) -> dict[Path, EngineFacts]:
    """Job folder -> what its engine says. Does not wait for a scheduler that is slow: its last answer is given then."""
    sorted_: dict[str, list[JobFolder]] = {}
    for folder in folders:
        sorted_.setdefault(kind_of(folder), []).append(folder)
    found: dict[Path, EngineFacts] = {}
    for kind, some in sorted_.items():
        found |= DRIVERS[kind].facts(some, now)
    return found


def cancel(folder: JobFolder, who: str = "") -> Cancelled:
    """Raises OSError where the folder may not be written, TimeoutError where processes do not end."""
    return DRIVERS[kind_of(folder)].cancel(folder, who)

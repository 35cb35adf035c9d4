"""The demo's folder: where it is, what is in it, and the two files beside the data: its site file and its profile."""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from producer.synthetic import EXPERIMENT, VERSION, hutch, marker
from producer.toml_text import dumps
from smdtui.environment import cache_folder
from smdtui.site import Site

EVENTS, PVS = 240, 2000  # of the longest run; in each run
MEGABYTES_PER_EVENT, MEGABYTES = 2.2, 60  # on disk: by the longest run's length, and what comes to that
TEMPLATE = Path(__file__).resolve().parents[2] / "profiles" / "demo.toml"


class DemoError(Exception):
    """There can be no demo, and why, in a sentence for people."""


@dataclass(frozen=True)
class Demo:
    """A folder, and what is to be in it."""

    directory: Path
    seed: int = 0
    events: int = EVENTS
    pvs: int = PVS

    @property
    def home(self) -> Path:
        return self.directory / hutch(EXPERIMENT) / EXPERIMENT

    @property
    def site_file(self) -> Path:
        return self.directory / "site.toml"

    @property
    def profile(self) -> Path:
        """Where the app looks for an experiment's profiles."""
        return self.home / "results" / "smdtui" / "profiles" / "demo.toml"

    def written(self) -> bool:
        """Is the whole demo there, as this version writes it? Raises DemoError where the folder is not a demo's."""
        try:
            stranger = marker.foreign(self.directory)
            found = marker.read(self.directory)
        except OSError as error:
            raise DemoError(f"{self.directory} cannot be used for the demo: {error.strerror}") from error
        if stranger:
            raise DemoError(marker.foreign_words(self.directory, stranger))
        return found == marker.Marker(VERSION, self.seed, self.events, self.pvs, EXPERIMENT, complete=True)

    def half_written(self) -> bool:
        found = marker.read(self.directory)
        return found is not None and not found.complete

    def check_room(self) -> None:
        """Raises DemoError where the disk is too full."""
        above = self.directory.absolute()
        while not above.exists():
            above = above.parent
        free = shutil.disk_usage(above).free >> 20
        # A demo there already makes room for the new one.
        held = sum(f.stat().st_size for f in self.home.glob("xtc/**/*.xtc2*") if f.is_file()) >> 20
        need = round(MEGABYTES_PER_EVENT * self.events + MEGABYTES)
        if free + held < need:
            raise DemoError(f"{above} has {free} MB left; the demo needs {need} MB: free some, or name another folder")

    def write_beside(self, site: Site) -> None:
        """The site file and the profile, where they are missing: a person may have changed them. Raises OSError."""
        _write_new(self.site_file, site_text(site))
        _write_new(self.profile, TEMPLATE.read_text(encoding="utf-8"))


def default_folder() -> Path:
    """``$XDG_CACHE_HOME/smdtui/demo``: it can be written again at any time."""
    return cache_folder() / "demo"


def site_text(site: Site) -> str:
    """A site file for the demo alone: its data, the environment of `site` and the first local engine of that."""
    table: dict[str, Any] = {
        "name": "demo",
        "demo": True,
        "data_roots": ["."],
        "calib": f"{hutch(EXPERIMENT)}/{EXPERIMENT}/calib",
    }
    environment = {key: value for key in ("setup", "python") if (value := getattr(site.environment, key))}
    if environment:
        table["environment"] = environment
    engine = next((engine for engine in site.engines.values() if engine.kind == "local"), None)
    settings: dict[str, Any] = {"kind": "local", "ranks": engine.ranks if engine else 5}
    if engine and engine.launcher:
        settings["launcher"] = engine.launcher
    table["engines"] = {"local": settings}
    return f"# {marker.SENTENCE}\n" + dumps(table)


def _write_new(path: Path, text: str) -> None:
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        fresh.write_text(text, encoding="utf-8")
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)

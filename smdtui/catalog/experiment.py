"""Where an experiment's data lie and where its results go."""

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from producer.problem import nearest
from producer.run_folder import FolderProblem, find_runs
from smdtui.site import Site


class ExperimentNotFound(Exception):
    """The message says where was looked and which experiments are nearest."""


@dataclass(frozen=True)
class Experiment:
    """`directory` holds the xtc2 files; `results` the job folders, `hdf5` what is produced (both may not exist yet)."""

    name: str
    directory: Path
    results: Path
    hdf5: Path


def resolve(site: Site, name: str, dir: str | Path | None = None, results: str | Path | None = None) -> Experiment:
    """The experiment of that name under the site's data roots, or with its data in `dir` (then the name may be "").

    `results` wins over everything as the place of results.  Raises ExperimentNotFound.
    """
    if dir:
        directory = Path(dir).expanduser().absolute()
        if not directory.is_dir():
            raise ExperimentNotFound(f"There is no folder {directory}.")
        name = name or _named(directory)
    else:
        name, directory = _look(site, name)
    return Experiment(name, directory, *_results(site, name, directory, results))


def list_experiments(site: Site) -> list[str]:
    """The names of all experiments under the site's data roots, sorted."""
    return sorted({path.parent.name for root in site.data_roots for path in _xtc_folders(root)})


def _look(site: Site, name: str) -> tuple[str, Path]:
    for root in site.data_roots:
        for spelled in dict.fromkeys((name, name.lower())):
            directory = root / spelled[:3] / spelled / "xtc"
            if spelled and os.sep not in spelled and directory.is_dir():
                return spelled, directory
    have = list_experiments(site)
    if not site.data_roots:
        where = "the site file names no data roots"
        if site.skipped_roots:
            where += f" but {', '.join(site.skipped_roots)}, which is not set"
    else:
        where = "looked in " + ", ".join(f"{root}/{name[:3] or '<hutch>'}" for root in site.data_roots)
    near = nearest(name, have) or have[:5]
    said = f"There is no experiment {name!r}" if name else "No experiment was named"
    hint = f"; {'nearest' if name and nearest(name, have) else 'there are'}: {', '.join(near)}" if near else ""
    raise ExperimentNotFound(f"{said}: {where}{hint}. Another folder of xtc2 files can be given with --dir.")


def _xtc_folders(root: Path) -> Iterator[Path]:
    """<root>/<hutch>/<experiment>/xtc; folders that cannot be listed hold nothing for this user."""
    for hutch in _folders(root):
        for experiment in _folders(hutch):
            if (experiment / "xtc").is_dir():
                yield experiment / "xtc"


def _folders(place: Path) -> list[Path]:
    try:
        with os.scandir(place) as entries:
            return [Path(entry.path) for entry in entries if entry.is_dir() and not entry.name.startswith(".")]
    except OSError:
        return []


def _named(directory: Path) -> str:
    """After its files; else the folder <experiment>/xtc; else the folder."""
    with contextlib.suppress(FolderProblem, KeyError):  # the latter: its files have just gone
        for files in find_runs(directory).values():
            return files.experiment
    return directory.parent.name if directory.name == "xtc" else directory.name


def _results(site: Site, name: str, directory: Path, results: str | Path | None) -> tuple[Path, Path]:
    if results:
        base = Path(results).expanduser().absolute()
        return base, base / "hdf5"
    if directory.name == "xtc":
        own = directory.parent / "results" / "smdtui", directory.parent / "hdf5" / "smalldata"
        if all(_can_write(place) for place in own):
            return own
    base = Path(os.environ.get("SMDTUI_RESULTS") or site.results or _data_home()).expanduser().absolute() / name
    return base / "results", base / "hdf5"


def _data_home() -> Path:
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "smdtui"


def _can_write(place: Path) -> bool:
    """Into the folder, or into the nearest one above it that exists."""
    while not place.exists() and place != place.parent:
        place = place.parent
    return os.access(place, os.W_OK | os.X_OK)

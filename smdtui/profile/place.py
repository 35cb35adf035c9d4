"""Where an experiment keeps its profiles, and how the first one comes to be."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Protocol

HUTCHES = Path(__file__).resolve().parents[2] / "profiles" / "hutches"


class Place(Protocol):
    @property
    def name(self) -> str: ...

    @property
    def results(self) -> Path: ...


def folder(experiment: Place) -> Path:
    """``<results>/profiles``; it need not exist."""
    return Path(experiment.results) / "profiles"


def profiles(experiment: Place) -> list[Path]:
    """The experiment's profiles, the one changed last first; [] when there is none."""
    try:
        found = [path for path in folder(experiment).glob("*.toml") if path.is_file()]
    except OSError:
        return []
    return sorted(found, key=lambda path: (-path.stat().st_mtime, path.name))


def hutch_of(experiment: Place) -> str | None:
    """The hutch whose starting profile suits: the one that the experiment's name begins with."""
    name = experiment.name[:3].lower()
    return name if (HUTCHES / f"{name}.toml").is_file() else None


def new_text(experiment: Place) -> str:
    """The first profile of an experiment: on its hutch's base where there is one."""
    hutch = hutch_of(experiment)
    lines = ["format = 1"]
    if hutch:
        lines += [f'hutch = "{hutch}"']
    lines += [f'title = "{experiment.name}"']
    if hutch:
        lines += [f'base = "hutches/{hutch}.toml"']
    lines += ["", "[epics]", "per_event = []", "once = []", ""]
    return "\n".join(lines)


def create(experiment: Place) -> Path:
    """Write ``<results>/profiles/<experiment>.toml``, and beside it a copy of the hutch's base (a later version of the
    program must not change what an experiment extracts). Never overwrites. Raises OSError, FileExistsError too."""
    target = folder(experiment) / f"{experiment.name}.toml"
    hutch = hutch_of(experiment)
    target.parent.mkdir(parents=True, exist_ok=True)
    if hutch:
        base = target.parent / "hutches" / f"{hutch}.toml"
        base.parent.mkdir(exist_ok=True)
        if not base.exists():
            _write_new(base, (HUTCHES / f"{hutch}.toml").read_text(encoding="utf-8"))
    _write_new(target, new_text(experiment))
    return target


def _write_new(path: Path, text: str) -> None:
    """`path` appears whole, with `text`; FileExistsError when it is there already."""
    part = path.with_name(f".{path.name}.{os.getpid()}")
    part.write_text(text, encoding="utf-8")
    try:
        os.link(part, path)
    finally:
        part.unlink()

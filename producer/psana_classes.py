"""Which detectors psana has a class for, without importing it: importing takes a second and starts MPI.

psana names such a class ``<type>_<algorithm>_<major>_<minor>_<micro>`` and gathers them in psana/detector/detectors.py.
"""

import ast
import re
from functools import lru_cache
from importlib.machinery import EXTENSION_SUFFIXES
from importlib.util import find_spec
from pathlib import Path
from typing import FrozenSet, Iterator, Optional, Set

_CLASS = r"\w+_\w+_\d+_\d+_\d+"


@lru_cache(maxsize=1)
def known() -> Optional[FrozenSet[str]]:
    """The names of the classes, or None where there is no psana in this interpreter."""
    try:
        spec = find_spec("psana")
    except (ImportError, ValueError):
        return None
    if spec is None or not spec.submodule_search_locations:
        return None
    package = Path(next(iter(spec.submodule_search_locations)))
    start = package / "detector" / "detectors.py"
    return frozenset(_classes(package, start, set())) if start.is_file() else None


def _classes(package: Path, file: Path, seen: Set[Path]) -> Iterator[str]:
    """Of a module and of those that it takes everything from."""
    if file in seen:
        return
    seen.add(file)
    if file.suffix != ".py":
        # A compiled module spells out the full names of its classes: "hsd.hsd_raw_2_0_0.__init__".
        stem = file.name.split(".", 1)[0]
        for name in re.findall(rf"\b{stem}\.({_CLASS})(?![\w])".encode(), file.read_bytes()):
            yield name.decode()
        return
    for node in ast.parse(file.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ClassDef) and re.fullmatch(_CLASS, node.name):
            yield node.name
        elif isinstance(node, ast.Assign):
            for target in node.targets:
                if isinstance(target, ast.Name) and re.fullmatch(_CLASS, target.id):
                    yield target.id
        elif isinstance(node, ast.ImportFrom):
            if any(alias.name == "*" for alias in node.names):
                for found in _modules(package, file, node):
                    yield from _classes(package, found, seen)
            else:
                for alias in node.names:
                    name = alias.asname or alias.name
                    if re.fullmatch(_CLASS, name):
                        yield name


def _modules(package: Path, file: Path, node: ast.ImportFrom) -> Iterator[Path]:
    parts = (node.module or "").split(".")
    if node.level:
        base = file.parent
        for _ in range(node.level - 1):
            base = base.parent
    elif parts[0] == "psana":
        base, parts = package, parts[1:]
    else:
        return
    target = base.joinpath(*parts)
    for candidate in (target.with_suffix(".py"), target / "__init__.py"):
        if candidate.is_file():
            yield candidate
            return
    for suffix in EXTENSION_SUFFIXES:
        if target.with_name(target.name + suffix).is_file():
            yield target.with_name(target.name + suffix)
            return

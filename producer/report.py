"""Collects every problem of one TOML file, each at its line and column."""

import re
from functools import lru_cache
from typing import Dict, List, Optional, Tuple, Union

from producer.problem import Problem

Path = Tuple[Union[str, int], ...]

_BARE = re.compile(r"[A-Za-z0-9_-]+")


@lru_cache(maxsize=8192)
def dotted(path: Path) -> str:
    """``("runs", "1-20", "epix_1", "roi", 0, "region")`` as ``runs.1-20.epix_1.roi[0].region``; a key that TOML would
    need quoted is quoted, so that no two paths read the same."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            if not _BARE.fullmatch(part):
                escaped = part.replace("\\", "\\\\").replace('"', '\\"')
                part = f'"{escaped}"'
            text += f".{part}" if text else part
    return text


class Report:
    """`file` is the name to print; `positions` from `toml_lines.positions`. A path that is not in the text (a missing
    key) is reported where its nearest parent is."""

    def __init__(self, file: str = "", positions: Optional[Dict[Path, Tuple[int, int]]] = None) -> None:
        self.file = file
        self.positions = positions or {}
        self.located = positions is not None
        self.problems: List[Problem] = []

    def place(self, path: Path) -> Tuple[int, int]:
        """(line, column) of `path` or of its nearest parent, at last the file's beginning; (0, 0) without positions."""
        for end in range(len(path), 0, -1):
            if path[:end] in self.positions:
                return self.positions[path[:end]]
        return (1, 1) if self.located else (0, 0)

    def error(self, path: Path, message: str, suggestion: str = "") -> None:
        self._add("error", path, message, suggestion)

    def warning(self, path: Path, message: str, suggestion: str = "") -> None:
        self._add("warning", path, message, suggestion)

    def _add(self, severity: str, path: Path, message: str, suggestion: str) -> None:
        line, column = self.place(path)
        self.problems.append(Problem(severity, message, dotted(path), self.file, line, column, suggestion))

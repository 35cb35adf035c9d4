"""Values that the static reader works with beside Python's own: containers that know their source lines, and what
cannot be known without executing the file."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any


class Undecided(Exception):
    """Reading cannot go on here without executing the file: `reason` in words, at `line`."""

    def __init__(self, reason: str, line: int) -> None:
        super().__init__(reason)
        self.reason = reason
        self.line = line


class Raised(Exception):
    """The file itself raises `error` at `line`, as it would when executed."""

    def __init__(self, error: Exception, line: int) -> None:
        super().__init__(str(error))
        self.error = error
        self.line = line

    @property
    def words(self) -> str:
        return f"{type(self.error).__name__}: {_sentence(self.error)}"


def _sentence(error: Exception) -> str:
    return f"no entry {error.args[0]!r}" if isinstance(error, KeyError) and error.args else str(error)


@dataclass(frozen=True)
class Unknown:
    """A value that only executing the file would tell; operations on it give it again."""

    reason: str
    line: int

    def __repr__(self) -> str:
        return "<not known>"


@dataclass(eq=False)
class LoadedFile:
    """The array in a file that the configuration loads; `changed` says by what it was altered after loading, or ""."""

    path: str
    line: int
    changed: str = ""

    def __repr__(self) -> str:
        return f"<content of {self.path}>"


class LineDict(dict[Any, Any]):
    """A dict with the source line at which each entry was last set. `default`: makes missing entries (defaultdict)."""

    def __init__(self, entries: Mapping[Any, Any] | Iterable[tuple[Any, Any]] = (), line: int = 0) -> None:
        super().__init__(entries)
        self.line = line
        self.default: Callable[[], Any] | None = None
        self.lines: dict[Any, int] = (
            dict(entries.lines) if isinstance(entries, LineDict) else dict.fromkeys(self.keys(), line)
        )

    def put(self, key: Any, value: Any, line: int) -> None:
        self[key] = value
        self.lines[key] = line

    def line_of(self, key: Any) -> int:
        return self.lines.get(key) or self.line


class LineList(list[Any]):
    """A list with the source line of each element, as long as it was only made and appended to."""

    def __init__(self, elements: Iterable[Any] = (), line: int = 0, lines: Iterable[int] | None = None) -> None:
        super().__init__(elements)
        self.line = line
        self.lines: list[int] = []
        if lines is None and isinstance(elements, LineList):
            lines = elements.lines
        self.lines += lines if lines is not None else [line] * len(self)

    def put(self, value: Any, line: int) -> None:
        self.append(value)
        self.lines.append(line)

    def line_of(self, index: int) -> int:
        return self.lines[index] if len(self.lines) == len(self) else self.line


@dataclass(eq=False)
class Function:
    """A function or lambda of the file: its ast node and the scope in which it was made."""

    name: str
    node: Any
    scope: Any
    defaults: list[Any] = field(default_factory=list)
    keyword_defaults: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Module:
    """An imported module of which the reader knows some names."""

    name: str


@dataclass(frozen=True)
class Method:
    """`owner.name`, about to be called."""

    owner: Any
    name: str


@dataclass(frozen=True)
class Known:
    """A function outside the file that the reader can carry out: `call(interpreter, arguments, keywords, line)`."""

    name: str
    call: Callable[..., Any]


def line_of(value: Any, default: int) -> int:
    """The line where a container was made, or a value became unknown."""
    return getattr(value, "line", 0) or default


def words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


def unknown_within(value: Any) -> list[Unknown]:
    """Every unknown in a value, without repeats."""
    found: dict[Unknown, None] = {}

    def look(part: Any) -> None:
        if isinstance(part, Unknown):
            found[part] = None
        elif isinstance(part, Mapping):
            for inner in part.values():
                look(inner)
        elif isinstance(part, (list, tuple, set, frozenset)):
            for inner in part:
                look(inner)

    look(value)
    return list(found)

"""Where each key and value of a TOML text is: line and column, which the standard library's reader does not tell.

A light scanner of keys, tables, arrays and strings (TOML 1.0). What is no valid TOML is `tomllib`'s to refuse; here it
ends the scan, and what was found until then is kept.
"""

import contextlib
import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Dict, List, Optional, Set, Tuple

try:
    import tomllib
except ImportError:  # Python below 3.11
    import tomli as tomllib  # type: ignore[no-redef]

Path = Tuple[Any, ...]
Position = Tuple[int, int]

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_SPACE = re.compile(r"[ \t]*")
_GAP = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_STRINGS = (
    re.compile(r'"""(?:[^\\]|\\.)*?"""(?:"{0,2})', re.DOTALL),
    re.compile(r"'''.*?'''(?:'{0,2})", re.DOTALL),
    re.compile(r'"(?:[^"\\\n]|\\.)*"'),
    re.compile(r"'[^'\n]*'"),
)
_SCALAR = re.compile(r"[^,\]}#\r\n]*")
_ESCAPES = {"b": "\b", "t": "\t", "n": "\n", "f": "\f", "r": "\r", '"': '"', "\\": "\\"}
_ESCAPE = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|(.))")


@dataclass(frozen=True)
class Header:
    """``[a.b]`` or ``[[a.b]]``: `path` with the index of each array of tables in it; offsets of its brackets."""

    path: Path
    start: int
    end: int


@dataclass
class Scan:
    """`positions`: see `positions`. `twice`: see `duplicate`. Offsets into the text: `values` from the first to behind
    the last character of each value, `pairs` of each ``key = value``; `table_of`: the table in which a pair is written.
    """

    positions: Dict[Path, Position] = field(default_factory=dict)
    twice: Optional[Tuple[Path, Position, Position]] = None
    values: Dict[Path, Tuple[int, int]] = field(default_factory=dict)
    pairs: Dict[Path, Tuple[int, int]] = field(default_factory=dict)
    table_of: Dict[Path, Path] = field(default_factory=dict)
    headers: List[Header] = field(default_factory=list)


@lru_cache(maxsize=8)
def tables(text: str) -> Dict[str, Any]:
    """As `tomllib.loads`; kept for the last few texts, so what it gives must not be changed."""
    return tomllib.loads(text)


def positions(text: str) -> Dict[Path, Position]:
    """(line, column), both from 1, of every path that `tomllib.loads(text)` has. A key is where its name begins; an
    entry of an array where its value begins; an entry of an array of tables, and a table, at its header."""
    return scan(text).positions


def duplicate(text: str) -> Optional[Tuple[Path, Position, Position]]:
    """The first key or table that is there twice: its path, where it was first, where it is again; or None."""
    return scan(text).twice


@lru_cache(maxsize=8)
def scan(text: str) -> Scan:
    """As far as `text` is TOML. Kept for the last few texts, so what it gives must not be changed."""
    scanner = _Scanner(text)
    with contextlib.suppress(_Ends):
        scanner.document()
    return scanner.scan


class _Ends(Exception):
    """What follows is no TOML."""


class _Scanner:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.line, self.line_start, self.counted = 1, 0, 0
        self.scan = Scan()
        self.found = self.scan.positions
        self.lengths: Dict[Path, int] = {}  # entries so far of each array of tables
        self.headed: Set[Path] = set()  # tables that had a header of their own

    def document(self) -> None:
        table: Path = ()
        while True:
            self.skip(_GAP)
            if self.at >= len(self.text):
                return
            if self.peek("["):
                table = self.header()
            else:
                self.pair(table)
            self.skip(_SPACE)
            if self.at < len(self.text) and self.text[self.at] not in "\r\n#":
                raise _Ends

    def header(self) -> Path:
        start, array = self.at, self.text.startswith("[[", self.at)
        self.at += 2 if array else 1
        path: Path = ()
        keys = self.keys()
        self.need("]]" if array else "]")
        for i, (name, place) in enumerate(keys):
            path = (*path, name)
            last = i == len(keys) - 1
            if last and array:
                self.found.setdefault(path, place)
                self.lengths[path] = self.lengths.get(path, 0) + 1
            elif last:
                if path in self.headed:
                    self.again(path, place)
                self.headed.add(path)
                self.found.setdefault(path, place)
            else:
                self.found.setdefault(path, place)
            if path in self.lengths:
                path = (*path, self.lengths[path] - 1)
                self.found.setdefault(path, place)
        self.scan.headers.append(Header(path, start, self.at))
        return path

    def keys(self) -> List[Tuple[str, Position]]:
        keys = []
        while True:
            self.skip(_SPACE)
            place = self.position()
            keys.append((self.key(), place))
            self.skip(_SPACE)
            if not self.peek("."):
                return keys
            self.at += 1

    def key(self) -> str:
        if self.peek('"') or self.peek("'"):
            return self.string()
        match = _BARE.match(self.text, self.at)
        if match is None:
            raise _Ends
        self.at = match.end()
        return match.group()

    def pair(self, table: Path) -> None:
        path, start = table, self.at
        keys = self.keys()
        for i, (name, place) in enumerate(keys):
            path = (*path, name)
            if i == len(keys) - 1 and path in self.found:
                self.again(path, place)
            self.found.setdefault(path, place)
        self.need("=")
        self.skip(_SPACE)
        self.value(path)
        self.scan.pairs[path] = (start, self.scan.values[path][1])
        self.scan.table_of[path] = table

    def value(self, path: Path) -> None:
        start = self.at
        if self.peek("["):
            self.array(path)
        elif self.peek("{"):
            self.inline(path)
        elif self.peek('"') or self.peek("'"):
            self.string()
        else:
            match = _SCALAR.match(self.text, self.at)
            if match is None or not match.group().strip():
                raise _Ends
            self.at += len(match.group().rstrip())
        self.scan.values[path] = (start, self.at)

    def array(self, path: Path) -> None:
        self.at += 1
        count = 0
        while True:
            self.skip(_GAP)
            if self.peek("]"):
                self.at += 1
                return
            self.found[(*path, count)] = self.position()
            self.value((*path, count))
            count += 1
            self.skip(_GAP)
            if self.peek(","):
                self.at += 1
            elif not self.peek("]"):
                raise _Ends

    def inline(self, path: Path) -> None:
        self.at += 1
        while True:
            self.skip(_GAP)
            if self.peek("}"):
                self.at += 1
                return
            self.pair(path)
            self.skip(_GAP)
            if self.peek(","):
                self.at += 1
            elif not self.peek("}"):
                raise _Ends

    def string(self) -> str:
        for i, pattern in enumerate(_STRINGS):
            match = pattern.match(self.text, self.at)
            if match:
                self.at = match.end()
                quotes = 3 if i < 2 else 1
                body = match.group()[quotes:-quotes]
                return body if i in (1, 3) else _ESCAPE.sub(_unescaped, body)
        raise _Ends

    def again(self, path: Path, place: Position) -> None:
        if self.scan.twice is None:
            self.scan.twice = (path, self.found[path], place)

    def skip(self, pattern: "re.Pattern[str]") -> None:
        match = pattern.match(self.text, self.at)
        self.at = match.end() if match else self.at

    def peek(self, text: str) -> bool:
        return self.text.startswith(text, self.at)

    def need(self, text: str) -> None:
        self.skip(_SPACE)
        if not self.peek(text):
            raise _Ends
        self.at += len(text)

    def position(self) -> Position:
        """Counted on from the last call, for the scan only goes forward."""
        newlines = self.text.count("\n", self.counted, self.at)
        if newlines:
            self.line += newlines
            self.line_start = self.text.rfind("\n", self.counted, self.at) + 1
        self.counted = self.at
        return self.line, self.at - self.line_start + 1


def _unescaped(match: "re.Match[str]") -> str:
    short, long, simple = match.groups()
    return chr(int(short or long, 16)) if short or long else _ESCAPES.get(simple, simple)

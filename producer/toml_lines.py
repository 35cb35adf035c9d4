"""Where each key and value of a TOML text is: line and column, which the standard library's reader does not tell.

A light scanner of keys, tables, arrays and strings (TOML 1.0). What is no valid TOML is `tomllib`'s to refuse; here it
ends the scan, and what was found until then is kept.
"""

import contextlib
import re
from typing import Any, Dict, List, Optional, Set, Tuple

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


def positions(text: str) -> Dict[Path, Position]:
    """(line, column), both from 1, of every path that `tomllib.loads(text)` has. A key is where its name begins; an
    entry of an array where its value begins; an entry of an array of tables, and a table, at its header."""
    return scan(text)[0]


def duplicate(text: str) -> Optional[Tuple[Path, Position, Position]]:
    """The first key or table that is there twice: its path, where it was first, where it is again; or None."""
    return scan(text)[1]


def scan(text: str) -> Tuple[Dict[Path, Position], Optional[Tuple[Path, Position, Position]]]:
    scanner = _Scanner(text)
    with contextlib.suppress(_Ends):
        scanner.document()
    return scanner.found, scanner.twice


class _Ends(Exception):
    """What follows is no TOML."""


class _Scanner:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.line, self.line_start, self.counted = 1, 0, 0
        self.found: Dict[Path, Position] = {}
        self.twice: Optional[Tuple[Path, Position, Position]] = None
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
        array = self.text.startswith("[[", self.at)
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
        path = table
        keys = self.keys()
        for i, (name, place) in enumerate(keys):
            path = (*path, name)
            if i == len(keys) - 1 and path in self.found:
                self.again(path, place)
            self.found.setdefault(path, place)
        self.need("=")
        self.skip(_SPACE)
        self.value(path)

    def value(self, path: Path) -> None:
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
            self.at = match.end()

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
        if self.twice is None:
            self.twice = (path, self.found[path], place)

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

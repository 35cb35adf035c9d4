"""Two people changed one profile: what each changed, key by key, and the text that has what is chosen of both.

Where the changes are in different lines the texts are joined line by line, so that comments of both stay; where a value
was changed by both, or the lines clash, the chosen values of theirs are written into mine.
"""

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

import tomllib

from smdtui.profile import edit, sections
from smdtui.profile.difference import ABSENT, Entry, Key, key_text, name_of, parts
from smdtui.profile.edit import EditFailed, same

Side = Literal["mine", "theirs"]


@dataclass(frozen=True)
class Difference:
    """One key that somebody changed; `clash` where both did, otherwise. `take`: whose value is to hold."""

    key: Key
    base: Any
    mine: Any
    theirs: Any
    take: Side

    @property
    def name(self) -> str:
        return key_text(self.key)

    @property
    def clash(self) -> bool:
        return not same(self.base, self.mine) and not same(self.base, self.theirs)

    @property
    def who(self) -> str:
        return "both" if self.clash else "theirs" if same(self.base, self.mine) else "mine"


@dataclass(frozen=True)
class ThreeWay:
    """`base` is the text that both began with, "" where it is not known."""

    base: str
    mine: str
    theirs: str
    differences: tuple[Difference, ...]

    @classmethod
    def of(cls, base: str, mine: str, theirs: str) -> "ThreeWay":
        """A clash is first decided for mine. Raises ValueError when one of the texts is no TOML."""
        tables = (tomllib.loads(base), tomllib.loads(mine), tomllib.loads(theirs))
        return cls(base, mine, theirs, tuple(_differences(*tables)))

    @property
    def clashes(self) -> int:
        return sum(d.clash for d in self.differences)

    def choose(self, index: int, side: Side | None = None) -> "ThreeWay":
        """Another side for one difference; None: the one that it is not now."""
        now = self.differences[index]
        side = side or ("theirs" if now.take == "mine" else "mine")
        changed = replace(now, take=side)
        return replace(self, differences=(*self.differences[:index], changed, *self.differences[index + 1 :]))

    def choose_all(self, side: Side) -> "ThreeWay":
        return replace(self, differences=tuple(replace(d, take=side) for d in self.differences))

    def merged(self) -> str:
        """The text with what was chosen. Raises EditFailed where it cannot be written into mine."""
        by_lines = merge_lines(self.base, self.mine, self.theirs)
        if by_lines is not None and self._says_what_was_chosen(by_lines):
            return by_lines
        wanted = [d for d in self.differences if d.take == "theirs"]
        if wanted and len(wanted) == len(self.differences):
            return self.theirs
        text = self.mine
        for difference in wanted:
            text = _applied(text, difference.key, difference.theirs)
        if not self._says_what_was_chosen(text):
            raise EditFailed("what was chosen cannot be written into one text; keep one of them and a copy")
        return text

    def _says_what_was_chosen(self, text: str) -> bool:
        try:
            table = tomllib.loads(text)
        except tomllib.TOMLDecodeError:
            return False
        if not all(same(at(table, d.key), d.theirs if d.take == "theirs" else d.mine) for d in self.differences):
            return False
        # Lines of both can say what neither meant: an entry that both added stands there twice.
        taken = [d.key for d in self.differences if d.take == "theirs"]
        now, before = dict(_leaves(table)), dict(_leaves(tomllib.loads(self.mine)))
        changed = [key for key in {**now, **before} if not same(now.get(key, ABSENT), before.get(key, ABSENT))]
        return all(any(_within(key, one) for one in taken) for key in changed)


def _leaves(value: Any, key: Key = ()) -> Iterable[tuple[Key, Any]]:
    """The plain values and what is empty, by their keys."""
    inner = parts(value)
    if not inner:
        yield key, value
        return
    for part, one in inner.items():
        yield from _leaves(one, (*key, part))


def _within(one: Key, other: Key) -> bool:
    """Whether either key is that of a part of the other's value."""
    shorter = min(len(one), len(other))
    return one[:shorter] == other[:shorter]


def _differences(base: Any, mine: Any, theirs: Any, key: Key = ()) -> Iterable[Difference]:
    if same(mine, theirs):
        return
    found = [parts(value) for value in (base, mine, theirs)]
    of_base, of_mine, of_theirs = found
    if of_mine is None or of_theirs is None or (of_base is None and base is not ABSENT):
        yield Difference(key, base, mine, theirs, "theirs" if same(base, mine) else "mine")
        return
    of_base = of_base or {}
    for part in dict.fromkeys([*of_mine, *of_theirs, *of_base]):
        values = [of.get(part, ABSENT) for of in (of_base, of_mine, of_theirs)]
        yield from _differences(values[0], values[1], values[2], (*key, part))


def at(table: Any, key: Key) -> Any:
    """The value at a key, or ABSENT."""
    for part in key:
        there = parts(table)
        if there is None or part not in there:
            return ABSENT
        table = there[part]
    return table


def _path(table: Any, key: Key) -> tuple[str | int, ...]:
    """Where `key` is in the table: its names as indices; the index behind the last for an entry that is not there."""
    path: list[str | int] = []
    for part in key:
        if isinstance(part, Entry):
            entries = table if isinstance(table, list) else []
            named = [i for i, entry in enumerate(entries) if name_of(entry) == part.name]
            index = named[part.count] if part.count < len(named) else len(entries)
            path.append(index)
            table = entries[index] if index < len(entries) else {}
        else:
            path.append(part)
            table = table.get(part, {}) if isinstance(table, Mapping) else {}
    return tuple(path)


def _applied(text: str, key: Key, value: Any) -> str:
    table = tomllib.loads(text)
    path = _path(table, key)
    if value is ABSENT:
        return edit.remove(text, path) if at(table, key) is not ABSENT else text
    if isinstance(key[-1], Entry):
        if at(table, key) is not ABSENT:
            return edit.set_value(text, path, value)
        return edit.append(text, path[:-1], value)
    if isinstance(value, Mapping) or (isinstance(value, list) and value and isinstance(value[0], Mapping)):
        text = edit.remove(text, path) if at(table, key) is not ABSENT else text
        return sections.put(text, path, value)
    return edit.set_value(text, path, value)


# ---- by lines -------------------------------------------------------------------------------------------------------


def merge_lines(base: str, mine: str, theirs: str) -> str | None:
    """The lines of both, or None where both changed the same or neighbouring ones (as diff3 does)."""
    lines = [text.splitlines(keepends=True) for text in (base, mine, theirs)]
    to_mine, to_theirs = (_kept(lines[0], other) for other in lines[1:])
    merged: list[str] = []
    b = m = t = 0
    while True:
        anchor = next((n for n in range(b, len(lines[0])) if n in to_mine and n in to_theirs), None)
        ends = [len(one) for one in lines] if anchor is None else [anchor, to_mine[anchor], to_theirs[anchor]]
        chunks = [lines[0][b : ends[0]], lines[1][m : ends[1]], lines[2][t : ends[2]]]
        if chunks[1] == chunks[2] or chunks[2] == chunks[0]:
            merged += chunks[1]
        elif chunks[1] == chunks[0]:
            merged += chunks[2]
        else:
            return None
        if anchor is None:
            return "".join(merged)
        merged.append(lines[0][anchor])
        b, m, t = (end + 1 for end in ends)


def _kept(base: list[str], other: list[str]) -> dict[int, int]:
    """Line of `base` -> line of `other`, for those that are in both."""
    blocks = difflib.SequenceMatcher(None, base, other, autojunk=False).get_matching_blocks()
    return {a + n: b + n for a, b, size in blocks for n in range(size)}

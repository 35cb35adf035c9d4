"""What differs between two plans or two texts of a profile, key by key; entries of lists are told apart by their names.

A key is a path of names, `Entry` standing for an entry of a list: ``detectors.epix_1.roi[ROI_0].region``.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import tomllib

from producer.plan import Plan
from producer.report import dotted
from smdtui.profile.edit import same
from smdtui.profile.form import as_text


@dataclass(frozen=True)
class Entry:
    """The entry of that name in a list of PVs, regions, ...; `count` tells apart those of the same name."""

    name: str
    count: int = 0

    def __str__(self) -> str:
        return f"[{self.name}]" if not self.count else f"[{self.name} {self.count + 1}]"


Key = tuple[str | Entry, ...]


class _Absent:
    """Where a side has no such key; TOML has no null, a plan has."""

    def __repr__(self) -> str:
        return "(nothing)"


ABSENT: Any = _Absent()


@dataclass(frozen=True)
class Change:
    key: Key
    before: Any
    after: Any

    @property
    def name(self) -> str:
        return key_text(self.key)

    @property
    def kind(self) -> str:
        """added, removed or changed."""
        return "added" if self.before is ABSENT else "removed" if self.after is ABSENT else "changed"


def key_text(key: Key) -> str:
    text = ""
    for part in key:
        text += str(part) if isinstance(part, Entry) else f".{dotted((part,))}" if text else dotted((part,))
    return text


def value_text(value: Any) -> str:
    if value is ABSENT or value is None:
        return "(nothing)"
    return as_text(value) or '""'


def between_plans(first: Plan, second: Plan) -> list[Change]:
    return between(first.as_json()["plan"], second.as_json()["plan"])


def between_texts(first: str, second: str) -> list[Change]:
    """Raises ValueError for a text that is no TOML."""
    return between(tomllib.loads(first), tomllib.loads(second))


def between(first: Any, second: Any, key: Key = ()) -> list[Change]:
    """In the order of `first`, what only `second` has behind."""
    a, b = parts(first), parts(second)
    if a is None or b is None or (key and not (a and b)):
        return [] if same(first, second) else [Change(key, first, second)]
    found = []
    for part in [*a, *(part for part in b if part not in a)]:
        left, right = a.get(part, ABSENT), b.get(part, ABSENT)
        if left is ABSENT or right is ABSENT:
            found.append(Change((*key, part), left, right))
        else:
            found += between(left, right, (*key, part))
    return found


def parts(value: Any) -> dict[str | Entry, Any] | None:
    """The parts of a table, or of a list whose entries have names, by their key; None for a plain value."""
    if isinstance(value, Mapping):
        return dict(value)
    if not isinstance(value, list) or not all(name_of(entry) for entry in value):
        return None
    found: dict[str | Entry, Any] = {}
    for entry in value:
        key, count = Entry(name_of(entry)), 0
        while key in found:
            count += 1
            key = Entry(name_of(entry), count)
        found[key] = entry
    return found


def name_of(entry: Any) -> str:
    """What an entry of a list is called: a text is its own name, a table has a name, an alias or a PV; else ""."""
    if isinstance(entry, str):
        return entry
    if not isinstance(entry, Mapping):
        return ""
    return str(entry.get("name") or entry.get("alias") or entry.get("pv") or "")

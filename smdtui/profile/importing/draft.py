"""Entries of a profile in the making, each value with the line of the configuration it comes from."""

from dataclasses import dataclass, field
from typing import Any

from producer.parameters import only_short, read, short_field
from producer.problem import Problem, nearest
from producer.run_ranges import Span
from smdtui.profile.importing.convert import NoPlace, Spread
from smdtui.profile.importing.items import FAILS, IGNORED, LOST, NOTE, Item, Items
from smdtui.profile.importing.rules import Rules
from smdtui.profile.importing.values import LineDict, LineList, line_of

Path = tuple[str | int, ...]


@dataclass
class Draft:
    """`lines`: path in `table` -> line of the configuration; `theirs`: our key -> the key of theirs it comes from;
    `missing`: parameters of theirs without which the entry would do something else, so that it must not be used."""

    line: int
    table: dict[str, Any] = field(default_factory=dict)
    lines: dict[Path, int] = field(default_factory=dict)
    theirs: dict[str, str] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)

    def put(self, key: str, value: Any, line: int, theirs: str = "") -> None:
        self.table[key] = value
        self.lines[key,] = line
        self.theirs[key] = theirs

    def nest(self, key: str, inner: "Draft", theirs: str = "") -> None:
        """Put `inner` into the table of ours called `key`."""
        self.put(key, inner.table, inner.line, theirs)
        self.lines.update({(key, *path): line for path, line in inner.lines.items()})
        self.missing += inner.missing

    def nest_many(self, key: str, inner: "list[Draft]", theirs: str = "") -> None:
        self.put(key, [one.table for one in inner], inner[0].line, theirs)
        for i, one in enumerate(inner):
            self.lines.update({(key, i, *path): line for path, line in one.lines.items()})
            self.missing += one.missing

    def drop(self, key: str) -> None:
        self.table.pop(key, None)
        self.lines = {path: line for path, line in self.lines.items() if path[0] != key}


@dataclass
class Notes:
    """Where to report about one entry of a configuration: which function, detector and runs it is about."""

    items: Items
    spans: tuple[Span, ...]
    path: tuple[str, ...]

    def within(self, *more: str) -> "Notes":
        return Notes(self.items, self.spans, (*self.path, *more))

    def lost(self, line: int, message: str) -> None:
        self.items.add(Item(LOST, line, message, self.path, self.spans))

    def ignored(self, line: int, message: str) -> None:
        self.items.add(Item(IGNORED, line, message, self.path, self.spans))

    def note(self, line: int, message: str) -> None:
        self.items.add(Item(NOTE, line, message, self.path, self.spans))

    def fails(self, line: int, message: str) -> None:
        self.items.add(Item(FAILS, line, message, self.path, self.spans))


def draft(rules: Rules, given: Any, line: int, notes: Notes, skip: tuple[str, ...] = ()) -> Draft:
    """Our entry for the keyword arguments `given`, without the keys in `skip`, which the caller deals with."""
    made = Draft(line_of(given, line))
    for key, value in given.items():
        at = given.line_of(key) if isinstance(given, LineDict) else line
        if key in skip:
            continue
        here = notes.within(str(key))
        if not isinstance(key, str) or key not in rules:
            close = nearest(str(key), rules, most=2)
            meant = f"; did you mean {' or '.join(close)}?" if close else ""
            here.ignored(at, f"{key} = {shown(value)}: smalldata_tools has no such parameter and ignores it{meant}")
            continue
        _apply(made, key, value, at, rules, here)
    return made


def _apply(made: Draft, key: str, value: Any, line: int, rules: Rules, notes: Notes) -> None:
    rule = rules[key]
    if value is None or (rule.unless is not None and value == rule.unless):
        return  # None is how these functions call "not given"
    if rule.words:
        notes.items.add(Item(rule.kind, line, f"{key} = {shown(value)}: {rule.words}", notes.path, notes.spans))
    if not rule.key:
        return
    try:
        converted = rule.convert(value)
    except NoPlace as reason:
        notes.lost(line, f"{key} = {shown(value)}: {reason}")
        made.missing.append(key)
        return
    except (TypeError, ValueError, KeyError, IndexError):
        notes.lost(line, f"{key} = {shown(value)}: smalldata_tools takes no such value")
        made.missing.append(key)
        return
    if isinstance(converted, Spread):
        for name, one in converted.items():
            made.put(name, one, line, key)
    elif converted is not None:
        made.put(rule.key, converted, line, key)


def valid(cls: type, made: Draft, notes: Notes) -> bool:
    """Take out of the entry what the profile format refuses, each with a word; False when nothing is left of it."""
    while not made.missing:
        problems: list[Problem] = []
        read(cls, made.table[str(short_field(cls))] if only_short(cls) else made.table, "entry", problems)
        if not problems:
            return True
        wrong = dict.fromkeys(p.key.removeprefix("entry").lstrip(".").split(".")[0].split("[")[0] for p in problems)
        if any(key not in made.table for key in wrong):
            said = "; ".join(p.message.replace("entry ", "it ", 1) for p in problems)
            notes.lost(made.line, f"the whole entry: {said}")
            return False
        for key in wrong:
            said = "; ".join(p.message for p in problems if p.key.startswith(f"entry.{key}"))
            theirs = made.theirs.get(key) or key
            notes.within(theirs).lost(made.lines[key,], f"{theirs} = {shown(made.table[key])}: {said}")
            made.drop(key)
            made.missing.append(theirs)
    names = ", ".join(dict.fromkeys(made.missing))
    notes.lost(made.line, f"the entry is in the profile only as a comment, to be completed: without {names}")
    return True


def as_list(value: Any, line: int) -> list[tuple[Any, int]]:
    """The entries of one detector with their lines: a list of them, or a single one."""
    if isinstance(value, (list, tuple)):
        at = value.line_of if isinstance(value, LineList) else lambda i: line
        return [(one, line_of(one, at(i))) for i, one in enumerate(value)]
    return [(value, line_of(value, line))]


def shown(value: Any) -> str:
    text = " ".join(repr(value).split())
    return text if len(text) <= 60 else text[:57] + "..."


def distinct(default: str, drafts: list[Draft], notes: Notes) -> None:
    """Entries of the same name, of which smalldata_tools would only write the last, get names of their own."""
    names = [made.table.get("name", default) for made in drafts]
    for i, made in enumerate(drafts):
        if names[i] in names[i + 1 :]:
            new = next(n for n in (f"{names[i]}_{k}" for k in range(len(names) + 1)) if n not in names)
            words = f"smalldata_tools overwrites {names[i]} with a later one of that name; here it is called {new}"
            notes.note(made.line, words)
            names[i] = new
            made.put("name", new, made.line)

"""The parts of a profile as rows, in the order in which a person thinks of them; and a plan as rows."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

from producer.analysis import FUNCTIONS
from producer.defaults import SECTIONS
from producer.layers import DEFAULT, Entry, Origin, Section
from producer.parameters import as_toml, describe, short_field
from producer.plan import Plan, Profile
from producer.problem import Problem
from producer.report import dotted
from smdtui.profile.form import as_text, inner_tables
from smdtui.profile.timeline import Row as TimelineRow
from smdtui.profile.timeline import Timeline, sections

PER_EVENT, ONCE = "EPICS with each event", "EPICS once per run"
TITLES = {
    "timetool": "time tool",
    "analog_input": "analog inputs",
    "waveforms": "waveforms",
    "xtcav": "XTCAV",
    "defaults": "default data left out",
}
Place = tuple[str | int, ...]


@dataclass(frozen=True)
class Part:
    """One row. `kind`: head (of a part), pv, all_pvs, setting, range, detector, function, inner (a table of a function
    or setting), problem. `path` is its place
    in the profile: ("epics", "per_event", 2), ("runs", "21-", "epix_1", "roi", 0). `own` is False for what a base
    file says, `used` for a section that does not concern the selected run."""

    depth: int
    title: str
    value: str = ""
    kind: str = "head"
    path: Place = ()
    origin: Origin = DEFAULT
    own: bool = True
    used: bool = True
    data: Any = None

    @property
    def editable(self) -> bool:
        return self.kind in ("pv", "all_pvs", "setting", "function", "inner")

    @property
    def values(self) -> dict[str, Any]:
        """The parameters behind the row as the profile would hold them, those at their default left out."""
        return values_of(self.data)

    @property
    def removable(self) -> bool:
        return self.own and self.kind in ("pv", "setting", "function", "inner") and self.origin != DEFAULT


def values_of(parameters: Any) -> dict[str, Any]:
    """As the profile would hold them, those at their default left out."""
    written, cls = as_toml(parameters), cast(Any, type(parameters))
    if not isinstance(written, dict):
        return {short_field(cls) or "": written}
    return {
        f.name: written[f.name]
        for f in describe(cls)
        if f.name in written and (f.required or getattr(parameters, f.name) != f.default)
    }


def parts(profile: Profile, run: int | None = None) -> tuple[Part, ...]:
    """The rows of a profile; sections that do not hold `run` are marked as not used."""
    rows = _epics(profile)
    for name in [*TITLES, *(name for name in SECTIONS if name not in TITLES and name != "epics")]:
        rows += _setting(profile, name, section_title(name))
    return tuple(rows + _runs(profile, run))


def section_title(name: str) -> str:
    return TITLES.get(name, name.replace("_", " "))


def _own(profile: Profile, origin: Origin) -> bool:
    return origin.file in ("", profile.file)


def _epics(profile: Profile) -> list[Part]:
    entry: Entry = profile.settings["epics"]
    rows = []
    for field, title in (("per_event", PER_EVENT), ("once", ONCE)):
        pvs = getattr(entry.value, field)
        rows.append(Part(0, title, _count(len(pvs)), "head", ("epics", field)))
        for i, pv in enumerate(pvs):
            # Where a base gives the list, its places are in the base and not in this file.
            origin = entry.origin.get((field, i)) or entry.origin.get((field,), DEFAULT)
            own = _own(profile, origin)
            rows.append(Part(1, pv.pv, pv.alias or "", "pv", ("epics", field, i), origin, own, data=pv))
    origin = entry.origin.get(("all",), DEFAULT)
    value = "yes" if entry.value.all else "no"
    rows.append(Part(0, "every EPICS PV", value, "all_pvs", ("epics", "all"), origin, _own(profile, origin)))
    return rows


def _setting(profile: Profile, name: str, title: str) -> list[Part]:
    value = profile.settings[name]
    if SECTIONS[name].MANY:
        rows = [Part(0, title, _count(len(value)), "head", (name,))]
        for i, entry in enumerate(value):
            origin = entry.origin.get((), DEFAULT)
            text = summary(entry.value, leave_out=("name",))
            place = (name, _written_index(origin, i))
            row = Part(1, entry.value.name, text, "setting", place, origin, _own(profile, origin), data=entry.value)
            rows += [row, *_inner(row, entry)]
        return rows
    written = [at for at in value.origin.values() if at != DEFAULT]
    origin = next((at for at in written if at.file == profile.file), written[0] if written else DEFAULT)
    own = _own(profile, origin)
    row = Part(0, title, summary(value.value) or "-", "setting", (name,), origin, own, data=value.value)
    return [row, *_inner(row, value)]


def _runs(profile: Profile, run: int | None) -> list[Part]:
    rows: list[Part] = [Part(0, "runs", _count(len(profile.sections)), "head", ("runs",))]
    before: tuple[Any, ...] = ()
    for section in sorted(profile.sections, key=_order):
        used = run is None or section.range.contains(run)
        own = section.depth == 0
        common = {"origin": section.origin, "own": own, "used": used}
        here = ("runs", section.range.text)
        if before[:2] != (section.depth, section.range.text):
            title = "every run" if section.range.is_all else f"runs {section.range.text}"
            rows.append(Part(1, title, "", "range", here, data=section.range, **common))  # type: ignore[arg-type]
        if before != (section.depth, section.range.text, section.detector):
            path = (*here, section.detector)
            rows.append(Part(2, section.detector, "", "detector", path, data=section.range, **common))  # type: ignore[arg-type]
        before = (section.depth, section.range.text, section.detector)
        rows += _entries(section, common)
    return rows


def _order(section: Section) -> tuple[Any, ...]:
    """Own sections first, `all` before the rest, by first run; the file's order within."""
    first = section.range.spans[0][0] if section.range.spans else 0
    return section.depth, not section.range.is_all, first, section.range.text, section.detector, section.function


def _entries(section: Section, common: dict[str, Any]) -> list[Part]:
    many = FUNCTIONS[section.function].MANY
    path: Place = section.path
    if many and not section.entries:
        return [Part(3, section.function, "none", "function", path, **common)]
    rows = []
    for i, entry in enumerate(section.entries):
        title = f"{section.function} {entry.value.name}" if many else section.function
        origin = entry.origin.get((), section.origin)
        place = (*path, _written_index(origin, i)) if many else path
        text = summary(entry.value, leave_out=("name",) if many else ())
        row = Part(3, title, text, "function", place, data=entry.value, **{**common, "origin": origin})
        rows += [row, *_inner(row, entry)]
    return rows


def _written_index(origin: Origin, index: int) -> int:
    """The place of an entry in the file: entries with errors are not among those that could be read."""
    match = re.search(r"\[(\d+)\]$", origin.key)
    return int(match[1]) if match else index


def _inner(row: Part, entry: Entry, inside: Place = ()) -> list[Part]:
    """Rows for the tables within the entry of `row`, and within those."""
    found: list[Part] = []
    for table in inner_tables(cast(Any, type(row.data))):
        value = getattr(row.data, table.name)
        there = list(enumerate(value)) if table.many else [(None, value)] if value is not None else []
        for i, data in there:
            place: Place = (table.name,) if i is None else (table.name, i)
            name = getattr(data, "name", "") if table.many else ""
            title = f"{table.name.replace('_', ' ')} {name}".rstrip()
            origin = entry.origin.get((*inside, *place), row.origin)
            text = summary(data, leave_out=("name",) if name else ())
            path, depth = (*row.path, *place), row.depth + 1
            inner = replace(
                row, depth=depth, title=title, value=text, kind="inner", path=path, origin=origin, data=data
            )
            found += [inner, *_inner(inner, entry, (*inside, *place))]
    return found


def summary(instance: Any, leave_out: Iterable[str] = ()) -> str:
    """What parameters say beyond their defaults, in one line."""
    words = []
    inner = {table.name for table in inner_tables(cast(Any, type(instance)))}  # have rows of their own
    for field in describe(cast(Any, type(instance))):
        value = getattr(instance, field.name)
        if field.name in inner or field.name in leave_out or (value == field.default and not field.required):
            continue
        if field.name == "region":
            words.append("[" + ", ".join(f"{start}:{end}" for start, end in value) + "]")
        elif value is True:
            words.append(field.name.replace("_", " "))
        elif isinstance(value, tuple):
            words.append(", ".join(as_text(as_toml(v)) for v in value))
        else:
            unit = f" {field.meta.unit}" if field.meta.unit and " " not in field.meta.unit else ""
            words.append(f"{field.name.replace('_', ' ')} {as_text(value)}{unit}")
    return "  ".join(words)


def _count(number: int) -> str:
    return str(number) if number else "none"


def problem_parts(problems: Sequence[Problem]) -> tuple[Part, ...]:
    """Rows for the problems of the file, to stand above its parts; () when there is none."""
    if not problems:
        return ()
    rows = [Part(0, "problems", str(len(problems)), "head", ("problems",))]
    rows += [Part(1, f"line {p.line}" if p.line else p.severity, p.message, "problem", data=p) for p in problems]
    return tuple(rows)


def timeline(profile: Profile | None, runs: Iterable[int], selected: int | None) -> Timeline:
    """The profile's own sections and those of its bases over the recorded runs."""
    rows: tuple[TimelineRow, ...] = ()
    if profile:
        rows = sections([(s.detector, s.function, s.range) for s in profile.sections])
    return Timeline.of(rows, runs, selected)


# -- the plan of one run


@dataclass(frozen=True)
class PlanRow:
    """A value, or (`origin` None) the head of those that follow. `key` is that of the plan, `title` what is shown."""

    key: str
    title: str
    value: str
    origin: Origin | None

    @property
    def is_default(self) -> bool:
        return self.origin == DEFAULT

    def origin_text(self, profile_file: str) -> str:
        """Where the value comes from: "line 12", "xpp.toml:3", or "default"."""
        if self.origin is None:
            return ""
        if self.is_default:
            return "default"
        if self.origin.file == profile_file:
            return f"line {self.origin.line}"
        return f"{self.origin.file.rpartition('/')[2]}:{self.origin.line}"


def plan_rows(plan: Plan, defaults: bool = True) -> tuple[PlanRow, ...]:
    """Every value of a plan with the place where it was written, under the detector and function or the section that it
    belongs to; without `defaults` only what was written."""
    table = plan.as_json()["plan"]
    rows: list[PlanRow] = []
    before = ""
    origins = _pvs_whole(plan.origin)
    for key, origin in origins.items():
        if any(other.startswith((f"{key}.", f"{key}[")) for other in origins):
            continue  # a list or table whose values have rows of their own
        if origin == DEFAULT and not defaults:
            continue
        head, leaf = _head_and_leaf(key)
        if head != before:
            before = head
            if head:
                rows.append(PlanRow(head, head, "", None))
        rows.append(PlanRow(key, f"  {leaf}" if head else leaf, _shown(_find(table, key)), origin))
    return tuple(rows)


def _pvs_whole(origins: dict[str, Origin]) -> dict[str, Origin]:
    """One key for each PV instead of one for each of its two names."""
    whole: dict[str, Origin] = {}
    for key, origin in origins.items():
        pv = re.match(r"epics\.\w+\[\d+\]", key)
        whole.setdefault(pv[0] if pv else key, origin)
    return whole


def _head_and_leaf(key: str) -> tuple[str, str]:
    """``detectors.epix_1.roi[0].region`` is "region" of "epix_1 roi[0]", ``epics.once[1]`` is "once[1]" of "epics"."""
    parts = _split(key)
    at = len(parts) - (2 if isinstance(parts[-1], int) else 1)
    shown: list[str] = []
    for part in parts[:at]:
        if isinstance(part, int):
            shown[-1] += f"[{part}]"
        else:
            shown.append(part)
    if shown[:1] == ["detectors"]:
        del shown[0]
    leaf = f"{parts[at]}[{parts[-1]}]" if isinstance(parts[-1], int) else str(parts[at])
    return " ".join(shown), leaf


def _shown(value: Any) -> str:
    """A value in few letters; of a table with one value just that."""
    if isinstance(value, dict):
        given = {k: v for k, v in value.items() if v is not None}
        if len(given) == 1:
            return as_text(next(iter(given.values())))
    return as_text(value)


def _find(table: Any, key: str) -> Any:
    """The value in nested tables at a dotted key such as ``detectors.epix_1.roi[0].region``."""
    value = table
    for part in _split(key):
        value = value[part]
    return value


def _split(key: str) -> list[str | int]:
    parts: list[str | int] = []
    text, quoted, n = "", False, 0
    while n < len(key):
        c = key[n]
        if quoted:
            if c == "\\":
                n += 1
                text += key[n]
            elif c == '"':
                quoted = False
            else:
                text += c
        elif c == '"':
            quoted = True
        elif c in ".[":
            if text:
                parts.append(text)
            text = ""
            if c == "[":
                end = key.index("]", n)
                parts.append(int(key[n + 1 : end]))
                n = end
        else:
            text += c
        n += 1
    return [*parts, text] if text else parts


# -- going to places


def row_of(parts: Sequence[Part], key: str) -> int | None:
    """The row of the innermost part of the profile itself that holds a key such as ``runs.13.epix_1.roi[0].region``."""
    best, depth = None, 0
    for n, part in enumerate(parts):
        place = dotted(part.path)
        inside = place and (key == place or key.startswith((f"{place}.", f"{place}[")))
        if part.own and part.kind != "problem" and inside and len(part.path) > depth:
            best, depth = n, len(part.path)
    return best


def row_at(parts: Sequence[Part], path: Place, other: int) -> int:
    """The row of the part at `path`, else of the first below it, else `other`."""
    exact = next((n for n, part in enumerate(parts) if part.path == path and part.own and part.kind != "problem"), None)
    below = (n for n, part in enumerate(parts) if part.path[: len(path)] == path and part.own)
    return exact if exact is not None else next(below, other)


def first_row(parts: Sequence[Part]) -> int:
    """Where the cursor begins: on the first problem, else on the first detector of the selected run, of a range rather
    than of ``all``."""
    if parts and parts[0].path == ("problems",):
        return 0
    used = [n for n, part in enumerate(parts) if part.kind == "detector" and part.used and part.own]
    return next((n for n in used if not parts[n].data.is_all), used[0] if used else 0)


def nearest_row(old: Sequence[Part], at: int, new: Sequence[Part]) -> int:
    """The row of `new` where the cursor belongs that was on row `at` of `old`: the same place in the profile, else what
    the selected run has of the same function, else the same number."""
    if not (0 <= at < len(old)):
        return 0
    same = replace(old[at], value="", origin=DEFAULT, used=True, data=None)
    for n, part in enumerate(new):
        if (part.kind, part.path, part.title) == (same.kind, same.path, same.title):
            return n
    if same.path[:1] == ("runs",) and len(same.path) > 1 and same.path[1] != "all":
        for n, part in enumerate(new):
            here = part.used and part.path[1:2] != ("all",)
            if here and (part.kind, part.path[:1], part.path[2:]) == (same.kind, ("runs",), same.path[2:]):
                return n
    return max(0, min(at, len(new) - 1))

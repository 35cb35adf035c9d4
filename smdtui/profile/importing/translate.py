"""A configuration as a profile: the names and values of smalldata_tools turned into ours, range of runs by range."""

import re
from dataclasses import dataclass, field
from pathlib import Path as FilePath
from typing import Any

from producer.analysis import FUNCTIONS
from producer.defaults import SECTIONS
from producer.run_ranges import Span
from smdtui.profile.importing.asked import Asked, Slot
from smdtui.profile.importing.draft import Draft, Notes, distinct, valid
from smdtui.profile.importing.functions import ORDER, ask
from smdtui.profile.importing.items import Item, Items
from smdtui.profile.importing.known_names import FUNCTIONS as THEIRS
from smdtui.profile.importing.known_names import LCLS2, TEMPLATE
from smdtui.profile.importing.reading import Reading
from smdtui.profile.importing.run_number import EVERY, intersect, subtract, union
from smdtui.profile.importing.settings import integrating_detectors, settings
from smdtui.profile.importing.values import LineList, Unknown

_HUTCHES = {
    "crix": "rix",
    "qrix": "rix",
    "xcs_lj": "xcs",
    **{name: name for name in ("amo", "sxr", "xpp", "xcs", "mfx", "cxi", "mec", "dia", "tmo", "rix", "ued", "txi")},
}


@dataclass(frozen=True)
class Section:
    """The entries of one function of one detector for the runs in `spans`."""

    spans: tuple[Span, ...]
    detector: str
    function: str
    entries: tuple[Draft, ...]


@dataclass(frozen=True)
class Translation:
    reading: Reading
    hutch: str
    settings: dict[str, list[Draft]]
    sections: tuple[Section, ...]
    items: tuple[Item, ...]

    @property
    def carried(self) -> int:
        """How many values of the configuration are in the profile."""
        entries = [d for s in self.sections for d in s.entries] + [d for ds in self.settings.values() for d in ds]
        return sum(_values(draft.table) for draft in entries if not draft.missing)


def _values(value: Any) -> int:
    if isinstance(value, dict):
        return sum(_values(one) for one in value.values())
    if isinstance(value, list) and any(isinstance(one, dict) for one in value):
        return sum(_values(one) for one in value)
    return 1


def translate(reading: Reading) -> Translation:
    items = Items()
    for item in reading.items:
        items.add(item)
    sections = _run_independent(reading, items)
    return Translation(reading, _hutch(reading.file), sections, tuple(_sections(reading, items)), items.sorted())


def _hutch(file: str) -> str:
    match = re.fullmatch(r"prod_config_(\w+)", FilePath(file).stem)
    return _HUTCHES.get(match.group(1), "") if match else ""


def _run_independent(reading: Reading, items: Items) -> dict[str, list[Draft]]:
    found = {}
    for name, drafts in settings(reading, items).items():
        kept = []
        for made in drafts:
            theirs = next((t for t in made.theirs.values() if t), name)
            if valid(SECTIONS[name].Parameters, made, Notes(items, EVERY, (theirs,))):
                kept.append(made)
        if kept:
            found[name] = kept
    return found


@dataclass
class _Group:
    """Cells of runs in which a slot has the same entries."""

    entries: tuple[Draft, ...]
    spans: tuple[Span, ...] = field(default=())


def _sections(reading: Reading, items: Items) -> list[Section]:
    groups: dict[Slot, list[_Group]] = {}
    for spans in cells(reading):
        for slot, entries in _cell(reading, spans, items).items():
            tables = [made.table for made in entries]
            known = groups.setdefault(slot, [])
            group = next((g for g in known if [made.table for made in g.entries] == tables), None)
            if group is None:
                group = _Group(tuple(entries))
                known.append(group)
            group.spans = union(group.spans, spans)
    order = _detector_order(reading)
    found = [Section(g.spans, *slot, g.entries) for slot, known in groups.items() for g in known]
    return sorted(found, key=lambda s: (order.get(s.detector, len(order)), s.detector, s.function, s.spans))


def cells(reading: Reading) -> list[tuple[Span, ...]]:
    """The coarsest division of the runs in which every function returns the same throughout each part."""
    parts: list[tuple[Span, ...]] = [EVERY]
    for name in (*ORDER, "get_intg"):
        function = reading.functions.get(name)
        if function is None:
            continue
        rest = EVERY
        cut = []
        for case in function.cases:
            rest = subtract(rest, case.spans)
            cut += [part for part in (intersect(case.spans, before) for before in parts) if part]
        cut += [part for part in (intersect(rest, before) for before in parts) if part]
        parts = cut
    return sorted(parts)


def _cell(reading: Reading, spans: tuple[Span, ...], items: Items) -> dict[Slot, list[Draft]]:
    notes = Notes(items, spans, ())
    asked = Asked(reading.generation, notes, _detectors(reading, spans, notes))
    for name in ORDER:
        function = reading.functions.get(name)
        if function is None:
            continue
        producers = THEIRS[name]
        case = next((case for case in function.cases if intersect(case.spans, spans)), None)
        if case is None or case.failure is not None:
            continue
        if producers and reading.generation not in producers and case.value:
            notes.within(name).note(
                function.line,
                f"the producer of such a file ({reading.generation}) does not ask for it; carried over all the same",
            )
        ask(asked, name, case.value, function.line)
    _default_sums(reading, asked)
    return {slot: kept for slot, drafts in asked.drafts.items() if (kept := _valid(slot, drafts, asked))}


def _detectors(reading: Reading, spans: tuple[Span, ...], notes: Notes) -> tuple[str, ...] | None:
    given = reading.settings.get("detectors") or reading.settings.get("detnames")
    if given is None:
        return None
    if isinstance(given.value, Unknown) or not all(isinstance(name, str) for name in given.value):
        reason = given.value.reason if isinstance(given.value, Unknown) else "not all of it are names"
        words = f"the list of detectors is not known ({reason}); the profile has all that functions are given for"
        notes.note(given.line, words)
        return None
    found = list(given.value)
    function = reading.functions.get("get_intg")
    for case in function.cases if function else ():
        if intersect(case.spans, spans) and case.failure is None:
            found += integrating_detectors(case.value) or ()
    return tuple(dict.fromkeys(found))


def _default_sums(reading: Reading, asked: Asked) -> None:
    """LCLS-II adds up every detector of a configuration that says nothing of sums; the template always does."""
    if asked.detectors is None or reading.generation not in (LCLS2, TEMPLATE):
        return
    if reading.generation == LCLS2 and "get_sum_algos" in reading.functions:
        return
    given = reading.settings.get("detectors") or reading.settings.get("detnames")
    line = given.line if given else 0
    for detector in asked.detectors:
        if reading.generation == LCLS2 and "hsd" in detector:
            continue
        at = line
        if given is not None and isinstance(given.value, LineList) and detector in given.value:
            at = given.value.line_of(given.value.index(detector))
        made = Draft(at)
        made.put("algorithms", LineList(["calib"], at), at)
        asked.add(detector, "sums", made)


def _valid(slot: Slot, drafts: list[Draft], asked: Asked) -> list[Draft]:
    detector, function = slot
    module = FUNCTIONS[function]
    notes = asked.notes.within(asked.source.get(slot, function), detector)
    kept = [made for made in drafts if valid(module.Parameters, made, notes)]
    if not module.MANY:
        for surplus in kept[1:]:
            notes.lost(surplus.line, f"a second {function} of the same detector has no place")
        return kept[:1]
    distinct(module.Parameters.__dataclass_fields__["name"].default, kept, notes)
    return kept


def _detector_order(reading: Reading) -> dict[str, int]:
    given = reading.settings.get("detectors") or reading.settings.get("detnames")
    names = given.value if given is not None and isinstance(given.value, list) else []
    return {name: i for i, name in enumerate(names) if isinstance(name, str)}

"""The run-independent part of a configuration: PVs, time tool, analog inputs, integrating detectors."""

from typing import Any

from smdtui.profile.importing.convert import NoPlace, plain
from smdtui.profile.importing.draft import Draft, Notes, as_list, shown
from smdtui.profile.importing.items import Items
from smdtui.profile.importing.known_names import LCLS2
from smdtui.profile.importing.reading import Reading, Setting
from smdtui.profile.importing.run_number import EVERY, range_text, union
from smdtui.profile.importing.values import LineList, Unknown


def settings(reading: Reading, items: Items) -> dict[str, list[Draft]]:
    """Section of ours -> its table, or its tables where it is an array."""
    found: dict[str, list[Draft]] = {}
    per_event = "archiver" if reading.generation == LCLS2 else "epics"
    for name, section, key in (
        ("epicsArchFilePV", "epics", "per_event"),
        ("epicsPV", per_event, "pvs" if per_event == "archiver" else "per_event"),
        ("epicsOncePV", "epics", "once"),
    ):
        given = reading.settings.get(name)
        made = _pvs(given, Notes(items, EVERY, (name,))) if given else []
        if made:
            draft = found.setdefault(section, [Draft(given.line if given else 0)])[0]
            _list(draft, key, made, given.line if given else 0, name)
    for name in ("ttCalib", "ttCalibPars"):
        given = reading.settings.get(name)
        if given is not None:
            _timetool(given, Notes(items, EVERY, (name,)), found)
    if "aioParams" in reading.settings:
        inputs = _analog_inputs(reading.settings["aioParams"], Notes(items, EVERY, ("aioParams",)))
        if inputs:
            found["analog_input"] = inputs
    _integrating(reading, items, found)
    for name, words in (
        ("xdetectors", "detectors that psana is told to leave out have no place"),
        ("slow_detectors", "no producer of smalldata_tools reads it"),
    ):
        given = reading.settings.get(name)
        if given is not None and given.value:
            notes = Notes(items, EVERY, (name,))
            (notes.lost if name == "xdetectors" else notes.ignored)(given.line, f"{shown(given.value)}: {words}")
    return found


def _pvs(given: Setting, notes: Notes) -> list[tuple[Any, int]]:
    if isinstance(given.value, Unknown):
        notes.lost(given.value.line or given.line, f"it is not known: {given.value.reason}")
        return []
    made: list[tuple[Any, int]] = []
    seen: set[str] = set()
    for entry, line in _entries(given):
        one = entry if isinstance(entry, Unknown) else _pv(entry)
        if one is None or isinstance(one, Unknown):
            why = one.reason if isinstance(one, Unknown) else "it is no PV, no alias and no pair of them"
            notes.within(str(entry)).lost(line, f"{shown(entry)}: {why}")
            continue
        name = one if isinstance(one, str) else one["alias"]
        if name in seen:
            notes.within(name).ignored(line, f"{name!r} is there already")
            continue
        seen.add(name)
        made.append((one, line))
    return made


def _entries(given: Setting) -> list[tuple[Any, int]]:
    return [] if given.value is None else as_list(given.value, given.line)


def _pv(entry: Any) -> Any:
    """Text, or a table of PV and alias; None when it is neither."""
    if isinstance(entry, str):
        return entry
    if isinstance(entry, (tuple, list)) and len(entry) == 2 and all(isinstance(part, str) for part in entry):
        return {"pv": entry[0], "alias": entry[1]} if entry[0] != entry[1] else entry[0]
    if isinstance(entry, (tuple, list)) and len(entry) == 1 and isinstance(entry[0], str):
        return entry[0]
    return None


def _list(draft: Draft, key: str, made: list[tuple[Any, int]], line: int, theirs: str) -> None:
    before = draft.table.get(key, [])
    draft.put(key, [*before, *(one for one, _ in made)], line, theirs)
    for i, (_, at) in enumerate(made, len(before)):
        draft.lines[key, i] = at


def _timetool(given: Setting, notes: Notes, found: dict[str, list[Draft]]) -> None:
    if given.value is None or given.value == []:
        return
    try:
        calibration = plain(given.value)
    except NoPlace as reason:
        notes.lost(given.line, f"{shown(given.value)}: {reason}")
        return
    made = Draft(given.line)
    made.put("calibration", calibration, given.line, notes.path[0])
    found["timetool"] = [made]


def _analog_inputs(given: Setting, notes: Notes) -> list[Draft]:
    """[[channels], [names], [scales], [offsets]], the last two optional."""
    if not given.value:
        return []
    try:
        lists = plain(given.value)
        channels, names, *rest = [part if isinstance(part, list) else [part] for part in lists]
    except (NoPlace, ValueError, TypeError) as reason:
        why = reason if isinstance(reason, NoPlace) else "it must be lists of channels, names, scales and offsets"
        notes.lost(given.line, f"{shown(given.value)}: {why}")
        return []
    scales, offsets = ([*rest, [], []])[:2]
    made = []
    for i, channel in enumerate(channels):
        if i >= len(names):
            notes.lost(given.line, f"channel {channel} has no name")
            continue
        draft = Draft(given.line)
        draft.put("channel", channel, given.line, "aioParams")
        draft.put("name", names[i], given.line, "aioParams")
        if i < len(scales):
            draft.put("scale", scales[i], given.line, "aioParams")
        if i < len(offsets):
            draft.put("offset", offsets[i], given.line, "aioParams")
        made.append(draft)
    return made


def integrating_detectors(value: Any) -> tuple[str, ...] | None:
    """The detectors that get_intg returns, the slowest first; None when it returns something else."""
    if not isinstance(value, tuple) or len(value) != 2:
        return None
    first, others = value
    if not first:
        return ()
    if not isinstance(first, str) or not isinstance(others, (list, tuple)):
        return None
    return (first, *(str(name) for name in others))


def _integrating(reading: Reading, items: Items, found: dict[str, list[Draft]]) -> None:
    notes = Notes(items, EVERY, ("get_intg",))
    function = reading.functions.get("get_intg")
    older = reading.settings.get("integrating_detectors")
    if older is not None and older.value:
        notes = Notes(items, EVERY, ("integrating_detectors",))
        if function is not None:
            notes.ignored(older.line, "get_intg is there too, which is what the producer asks for")
        elif isinstance(older.value, LineList) and all(isinstance(name, str) for name in older.value):
            notes.note(older.line, "read by older producers only; the present one asks for get_intg")
            found["integrating"] = [_slow(tuple(older.value), older.line)]
        else:
            notes.lost(older.line, f"{shown(older.value)} is no list of detectors")
    if function is None:
        return
    values: dict[tuple[str, ...], Any] = {}
    for case in function.cases:
        if case.failure is not None:
            continue
        slow = integrating_detectors(case.value)
        if slow is None:
            Notes(items, case.spans, ("get_intg",)).lost(function.line, f"{shown(case.value)} names no detectors")
        elif slow:
            values[slow] = union(values.get(slow, ()), case.spans)
    if not values:
        return
    chosen = max(values, key=lambda slow: values[slow][-1][1] or float("inf"))  # that of the latest runs
    found["integrating"] = [_slow(chosen, function.line)]
    if values[chosen] != EVERY:
        Notes(items, EVERY, ("get_intg",)).note(
            function.line,
            f"integrating detectors hold for every run here; in the configuration {', '.join(chosen)} only for runs "
            f"{range_text(values[chosen])}",
        )
    for slow, spans in values.items():
        if slow != chosen:
            Notes(items, spans, ("get_intg",)).lost(
                function.line, f"{', '.join(slow)}: integrating detectors are the same for every run here"
            )


def _slow(detectors: tuple[str, ...], line: int) -> Draft:
    made = Draft(line)
    made.put("detectors", list(detectors), line, "get_intg")
    return made

"""Sums over the run, as entries of ours."""

from typing import Any

from producer.analysis.sums import Algorithm
from producer.parameters import Wrong
from smdtui.profile.importing.asked import Asked
from smdtui.profile.importing.draft import Draft, Notes, as_list, shown
from smdtui.profile.importing.known_names import LCLS1
from smdtui.profile.importing.values import LineDict, LineList, line_of


def sums(asked: Asked, detector: str, given: Any, line: int, notes: Notes) -> None:
    made = Draft(line_of(given, line))
    names: list[str] = []
    for name, at in as_list(given, line):
        try:
            Algorithm.parse(name)
        except (Wrong, AttributeError, TypeError) as error:
            plain = "the producer does not know it either and writes a plain sum under this name; "
            words = f"the sum {name!r}: {'' if asked.generation == LCLS1 else plain}it {error}"
            notes.within(str(name)).lost(at, words)
            continue
        if asked.generation != LCLS1 and {"dropped", "img"} & set(name.split("_")):
            words = f"the sum {name!r}: the producer writes a plain sum under this name; here it is what the name says"
            notes.within(str(name)).note(at, words)
        if name not in names:
            made.lines["algorithms", len(names)] = at
            names.append(name)
    if names:
        made.table["algorithms"] = names
        made.lines["algorithms",] = made.line
        asked.add(detector, "sums", made)


def sum_algos(asked: Asked, value: Any, line: int, notes: Notes) -> None:
    """LCLS-II: those of `all` for each detector, then its own; with nothing at all, the plain sum of each detector."""
    if value is None:
        value = LineDict({}, 0)
    if not isinstance(value, dict):
        notes.lost(line, f"returns {shown(value)}, which is no table of detectors")
        return
    for detector, given in value.items():
        at = value.line_of(detector) if isinstance(value, LineDict) else line
        here = notes.within(str(detector))
        if detector == "all" and asked.detectors is None:
            here.lost(at, f"{shown(given)}: for every detector, but which there are is not known")
        elif detector != "all" and not asked.has(detector):
            here.ignored(at, f"{detector} is not in the list of detectors, so smalldata_tools does nothing of this")
    for detector in asked.detectors or [d for d in value if d != "all"]:
        if "hsd" in detector:
            continue
        given = LineList([], line)
        for source in ("all", detector):
            part = value.get(source, [])
            at = value.line_of(source) if isinstance(value, LineDict) else line
            for name, name_line in as_list(part, at) if part else ():
                given.put(name, name_line)
        if value == {}:
            given.put("calib", line)
        sums(asked, detector, given, line, notes.within(detector))

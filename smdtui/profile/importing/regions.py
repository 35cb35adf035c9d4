"""ROIs, their projections, and the ranges of an hsd's channels, as entries of ours."""

import re
from typing import Any

from smdtui.profile.importing import convert, rules
from smdtui.profile.importing.asked import Asked, tables
from smdtui.profile.importing.draft import Draft, Notes, as_list, distinct, draft, shown
from smdtui.profile.importing.known_names import LCLS2, TEMPLATE
from smdtui.profile.importing.values import LineDict, line_of


def rois(asked: Asked, detector: str, given: Any, line: int, notes: Notes) -> None:
    if "hsd" in detector and asked.generation == LCLS2:
        _hsd(asked, detector, given, line, notes)
        return
    if isinstance(given, dict) and asked.generation != TEMPLATE:
        notes.fails(line, "the producer expects a list of ROIs here and stops at a single one; read as a list of one")
    for one, at in tables(given, line, notes):
        if "ROIs" in one:
            for i, (bounds, bounds_line) in enumerate(as_list(one["ROIs"], at)):
                table = LineDict({k: v for k, v in one.items() if k != "ROIs"}, at)
                table.put("ROI", bounds, bounds_line)
                asked.add(detector, "roi", _roi(asked, table, at, notes, f"ROI_{i}"))
        else:
            asked.add(detector, "roi", _roi(asked, one, at, notes, "ROI"))


def _roi(asked: Asked, given: dict[Any, Any], line: int, notes: Notes, name: str) -> Draft:
    made = draft(rules.ROI, given, line, notes, skip=("pj", "proj_ax"))
    if made.table.get("name", name) == "ROI":
        name = "full" if given.get("ROI") is None else "ROI"  # as ROIFunc calls it
        if name == "full" or "name" not in made.table:
            made.put("name", name, line_of(given, line))
    made.table.setdefault("name", name)
    projections = []
    if given.get("proj_ax") is not None:
        at = given.line_of("proj_ax") if isinstance(given, LineDict) else line
        if asked.generation == LCLS2:
            projections.append(projection({"axis": given["proj_ax"]}, at, notes.within("proj_ax")))
            made.theirs["projection"] = "proj_ax"
        else:
            notes.within("proj_ax").ignored(at, "proj_ax: the producer of LCLS-I takes projections as pj")
    if given.get("pj") is not None:
        at = given.line_of("pj") if isinstance(given, LineDict) else line
        if asked.generation == LCLS2:
            notes.within("pj").ignored(at, "pj: the producer of LCLS-II takes a projection as proj_ax")
        else:
            given_here = tables(given["pj"], at, notes.within("pj"))
            projections += [projection(one, line, notes.within("pj")) for one, line in given_here]
            made.theirs["projection"] = "pj"
    if projections:
        distinct("pj_ax_1", projections, notes)
        made.nest_many("projection", projections, made.theirs["projection"])
    return made


def projection(given: dict[Any, Any], line: int, notes: Notes) -> Draft:
    """With the name and the axis that projectionFunc takes when none is given."""
    made = draft(rules.PROJECTION, given, line, notes)
    axis = made.table.get("axis", -1)
    if "axis" not in made.table:
        made.put("axis", axis, made.line)
    if "name" not in made.table and isinstance(axis, int):
        made.put("name", f"pj_ax_{abs(axis)}", made.line)
    return made


def _hsd(asked: Asked, detector: str, given: Any, line: int, notes: Notes) -> None:
    for channel, bounds in given.items() if isinstance(given, dict) else ():
        at = given.line_of(channel) if isinstance(given, LineDict) else line
        here = notes.within(str(channel))
        number = re.fullmatch(r"hsd_(\d+)", str(channel))
        if number is None:
            here.lost(at, f"{channel} is not called hsd_<number>, so it is no channel of an hsd")
            continue
        made = Draft(at)
        made.put("name", f"{channel}__ROI", at, str(channel))
        made.put("channel", int(number.group(1)), at, str(channel))
        try:
            if isinstance(bounds, (list, tuple)) and list(bounds) == [0, -1]:
                here.note(at, "[0, -1] leaves the last sample out; here it is kept")
            else:
                made.put("region", convert.pair(bounds), at, str(channel))
        except (convert.NoPlace, TypeError, ValueError) as reason:
            here.lost(at, f"{channel} = {shown(bounds)}: {reason}")
            continue
        asked.add(detector, "hsd", made)
    if not isinstance(given, dict):
        notes.lost(line, f"{shown(given)} is no table of an hsd's channels")


def projection_of_rois(asked: Asked, detector: str, given: Any, line: int, notes: Notes) -> None:
    """getProjection_ax0/1: the template adds them to each ROI of the detector."""
    for one, at in tables(given, line, notes):
        made = projection(one, at, notes)
        rois = asked.drafts.get((detector, "roi"), [])
        if not rois:
            notes.note(at, "the template only projects ROIs and this detector has none; here the detector is projected")
            asked.add(detector, "projection", made)
        for roi in rois:
            before = roi.table.get("projection", [])
            roi.table["projection"] = [*before, made.table]
            roi.lines["projection",] = roi.lines.get(("projection",), at)
            roi.lines.update({("projection", len(before), *path): line for path, line in made.lines.items()})

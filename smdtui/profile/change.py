"""What an accepted form does to the profile: each change is one step of undo, or EditFailed and no step."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, cast

from producer.analysis import FUNCTIONS, roi
from producer.defaults import SECTIONS
from producer.parameters import as_toml, only_short
from producer.problem import Problem, errors
from producer.report import Path, dotted
from smdtui.profile import edit, sections
from smdtui.profile.document import EditFailed, ProfileDocument
from smdtui.profile.entry_draft import EntryDraft
from smdtui.profile.form import fields_of, inner_tables
from smdtui.profile.outline import Part, values_of
from smdtui.profile.pv_draft import PvDraft
from smdtui.profile.roi_draft import RoiDraft


def one_step(document: ProfileDocument, change: Callable[[ProfileDocument], Any]) -> None:
    """Several edits as one step of undo. When one fails, or an error would be new in the profile (two sections that
    claim the same runs, say), none is made."""
    scratch = ProfileDocument(document.path, document.text, None)
    change(scratch)
    there = {_without_line(problem) for problem in errors(document.problems())}
    new = [problem for problem in errors(scratch.problems()) if _without_line(problem) not in there]
    if new:
        raise EditFailed(new[0].message)
    document.text = scratch.text


def _without_line(problem: Problem) -> tuple[str, str]:
    return problem.key, re.sub(r"line \d+", "line", problem.message)


def put_pv(document: ProfileDocument, draft: PvDraft, part: Part | None = None) -> None:
    """Add the PV, in place of the one of `part` where that is given."""

    def change(scratch: ProfileDocument) -> None:
        if part is not None:
            per_event = part.path[1] == "per_event"
            name = part.data.name
            if (part.data.pv, per_event) == (draft.pv, draft.per_event):
                scratch.rename_pv(name, draft.alias)
                return
            scratch.remove_pv(name, per_event)
        scratch.add_pv(draft.pv, draft.alias, per_event=draft.per_event)

    one_step(document, change)


def put_roi(document: ProfileDocument, draft: RoiDraft, part: Part | None = None) -> None:
    """Write the region, in place of the one of `part` where that is given."""
    names = [f.name for f in fields_of(roi.Parameters) if f.name not in ("name", "region")]
    values = {name: draft.parameters.get(name) for name in names}

    def change(scratch: ProfileDocument) -> None:
        inner: dict[str, Any] = {}
        if part is not None and not part.own:
            inner.update(_inner_tables(part.values, roi.Parameters))
        elif part is not None:
            _, runs, detector, _, _ = part.path
            before = part.data.name
            if (scratch.range_key(draft.runs), draft.detector) != (runs, detector):
                inner.update(_inner_tables(scratch.value(part.path), roi.Parameters))
                scratch.remove_roi(str(runs), str(detector), before)
            elif before != draft.name:
                scratch.rename_roi(str(runs), str(detector), before, draft.name)
        scratch.set_roi(draft.runs, draft.detector, draft.name, draft.region, **values)
        place: Path = ("runs", scratch.range_key(draft.runs), draft.detector, "roi")
        if inner:
            scratch.text = sections.put(scratch.text, (*place, len(scratch.value(place)) - 1), inner)

    one_step(document, change)


def put_entry(document: ProfileDocument, draft: EntryDraft, part: Part | None = None) -> None:
    """Write a function's parameters or a section, in place of the one of `part` where that is given."""
    function = draft.name in FUNCTIONS

    def change(scratch: ProfileDocument) -> None:
        path: Path = (draft.name,) if part is None else part.path
        if function:
            path = ("runs", scratch.range_key(draft.runs), draft.detector, draft.name)
        stays = part is not None and part.own and part.path[: len(path)] == path
        inner: dict[str, Any] = {}
        if function and part is not None and not stays:
            written = scratch.value(part.path) if part.own else part.values
            inner = _inner_tables(written, draft.parameters)
            if part.own:
                scratch.remove(part.path)
        if part is None and _many(draft.name):
            scratch.text = edit.append(scratch.text, path, draft.value)
        elif function and not stays:
            if _many(draft.name):
                scratch.text = edit.append(scratch.text, path, draft.value)
                place = (*path, len(scratch.value(path)) - 1)
                scratch.text = sections.put(scratch.text, place, inner) if inner else scratch.text
                return
            if scratch.value(path) is not None:
                where = f"{draft.detector} has {draft.name} for these runs"
                raise EditFailed(f"{where} already; change that one (enter on it), or name other runs")
            scratch.text = sections.put(scratch.text, path, draft.value)
            scratch.text = sections.put(scratch.text, path, inner) if inner else scratch.text
        elif not isinstance(draft.value, dict):
            scratch.set_value(path, draft.value)
        else:
            _set_changed(scratch, path if part is None else part.path, draft, part)

    one_step(document, change)


def put_inner(document: ProfileDocument, draft: EntryDraft, owner: Part, part: Part | None = None) -> None:
    """Write a table within the function or setting of `owner`, or change the one of `part`."""

    def change(scratch: ProfileDocument) -> None:
        if not owner.own:
            file = owner.origin.file.rpartition("/")[2]
            raise EditFailed(f"{owner.title} comes from the base {file}; override it here first (enter on it)")
        if part is not None:
            _set_changed(scratch, part.path, draft, part)
            return
        table = next(t for t in inner_tables(cast(Any, type(owner.data))) if t.name == draft.name)
        path = (*owner.path, table.name)
        if not table.many and scratch.value(path) is not None:
            raise EditFailed(f"{owner.title} has {table.name} already; change that one (enter on it)")
        if table.many:
            scratch.text = edit.append(scratch.text, path, draft.value)
        else:
            scratch.text = edit.put_table(scratch.text, path, draft.value)

    one_step(document, change)


def _inner_tables(written: Any, parameters: type) -> dict[str, Any]:
    """Of a table as it is written, what has forms of its own."""
    names = {table.name for table in inner_tables(parameters)}
    return {name: value for name, value in written.items() if name in names} if isinstance(written, dict) else {}


def _many(name: str) -> bool:
    return bool((FUNCTIONS[name] if name in FUNCTIONS else SECTIONS[name]).MANY)


def _set_changed(scratch: ProfileDocument, path: Path, draft: EntryDraft, part: Part | None) -> None:
    """Only the keys whose value changes, so that the rest keeps its bytes and what a base says stays the base's. A key
    that takes its default again is written out, for a base may say otherwise."""
    before = EntryDraft.table(draft.name, draft.parameters, part.data if part else None).whole
    there = scratch.value(path) or {}
    for key, new in draft.whole.items():
        if new == (there[key] if key in there else before[key]):
            continue
        if new is not None:
            scratch.set_value((*path, key), new)
        elif key in there:
            scratch.remove((*path, key))
        else:
            raise EditFailed(f"{key} comes from the base and cannot be taken out here, only replaced")


def override(document: ProfileDocument, place: Path, run: int) -> None:
    """From `run` on a section of the file itself in place of the one at `place`, which a base has: with its values, for
    those of its runs that no other section of the file has."""
    profile = document.profile()
    slots = [
        section
        for section in (profile.sections if profile else ())
        if section.depth and section.path[: len(place)] == place
    ]
    if not slots:
        raise EditFailed(f"no base has [{dotted(place)}]")
    wanted = slots[0].range.since(run)
    for section in slots:
        free = sections.without(wanted, sections.others(document.text, section.path, True)) if wanted else None
        if free is None:
            raise EditFailed(f"this file has {section.detector} {section.function} for the runs from {run} on already")
        values = [values_of(entry.value) for entry in section.entries]
        key = sections.key_for(document.text, free.text)
        path = ("runs", key, section.detector, section.function)
        if FUNCTIONS[section.function].MANY:
            written: Any = values
        else:
            written = as_toml(section.entries[0].value) if only_short(type(section.entries[0].value)) else values[0]
        document.text = sections.put(document.text, path, written)


def remove(document: ProfileDocument, part: Part) -> None:
    """Take what `part` shows out of the profile. EditFailed for what a base says: it stands in another file."""
    if part.kind == "pv":
        document.remove_pv(part.data.name, part.path[1] == "per_event")
        return
    if not part.own:
        file = part.origin.file.rpartition("/")[2]
        raise EditFailed(f"{part.title} comes from the base {file}; change it there, or override it here (enter)")
    if part.kind in ("function", "range", "detector") or part.removable:
        document.remove(part.path)
        return
    raise EditFailed(f"there is nothing to remove in {part.title!r}")


def toggle_all_pvs(document: ProfileDocument, part: Part) -> None:
    document.set_value(("epics", "all"), part.value != "yes")

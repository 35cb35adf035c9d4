"""Which form belongs to which part of the profile."""

from __future__ import annotations

from typing import Any, cast

from textual.screen import Screen

from producer.analysis import FUNCTIONS
from smdtui.profile.form import inner_tables
from smdtui.profile.outline import Part, Place
from smdtui.screens.pv_form import EntryForm, InnerForm, PvForm
from smdtui.screens.roi_form import RoiForm
from smdtui.widgets.question import Answer

PV = "pv"
INNER = "inner "


def form_to_change(part: Part) -> Screen[Any] | None:
    """None for a part that has no form."""
    if part.kind == "pv":
        return PvForm(part)
    if part.kind == "setting":
        return EntryForm(str(part.path[0]), part)
    if part.kind == "inner":
        return InnerForm(part, part)
    if part.kind == "function" and part.data is not None:
        name = str(part.path[3])
        return RoiForm(part=part) if name == "roi" else EntryForm(name, part)
    return None


def form_to_add(what: str, path: Place, part: Part | None = None) -> Screen[Any]:
    """A new PV, section entry or function; `path` is where the cursor is, which gives the runs and the detector. What
    begins with ``INNER`` is a table within the function or section of `part`."""
    if what.startswith(INNER) and part is not None:
        return InnerForm(part, name=what.removeprefix(INNER))
    if what == PV:
        return PvForm(per_event=path[1:2] != ("once",))
    if what not in FUNCTIONS:
        return EntryForm(what)
    inside = path[:1] == ("runs",)
    runs = str(path[1]) if inside and len(path) > 1 else ""
    detector = str(path[2]) if inside and len(path) > 2 else ""
    if what == "roi":
        return RoiForm(detector, runs=runs)
    return EntryForm(what, runs=runs or "all", detector=detector)


def what_to_add(path: Place, part: Part | None = None) -> list[Answer]:
    """What may be meant by adding at a place, the likeliest first; one answer where there is no doubt."""
    inside = _inside(part)
    if path[:1] == ("epics",):
        return [Answer(PV, "an EPICS PV")]
    if path[:1] == ("analog_input",):
        return [Answer("analog_input", "an analog input")]
    functions = [Answer(name, _about(name)) for name in sorted(FUNCTIONS, key=lambda n: (n != "roi", n))]
    if path[:1] == ("runs",):
        return [*functions[:1], *inside, *functions[1:]]
    pv = Answer(PV, "an EPICS PV (screen 2 has the names)")
    return [*inside, pv, *functions, Answer("analog_input", "an analog input")]


def _inside(part: Part | None) -> list[Answer]:
    """The tables that may be added within what the cursor is on."""
    if part is None or part.data is None or part.kind not in ("function", "setting", "inner"):
        return []
    return [
        Answer(INNER + table.name, f"in {part.title}: {table.name.replace('_', ' ')}, {table.help}")
        for table in inner_tables(cast(Any, type(part.data)))
        if table.many or getattr(part.data, table.name) is None
    ]


def _about(function: str) -> str:
    first = (FUNCTIONS[function].__doc__ or "").strip().partition("\n")[0].partition(":")[0].rstrip(".,")
    return f"{function}: {first[:1].lower()}{first[1:]}" if first else function

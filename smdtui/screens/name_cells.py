"""The columns of the names, and what each says of one."""

from __future__ import annotations

from smdtui.catalog.pv_values import PvLine, value_text
from smdtui.screens.name_rows import Facts, Name
from smdtui.widgets.columns import Column
from smdtui.widgets.virtual_list import Cell, Cells

PROFILE = Column("in profile", 11)
VALUE = Column("value", 12)
COLUMNS = {
    "": (
        Column("name", 20, grow=True),
        Column("kind", 10, drop=1),
        Column("PV, data", 20, grow=True),
        VALUE,
        PROFILE,
    ),
    "detector": (
        Column("detector", 16, grow=True),
        Column("type", 12, drop=2),
        Column("data", 12, drop=1),
        Column("shape", 14),
        Column("dtype", 8, drop=3),
        Column("events", 12, drop=4),
        Column("constants", 20, drop=5),
        PROFILE,
    ),
    "epics": (
        Column("alias", 18, grow=True),
        Column("PV", 18, grow=True),
        VALUE,
        Column("unit", 6, drop=3),
        Column("range", 21, drop=2),
        Column("during the run", 16, drop=1),
        PROFILE,
    ),
    "scan": (Column("scan variable", 40, grow=True), Column("type", 10), PROFILE),
    "raw": (
        Column("declared", 18, grow=True),
        Column("detector type", 14),
        Column("data type", 16, grow=True),
        Column("version", 9, drop=1),
    ),
    "lacking": (Column("not in this run", 30, grow=True), Column("what", 30, grow=True), PROFILE),
}


def cells(name: Name, kind: str, facts: Facts, ascii: bool) -> Cells:
    """Of one name where names of that kind ("" = all) are listed."""
    mark = _mark(name, facts, ascii)
    if kind == "detector":
        constants = facts.calibration(name)
        role = "muted" if constants in ("?", "none") else ""
        shape = (name.shape, name.dtype, facts.events(name))
        return name.name, name.type, name.what, *shape, Cell(constants, role), mark
    line = facts.values.line(name.name, name.what) if name.kind == "epics" else None
    if kind == "epics":
        if line is None or line.state in ("stale", "no value"):
            return name.name, name.what, _value(line, ascii), "", "", "", mark
        span = ""
        if line.changed and line.minimum is not None:
            span = f"{value_text(line.minimum)} {'..' if ascii else '…'} {value_text(line.maximum)}"
        return name.name, name.what, _value(line, ascii), line.unit, span, Cell(line.bars(ascii), "muted"), mark
    if kind == "scan":
        return name.name, name.type, mark
    if kind == "raw":
        return name.name, name.type, name.what, name.dtype
    if kind == "lacking":
        return name.name, name.what, mark
    what = f"{name.what} {name.shape}".strip()
    shown = name.type if name.kind == "detector" else name.kind
    return name.name, Cell(shown, "muted"), what, _value(line, ascii), mark


def _mark(name: Name, facts: Facts, ascii: bool) -> Cell | str:
    """How the profile takes it."""
    word = facts.have.word(name)
    if not word:
        return ""
    if name.kind == "lacking":
        return Cell(f"{'!' if ascii else '▲'} {word}", "warn")
    return Cell(f"{'*' if ascii else '●'} {word}", "ok")


def _value(line: PvLine | None, ascii: bool) -> Cell | str:
    """The last value of a PV, or why there is none."""
    if line is None:
        return ""
    if line.state in ("stale", "no value"):
        return Cell(f"{'!' if ascii else '▲'} {line.state}", "warn")
    return value_text(line.last)

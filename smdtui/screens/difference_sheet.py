"""What differs between two plans or texts: a row for each key, before and after."""

from __future__ import annotations

from collections.abc import Sequence

from smdtui.profile.difference import Change, value_text
from smdtui.widgets.bindings import bindings
from smdtui.widgets.columns import Column
from smdtui.widgets.list_sheet import ListSheet
from smdtui.widgets.virtual_list import Cell, Cells

SIGN = {"added": "+", "removed": "-", "changed": "~"}
ROLE = {"added": "ok", "removed": "warn", "changed": "strong"}


class DifferenceSheet(ListSheet[None]):
    COLUMNS = (
        Column("", 1),
        Column("key", 30, grow=True),
        Column("before", 16, grow=True),
        Column("after", 16, grow=True),
    )
    HEADER = True
    BINDINGS = bindings("close")

    def __init__(self, first: str, second: str, changes: Sequence[Change]) -> None:
        super().__init__(f"{first}  →  {second}", f"No difference between {first} and {second}.")
        self.changes = tuple(changes)

    def count(self) -> int:
        return len(self.changes)

    def cells(self, row: int) -> Cells:
        change = self.changes[row]
        role = ROLE[change.kind]
        key = _short(change.name)
        return Cell(SIGN[change.kind], role), Cell(key, role), value_text(change.before), value_text(change.after)

    def whole(self, row: int) -> str:
        change = self.changes[row]
        return f"{change.name}: {change.kind}\n- {value_text(change.before)}\n+ {value_text(change.after)}"


def _short(key: str) -> str:
    return key.removeprefix("detectors.").removeprefix("runs.")

"""One name through the runs: in which it is, and its value in each."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any, ClassVar

from textual.widget import Widget

from smdtui.screens.base import BaseScreen
from smdtui.screens.name_details import across_text, by_run
from smdtui.widgets.bindings import bindings
from smdtui.widgets.columns import Column
from smdtui.widgets.plain import Plain
from smdtui.widgets.virtual_list import Cell, Cells, VirtualList

COLUMNS = (Column("run", 6, right=True), Column("in it", 9), Column("last value", 30, grow=True))


class NameRunsScreen(BaseScreen):
    """Newest run first; grows while the runs are read. Esc leaves it."""

    NAME = "name in runs"
    KEY_GROUPS: ClassVar[tuple[str, ...]] = ("list",)
    BINDINGS = bindings()

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name_shown = name
        self.rows: list[tuple[int, bool, str]] = []
        self._put: int | None = None  # where the cursor was put, not by a key

    def compose_body(self) -> Iterable[Widget]:
        yield Plain(f" {self.name_shown}", id="count")
        yield VirtualList(COLUMNS, self._cells, id="name-runs")

    @property
    def list(self) -> VirtualList:
        return self.query_one(VirtualList)

    def on_mount(self) -> None:
        self.list.focus()
        self.list.set_empty("The names of the runs are being read …")
        from smdtui.screens import name_work

        work = partial(name_work.across, self.services, self.name_shown)
        self.background("across", work, lambda _: None, progress=self._told)

    def _told(self, across: Any) -> None:
        row = self.list.state.row
        here = self.rows[row][0] if row is not None and row < len(self.rows) else None
        self.rows = by_run(across)
        self.query_one("#count", Plain).set_text(f" {self.name_shown}   {across_text(across, self.services.ascii)}")
        self.list.show(range(len(self.rows)))
        place = {run: i for i, (run, _, _) in enumerate(self.rows)}
        selected, moved = self.services.selection.run, here != self._put
        wanted = selected if selected in place and not moved else here  # that run may only just have been read
        if wanted in place:
            self.list.state = self.list.state.at(place[wanted])
        if not moved and self.list.state.row is not None:
            self._put = self.rows[self.list.state.row][0]

    def _cells(self, row: int) -> Cells:
        run, there, value = self.rows[row]
        return str(run), Cell("yes", "ok") if there else Cell("no", "warn"), value

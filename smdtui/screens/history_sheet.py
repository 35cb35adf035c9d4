"""The versions of a profile that later saves replaced: who, when, why; to be compared and brought back."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from smdtui.profile.difference import between_texts
from smdtui.profile.save import Version
from smdtui.screens.difference_sheet import DifferenceSheet
from smdtui.widgets.bindings import bindings
from smdtui.widgets.columns import Column
from smdtui.widgets.list_sheet import ListSheet
from smdtui.widgets.virtual_list import Cells, VirtualList


class HistorySheet(ListSheet[Version | None]):
    """Dismissed with the version to bring back, or None. `now` is the buffer that versions are compared with."""

    COLUMNS = (Column("replaced", 19), Column("by", 12), Column("why", 20, grow=True))
    HEADER = True
    BINDINGS = bindings("history")

    def __init__(self, name: str, versions: Sequence[Version], now: Callable[[], str]) -> None:
        super().__init__(
            f"Earlier versions of {name}", "There is no earlier version: nothing was saved over another yet."
        )
        self.versions, self._now = tuple(versions), now

    def count(self) -> int:
        return len(self.versions)

    def cells(self, row: int) -> Cells:
        version = self.versions[row]
        when = version.time.astimezone().strftime("%Y-%m-%d %H:%M:%S")
        return when, version.who or "?", version.why

    def whole(self, row: int) -> str:
        version = self.versions[row]
        try:
            changes = len(between_texts(version.text(), self._now()))
        except (OSError, ValueError) as error:
            return f"{version.path}\ncannot be compared with the buffer: {error}"
        many = f"{changes} difference{'s' * (changes != 1)}"
        return f"{version.path}\n{many} to the buffer; enter shows them, r brings it back"

    def on_virtual_list_opened(self, event: VirtualList.Opened) -> None:
        version = self.versions[event.row]
        try:
            changes = between_texts(version.text(), self._now())
        except (OSError, ValueError) as error:
            self.set_title(f"They cannot be compared: {error}")
            return
        when = version.time.astimezone().strftime("%Y-%m-%d %H:%M")
        self.app.push_screen(DifferenceSheet(f"the version until {when}", "now", changes))

    def action_restore(self) -> None:
        if self.row is not None:
            self.dismiss(self.versions[self.row])

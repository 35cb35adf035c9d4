"""Two people changed the profile: every key that either changed, with what each made of it, to choose from."""

from __future__ import annotations

from smdtui.profile.difference import value_text
from smdtui.profile.three_way import ThreeWay
from smdtui.widgets.bindings import bindings
from smdtui.widgets.columns import Column
from smdtui.widgets.list_sheet import ListSheet
from smdtui.widgets.virtual_list import Cell, Cells, VirtualList


class MergeSheet(ListSheet[ThreeWay | None]):
    """Dismissed with what was chosen, or None."""

    COLUMNS = (
        Column("changed by", 10),
        Column("key", 22, grow=True),
        Column("mine", 14, grow=True),
        Column("theirs", 14, grow=True),
        Column("take", 6),
    )
    HEADER = True
    BINDINGS = bindings("merge")

    def __init__(self, three: ThreeWay) -> None:
        super().__init__(
            self._words(three), "Only comments differ; both are kept where they are not in the same lines."
        )
        self.three = three

    @staticmethod
    def _words(three: ThreeWay) -> str:
        clashes = three.clashes
        both = f"{clashes} changed by both" if clashes else "nothing was changed by both"
        return f"Mine and theirs: {len(three.differences)} differences, {both}. Space chooses, ctrl+s takes over."

    def count(self) -> int:
        return len(self.three.differences)

    def cells(self, row: int) -> Cells:
        difference = self.three.differences[row]
        mine = difference.take == "mine"
        who = Cell(f"▲ {difference.who}", "warn") if difference.clash else difference.who
        return (
            who,
            difference.name.removeprefix("runs."),
            Cell(value_text(difference.mine), "strong" if mine else "muted"),
            Cell(value_text(difference.theirs), "muted" if mine else "strong"),
            Cell(difference.take, "strong"),
        )

    def whole(self, row: int) -> str:
        difference = self.three.differences[row]
        return "\n".join(
            [
                difference.name,
                f"before  {value_text(difference.base)}",
                f"mine    {value_text(difference.mine)}",
                f"theirs  {value_text(difference.theirs)}",
            ]
        )

    def _choose(self, three: ThreeWay) -> None:
        self.three = three
        self.fill()

    def on_virtual_list_opened(self, event: VirtualList.Opened) -> None:
        self.action_turn()

    def action_turn(self) -> None:
        if self.row is not None:
            self._choose(self.three.choose(self.row))

    def action_all(self, side: str) -> None:
        self._choose(self.three.choose_all("mine" if side == "mine" else "theirs"))

    def action_accept(self) -> None:
        self.dismiss(self.three)

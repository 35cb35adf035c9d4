"""Two runs side by side: names that appeared, vanished, or changed their type."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from textual.widget import Widget

from smdtui.catalog.fuzzy import search
from smdtui.screens.base import BaseScreen
from smdtui.screens.base import words as in_words
from smdtui.widgets.bindings import bindings
from smdtui.widgets.columns import Column
from smdtui.widgets.filter_bar import FilterBar
from smdtui.widgets.plain import Plain
from smdtui.widgets.virtual_list import Cell, Cells, VirtualList
from smdtui.words import plural

COLUMNS = (
    Column("what happened", 14),
    Column("kind", 10),
    Column("name", 24, grow=True),
    Column("PV, type", 26, grow=True),
)


def rows_of(comparison: Any) -> list[tuple[str, str, str, str]]:
    """(what happened, kind, name, more) of every name that is not the same in both runs."""
    rows = [("changed", "", name, f"{before} → {after}") for name, before, after in comparison.changed]
    for word, found in (("appeared", comparison.appeared), ("vanished", comparison.vanished)):
        rows += [(word, kind, name, f"{pv} {type_}".strip()) for kind, name, pv, type_ in found]
    return rows


class CompareNamesScreen(BaseScreen):
    """Esc leaves it."""

    NAME = "compare names"
    KEY_GROUPS: ClassVar[tuple[str, ...]] = ("list", "filter")
    BINDINGS = bindings("filter")

    def __init__(self, before: int, after: int) -> None:
        super().__init__()
        self.before, self.after = before, after
        self.rows: list[tuple[str, str, str, str]] = []

    def compose_body(self) -> Iterable[Widget]:
        yield Plain("", id="count")
        yield VirtualList(COLUMNS, self._cells, id="differences", match_columns=(2, 3))
        yield FilterBar()

    @property
    def list(self) -> VirtualList:
        return self.query_one(VirtualList)

    def on_mount(self) -> None:
        self.list.focus()
        self.list.set_empty(f"Reading the names of runs {self.before} and {self.after} …")
        from smdtui.catalog.names import ProbeFailed
        from smdtui.screens import name_work

        services, before, after = self.services, self.before, self.after
        self.background("compare", lambda task: name_work.comparison(services, before, after), self._got,
                        failed=self._failed, expected=(ProbeFailed, OSError))  # fmt: skip

    def _got(self, comparison: Any) -> None:
        self.rows = rows_of(comparison)
        found = {
            "appeared": comparison.appeared,
            "vanished": comparison.vanished,
            "changed type": comparison.changed,
        }
        parts = [f"{plural(len(names), 'name')} {word}" for word, names in found.items()]
        self.query_one("#count", Plain).set_text(f" from run {self.before} to run {self.after}: {', '.join(parts)}")
        self.list.set_empty("Both runs have the same names.")
        self.list.show(range(len(self.rows)))

    def _failed(self, error: Exception) -> None:
        self.list.set_empty(f"{in_words(error)}\nEsc goes back.")
        self.say(in_words(error), "error")

    def _cells(self, row: int) -> Cells:
        word, kind, name, more = self.rows[row]
        glyphs = {"appeared": ("+", "ok"), "vanished": ("-", "warn"), "changed": ("~", "busy")}
        return Cell(f"{glyphs[word][0]} {word}", glyphs[word][1]), kind, name, more

    def action_filter(self) -> None:
        self.query_one(FilterBar).start()

    def on_filter_bar_changed(self, event: FilterBar.Changed) -> None:
        self._filter(event.text)

    def on_filter_bar_left(self, event: FilterBar.Left) -> None:
        self._filter(event.bar.text)
        self.list.focus()

    def _filter(self, query: str) -> None:
        if self.rows:
            self.list.set_empty("No difference matches. Esc leaves the filter.")
            self.list.show(search(query, [" ".join(row).casefold() for row in self.rows]), query)

    def go_back(self) -> bool:
        bar = self.query_one(FilterBar)
        if bar.text:
            bar.clear()
            self._filter("")
            return True
        return False

"""The experiments that the site knows, to open one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, ClassVar

from textual.widget import Widget

from smdtui import words
from smdtui.screens.base import BaseScreen
from smdtui.widgets.bindings import bindings
from smdtui.widgets.columns import Column
from smdtui.widgets.filter_bar import FilterBar
from smdtui.widgets.plain import Plain
from smdtui.widgets.virtual_list import VirtualList


class ExperimentsScreen(BaseScreen):
    """Enter opens the experiment of the row."""

    NAME = "experiments"
    KEY_GROUPS: ClassVar[tuple[str, ...]] = ("list", "filter")
    BINDINGS = bindings("filter")

    def __init__(self) -> None:
        super().__init__()
        self.names: Sequence[str] = ()

    def compose_body(self) -> Iterable[Widget]:
        yield Plain("", id="count")
        yield VirtualList((Column("experiment", 40, grow=True),), lambda row: (self.names[row],), id="experiments")
        yield FilterBar()

    def on_mount(self) -> None:
        self.list.focus()
        self.list.set_empty("Looking under the data roots …")

        from smdtui.catalog.experiment import list_experiments

        site = self.services.site
        self.background("list", lambda task: list_experiments(site), self._found)

    @property
    def list(self) -> VirtualList:
        return self.query_one(VirtualList)

    def _found(self, names: Sequence[str]) -> None:
        self.names = names
        site = self.services.site
        roots = ", ".join(str(root) for root in site.data_roots) or "no data root"
        self.query_one("#count", Plain).set_text(f"{words.plural(len(names), 'experiment')} under {roots}")
        self.list.set_empty(f"There is no experiment under {roots}.\nThe site file {site.path} names the data roots.")
        self.list.show(range(len(names)))

    def on_virtual_list_opened(self, event: VirtualList.Opened) -> None:
        unsaved = self.services.unsaved()
        if unsaved is None:
            self._open(self.names[event.row])
            return
        from smdtui.widgets.confirm import Confirm

        name = self.names[event.row]
        question = f"{unsaved}\nTurn to {name} and lose them?"
        self.app.push_screen(Confirm("Not saved", question), lambda yes: self._open(name) if yes else None)

    def _open(self, name: str) -> None:
        from smdtui.catalog.experiment import ExperimentNotFound, resolve

        services = self.services

        def opened(experiment: Any) -> None:
            services.open(experiment)
            self.dismiss(None)

        self.background("open", lambda task: resolve(services.site, name), opened, expected=(ExperimentNotFound,))

    def action_filter(self) -> None:
        self.query_one(FilterBar).start()

    def on_filter_bar_changed(self, event: FilterBar.Changed) -> None:
        self._filter(event.text)

    def on_filter_bar_left(self, event: FilterBar.Left) -> None:
        self._filter(event.bar.text)
        self.list.focus()

    def _filter(self, query: str) -> None:
        from smdtui.catalog.fuzzy import search

        self.list.show(search(query, [name.casefold() for name in self.names]), query)

    def go_back(self) -> bool:
        bar = self.query_one(FilterBar)
        if bar.text:
            bar.clear()
            self._filter("")
            return True
        return False

"""The Names screen."""

from __future__ import annotations

from collections.abc import Iterable

from textual.widget import Widget

from smdtui.screens.base import BaseScreen
from smdtui.widgets.bindings import bindings
from smdtui.widgets.columns import Column
from smdtui.widgets.virtual_list import VirtualList


class NamesScreen(BaseScreen):
    NAME = "names"
    KEY_GROUPS = ("names", "list", "filter")
    BINDINGS = bindings("names", "filter")

    def compose_body(self) -> Iterable[Widget]:
        yield VirtualList([Column("names", 10, grow=True)], empty="Nothing here yet.")

    def on_mount(self) -> None:
        self.query_one(VirtualList).focus()

"""The Result screen."""

from __future__ import annotations

from collections.abc import Iterable

from textual.widget import Widget

from smdtui.screens.base import BaseScreen
from smdtui.widgets.bindings import bindings
from smdtui.widgets.columns import Column
from smdtui.widgets.virtual_list import VirtualList


class ResultScreen(BaseScreen):
    NAME = "result"
    KEY_GROUPS = ("result", "list", "filter")
    BINDINGS = bindings("result", "filter")

    def compose_body(self) -> Iterable[Widget]:
        yield VirtualList([Column("result", 10, grow=True)], empty="Nothing here yet.")

    def on_mount(self) -> None:
        self.query_one(VirtualList).focus()

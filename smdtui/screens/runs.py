"""The Runs screen."""

from __future__ import annotations

from collections.abc import Iterable

from textual.widget import Widget

from smdtui.screens.base import BaseScreen
from smdtui.widgets.bindings import bindings
from smdtui.widgets.columns import Column
from smdtui.widgets.virtual_list import VirtualList


class RunsScreen(BaseScreen):
    NAME = "runs"
    KEY_GROUPS = ("runs", "list", "filter")
    BINDINGS = bindings("runs", "filter")

    def compose_body(self) -> Iterable[Widget]:
        yield VirtualList([Column("runs", 10, grow=True)], empty="Nothing here yet.")

    def on_mount(self) -> None:
        self.query_one(VirtualList).focus()

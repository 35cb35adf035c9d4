"""The keys of the screen beneath, made from the registry."""

from __future__ import annotations

from typing import Any

from textual.app import ComposeResult
from textual.containers import Vertical, VerticalScroll
from textual.screen import ModalScreen, Screen

from smdtui.keys import KEYS
from smdtui.widgets.bindings import bindings
from smdtui.widgets.plain import Plain

TITLES = {"list": "lists", "mark": "selecting", "filter": "filtering", "app": "everywhere"}


class Help(ModalScreen[None]):
    """Esc, q or ? close it."""

    DEFAULT_CSS = """
    Help { align: center middle; }
    Help > Vertical { width: 76; max-width: 95%; height: 90%; border: round $accent; background: $panel; padding: 0 1; }
    Help .title { text-style: bold; }
    Help VerticalScroll { height: 1fr; }
    """
    BINDINGS = bindings("help")

    def __init__(self, about: Screen[Any]) -> None:
        super().__init__()
        self._groups = (*getattr(about, "KEY_GROUPS", ()), "app")
        self._about = str(getattr(about, "NAME", "") or type(about).__name__)

    def compose(self) -> ComposeResult:
        with Vertical():
            yield Plain(f"Keys of {self._about.capitalize()}   (esc closes)", classes="title")
            with VerticalScroll(can_focus=True):
                yield Plain(help_text(self._groups))

    def on_mount(self) -> None:
        self.query_one(VerticalScroll).focus()

    def action_close(self) -> None:
        self.dismiss(None)


def help_text(groups: tuple[str, ...]) -> str:
    """Every key of the groups: how it is shown, and what it does."""
    lines = []
    for group in groups:
        lines.append(f"\n{TITLES.get(group, group)}")
        lines += [f"  {key.alone or key.shown:<10} {key.help}" for key in KEYS[group] if key.id != "app.screens"]
    return "\n".join(lines).strip("\n")

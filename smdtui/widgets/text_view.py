"""A long text in a window of its own: a frozen profile, attributes, all problems."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Vertical, VerticalScroll
from textual.screen import ModalScreen

from smdtui.widgets.bindings import bindings
from smdtui.widgets.plain import Plain


class TextView(ModalScreen[None]):
    """Esc or q close it; arrows and pages scroll."""

    DEFAULT_CSS = """
    TextView { align: center middle; }
    TextView > Vertical { width: 90%; height: 90%; border: round $accent; background: $panel; padding: 0 1; }
    TextView .title { text-style: bold; }
    TextView VerticalScroll { height: 1fr; }
    """
    BINDINGS = bindings("help")

    def __init__(self, title: str, text: str) -> None:
        super().__init__()
        self._title_text, self._text = title, text

    def compose(self) -> ComposeResult:
        with Vertical():
            yield Plain(f"{self._title_text}   (esc closes)", classes="title")
            with VerticalScroll():
                yield Plain(self._text)

    def on_mount(self) -> None:
        self.query_one(VerticalScroll).focus()

    def action_close(self) -> None:
        self.dismiss(None)

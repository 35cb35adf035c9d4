"""A question with a safe answer by default."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.widgets import Button

from smdtui.widgets.bindings import bindings
from smdtui.widgets.plain import Plain


class Confirm(ModalScreen[bool]):
    """True only for a deliberate yes; esc, q, n and the focused button all mean no."""

    DEFAULT_CSS = """
    Confirm { align: center middle; }
    Confirm > Vertical {
        width: 64; max-width: 90%; height: auto; border: round $warning; background: $panel; padding: 0 1;
    }
    Confirm .title { text-style: bold; color: $warning; }
    Confirm Horizontal { height: auto; margin-top: 1; }
    Confirm Button { margin-right: 2; }
    """
    BINDINGS = bindings("dialog")

    def __init__(self, title: str, question: str, yes: str = "Yes (y)", no: str = "No (n)") -> None:
        super().__init__()
        self._texts = (title, question, yes, no)

    def compose(self) -> ComposeResult:
        title, question, yes, no = self._texts
        with Vertical():
            yield Plain(title, classes="title")
            yield Plain(question)
            with Horizontal():
                yield Button(no, id="no", compact=True)
                yield Button(yes, id="yes", compact=True)

    def on_mount(self) -> None:
        self.query_one("#no").focus()

    def on_button_pressed(self, event: Button.Pressed) -> None:
        self.dismiss(event.button.id == "yes")

    def action_answer(self, answer: bool) -> None:
        self.dismiss(answer)

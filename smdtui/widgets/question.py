"""A question with its answers as buttons. The first has the focus; esc means it too, unless told otherwise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.events import Key
from textual.screen import ModalScreen
from textual.widgets import Button

from smdtui.widgets.bindings import bindings
from smdtui.widgets.plain import Plain
from smdtui.widgets.scroller import Scroller


@dataclass(frozen=True)
class Answer:
    name: str  # what the question is dismissed with
    label: str
    harmful: bool = False  # shown in red: cannot be taken back


class Question(ModalScreen[str]):
    DEFAULT_CSS = """
    Question { align: center middle; }
    Question > Vertical {
        width: 72; max-width: 100%; height: auto; max-height: 100%; border: round $warning; padding: 0 1;
        background: $panel;
    }
    Question .title { text-style: bold; color: $warning; }
    Question Scroller { height: auto; scrollbar-size-vertical: 1; }
    Question .text { max-height: 6; margin-bottom: 1; }
    Question .answers { max-height: 13; }
    Question Button { width: 100%; content-align: left middle; text-align: left; }
    Question Button.-harmful { color: $error; }
    Question Button:focus { text-style: reverse bold; }
    """
    BINDINGS = bindings("question")

    def __init__(self, title: str, text: str, answers: Sequence[Answer], escape: str | None = None) -> None:
        """`escape`: what the question is dismissed with on esc, where that is not the first answer."""
        super().__init__()
        self.title_text, self.text, self.answers = title, text, tuple(answers)
        self._escape = answers[0].name if escape is None else escape

    def compose(self) -> ComposeResult:
        with Vertical():
            yield Plain(self.title_text, classes="title")
            with Scroller(classes="text"):
                yield Plain(self.text)
            with Scroller(classes="answers"):
                for number, answer in enumerate(self.answers):
                    classes = "-harmful" if answer.harmful else ""
                    yield Button(Content(answer.label), id=f"answer-{number}", compact=True, classes=classes)

    def on_mount(self) -> None:
        self.query_one("#answer-0", Button).focus()

    def on_key(self, event: Key) -> None:
        """A letter goes to the next answer that begins with it."""
        letter = (event.character or "").casefold()
        if not letter.isalpha():
            return
        buttons = list(self.query(Button))
        at = next((n for n, button in enumerate(buttons) if button.has_focus), -1)
        for n in [*range(at + 1, len(buttons)), *range(at + 1)]:
            if self.answers[n].label.casefold().startswith(letter):
                event.stop()
                buttons[n].focus()
                return

    @on(Button.Pressed)
    def _answered(self, event: Button.Pressed) -> None:
        self.dismiss(self.answers[int(str(event.button.id).removeprefix("answer-"))].name)

    def action_safe(self) -> None:
        self.dismiss(self._escape)

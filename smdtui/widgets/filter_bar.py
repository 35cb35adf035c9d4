"""The line where a filter is typed, under the list it filters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.message import Message
from textual.widgets import Input

from smdtui.widgets.plain import Plain


class FilterBar(Horizontal):
    """Hidden until `start`. Enter or down go back to the list, esc leaves it empty."""

    DEFAULT_CSS = """
    FilterBar { height: 1; display: none; }
    FilterBar Plain { width: auto; color: $accent; text-style: bold; }
    FilterBar Input { width: 1fr; }
    """
    LEAVE: ClassVar[tuple[str, ...]] = ("down", "up", "pagedown", "pageup", "enter", "tab")

    @dataclass
    class Changed(Message):
        """What is typed changed; `mode` is what `start` was given."""

        bar: FilterBar
        text: str
        mode: str

    @dataclass
    class Left(Message):
        """The typing ended; `accepted` is False after esc."""

        bar: FilterBar
        text: str
        mode: str
        accepted: bool

    mode = "filter"

    def compose(self) -> ComposeResult:
        yield Plain(" / ")
        field = Input(compact=True, select_on_focus=False)
        field.cursor_blink = False
        yield field

    @property
    def field(self) -> Input:
        return self.query_one(Input)

    @property
    def text(self) -> str:
        return self.field.value

    def start(self, mode: str = "filter", prompt: str = " / ") -> None:
        """Open it and type."""
        if mode != self.mode:
            self.mode = mode
            self.field.value = ""
        self.query_one(Plain).set_text(prompt, layout=True)
        # At once, not when the styles come round to it: the next key may be here already.
        self.display = True
        self.screen.set_focus(self.field)

    def clear(self) -> None:
        self.field.value = ""
        self.display = False

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        self.post_message(self.Changed(self, event.value, self.mode))

    def on_key(self, event: events.Key) -> None:
        if event.key == "escape":
            event.stop()
            text = self.text
            self.clear()
            self.post_message(self.Left(self, text, self.mode, False))
        elif event.key in self.LEAVE:
            event.stop()
            event.prevent_default()
            if not self.text:
                self.display = False
            self.post_message(self.Left(self, self.text, self.mode, True))

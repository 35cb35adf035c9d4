"""The profile as text, to be read and edited."""

from __future__ import annotations

from dataclasses import dataclass

from textual.message import Message
from textual.timer import Timer
from textual.widgets import TextArea

SETTLE_SECONDS = 0.3  # after the last key


class ProfileText(TextArea):
    """`Settled` carries the text when the typing pauses, or at `settle`."""

    @dataclass
    class Settled(Message):
        text_now: str

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id, show_line_numbers=True, soft_wrap=False, tab_behavior="focus")
        self._known = ""
        self._timer: Timer | None = None

    def show(self, text: str, line: int = 0, column: int = 1) -> None:
        """Another text; with a line the cursor goes there. What is being typed is not replaced."""
        if self._timer is None and text != self.text:
            at = self.cursor_location
            self._known = text
            self.load_text(text)
            self.move_cursor(at)
        self._known = self.text if self._timer is None else self._known
        if line:
            self.move_cursor((line - 1, max(0, column - 1)), center=True)

    def on_text_area_changed(self) -> None:
        if self.text == self._known:
            return
        if self._timer:
            self._timer.stop()
        self._timer = self.set_timer(SETTLE_SECONDS, self.settle)

    def settle(self) -> str | None:
        """The text if it was typed in since it was shown, else None; `Settled` is posted as well."""
        if self._timer:
            self._timer.stop()
            self._timer = None
        if self.text == self._known:
            return None
        self._known = self.text
        self.post_message(self.Settled(self.text))
        return self.text

"""The profile as text, to be read and edited: headers, keys and values told apart, problems in the margin."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from rich.text import Text
from textual.message import Message
from textual.strip import Strip
from textual.timer import Timer
from textual.widgets import TextArea

from producer.problem import Problem
from smdtui.profile.highlight import Token, line_tokens
from smdtui.theme import look

_tokens = lru_cache(maxsize=8192)(line_tokens)  # few lines are new after a key

SETTLE_SECONDS = 0.3  # after the last key


class ProfileText(TextArea):
    """`Settled` carries the text when the typing pauses, or at `settle`. `mark` says what is wrong in which line."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "text--comment", "text--header", "text--key", "text--string", "text--number", "text--boolean", "text--date",
        "text--error", "text--warning",
    }  # fmt: skip
    DEFAULT_CSS = """
    ProfileText .text--comment { color: $text-muted; }
    ProfileText .text--header { color: $accent; text-style: bold; }
    ProfileText .text--key { text-style: bold; }
    ProfileText .text--string { color: $success; }
    ProfileText .text--number, ProfileText .text--boolean, ProfileText .text--date { color: $warning; }
    ProfileText .text--error { color: $error; text-style: bold; }
    ProfileText .text--warning { color: $warning; text-style: bold; }
    """

    @dataclass
    class Settled(Message):
        text_now: str

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id, show_line_numbers=True, soft_wrap=False, tab_behavior="focus")
        self._known = ""
        self._timer: Timer | None = None
        self._states: list[str] | None = None  # in which each line begins, see `highlight`; None: to be found out
        self._problems: dict[int, Problem] = {}

    # -- colours and problems
    def mark(self, problems: Iterable[Problem]) -> None:
        """Show a sign beside the line of each problem; of several in a line the first error."""
        found: dict[int, Problem] = {}
        for problem in problems:
            if problem.line and (problem.line not in found or found[problem.line].severity != "error"):
                found[problem.line] = problem
        if found != self._problems:
            self._problems = found
            self._line_cache.clear()
            self.refresh()

    def problem_at(self, line: int) -> Problem | None:
        """What is wrong with a line, counted from 1."""
        return self._problems.get(line)

    def _build_highlight_map(self) -> None:
        """Textual calls this whenever the text is another."""
        self._states = None
        super()._build_highlight_map()

    def _line_tokens(self, line: int) -> list[Token]:
        if self._states is None:
            states, state = [], ""
            for text in self.document.lines:
                states.append(state)
                state = _tokens(text, state)[1]
            self._states = states
        return _tokens(self.document.get_line(line), self._states[line])[0]

    def get_line(self, line_index: int) -> Text:
        text = super().get_line(line_index)
        for token in self._line_tokens(line_index):
            text.stylize(self._style(token.kind), token.start, token.end)
        problem = self._problems.get(line_index + 1)
        if problem is not None and problem.column:
            text.stylize(Style(underline=True), problem.column - 1, max(problem.column, len(text)))
        return text

    def _style(self, kind: str) -> Style:
        return self.get_component_rich_style(f"text--{kind}", partial=True)

    def render_line(self, y: int) -> Strip:
        strip = super().render_line(y)
        problem = self._problems.get(self.scroll_offset.y + y + 1)
        at = self.gutter_width - 2
        if problem is None or at < 1:
            return strip
        shown = look(problem.severity)
        sign = shown.ascii if self.app.services.ascii else shown.glyph  # type: ignore[attr-defined]
        kind = "error" if problem.severity == "error" else "warning"
        return Strip.join([strip.crop(0, at), Strip([Segment(sign, self._style(kind))], 1), strip.crop(at + 1)])

    # -- the text
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

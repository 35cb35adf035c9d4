"""The profile as text on the Profile screen: the same buffer, with the same problems in the margin."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from textual.widgets import TextArea

from producer.problem import Problem
from smdtui.screens.editor import EditorFailed, edit_outside
from smdtui.widgets.profile_text import ProfileText


class TextKeys:
    """Mixed into the Profile screen."""

    if TYPE_CHECKING:
        app: Any
        state: Any
        document: Any
        part: Any
        query_one: Any
        has_class: Any
        add_class: Any

        def say(self, text: str, role: str = "") -> None: ...

        def changed_profile(self) -> None: ...

    @property
    def text_area(self) -> ProfileText:
        area: ProfileText = self.query_one(ProfileText)
        return area

    def action_text(self) -> None:
        part = self.part
        self.show_text(part.origin.line if part is not None and part.own else 1, 1)

    def show_text(self, line: int, column: int) -> None:
        document = self.document
        if document is not None:
            self.add_class("-text")
            self.text_area.mark(self._own_problems())
            self.text_area.show(document.text, max(1, line), column)
            self.text_area.focus()

    def show_in_text(self, text: str, problems: Sequence[Problem]) -> None:
        """The buffer or what is wrong with it has changed."""
        if self.has_class("-text"):
            self.text_area.mark(self._own_problems())
            self.text_area.show(text)
            self._tell(self.text_area.cursor_location[0] + 1)

    def _own_problems(self) -> list[Problem]:
        return [problem for problem in self.state.problems if problem.file in ("", self.state.file)]

    def on_text_area_selection_changed(self, event: TextArea.SelectionChanged) -> None:
        """What is wrong with the line of the cursor is said."""
        if self.has_class("-text"):
            self._tell(event.selection.end[0] + 1)

    def _tell(self, line: int) -> None:
        problem = self.text_area.problem_at(line)
        if problem is None:
            self.say("")
        else:
            hint = f" (did you mean {problem.suggestion}?)" if problem.suggestion else ""
            self.say(problem.message + hint, "error" if problem.severity == "error" else "warn")

    def on_profile_text_settled(self, event: ProfileText.Settled) -> None:
        document = self.document
        if document is not None and document.text != event.text_now:
            document.text = event.text_now
            self.changed_profile()

    def take_text(self) -> None:
        """What was typed into the text becomes the buffer, now."""
        text, document = self.text_area.settle(), self.document
        if text is not None and document is not None:
            document.text = text

    def action_editor(self) -> None:
        """The text in $EDITOR; what is written there becomes the buffer, not the file."""
        self.take_text()
        document = self.document
        if document is None:
            return
        try:
            text = edit_outside(self.app, document.path.name, document.text)
        except EditorFailed as failed:
            self.say(str(failed), "warn")
            return
        if text != document.text:
            document.text = text
            self.say("Taken over from the editor; not saved yet.", "ok")
            self.changed_profile()

"""Checking the profile as it is being edited, saved or not."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from producer.problem import Problem
from smdtui.profile.document import ProfileDocument
from smdtui.profile.outline import row_of
from smdtui.profile.problem_order import in_a_line, ordered
from smdtui.screens.problems import ProblemsSheet

if TYPE_CHECKING:
    from smdtui.screens.profile_rows import ProfileState


def check_buffer(buffer: ProfileDocument, dirty: bool, site: Any, experiment: Any, run: int | None) -> list[Problem]:
    """Everything wrong with the buffer, against `run` where there is one. An unsaved buffer is checked as a file
    beside the profile (for its base is named relative to it), which is gone afterwards. Raises OSError where none can
    be made."""
    from smdtui.profile.check import check_run

    if run is None or experiment is None:
        return buffer.problems()
    path = Path(buffer.path)
    if not dirty:
        return check_run(path, site, experiment, run)
    beside = path.with_name(f".{path.stem}.check-{os.getpid()}.toml")
    try:
        beside.write_text(buffer.text, encoding="utf-8")
        found = check_run(beside, site, experiment, run)
    finally:
        beside.unlink(missing_ok=True)
    return [replace(p, file=str(path)) if p.file == str(beside) else p for p in found]


class CheckKeys:
    """Mixed into the Profile screen."""

    if TYPE_CHECKING:
        app: Any
        services: Any
        state: ProfileState
        document: Any
        parts: Any

        def say(self, text: str, role: str = "") -> None: ...

        def background(self, group: str, work: Any, done: Any, **more: Any) -> Any: ...

        def show_text(self, line: int, column: int) -> None: ...

        def take_text(self) -> None: ...

    def action_check(self) -> None:
        self.take_text()
        document, services = self.document, self.services
        if document is None:
            return
        run = services.selection.run
        buffer = ProfileDocument(document.path, document.text, None)
        dirty = document.unsaved
        self.say(f"Checking against run {run} ..." if run is not None else "Checking the file ...")

        def done(problems: list[Problem]) -> None:
            what = f"run {run}" if run is not None else "the file"
            notes = [p.message for p in ordered(problems) if p.severity == "note"]
            if all(p.severity == "note" for p in problems):
                self.say(f"Checked against {what}: nothing is wrong.", "ok")
                if notes:
                    self.app.notify("\n".join(notes), title="To know", markup=False)
                return
            self.say("")
            self.app.push_screen(ProblemsSheet(f"Problems with {what}", problems), chosen)

        def chosen(problem: Problem | None) -> None:
            if problem is not None:
                self.go_to(problem)

        self.background(
            "check", lambda task: check_buffer(buffer, dirty, services.site, services.experiment, run), done
        )

    def go_to(self, problem: Problem) -> None:
        """The part that a problem is about when it has a row, else its line in the text."""
        if problem.file and problem.file != self.state.file:
            self.say(f"That is in the base {problem.file}, line {problem.line}.", "warn")
            return
        row = row_of(self.state.parts, problem.key)
        if row is not None and self.state.parts[row].kind != "head":
            self.parts.focus()
            self.parts.state = self.parts.state.to(row)
        else:
            self.show_text(problem.line, problem.column)
        self.say(in_a_line(problem), "error" if problem.severity == "error" else "warn")

"""The Profile screen's care for what is not saved: changes that a crash left are offered, other editors are told of."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from smdtui.profile.difference import between_texts
from smdtui.profile.document import ProfileDocument
from smdtui.profile.presence import Editor
from smdtui.profile.rescue import Rescued
from smdtui.screens.difference_sheet import DifferenceSheet
from smdtui.widgets.question import Answer, Question

TAKE, LOOK, LATER, DROP = "take", "look", "later", "drop"


class SessionKeys:
    """Mixed into the Profile screen."""

    if TYPE_CHECKING:
        app: Any
        services: Any
        document: Any

        def say(self, text: str, role: str = "") -> None: ...

        def changed_profile(self) -> None: ...

        def background(self, group: str, work: Any, done: Any, **more: Any) -> Any: ...

        def paint_head(self) -> None: ...

        def take_text(self) -> None: ...

        def busy(self, group: str) -> bool: ...

        is_current: bool
        state: Any

    editors: tuple[Editor, ...] = ()  # in other consoles
    _asked_for: Path | None = None
    _told_of: str | None = None  # the text on disk that was told to be somebody else's

    def look_at_session(self) -> None:
        """Who else edits, and, when a profile was opened, what a crash left of it."""
        document = self.document
        if document is None:
            return
        session, first = self.services.session, self._asked_for != document.path
        self._asked_for = document.path
        copy = ProfileDocument(document.path, document.text, None)

        def work(task: Any) -> tuple[list[Editor], list[Rescued]]:
            session.turn_to(copy.path)
            session.touch()
            return session.others(copy.path), session.rescued(copy) if first else []

        def done(found: tuple[list[Editor], list[Rescued]]) -> None:
            self.editors = tuple(found[0])
            self.paint_head()
            if found[1]:
                self._offer(found[1][0])

        self.background("session", work, done)

    def look_at_disk(self) -> None:
        """Whether somebody else wrote the file: it is read again where nothing is unsaved here, else it is said."""
        document = self.document if self.state.file else None
        if document is None or not self.is_current or self.busy("disk"):
            return

        def done(theirs: str | None) -> None:
            if theirs is None or theirs == self._told_of or document is not self.document:
                return
            self.take_text()
            if document.on_disk() != theirs:  # saved meanwhile, or written once more
                return
            self._told_of = theirs
            name = document.path.name
            if not document.path.exists():
                self.say(f"{name} was deleted by somebody else; w shows the choices, nothing is lost.", "warn")
            elif document.unsaved:
                self.say(f"{name} was changed on disk by somebody else; w shows the choices, nothing is lost.", "warn")
            else:
                self._read_again(document.path)

        self.background("disk", lambda task: document.on_disk(), done)

    def _read_again(self, path: Path) -> None:
        try:
            fresh = ProfileDocument.open(path)
        except (OSError, ValueError) as error:
            self.say(f"{path.name} was changed by somebody else and cannot be read: {error}", "error")
            return
        self._told_of = None
        self.services.edit(fresh)
        self.changed_profile()
        self.say(f"{path.name} was changed by somebody else and read again.", "warn")

    def _offer(self, kept: Rescued) -> None:
        document = self.document
        if document is None or document.path != self._asked_for:
            return
        answers = [
            Answer(TAKE, "Go on with them (u goes back to the file)"),
            Answer(LOOK, "See what differs from the file first"),
            Answer(LATER, "Leave them for the next start"),
            Answer(DROP, "Throw them away", harmful=True),
        ]
        text = f"{document.path.name} has changes that were not saved when smdtui last ended here."
        if kept.seen is not None and kept.seen != document.text:
            text += " The file was saved by somebody since; saving will show both."

        def answered(answer: str | None) -> None:
            if answer == TAKE:
                document.take_over(kept.text, kept.seen)
                self.say("Your changes are back, not saved yet.", "ok")
                kept.discard()
                self.changed_profile()
            elif answer == LOOK:
                self._look(document, kept)
            elif answer == DROP:
                kept.discard()
                self.say("Thrown away.")

        self.app.push_screen(Question("Unsaved changes", text, answers, escape=LATER), answered)

    def _look(self, document: Any, kept: Rescued) -> None:
        try:
            changes = between_texts(document.text, kept.text)
        except ValueError as error:
            self.say(f"The kept text is no TOML: {error}", "warn")
            self._offer(kept)
            return
        sheet = DifferenceSheet("the file", "the unsaved changes", changes)
        self.app.push_screen(sheet, lambda _: self._offer(kept))

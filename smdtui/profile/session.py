"""What follows each change of the open profile: others are told that it is being edited, and the buffer is kept against
a crash until it is saved."""

from __future__ import annotations

from pathlib import Path

from smdtui.profile.document import ProfileDocument
from smdtui.profile.presence import Editor, Presence, others
from smdtui.profile.rescue import Keeper, Rescued, rescued


class Session:
    """Of one console. Everything here touches the disk: to be called aside of the screen's thread, but `end`."""

    def __init__(self, state: Path, who: str) -> None:
        self._state, self._who = Path(state), who
        self._presence: Presence | None = None
        self._keeper: Keeper | None = None

    def changed(self, path: Path, text: str, seen: str | None, unsaved: bool) -> str:
        """The buffer of `path` is `text` now; why it could not be kept, or ""."""
        if self._presence is None or self._presence.path != path:
            self.end()
            self._presence, self._keeper = Presence(path, self._who), Keeper(self._state, path)
        if not unsaved:
            self._presence.withdraw()
            return self._forget()
        self._presence.announce()
        assert self._keeper is not None  # made together with the presence
        try:
            self._keeper.keep(text, seen)
        except OSError as error:
            return f"unsaved changes cannot be kept against a crash: {error.strerror or error}"
        return ""

    def turn_to(self, path: Path) -> None:
        """Another profile is open: the one before was left with its changes given up, or saved under another name."""
        if self._presence is not None and self._presence.path != path:
            self.end()

    def touch(self) -> None:
        """Once in a while: the notice does not go stale while there are unsaved changes."""
        if self._presence is not None and self._presence.file.exists():
            self._presence.announce()

    def end(self) -> None:
        """The profile is left: what is not saved was given up."""
        if self._presence is not None:
            self._presence.withdraw()
            self._forget()
        self._presence = self._keeper = None

    def _forget(self) -> str:
        try:
            if self._keeper is not None:
                self._keeper.forget()
        except OSError as error:
            return f"a copy of the saved changes stays behind: {error.strerror or error}"
        return ""

    def others(self, path: Path) -> list[Editor]:
        return others(path)

    def rescued(self, document: ProfileDocument) -> list[Rescued]:
        """What a console that is gone left unsaved. What is in the file by now is cleared away."""
        found = []
        for kept in rescued(self._state, document.path):
            if kept.text == document.text:
                kept.discard()
            else:
                found.append(kept)
        return found

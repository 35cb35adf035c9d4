"""Saving the profile, and what to do when somebody else wrote the file meanwhile: every way keeps both versions."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from smdtui.profile.document import ChangedOnDisk, ProfileDocument, SaveFailed
from smdtui.screens.base import BaseScreen
from smdtui.widgets.question import Answer, Question

KEEP, THEIRS, COPY, OVERWRITE = "keep", "theirs", "copy", "overwrite"


def copy_path(path: Path, now: float) -> Path:
    """Where a copy of the buffer goes that must not replace anything: ``xpp.mine-20270115-080000.toml``."""
    stamp = time.strftime("%Y%m%d-%H%M%S", time.gmtime(now))
    name = f"{path.stem}.mine-{stamp}"
    taken = 1
    copy = path.with_name(f"{name}.toml")
    while copy.exists():
        taken += 1
        copy = path.with_name(f"{name}-{taken}.toml")
    return copy


def save(screen: BaseScreen, document: ProfileDocument, done: Callable[[ProfileDocument], None]) -> None:
    """Save; ask when the file was changed underneath. `done(document)` follows when something was written or read."""
    who = screen.services.who
    try:
        document.save(who)
    except ChangedOnDisk as conflict:
        _ask(screen, document, conflict, done)
    except SaveFailed as failed:
        screen.say(f"Not saved: {failed}", "error")
    else:
        screen.say(f"Saved {document.path.name}; the version before is kept.", "ok")
        done(document)


def _ask(
    screen: BaseScreen, document: ProfileDocument, conflict: ChangedOnDisk, done: Callable[[ProfileDocument], None]
) -> None:
    copy = copy_path(document.path, screen.services.now())
    gone = conflict.theirs is None
    answers = [
        Answer(KEEP, "Save nothing now, go on editing"),
        Answer(COPY, f"Save mine as {copy.name} and edit that; theirs stays"),
    ]
    if not gone:
        answers.insert(1, Answer(THEIRS, f"Go on with theirs; mine is kept as {copy.name}"))
    answers.append(
        Answer(OVERWRITE, "Write the file again" if gone else "Save mine over theirs; theirs is kept in the history")
    )
    what = "was deleted" if gone else "was changed by somebody else"
    text = f"{document.path.name} {what} since you opened it. Nothing is saved yet and nothing is lost."

    def answered(answer: str | None) -> None:
        try:
            _do(answer or KEEP)
        except (SaveFailed, ChangedOnDisk, OSError, ValueError) as failed:
            screen.say(f"Not saved: {failed}", "error")

    def _do(answer: str) -> None:
        who = screen.services.who
        if answer == KEEP:
            screen.say("Not saved; your changes are still here.", "warn")
            return
        if answer == OVERWRITE:
            document.save(who, why="over a change from outside", overwrite=True)
            screen.say(f"Saved {document.path.name}; theirs is in the history.", "ok")
            done(document)
            return
        mine = ProfileDocument(copy, document.text, None)
        mine.save(who, why=f"copy of {document.path.name}")
        if answer == COPY:
            screen.say(f"Saved as {copy.name}, which you edit now.", "ok")
            done(mine)
        else:
            theirs = ProfileDocument.open(document.path)
            screen.say(f"This is theirs; yours is {copy.name}.", "ok")
            done(theirs)

    screen.app.push_screen(Question("Changed on disk", text, answers), answered)

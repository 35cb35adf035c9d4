"""Saving the profile, and what to do when somebody else wrote the file meanwhile: every way keeps both versions."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from smdtui.profile.document import ChangedOnDisk, EditFailed, ProfileDocument, SaveFailed
from smdtui.profile.three_way import ThreeWay
from smdtui.screens.base import BaseScreen
from smdtui.screens.merge_sheet import MergeSheet
from smdtui.widgets.question import Answer, Question

KEEP, MERGE, THEIRS, COPY, OVERWRITE = "keep", "merge", "theirs", "copy", "overwrite"


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


def save(screen: BaseScreen, document: ProfileDocument, done: Callable[[ProfileDocument], None], why: str = "") -> None:
    """Save; ask when the file was changed underneath, or cannot be written. `done(document)` follows when something was
    written or read."""
    who = screen.services.who
    try:
        document.save(who, why)
    except ChangedOnDisk as conflict:
        _ask(screen, document, conflict, done)
    except SaveFailed as failed:
        screen.say(f"Not saved: {failed}", "error")
        _ask_elsewhere(screen, document, str(failed), done)
    else:
        screen.say(f"Saved {document.path.name}; the version before is kept.", "ok")
        done(document)


def merge(screen: BaseScreen, document: ProfileDocument, theirs: str, done: Callable[[ProfileDocument], None]) -> None:
    """The three-way view. What is chosen becomes the buffer, which can then be saved; undo brings mine back."""
    try:
        three = ThreeWay.of(document.seen or "", document.text, theirs)
    except ValueError as error:
        screen.say(f"They cannot be compared key by key: {error}; keep a copy of one instead.", "error")
        return

    def chosen(decided: ThreeWay | None) -> None:
        if decided is None:
            screen.say("Not saved; your changes are still here.", "warn")
            return
        try:
            document.merge(decided.merged(), theirs)
        except EditFailed as refused:
            screen.say(str(refused), "error")
            return
        screen.say("Both are in the buffer as chosen; w saves it, u brings back only yours.", "ok")
        done(document)

    screen.app.push_screen(MergeSheet(three), chosen)


def _ask_elsewhere(
    screen: BaseScreen, document: ProfileDocument, why: str, done: Callable[[ProfileDocument], None]
) -> None:
    copy = copy_path(document.path, screen.services.now())
    answers = [
        Answer(KEEP, "Go on editing; try again later"),
        Answer(COPY, f"Save as {copy.name} and edit that"),
    ]

    def answered(answer: str | None) -> None:
        if answer != COPY:
            return
        mine = ProfileDocument(copy, document.text, None)
        try:
            mine.save(screen.services.who, why=f"copy of {document.path.name}")
        except (SaveFailed, ChangedOnDisk) as failed:
            screen.say(f"Not saved: {failed}", "error")
            return
        screen.say(f"Saved as {copy.name}, which you edit now.", "ok")
        done(mine)

    screen.app.push_screen(Question("Not saved", why[:1].upper() + why[1:], answers), answered)


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
        answers.insert(1, Answer(MERGE, "Look at both and choose, key by key"))
        answers.insert(2, Answer(THEIRS, f"Go on with theirs; mine is kept as {copy.name}"))
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
        if answer == MERGE:
            merge(screen, document, conflict.theirs or "", done)
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

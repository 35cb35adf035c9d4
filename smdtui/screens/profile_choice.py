"""Which profile is edited: another one of the experiment, or its first."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from smdtui.profile import place
from smdtui.screens.base import BaseScreen
from smdtui.widgets.confirm import Confirm
from smdtui.widgets.question import Answer, Question

EMPTY = "There is no profile yet: it says what is extracted from which run.\n\n"
MOST = 9  # profiles to choose from, the ones changed last


def offer(screen: BaseScreen) -> str:
    """What is said while there is no profile."""
    experiment = screen.services.experiment
    if experiment is None:
        return screen.services.trouble or "No experiment is open."
    hutch = place.hutch_of(experiment)
    kind = f"on the base of hutch {hutch}" if hutch else "an empty one"
    return f"{EMPTY}Press n to make one, {kind}:\n{place.folder(experiment) / experiment.name}.toml"


def choose(screen: BaseScreen, unsaved: str | None, then: Callable[[Path], None]) -> None:
    """Ask for another profile of the experiment, and once more when changes would be lost; `then` follows."""
    experiment, here = screen.services.experiment, screen.services.selection.profile
    others = [path for path in (place.profiles(experiment) if experiment is not None else []) if path != here]
    if not others:
        screen.say("The experiment has no other profile." if here else "The experiment has no profile yet.", "warn")
        return

    def chosen(answer: str | None) -> None:
        if not answer:
            return
        if unsaved is None:
            then(Path(answer))
            return
        question = f"{unsaved}\nOpen {Path(answer).name} and lose them?"
        screen.app.push_screen(Confirm("Not saved", question), lambda yes: then(Path(answer)) if yes else None)

    answers = [Answer(str(path), path.name) for path in others[:MOST]]
    screen.app.push_screen(Question("Open", "Which profile?", answers, escape=""), chosen)

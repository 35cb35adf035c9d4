"""Start, stop or resume the follower of the experiment, which produces every run as it comes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from smdtui.screens.background import Task
from smdtui.screens.base import BaseScreen
from smdtui.screens.base import words as in_words
from smdtui.widgets.question import Answer, Question

START, EARLY, STOP, GO_ON, NOT = "start", "early", "stop", "go on", "not"


def ask_about_following(screen: BaseScreen) -> None:
    """What can be done depends on whether somebody follows, which is asked first."""
    from smdtui.jobs.follow_control import status

    experiment = screen.services.experiment
    screen.background("follow", lambda task: status(experiment), lambda found: _ask(screen, found))


def question(status: Any, profile: Path | None, may_not: str) -> tuple[str, list[Answer]]:
    """(what is so, what can be done) for a smdtui.jobs.follow_control.FollowStatus."""
    answers = []
    if status.running:
        text = f"{status.words}."
        if status.paused:
            answers.append(Answer(GO_ON, "Go on: what made it pause is mended"))
        if not status.stopping:
            answers.append(Answer(STOP, "Stop following; jobs that were launched go on", harmful=True))
    else:
        text = status.words or "Nobody follows this experiment: runs are produced when somebody launches them."
        if may_not:
            text += f"\n{may_not[:1].upper()}{may_not[1:]}."
        elif profile is None:
            text += "\nChoose a profile first (3): every complete run would be produced with it."
        else:
            answers = [
                Answer(START, f"Follow: produce every complete run with {profile.name}"),
                Answer(EARLY, "Follow, and begin each run while it is being recorded"),
            ]
    return text, [Answer(NOT, "Leave it as it is"), *answers]


def _ask(screen: BaseScreen, status: Any) -> None:
    look = screen.app.look  # type: ignore[attr-defined]
    profile = screen.services.selection.profile
    text, answers = question(status, profile, look.may_not)
    screen.app.push_screen(Question("Follow the experiment", text, answers, NOT), lambda answer: _do(screen, answer))


def _do(screen: BaseScreen, answer: str | None) -> None:
    from smdtui.jobs.follow import Aim, FollowError
    from smdtui.jobs.follow_control import go_on, start, stop

    services = screen.services
    if answer in (None, NOT):
        return
    unsaved = services.unsaved()
    if answer in (START, EARLY) and unsaved:
        screen.say(f"Not started: {unsaved} 3 goes there, w saves them.", "error")
        return

    def work(task: Task) -> str:
        if answer == STOP:
            return stop(services.experiment, services.who)
        if answer == GO_ON:
            return go_on(services.experiment, services.who)
        path = Path(services.selection.profile or "")
        early = answer == EARLY
        aim = Aim(services.site, services.experiment, path, who=services.who, while_recording=early)
        start(aim, resume=True)
        return f"followed with {path.name} from now on, also when you leave"

    def done(said: str) -> None:
        screen.say(f"{said[:1].upper()}{said[1:]}.", "ok")
        screen.app.jobs_again()  # type: ignore[attr-defined]

    screen.say("Starting the follower ..." if answer in (START, EARLY) else "Telling the follower ...")
    screen.background(
        "follow",
        work,
        done,
        failed=lambda error: screen.say(f"Not done: {in_words(error)}", "error"),
        expected=(OSError, FollowError),
    )

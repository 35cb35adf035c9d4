"""`smdtui follow`: submit every complete run that is not produced with a profile, as runs come."""

import getpass
import signal
import threading
from argparse import Namespace
from pathlib import Path

from smdtui.commands import CommandError
from smdtui.commands.browse import place
from smdtui.jobs.follow import STEP_SECONDS, Aim, Follower, Step


def follow(arguments: Namespace) -> int:
    """Until TERM or Ctrl-C, which leave the jobs alone; with --once one look. Exit status 1 when paused or when a run
    was refused in that one look."""
    where = place(arguments)
    profile = Path(arguments.profile).absolute()
    if not profile.is_file():
        raise CommandError(f"there is no profile {profile}")
    engine = arguments.engine or where.site.default_engine
    if engine not in where.site.engines:
        raise CommandError(f"there is no engine {engine!r}; there are {', '.join(where.site.engines)}")
    aim = Aim(where.site, where.experiment, profile, engine, arguments.ranks, getpass.getuser(), arguments.at_once)
    ending = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ending.set())
    follower = Follower(aim)
    taken = follower.start(resume=arguments.resume)
    try:
        if taken:
            print(taken, flush=True)
        print(f"following {where.experiment.name} with {profile} on {engine}, {aim.limit} at once", flush=True)
        said: list[str] = []
        while not ending.is_set():
            step = follower.step()
            said = _say(step, said)
            if arguments.once:
                return 1 if step.paused or step.refused else 0
            ending.wait(STEP_SECONDS)
        print("stopped; jobs that were submitted go on", flush=True)
        return 0
    finally:
        follower.stop()


def _say(step: Step, before: list[str]) -> list[str]:
    """Prints what is new since the step before; returns what lasts."""
    for run, id_ in step.submitted.items():
        print(f"run {run}: {id_}", flush=True)
    lasting = [f"run {run} was refused: {why}" for run, why in step.refused.items()]
    if step.paused:
        lasting.append(f"paused: {step.paused}; change the profile, or start again with --resume")
    if step.waiting:
        lasting.append(f"{len(step.waiting)} more wait for room")
    for line in lasting:
        if line not in before:
            print(line, flush=True)
    return lasting

"""`smdtui follow`: submit every complete run that is not produced with a profile, as runs come."""

import getpass
import signal
import threading
import time
from argparse import Namespace
from pathlib import Path

from producer.run_files import FolderProblem
from smdtui.commands import CommandError, explain, print_json
from smdtui.commands.browse import Place, place
from smdtui.jobs import follow_control
from smdtui.jobs.follow import STEP_SECONDS, Aim, Follower, Step
from smdtui.jobs.slurm_poll import wait_for_answers


def follow(arguments: Namespace) -> int:
    """Until TERM or Ctrl-C, which leave the jobs alone; with --once one look. Exit status 1 when paused or when a run
    was refused in that one look."""
    where = place(arguments)
    if arguments.status or arguments.stop:
        return _other(where, arguments)
    if not arguments.profile:
        raise CommandError("which profile? smdtui follow EXPERIMENT PROFILE")
    profile = Path(arguments.profile).absolute()
    if not profile.is_file():
        raise CommandError(f"there is no profile {profile}")
    engine = arguments.engine or where.site.default_engine
    if engine not in where.site.engines:
        raise CommandError(f"there is no engine {engine!r}; there are {', '.join(where.site.engines)}")
    aim = Aim(
        site=where.site,
        experiment=where.experiment,
        profile=profile,
        engine=engine,
        ranks=arguments.ranks,
        who=getpass.getuser(),
        at_once=arguments.at_once,
        while_recording=arguments.while_recording,
    )
    ending = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ending.set())
    follower = Follower(aim)
    taken = follower.start(resume=arguments.resume)
    try:
        if taken:
            print(taken, flush=True)
        print(f"following {where.experiment.name} with {profile} on {engine}, {aim.limit} at once", flush=True)
        if arguments.once:
            wait_for_answers()
            step = follower.step()
            _say(step, [])
            return 1 if step.paused or step.refused else 0
        _go_on(follower, ending)
        print("stopped; jobs that were submitted go on", flush=True)
        return 0
    finally:
        follower.stop()


def _other(where: Place, arguments: Namespace) -> int:
    """Of the follower that runs already, wherever it does."""
    said = follow_control.stop(where.experiment, getpass.getuser()) if arguments.stop else ""
    found = follow_control.status(where.experiment)
    if arguments.json:
        print_json({"experiment": where.experiment.name, "follow": found.as_json()})
    else:
        print(said or found.words or f"nobody follows {where.experiment.name}")
    return 0


def _go_on(follower: Follower, ending: threading.Event) -> None:
    said: list[str] = []
    while not ending.is_set():
        try:
            step = follower.step()
        except (OSError, FolderProblem) as error:  # a network disk is away for a while
            step = Step(trouble="; ".join(explain(error) or [str(error)]))
        said = _say(step, said)
        until = time.monotonic() + STEP_SECONDS
        while time.monotonic() < until and not ending.wait(1.0):
            if who := follower.asked_to_stop():
                print(f"{who} asked for the end", flush=True)
                return


def _say(step: Step, before: list[str]) -> list[str]:
    """Prints what is new since the step before; returns what lasts."""
    for run, id_ in step.submitted.items():
        print(f"run {run}: {id_}", flush=True)
    lasting = [f"run {run} was refused: {why}" for run, why in step.refused.items()]
    if step.paused:
        lasting.append(f"paused: {step.paused}; change the profile, or start again with --resume")
    if step.trouble:
        lasting.append(f"not now, but again in a minute: {step.trouble}")
    if step.waiting:
        lasting.append(f"{len(step.waiting)} more wait for room")
    for line in lasting:
        if line not in before:
            print(line, flush=True)
    return lasting

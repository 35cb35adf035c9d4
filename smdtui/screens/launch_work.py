"""What the launch sheet has done in the background: made ready, checked, sent."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from producer.problem import Problem, errors
from smdtui.jobs.launch_sheet import Request
from smdtui.screens.background import Task
from smdtui.screens.base import words as in_words
from smdtui.services import Services


def looking(text: str) -> list[int]:
    """In place of run numbers, until the folders have been read."""
    raise ValueError("looking for the runs ...")


def resolver(task: Task, services: Services) -> Callable[[str], list[int]]:
    """Run numbers from text. Where the folders cannot be read, that is what is wrong with any text."""
    from producer.run_folder import FolderProblem
    from smdtui.jobs import run_argument

    try:
        return run_argument.resolver(services.experiment)
    except (FolderProblem, OSError) as error:
        why = in_words(error)

        def refuse(text: str) -> list[int]:
            raise ValueError(why)

        return refuse


def is_test(job: Any, request: Request | None) -> bool:
    """A test of first events that is launched again stays one, while it is to end with them."""
    return job is not None and job.gate and request is not None and bool(request.events)


def prepare(
    task: Task, services: Services, request: Request, plan: Path | None, unsaved: bool, job: Any = None
) -> tuple[Request, list[Any], Any, int]:
    """(request, smdtui.jobs.launch.Prepared of each run, smdtui.jobs.gate.Gate, how many files of before there are).
    `plan`: the frozen plan of an earlier job in place of what the profile says; `job`: the one that is launched again.
    """
    from smdtui.jobs import launch
    from smdtui.jobs.at_once import with_at_once
    from smdtui.jobs.gate import needs_gate
    from smdtui.jobs.retry import waited
    from smdtui.jobs.store import list_jobs

    path = Path(request.profile).expanduser()
    site = with_at_once(services.site, request.engine, request.at_once)
    prepared = []
    for run in request.runs:
        if task.cancelled:
            break
        asked = launch.Request(
            experiment=services.experiment,
            run=run,
            profile=path,
            engine=request.engine,
            ranks=request.ranks,
            events=request.events or 0,
            who=services.who,
            plan=plan,
            gate=is_test(job, request),
            while_recording=job is not None and waited(job),
        )
        prepared.append(launch.prepare(site, asked))
    try:
        jobs = list_jobs([launch.jobs_folder(services.experiment)]) if len(prepared) > 1 else []
    except OSError:  # which `prepare` has said
        jobs = []
    offered = needs_gate(prepared, jobs)
    if unsaved and prepared and plan is None:
        message = "the profile has changes that are not saved: 3 goes there, w saves them"
        problem = Problem("error", message, file=str(path))
        prepared[0] = replace(prepared[0], problems=(problem, *prepared[0].problems))
    return request, prepared, offered, sum(os.path.exists(one.output) for one in prepared)


def check(task: Task, services: Services, request: Request, plan: Path | None) -> list[Problem]:
    """Of the profile (or plan) against each run, as the producer sees it."""
    from smdtui.profile.check import check_run

    found: list[Problem] = []
    for n, run in enumerate(request.runs, 1):
        if task.cancelled:
            break
        of = f" ({n} of {len(request.runs)})" if len(request.runs) > 1 else ""
        task.report(f"checking run {run}{of} ...")
        path = plan or Path(request.profile).expanduser()
        found += check_run(path, services.site, services.experiment, run)
    return found


def probe_failed() -> type[Exception]:
    from smdtui.catalog.names import ProbeFailed

    return ProbeFailed


def submit(task: Task, prepared: list[Any]) -> tuple[list[Any], list[Problem]]:
    """The folders of the jobs that were launched, and why others were not. One that is refused stops none."""
    from smdtui.jobs.batch import submit_all
    from smdtui.jobs.launch import LaunchError

    folders, refused = [], []
    for n, (one, outcome) in enumerate(submit_all(prepared), 1):
        if len(prepared) > 1:
            task.report(f"run {one.request.run} is launched ({n} of {len(prepared)}) ...")
        if isinstance(outcome, LaunchError):
            refused += errors(outcome.problems)
        else:
            folders.append(outcome)
    return folders, refused

"""`smdtui submit`: one job per run."""

import os
import sys
import time
from argparse import Namespace
from pathlib import Path

from producer.problem import Problem
from smdtui.commands import CommandError, print_json
from smdtui.commands.browse import place
from smdtui.jobs.job import Job, read_job
from smdtui.jobs.launch import LaunchError, Prepared, Request, prepare
from smdtui.jobs.launch import submit as launch
from smdtui.jobs.run_argument import runs_of


def submit(arguments: Namespace) -> int:
    """Exit status 0 only when every run was launched (--wait: verified). A refused run does not stop the others."""
    where = place(arguments)
    words = arguments.runs or os.environ.get("RUN_NUM", "")
    if not words:
        raise CommandError("no run was named; give runs (17,20-32, latest, ...), or set RUN_NUM")
    runs = runs_of(where.experiment, words, profile=Path(arguments.profile))
    if not runs:
        print(f"nothing to do: no run of {where.experiment.name} is {words}", file=sys.stderr)
        return 0
    prepared = [
        prepare(
            where.site,
            Request(
                experiment=where.experiment,
                run=run,
                profile=Path(arguments.profile),
                engine=arguments.engine,
                ranks=arguments.ranks,
                events=arguments.events,
            ),
        )
        for run in runs
    ]
    if arguments.dry_run:
        return _dry(prepared, arguments.json)
    jobs, refused = [], 0
    for each in prepared:
        try:
            jobs.append(read_job(launch(each)))
        except LaunchError as error:
            refused += 1
            print(f"run {each.request.run} was refused:", file=sys.stderr)
            _print_problems(error.problems)
    if not arguments.json:
        for job in jobs:
            print(f"run {job.run}: {job.id}")
    if arguments.wait:
        jobs = [wait(job, quiet=arguments.json) for job in jobs]
    if arguments.json:
        print_json({"jobs": [job.as_json() for job in jobs]})
    unverified = arguments.wait and any(job.state != "verified" for job in jobs)
    return 1 if refused or unverified else 0


def _dry(prepared: list[Prepared], as_json: bool) -> int:
    if as_json:
        print_json(
            {
                "jobs": [
                    {
                        "run": p.request.run,
                        "engine": p.engine_name,
                        "ranks": p.ranks,
                        "output": str(p.output),
                        "command": list(p.command),
                        "script": p.script,
                        "problems": [q.as_json() for q in p.problems],
                    }
                    for p in prepared
                ]
            }
        )
    for p in prepared:
        if not as_json:
            print(f"# run {p.request.run} -> {p.output}\n{p.script}")
        _print_problems(p.problems)
    return 1 if any(p.refused for p in prepared) else 0


def _print_problems(problems: "list[Problem] | tuple[Problem, ...]") -> None:
    for problem in problems:
        print(f"  {problem.text()}", file=sys.stderr)


def wait(job: Job, quiet: bool = False) -> Job:
    """Until the job has ended; says how far it is every few seconds on stderr, and the verdict on stdout."""
    said = 0.0
    while job.active:
        time.sleep(0.3)
        job = read_job(job.folder)
        if not quiet and time.monotonic() - said > 3:
            said = time.monotonic()
            print(f"run {job.run}: {progress_words(job)}", file=sys.stderr)
    if not quiet:
        print(f"run {job.run}: {job.state}" + (f": {job.cause}" if job.cause else f", {job.done} events, {job.output}"))
    return job


def progress_words(job: Job) -> str:
    """``running, 120 of 240 events, 61.0/s, 2 s left``"""
    words = f"{job.state}, {job.done} of {job.total if job.total is not None else '?'} events"
    if job.rate:
        words += f", {job.rate:.1f}/s"
    if job.eta_seconds is not None:
        words += f", {job.eta_seconds:.0f} s left"
    return words

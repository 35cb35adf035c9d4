"""`smdtui submit`: one job per run."""

import os
import shlex
import sys
import time
from argparse import Namespace
from dataclasses import replace
from pathlib import Path

from producer.problem import Problem
from smdtui.catalog.experiment import Experiment
from smdtui.commands import CommandError, print_json
from smdtui.commands.browse import place
from smdtui.jobs.at_once import with_at_once
from smdtui.jobs.batch import submit_all
from smdtui.jobs.gate import EVENTS, needs_gate
from smdtui.jobs.job import Job, read_job
from smdtui.jobs.launch import LaunchError, Prepared, Request, jobs_folder, prepare
from smdtui.jobs.launch import submit as launch
from smdtui.jobs.production import newest_jobs
from smdtui.jobs.run_argument import RunArgumentError, runs_of
from smdtui.jobs.sending import is_array, sending
from smdtui.jobs.store import list_jobs


def submit(arguments: Namespace) -> int:
    """Exit status 0 only when every run was launched (--wait: verified). A refused run does not stop the others."""
    where = place(arguments)
    words = arguments.runs or os.environ.get("RUN_NUM", "")
    if not words:
        raise CommandError("no run was named; give runs (17,20-32, latest, ...), or set RUN_NUM")
    # The eLog names a run as it begins, or as it ends, when its files may not have their final names yet.
    waits = arguments.while_recording or not arguments.runs
    seen = newest_jobs(list_jobs([jobs_folder(where.experiment)]))  # before the look that decides
    runs = _runs(where.experiment, words, Path(arguments.profile), waits)
    if not runs:
        print(f"nothing to do: no run of {where.experiment.name} is {words}", file=sys.stderr)
        return 0
    if len(runs) > arguments.max:
        raise CommandError(f"{words} means {len(runs)} runs, more than {arguments.max}; --max {len(runs)} allows it")
    try:
        site = with_at_once(where.site, arguments.engine, arguments.at_once)
    except ValueError as error:
        raise CommandError(str(error)) from None
    prepared = [
        prepare(
            site,
            Request(
                experiment=where.experiment,
                run=run,
                profile=Path(arguments.profile),
                engine=arguments.engine,
                ranks=arguments.ranks,
                events=arguments.events,
                while_recording=waits,
                newest=seen[run].id if run in seen else "",
            ),
        )
        for run in runs
    ]
    if arguments.dry_run:
        return _dry(prepared, arguments.json)
    jobs = list_jobs([jobs_folder(where.experiment)]) if len(prepared) > 1 else []
    gate = needs_gate(prepared, jobs, arguments.gate or EVENTS)
    if arguments.gate:
        for run in gate.runs or (prepared[0].request.run,):
            one = next(p for p in prepared if p.request.run == run)
            if not _gate(one, arguments.gate, arguments.json):
                return 1
    elif gate:
        print(f"note: {gate.words}, with --gate {gate.events}", file=sys.stderr)
    return launched(prepared, arguments)


def _runs(experiment: Experiment, words: str, profile: Path, waits: bool) -> list[int]:
    try:
        return runs_of(experiment, words, profile=profile)
    except RunArgumentError:
        if waits and words.isdecimal():
            return [int(words)]  # it is about to begin
        raise


def launched(prepared: list[Prepared], arguments: Namespace) -> int:
    """Launches them, and waits for the ends where that is asked for; says what became of each."""
    jobs, refused = [], 0
    for each, outcome in submit_all(prepared):
        if isinstance(outcome, LaunchError):
            refused += 1
            print(f"run {each.request.run} was refused:", file=sys.stderr)
            _print_problems(outcome.problems)
        else:
            jobs.append(read_job(outcome))
    if not arguments.json:
        for job in jobs:
            print(f"run {job.run}: {job.id}")
    if arguments.wait:
        jobs = [wait(job, quiet=arguments.json) for job in jobs]
    if arguments.json:
        print_json({"jobs": [job.as_json() for job in jobs]})
    unverified = arguments.wait and any(job.state != "verified" for job in jobs)
    return 1 if refused or unverified else 0


def _gate(first: Prepared, events: int, quiet: bool) -> bool:
    """True when the first events of one run, produced into a file of their own, are verified."""
    run = first.request.run
    try:
        folder = launch(prepare(first.site, replace(first.request, events=events, gate=True)))
    except LaunchError as error:
        print(f"the test with {events} events of run {run} was refused; nothing is launched:", file=sys.stderr)
        _print_problems(error.problems)
        return False
    print(f"testing with {events} events of run {run}: {folder.id}", file=sys.stderr)
    job = wait(read_job(folder), quiet=quiet)
    if job.state != "verified":
        print(f"the test is {job.state}, so nothing else is launched: {job.cause or ''}", file=sys.stderr)
    return job.state == "verified"


def _dry(prepared: list[Prepared], as_json: bool) -> int:
    go = [p for p in prepared if not p.refused] or prepared
    array = sending(go) if is_array(go) else ""  # one line for all of them
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
                        "sending": shlex.split(array) or p.sending,
                        "script": p.script,
                        "problems": [q.as_json() for q in p.problems],
                    }
                    for p in prepared
                ]
            }
        )
    if array and not as_json:
        print(f"# sent together with: {array}")
    for p in prepared:
        if not as_json:
            sent = f"# sent with: {shlex.join(p.sending)}\n" if p.sending and not array else ""
            print(f"# run {p.request.run} -> {p.output}\n{sent}{p.script}")
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

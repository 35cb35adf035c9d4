"""`smdtui jobs`, `log` and `cancel`."""

import sys
import time
from argparse import Namespace
from pathlib import Path

from smdtui.commands import print_json, table_text
from smdtui.jobs import engine
from smdtui.jobs.folder import EXIT, LOG, SCHEDULER, JobFolder
from smdtui.jobs.job import Job, read_job
from smdtui.jobs.launch import jobs_folder
from smdtui.jobs.slurm_poll import wait_for_answers
from smdtui.jobs.store import find_job, list_jobs, remembered_roots


def jobs(arguments: Namespace) -> int:
    if arguments.experiment or arguments.dir:
        from smdtui.commands.browse import place

        roots = [jobs_folder(place(arguments).experiment)]
    else:
        roots = remembered_roots()
    wait_for_answers()
    found = list_jobs(roots)
    if arguments.json:
        print_json({"jobs": [job.as_json() for job in found]})
        return 0
    if not found:
        print("no jobs" + ("" if roots else "; `smdtui jobs EXPERIMENT` looks into an experiment"))
        return 0
    rows = [
        [
            j.id,
            j.experiment,
            str(j.run),
            j.state,
            f"{j.done}/{j.total if j.total is not None else '?'}",
            _rate(j),
            j.who,
        ]
        for j in found
    ]
    print(table_text(["job", "experiment", "run", "state", "events", "rate", "by"], rows, right=frozenset({2, 4, 5})))
    for job in found:
        if job.cause:
            print(f"{job.id}: {job.cause}", file=sys.stderr)
    return 0


def _rate(job: Job) -> str:
    return f"{job.rate:.1f}/s" if job.rate else ""


def named(word: str) -> Job:
    """The job of an id, the beginning of one, or a folder."""
    folder = Path(word)
    if (folder / "request.toml").is_file():
        return read_job(JobFolder(folder.resolve()))
    return find_job(remembered_roots(), word)


def log(arguments: Namespace) -> int:
    if not arguments.follow:
        wait_for_answers()
    job = named(arguments.job)
    path = job.folder.path / LOG
    position = 0
    while True:
        ended = not job.active  # looked at before reading, so that nothing written in between is missed
        if path.exists():
            with open(path, "rb") as file:
                file.seek(position)
                while block := file.read(1 << 20):
                    position += len(block)
                    sys.stdout.write(block.decode("utf-8", errors="replace"))
            sys.stdout.flush()
        if not arguments.follow or ended:
            break
        time.sleep(0.5)
        job = read_job(job.folder)
    if not path.exists():
        print(f"{job.id} ({job.state}) has no log", file=sys.stderr)
    if job.cause:
        print(f"{job.state}: {job.cause}", file=sys.stderr)
    return 0


def cancel(arguments: Namespace) -> int:
    bad = 0
    for word in arguments.job:
        try:
            job = named(word)
            did = engine.cancel(job.folder)
            # Nothing to cancel in a job that has ended is what was wanted; that it still is at work is not.
            wrong = not did.done and not (job.folder.has(EXIT) or job.folder.has(SCHEDULER))
            bad += wrong
            print(did.message, file=sys.stderr if wrong else sys.stdout)
        except (LookupError, OSError) as error:
            bad += 1
            print(f"smdtui: {error.args[0] if isinstance(error, LookupError) else error}", file=sys.stderr)
    return 1 if bad else 0

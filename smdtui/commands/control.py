"""`smdtui hold`, `release`, `retry` and `clean`."""

import getpass
import sys
from argparse import Namespace
from collections.abc import Callable
from typing import Any

from smdtui.commands import CommandError, print_json
from smdtui.commands.jobs import named
from smdtui.jobs.cancelled import Cancelled
from smdtui.jobs.job import Job, read_job
from smdtui.words import size


def hold(arguments: Namespace) -> int:
    from smdtui.jobs.hold import hold

    return _each(arguments, lambda job: hold(job.folder))


def release(arguments: Namespace) -> int:
    from smdtui.jobs.hold import release

    return _each(arguments, lambda job: release(job.folder))


def _each(arguments: Namespace, act: Callable[[Job], Cancelled]) -> int:
    """One that cannot be done stops none; exit status 0 only when all were."""
    said: list[dict[str, Any]] = []
    for word in arguments.job:
        try:
            job = named(word)
            did = act(job)
            said.append({"id": job.id, "done": did.done, "message": did.message})
        except (LookupError, OSError) as error:
            message = str(error.args[0] if isinstance(error, LookupError) else error)
            said.append({"id": word, "done": False, "message": message})
    if arguments.json:
        print_json({"jobs": said})
    else:
        for one in said:
            print(one["message"], file=sys.stdout if one["done"] else sys.stderr)
    return 0 if all(one["done"] for one in said) else 1


def retry(arguments: Namespace) -> int:
    """Exit status 0 only when every one was launched (--wait: verified)."""
    from smdtui import site as sites
    from smdtui.commands.submit import launched
    from smdtui.jobs.launch import prepare
    from smdtui.jobs.retry import again

    site, who = sites.load(arguments.site), getpass.getuser()
    try:
        requests = [again(named(word), who, arguments.same_plan) for word in arguments.job]
    except ValueError as error:
        raise CommandError(str(error)) from None
    return launched([prepare(site, request) for request in requests], arguments)


def clean(arguments: Namespace) -> int:
    """Exit status 1 where something that was named could not be cleaned up."""
    from smdtui.commands.browse import place
    from smdtui.jobs.clean import Cleaned, cleanable, cost_on_disk
    from smdtui.jobs.clean import clean as clean_up
    from smdtui.jobs.launch import jobs_folder
    from smdtui.jobs.slurm_poll import wait_for_answers
    from smdtui.jobs.store import list_jobs

    if arguments.days < 0:
        raise CommandError(f"--older-than {arguments.days:g} is no number of days")
    root = jobs_folder(place(arguments).experiment)
    wait_for_answers()
    jobs = cleanable(list_jobs([root]), arguments.days)
    done: list[Cleaned] = []
    bad = 0
    for job in jobs:
        try:
            job = read_job(job.folder)  # it may have been launched again by hand meanwhile
            done.append(Cleaned(job.id, cost_on_disk(job)) if arguments.dry_run else clean_up(job, getpass.getuser()))
        except (OSError, ValueError) as error:
            bad += 1
            print(f"{job.id}: {error}", file=sys.stderr)
    freed = sum(one.bytes for one in done)
    if arguments.json:
        print_json({"jobs": [{"id": one.job, "bytes": one.bytes} for one in done], "bytes": freed})
    else:
        for one in done:
            print(f"{one.job}: {size(one.bytes)}")
        verb = "would be" if arguments.dry_run else "were"
        print(f"{size(freed)} {verb} freed in {len(done)} job{'' if len(done) == 1 else 's'}; plans and verdicts stay")
    return 1 if bad else 0

"""One run of the demo from its files to a verified HDF5, as a job like any other."""

import time
from typing import TextIO

from producer.synthetic import EXPERIMENT
from smdtui.catalog.experiment import ExperimentNotFound, resolve
from smdtui.demo.place import Demo, DemoError
from smdtui.jobs.folder import LOG
from smdtui.jobs.job import Job, read_job
from smdtui.jobs.launch import LaunchError, Request, prepare, submit
from smdtui.site import Site

RUN = 13  # the scan
POLL_SECONDS, SAY_SECONDS = 0.2, 2.0


def produce(demo: Demo, site: Site, out: TextIO, run: int = RUN) -> bool:
    """Produce `run` with the demo's profile, tell `out` how it goes; the last line is the verdict. True if it is
    ``verified``. Raises DemoError where nothing could be started."""
    try:
        prepared = prepare(site, Request(resolve(site, EXPERIMENT), run, demo.profile))
        job = read_job(submit(prepared))
    except ExperimentNotFound as error:
        raise DemoError(str(error)) from error
    except LaunchError as error:
        raise DemoError("\n".join(problem.text() for problem in error.problems)) from error
    out.write(f"run {run}: job {job.id}, {job.ranks} ranks\n")
    job = _wait(job, out)
    if job.state == "verified":
        out.write(f"run {run}: {job.done} of {job.total} events in {job.output}\n")
    else:
        out.write(f"run {run}: {job.cause or 'no cause is known'}; the log is {job.folder.path / LOG}\n")
    out.write(f"{job.state}\n")
    out.flush()
    return job.state == "verified"


def _wait(job: Job, out: TextIO) -> Job:
    said = time.monotonic()
    while job.active:
        time.sleep(POLL_SECONDS)
        job = read_job(job.folder)
        if time.monotonic() - said > SAY_SECONDS:
            said = time.monotonic()
            total = "" if job.total is None else f" of {job.total}"
            out.write(f"run {job.run}: {job.state}, {job.done}{total} events\n")
            out.flush()
    return job

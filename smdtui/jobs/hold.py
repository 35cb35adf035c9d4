"""Hold a job that waits in a scheduler, so that others go first, and release it."""

import getpass

from smdtui.jobs import slurm_hold
from smdtui.jobs.cancelled import Cancelled
from smdtui.jobs.folder import JobFolder
from smdtui.jobs.job import read_job


def hold(folder: JobFolder, who: str = "") -> Cancelled:
    """Asks Slurm to let a pending job wait until it is released. Raises OSError where the folder may not be written."""
    return _ask(folder, who, held=True)


def release(folder: JobFolder, who: str = "") -> Cancelled:
    """Ends a hold, also one that somebody else asked for. Raises OSError where the folder may not be written."""
    return _ask(folder, who, held=False)


def obstacle(kind: str, state: str) -> str:
    """Why a job of that kind of engine, in that state, can be neither held nor released; "" when it can."""
    if kind != "slurm":
        return "it is a local job, which waits for no scheduler: there is nothing to hold or release"
    if state in ("running", "stalled"):
        return "it runs already; cancel ends it"
    return "" if state == "pending" else f"it is {state}"


def _ask(folder: JobFolder, who: str, held: bool) -> Cancelled:
    job = read_job(folder)
    why = obstacle(job.kind, job.state)
    if why:
        return Cancelled(False, f"{folder.id}: {why}")
    return slurm_hold.ask(folder, who or getpass.getuser(), held)

"""Hold and release in Slurm: what scontrol is asked, who asked for it, and what that adds to the reason for waiting."""

import os
import time
from collections.abc import Mapping
from typing import Any

from smdtui.jobs.cancelled import Cancelled
from smdtui.jobs.folder import ENGINE, HOLD, JobFolder, seconds, utc
from smdtui.jobs.slurm_poll import LIVELY_SECONDS, SlurmDown, command

CALL_SECONDS = 30.0


def ask(folder: JobFolder, who: str, held: bool) -> Cancelled:
    """Raises OSError where the folder may not be written."""
    engine: Mapping[str, Any] = folder.table(ENGINE) or {}
    number, name = str(engine.get("job", "")), str(engine.get("name", ""))
    if not number:
        return Cancelled(False, f"{folder.id}: Slurm has not given it a number yet; try again in a moment")
    # "uhold" is a hold that the owner can end, also when an operator of Slurm asked for it.
    verb = "uhold" if held else "release"
    # By its name, since the number may be another job's by now; but the tasks of an array share one name.
    which = number if "_" in number else f"jobname={name}"
    try:
        status, out, err = command(["scontrol", verb, which], os.environ, CALL_SECONDS)
    except SlurmDown as e:
        return Cancelled(False, f"{folder.id}: Slurm does not answer ({e}); try again")
    if status:
        said = " ".join((err or out).split())
        return Cancelled(False, f"{folder.id}: scontrol says: {said or status}")
    folder.write(HOLD, {"held": held, "who": who, "time": utc()})
    folder.event("hold" if held else "release", who)
    return Cancelled(True, f"{folder.id} is {'held' if held else 'released'}")


def hold_words(folder: JobFolder, reason: str) -> str:
    """What is known of a hold, in place of Slurm's reason for waiting; "" for nothing."""
    table = folder.table(HOLD)
    if table is None or "unreadable" in table:
        return ""
    who, said = table.get("who", "somebody"), reason.split("(")[0].strip()
    if table.get("held") is True:
        if said == "JobHeldUser":
            return f"held by {who}; release lets it go"
        return f"being held, asked by {who}" if lately(folder) else ""
    return f"just released by {who}" if said == "JobHeldUser" and lately(folder) else ""


def lately(folder: JobFolder) -> bool:
    """Whether it was held or released so lately that Slurm's next answer is awaited."""
    table = folder.table(HOLD)
    return table is not None and time.time() - (seconds(str(table.get("time", ""))) or 0.0) < LIVELY_SECONDS

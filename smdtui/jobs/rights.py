"""What a person may not do with an experiment's jobs, in words, before it is tried."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Any

from smdtui.jobs import slurm
from smdtui.jobs.launch import Place, jobs_folder


def launching(experiment: Place) -> str:
    """Why nothing can be launched; "" when it can."""
    for folder, what in ((jobs_folder(experiment), "jobs"), (Path(experiment.hdf5), "HDF5 files")):
        why = unwritable(folder)
        if why:
            return f"you may only look: the folder of the {what} {why}"
    return ""


def controlling(job: Any) -> str:
    """Why this person cannot cancel, hold or clean up a job; "" when that can be."""
    why = unwritable(job.folder.path)
    if why:
        return f"you may not change it: its folder {why}; ask {job.who or 'its owner'}"
    return slurm.barred(job.folder)


def unwritable(folder: Path) -> str:
    """ "is not writable for you (it belongs to ada, group xpp, mode 2750)"; "" where it, or while it does not exist the
    nearest folder above it, can be written."""
    above = folder
    try:
        while not above.exists() and above != above.parent:
            above = above.parent
        if os.access(above, os.W_OK | os.X_OK):
            return ""
        facts = above.stat()
    except OSError as error:
        return f"cannot be looked at: {error.strerror}"
    mode = stat.S_IMODE(facts.st_mode)
    whose = f"{above} belongs to {_user(facts.st_uid)}, group {_group(facts.st_gid)}, mode {mode:o}"
    return f"is not writable for you ({whose})"


def _user(number: int) -> str:
    import pwd

    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return f"user {number}"


def _group(number: int) -> str:
    import grp

    try:
        return grp.getgrgid(number).gr_name
    except KeyError:
        return str(number)

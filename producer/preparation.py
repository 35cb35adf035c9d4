"""All that can be known to be wrong before psana is asked for anything: on rank 0, and the same for the check before a
launch."""

import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, List, Optional, Tuple

import numpy as np

from producer.configure import read_names
from producer.dgram import Damaged
from producer.plan import Plan, check, effective
from producer.plan_check import check_names
from producer.problem import Problem, errors, nearest
from producer.recording import stream_without_end
from producer.run_files import FolderProblem, RunFiles, RunNotFound, check_files, event_timestamps, find_run
from producer.run_summary import JUST_WRITTEN


class Refused(Exception):
    """Nothing can be produced; `problems` are in the order in which they are to be read."""

    def __init__(self, message: str, problems: Optional[List[Problem]] = None) -> None:
        super().__init__(message)
        self.problems = problems or []


@dataclass(frozen=True)
class Prepared:
    """`expected`: timestamps of the events of the run, or of the first `limit` of them, uint64, from the headers of the
    smd files alone; `warnings`: problems that do not stop production; `read`: what psana is to read instead of
    `files`."""

    plan: Plan
    files: RunFiles
    expected: np.ndarray
    warnings: Tuple[Problem, ...]
    profile: Path
    profile_text: str
    read: Optional[RunFiles] = None


def xtc_folder(experiment: str, directory: Optional[str]) -> Path:
    """Raises `Refused`."""
    if directory:
        return Path(directory)
    root = os.environ.get("SIT_PSDM_DATA")
    if not root:
        raise Refused("Where are the data? Give --dir, or set SIT_PSDM_DATA to the root of all experiments.")
    return Path(root) / experiment[:3] / experiment / "xtc"


def plan_for(profile: Path, run: int) -> Tuple[Plan, List[Problem]]:
    """The plan and the profile's warnings; raises `Refused` with every problem."""
    loaded, problems = check(profile)
    if loaded is None or errors(problems):
        count = len(errors(problems))
        raise Refused(f"{profile} has {count} error{'s' * (count != 1)}.", problems)
    return effective(loaded, run), problems


def run_files(experiment: str, run: int, directory: Path) -> RunFiles:
    """Raises `Refused` for a run that is not there, of another experiment, or still being recorded."""
    try:
        files = find_run(directory, run)
    except (RunNotFound, FolderProblem) as error:
        raise Refused(str(error)) from None
    if files.experiment != experiment:
        raise Refused(
            f"{directory} holds data of {files.experiment}, not of {experiment}"
            + (f" (did you mean {files.experiment!r}?)." if nearest(experiment, [files.experiment]) else ".")
        )
    if files.recording:
        raise Refused(
            f"Run {run} of {experiment} is still being recorded: produce it when its files have their final names."
        )
    without = stream_without_end(files)
    if without is not None:  # its files may have their final names before the last event is in them
        entry = max(files.entries, key=lambda entry: entry.modified_ns)
        ago = max(0.0, time.time() - files.modified)
        raise Refused(
            f"Run {run} of {experiment} is still being recorded: {entry.path.name} was written {ago:.0f} s ago and "
            f"{without} has no EndRun. Produce it when nothing has been written for {JUST_WRITTEN:.0f} s."
        )
    return files


def changed(files: RunFiles) -> bool:
    """Whether the files of the run are no longer those that were found: then what psana read is no one run."""
    try:
        return find_run(files.directory, files.run).identity != files.identity
    except (RunNotFound, FolderProblem):
        return True


def check_run(plan: Plan, files: RunFiles) -> List[Problem]:
    """The names of the plan against those of the run; raises `Refused` when they cannot be read."""
    try:
        names = read_names(files, shapes=False)
    except Damaged as error:
        raise Refused(f"{error}.") from None
    return check_names(plan, names)


def prepare(
    experiment: str,
    run: int,
    profile: Path,
    directory: Optional[str],
    limit: int,
    alive: Callable[[], None] = lambda: None,
) -> Prepared:
    """Raises `Refused`. Nothing is written. `alive` is called all the while."""
    plan, warnings = plan_for(profile, run)
    files = run_files(experiment, run, xtc_folder(experiment, directory))
    found = check_files(files, alive)
    if errors(found):
        raise Refused(f"Run {run} of {experiment} is damaged, so that psana would lose events or crash.", found)
    named = check_run(plan, files)
    if errors(named):
        raise Refused(f"{profile} does not go with run {run} of {experiment}.", warnings + named)
    expected = event_timestamps(files)
    if not len(expected):
        raise Refused(f"Run {run} of {experiment} has no events.")
    if limit:
        expected = expected[:limit]
    text = profile.read_text(encoding="utf-8")
    return Prepared(plan, files, expected, tuple(warnings + found + named), Path(os.path.abspath(profile)), text)

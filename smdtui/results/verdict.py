"""Whether a produced file is what it was meant to be, its events counted again in the data where these are at hand."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from producer.dgram import Damaged
from producer.run_files import FolderProblem, RunNotFound, event_timestamps, find_run
from producer.verification import Verdict, verify


@dataclass(frozen=True)
class Judged:
    """`why` the events were not counted again, "" when they were: the verdict then compares every timestamp."""

    verdict: Verdict
    why: str = ""

    @property
    def recounted(self) -> bool:
        return not self.why

    def as_json(self) -> dict[str, Any]:
        return {**self.verdict.as_json(), "recounted": self.recounted, "not_recounted_because": self.why or None}


def judge(path: Path | str) -> Judged:
    """Never raises for what is wrong with the file or the data."""
    counted, why = _timestamps(path)
    return Judged(verify(path, expected=counted), why)


def _timestamps(path: Path | str) -> tuple[np.ndarray | None, str]:
    """(n,) uint64 of the events that the file was to hold, as the headers of the data say now; or None and why."""
    try:
        with h5py.File(path, "r", locking=False) as file:
            settings = file["UserDataCfg"]
            directory = Path(settings["xtc_dir"].asstr()[()])
            experiment = settings["experiment"].asstr()[()]
            run, limit = int(settings["run"][()]), int(settings["event_limit"][()])
    except OSError:
        return None, "the file cannot be read"
    except (KeyError, AttributeError, TypeError, ValueError, RuntimeError):
        return None, "the file does not say of which data it was made"
    try:
        files = find_run(directory, run)
        if files.experiment != experiment:
            return None, f"run {run} in {directory} is of {files.experiment}, the file was made of {experiment}"
        times = event_timestamps(files)
    except (FolderProblem, RunNotFound, Damaged) as error:
        return None, str(error)
    except OSError as error:
        return None, f"{error.filename or directory}: {error.strerror or error}"
    return (times[:limit] if limit else times), ""

"""The names of a run as the probe answers them, and what is wrong in words."""

import os
import traceback
from pathlib import Path
from typing import Any, Dict, Optional


def names(experiment: str, run: int, directory: Optional[str] = None, values: bool = False) -> Dict[str, Any]:
    """The names of a run, as the JSON object; raises FolderProblem, RunNotFound or Damaged."""
    from producer.configure import read_names
    from producer.run_folder import find_run

    files = find_run(directory or xtc_folder(experiment), run)
    return {**read_names(files, values).as_json(), "experiment": experiment, "identity": files.identity}


def xtc_folder(experiment: str) -> Path:
    """Where psana looks for an experiment's data when it is given no folder."""
    return Path(os.environ.get("SIT_PSDM_DATA", "/reg/d/psdm")) / experiment[:3] / experiment / "xtc"


def explain(error: Exception) -> str:
    """In words; the traceback of a bug goes to the log."""
    from producer.dgram import Damaged
    from producer.run_folder import FolderProblem, RunNotFound

    if isinstance(error, Damaged):
        return f"{error}."
    if isinstance(error, (FolderProblem, RunNotFound)):
        return str(error)
    traceback.print_exc()
    return f"The probe failed: {type(error).__name__}: {error}"

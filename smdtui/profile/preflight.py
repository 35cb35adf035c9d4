"""Asks the producer, in the psana environment, what would not work on a run."""

import json
import os
import signal
import subprocess
from pathlib import Path
from typing import Any

from producer.problem import Problem
from smdtui.catalog.experiment import Experiment
from smdtui.site import Site

TIMEOUT = 60.0  # seconds; psana alone takes up to 5 to start on a cold file system


class PreflightFailed(Exception):
    """The producer could not say; `str()` is a sentence."""


def preflight(
    site: Site, experiment: Experiment, run: int, profile: str | Path, timeout: float = TIMEOUT
) -> list[Problem]:
    """Raises PreflightFailed when the producer's process dies, hangs, or answers no problems."""
    words = ["python", "-m", "producer.probe", "preflight", "--exp", experiment.name, "--run", str(run)]
    words += ["--dir", str(experiment.directory), "--profile", str(Path(profile).resolve())]
    if site.calib:
        words += ["--calib", str(site.calib)]
    try:
        process = subprocess.Popen(
            site.environment.command(words),
            env=site.environment.variables(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,  # so that it and its children can be ended together
        )
    except OSError as error:
        raise PreflightFailed(f"the psana environment cannot be entered: {error.strerror}") from error
    try:
        output, said = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        raise PreflightFailed(f"the check of run {run} did not end within {timeout:g} s and was stopped") from None
    except BaseException:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        raise
    return _answer(output, said, process.returncode, run)


def _answer(output: bytes, said: bytes, status: int, run: int) -> list[Problem]:
    # psana prints to stdout too, so the answer is the last line that is JSON
    answer: Any = None
    for line in reversed(output.decode("utf-8", "replace").splitlines()):
        try:
            answer = json.loads(line)
            break
        except ValueError:
            continue
    if isinstance(answer, dict) and isinstance(answer.get("problems"), list):
        return [_problem(entry) for entry in answer["problems"]]
    if isinstance(answer, dict) and answer.get("error"):
        raise PreflightFailed(str(answer["error"]))
    last = said.decode("utf-8", "replace").strip().splitlines()[-1:] or ["it said nothing"]
    ended = f"was killed by {_signal(-status)}" if status < 0 else f"ended with status {status}"
    raise PreflightFailed(f"the check of run {run} {ended}: {last[0]}")


def _problem(entry: dict[str, Any]) -> Problem:
    return Problem(**{name: entry[name] for name in Problem.__dataclass_fields__ if name in entry})


def _signal(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"

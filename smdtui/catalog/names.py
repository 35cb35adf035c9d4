"""What a run holds, asked of a process in the psana environment, which may hang or die without harm."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from producer.packed import pack_epics, unpack_epics
from producer.run_folder import FolderProblem, RunNotFound, find_run, listed
from smdtui.catalog import cache, lcls1_runs
from smdtui.catalog.asked_process import run_to_end
from smdtui.catalog.detnames import ask_detnames
from smdtui.catalog.experiment import Experiment
from smdtui.catalog.probe_process import ProbeFailed, ProbeProcess, died_of
from smdtui.environment import Environment
from smdtui.site import Site

FORMAT = 3  # of the cache files


def ask_names(
    site: Site,
    experiment: Experiment,
    run: int,
    values: bool = False,
    timeout: float = 30,
    probe: ProbeProcess | None = None,
    packed: bool = False,
) -> dict[str, Any]:
    """The `names` object of a run, with the values of PVs when asked; remembered until the run's files change.

    `probe`: ask this one, which is kept running; without, a process is started for the question.  `packed`: leave the
    PVs as columns (producer.packed), for who has 50,000 of them.  Raises ProbeFailed.
    """
    kind = f"names{'-values' if values else ''}"

    environment = site.environment_for(experiment.name)

    def ask() -> dict[str, Any]:
        if environment.names != "probe":
            found = ask_detnames(environment, experiment.name, run, str(experiment.directory), timeout)
            return {**found, "epics": pack_epics(found["epics"])}
        if probe is not None:
            return probe.ask("names", **words(experiment, run), values=values, packed=True)
        asked = ["names", "--exp", experiment.name, "--run", str(run), "--dir", str(experiment.directory)]
        found = ask_probe(environment, [*asked, *(["--values"] if values else [])], timeout)
        return {**found, "epics": pack_epics(found["epics"])}

    answer = remembered(experiment, run, kind, ask)
    return answer if packed else {**answer, "epics": unpack_epics(answer["epics"])}


def words(experiment: Experiment, run: int) -> dict[str, Any]:
    """What every question to the probe says of a run."""
    return {"exp": experiment.name, "run": run, "dir": str(experiment.directory)}


def remembered(experiment: Experiment, run: int, kind: str, ask: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """The answer that was kept while the run's files are the same, else a new one.  Raises ProbeFailed."""
    identity, growing = _identity(experiment.directory, run)
    kept = cache.place("names", experiment.directory, f"-r{run:04d}-{kind}")
    known = cache.read(kept)
    if isinstance(known, dict) and known.get("format") == FORMAT and known.get("identity") == identity:
        answer = known.get("answer")
        if isinstance(answer, dict) and known.get("experiment") == experiment.name:
            return answer
    answer = ask()
    if not growing and not answer.get("problems"):  # what went wrong may go right next time
        # a cache that cannot be written costs time only
        what = {"format": FORMAT, "identity": identity, "experiment": experiment.name, "answer": answer}
        cache.write(kept, what)
    return answer


def _identity(directory: Path, run: int) -> tuple[str, bool]:
    """(changes with the run's files, whether they are being written).  Raises ProbeFailed."""
    try:
        files = find_run(directory, run)
    except (FolderProblem, RunNotFound) as error:
        try:
            old = lcls1_runs.group(listed(directory))
        except FolderProblem:
            old = {}
        if not old:
            raise ProbeFailed(str(error)) from error
        if run not in old:
            near = min(old, key=lambda other: (abs(other - run), other))
            raise ProbeFailed(f"There is no run {run} in {directory}: nearest is {near}.") from error
        summary, identity = lcls1_runs.summarize(directory, run, old[run])
        return identity, summary.state == "recording"
    return files.identity, files.recording


def ask_probe(environment: Environment, arguments: Sequence[str], timeout: float = 30) -> dict[str, Any]:
    """The JSON object with which ``python -m producer.probe ARGUMENTS`` answers.

    The process has its own session and is killed with all it started after `timeout` seconds.  Raises ProbeFailed when
    it does not answer, dies, or answers with an error.
    """
    try:
        ended = run_to_end(environment, ["python", "-m", "producer.probe", *arguments], timeout)
    except OSError as error:
        raise ProbeFailed(f"The psana environment cannot be entered: {error.filename}: {error.strerror}.") from error
    if ended.status is None:
        raise ProbeFailed(f"There was no answer within {timeout:g} s; the process was killed.", ended.log)
    answer = _last_object(ended.said)
    if answer is None or "error" in answer or ended.status != 0:
        raise ProbeFailed(_why(ended.status, answer, ended.log), ended.log)
    return answer


def _last_object(said: bytes) -> dict[str, Any] | None:
    """A set-up script may have printed something before."""
    for line in reversed(said.splitlines()):
        try:
            answer = json.loads(line)
        except ValueError:
            continue
        if isinstance(answer, dict):
            return answer
    return None


def _why(status: int, answer: dict[str, Any] | None, log: str) -> str:
    if answer is not None and answer.get("error"):
        return str(answer["error"])
    return died_of(status, log)

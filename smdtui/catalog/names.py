"""What a run holds, asked of a process in the psana environment, which may hang or die without harm."""

import json
import os
import signal
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from typing import Any

from producer.run_folder import FolderProblem, RunNotFound, find_run
from smdtui.catalog import cache
from smdtui.catalog.experiment import Experiment
from smdtui.catalog.probe_process import ProbeFailed, ProbeProcess, died_of
from smdtui.site import Site

FORMAT = 2  # of the cache files


def ask_names(
    site: Site,
    experiment: Experiment,
    run: int,
    values: bool = False,
    timeout: float = 30,
    probe: ProbeProcess | None = None,
) -> dict[str, Any]:
    """The `names` object of a run, with the values of PVs when asked; remembered until the run's files change.

    `probe`: ask this one, which is kept running; without, a process is started for the question.  Raises ProbeFailed.
    """
    kind = f"names{'-values' if values else ''}"

    def ask() -> dict[str, Any]:
        if probe is not None:
            return probe.ask("names", **words(experiment, run), values=values)
        asked = ["names", "--exp", experiment.name, "--run", str(run), "--dir", str(experiment.directory)]
        return ask_probe(site, [*asked, *(["--values"] if values else [])], timeout)

    return remembered(experiment, run, kind, ask)


def words(experiment: Experiment, run: int) -> dict[str, Any]:
    """What every question to the probe says of a run."""
    return {"exp": experiment.name, "run": run, "dir": str(experiment.directory)}


def remembered(experiment: Experiment, run: int, kind: str, ask: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """The answer that was kept while the run's files are the same, else a new one.  Raises ProbeFailed."""
    try:
        files = find_run(experiment.directory, run)
    except (FolderProblem, RunNotFound) as error:
        raise ProbeFailed(str(error)) from error
    kept = cache.place("names", files.directory, f"-r{run:04d}-{kind}")
    known = cache.read(kept)
    if isinstance(known, dict) and known.get("format") == FORMAT and known.get("identity") == files.identity:
        answer = known.get("answer")
        if isinstance(answer, dict) and known.get("experiment") == experiment.name:
            return answer
    answer = ask()
    if not files.recording:
        # a cache that cannot be written costs time only
        what = {"format": FORMAT, "identity": files.identity, "experiment": experiment.name, "answer": answer}
        cache.write(kept, what)
    return answer


def ask_probe(site: Site, arguments: Sequence[str], timeout: float = 30) -> dict[str, Any]:
    """The JSON object with which ``python -m producer.probe ARGUMENTS`` answers.

    The process has its own session and is killed with all it started after `timeout` seconds.  Raises ProbeFailed when
    it does not answer, dies, or answers with an error.
    """
    command = site.environment.command(["python", "-m", "producer.probe", *arguments])
    with tempfile.TemporaryFile() as log:
        try:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                env=site.environment.variables(),
                cwd="/",
                start_new_session=True,
            )
        except OSError as error:
            raise ProbeFailed(f"The psana environment cannot be entered: {command[0]}: {error.strerror}.") from error
        try:
            said, _ = process.communicate(timeout=timeout)
            late = False
        except subprocess.TimeoutExpired:
            said, late = b"", True
        finally:
            _kill(process)
        text = _text(log)
    if late:
        raise ProbeFailed(f"There was no answer within {timeout:g} s; the process was killed.", text)
    answer = _last_object(said)
    if answer is None or "error" in answer or process.returncode != 0:
        raise ProbeFailed(_why(process.returncode, answer, text), text)
    return answer


def _kill(process: subprocess.Popen[bytes]) -> None:
    """The whole session: a process that was left behind would hold the pipe."""
    if process.poll() is None:
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            return
        process.wait()
    if process.stdout is not None:
        process.stdout.close()


def _text(log: Any) -> str:
    """The last 64 kB."""
    size = log.seek(0, os.SEEK_END)
    log.seek(max(0, size - (1 << 16)))
    return str(log.read().decode(errors="replace"))


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

"""The RUNS of a command line or a form: ``17,20-32``, ``20-``, ``latest``, ``missing``, ``failed``, ``stale``."""

import contextlib
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path

from producer.problem import nearest
from producer.run_files import RunFiles, find_runs, summarize
from producer.run_summary import JUST_WRITTEN
from smdtui.jobs.launch import Place
from smdtui.jobs.production import production_states

WORDS = {
    "all": "every run",
    "latest": "the newest run that is not being recorded",
    "missing": "complete runs without a file and without a job at work",
    "failed": "runs whose last job failed, was lost or left no verdict",
    "stale": "runs whose profile has changed since",
}
_IN_STATE = {
    "missing": {"none", "cancelled"},
    "failed": {"failed", "lost", "finished-unverified"},
    "stale": {"stale"},
}
_PART = re.compile(r"(?P<one>\d+)|(?P<from>\d+)-(?P<to>\d+)|(?P<on>\d+)-|-(?P<until>\d+)")


class RunArgumentError(ValueError):
    """The message is a sentence for people."""


def parse(text: str, runs: Sequence[int], recording: Collection[int], states: Mapping[int, str]) -> list[int]:
    """The runs that `text` means, ascending, each once.

    `runs`: those on disk, ascending; `recording`: those not yet complete; `states`: the production state of each. A run
    named by its number must exist; a range takes those that do, at least one; ``latest``, ``missing``, ``failed`` and
    ``stale`` may mean none. Raises RunArgumentError.
    """
    found: set[int] = set()
    parts = [part.strip() for part in text.split(",")]
    if parts == [""]:
        raise RunArgumentError(f"no run is named; write runs such as 17,20-32, or {_words()}")
    for part in parts:
        found |= _part(part, runs, recording, states)
    return sorted(found)


def _part(part: str, runs: Sequence[int], recording: Collection[int], states: Mapping[int, str]) -> set[int]:
    word = part.lower()
    complete = [run for run in runs if run not in recording]
    if word == "all":
        return set(runs)
    if word == "latest":
        return set(complete[-1:])
    if word in _IN_STATE:
        return {run for run in complete if states.get(run, "none") in _IN_STATE[word]}
    number = _PART.fullmatch(part)
    if number is None:
        near = nearest(word, WORDS)
        hint = f"did you mean {near[0]!r}?" if near else f"write runs such as 17,20-32, or {_words()}"
        raise RunArgumentError(f"{part!r} names no run; {hint}")
    if number["one"]:
        run = int(number["one"])
        if run not in runs:
            raise RunArgumentError(f"there is no run {run}; {around(run, runs)}")
        return {run}
    first = int(number["from"] or number["on"] or 0)
    last = int(number["to"] or number["until"] or max(runs, default=first))
    if number["to"] and last < first:
        raise RunArgumentError(f"the range {part} ends before it begins; did you mean {last}-{first}?")
    inside = {run for run in runs if first <= run <= last}
    if not inside:
        raise RunArgumentError(f"there is no run in {part}; {around(first, runs)}")
    return inside


def _words() -> str:
    *first, last = WORDS
    return f"{', '.join(first)} or {last}"


def around(run: int, runs: Sequence[int]) -> str:
    """The runs nearest to a missing one, in words."""
    if not runs:
        return "the folder holds no runs"
    close = sorted(sorted(runs, key=lambda r: abs(r - run))[:3])
    names = ", ".join(map(str, close))
    return f"the nearest are {names}" if len(close) > 1 else f"the only one is {names}"


def resolver(experiment: Place, profile: Path | None = None) -> Callable[[str], list[int]]:
    """`parse` on the experiment as it is now, read once: for a field that is read at every key. Raises what reading the
    folders raises; the function RunArgumentError."""
    found = find_runs(experiment.directory)
    files: dict[int, RunFiles] = {}
    for run in found:
        with contextlib.suppress(KeyError):  # gone since the folder was listed
            files[run] = found[run]
    runs = sorted(files)
    recording = {run for run in runs if is_recorded(files[run])}
    states = production_states(experiment, runs, profile, files)
    return lambda text: parse(text, runs, recording, states)


def is_recorded(files: RunFiles) -> bool:
    """Whether the run is still being recorded, as RunSummary.state has it: also under its final names, until an EndRun
    is there. Only a run written to just now is read."""
    return files.recording or (files.written_within(JUST_WRITTEN) and summarize(files).state == "recording")


def runs_of(experiment: Place, text: str, profile: Path | None = None) -> list[int]:
    """The runs that `text` means in the experiment as it is now."""
    return resolver(experiment, profile)(text)

"""What else a check against one run can say: files that a plan names, datasets that would overwrite each other, since
and until which run a missing name exists, how large the output becomes and what is there already."""

import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import is_dataclass, replace
from pathlib import Path
from typing import Any

from producer.analysis import FUNCTIONS
from producer.analysis.names import file_path
from producer.configure import RunNames
from producer.detector_context import Lacking, read_array
from producer.parameters import describe
from producer.plan import Plan
from producer.plan_check import at
from producer.problem import Problem
from producer.report import Path as Key
from producer.report import dotted

PIXELS = ("mask", "dark", "gain", "file")  # fields whose file has a value for each pixel of the detector
NEIGHBOURS = 12  # runs on either side that are asked for a missing name


# ---- files ----------------------------------------------------------------------------------------------------------


def file_problems(plan: Plan, shapes: Mapping[str, Any]) -> list[Problem]:
    """Files that cannot be read, and masks and the like of another size than the detector's frames (`shapes`, None
    where not known)."""
    found = []
    for key, value in _files(plan):
        name = str(key[-1])
        shape = shapes.get(str(key[1])) if key[0] == "detectors" else None
        whole_frame = name in PIXELS and key[0] == "detectors" and key[2] != "autocorrelation"
        try:
            if whole_frame and shape:
                read_array(value, tuple(shape), name.replace("file", "mask"))
            else:
                _readable(value, name)
        except Lacking as lacking:
            found.append(at(plan, dotted(key), f"{dotted(key[1:])}: {lacking}"))
    return found


def _files(plan: Plan) -> Iterator[tuple[Key, str]]:
    for detector, functions in plan.detectors.items():
        for function, given in functions.items():
            yield from _files_of(given, ("detectors", detector, function))


def _files_of(value: Any, key: Key) -> Iterator[tuple[Key, str]]:
    if isinstance(value, tuple):
        for i, entry in enumerate(value):
            yield from _files_of(entry, (*key, i))
    elif is_dataclass(value):
        cls: Any = type(value)
        for field in describe(cls):
            inner = getattr(value, field.name)
            if field.meta.check is file_path and isinstance(inner, str):
                yield (*key, field.name), inner
            else:
                yield from _files_of(inner, (*key, field.name))


def _readable(path: str, what: str) -> None:
    file = Path(path).expanduser()
    try:
        if not file.is_file():
            raise Lacking(f"the {what} {file} is not there")
        with open(file, "rb") as opened:
            opened.read(1)
    except OSError as error:
        raise Lacking(f"the {what} {file} cannot be read: {error.strerror}") from None


# ---- datasets that clash --------------------------------------------------------------------------------------------


def collisions(plan: Plan) -> list[Problem]:
    """Errors for two settings that write the same dataset, or one below the other's name."""
    written: dict[str, str] = {}
    found = []
    for key, paths in _promised(plan):
        clashes = {}
        for path in paths:
            other = written.setdefault(path, key)
            if other != key:
                clashes[other] = path
        for other, path in clashes.items():
            found.append(at(plan, key, f"would write {path} too, which {other} writes: give one another name"))
    for path, key in written.items():
        parents = [path[:n] for n, c in enumerate(path) if c == "/"]
        for parent in parents:
            if parent in written:
                words = f"would write {path}, but {parent} is a dataset of {written[parent]}: give one another name"
                found.append(at(plan, key, words))
    return found


def _promised(plan: Plan) -> Iterator[tuple[str, list[str]]]:
    for field, group in (("per_event", "epicsUser"), ("once", "epicsOnce")):
        for i, pv in enumerate(getattr(plan.epics, field)):
            yield f"epics.{field}[{i}]", [f"{group}/{pv.name}"]
    for i, channel in enumerate(plan.analog_input):
        yield f"analog_input[{i}]", [f"ai/{channel.name}"]
    for detector, functions in plan.detectors.items():
        for function, given in functions.items():
            module = FUNCTIONS[function]
            if not hasattr(module, "promises"):
                continue
            for i, parameters in enumerate(given if module.MANY else (given,)):
                key = dotted(("detectors", detector, function, i) if module.MANY else ("detectors", detector, function))
                yield key, list(module.promises(parameters, detector))


# ---- where a missing name is ----------------------------------------------------------------------------------------


def with_neighbours(
    problems: Iterable[Problem],
    missing: Mapping[str, str],
    run: int,
    runs: Sequence[int],
    ask: Callable[[int], set[str]],
) -> list[Problem]:
    """The problems, with "it is there until run 14" or "from run 19 on" added for each name that is missing in `run`.
    `missing`: key of the problem -> name. `ask` gives the names of a recorded run; the nearest are asked first."""
    told = list(problems)
    if not missing:
        return told
    known: dict[int, set[str]] = {}

    def nearest(name: str, candidates: Iterable[int]) -> int | None:
        for other in list(candidates)[:NEIGHBOURS]:
            if other not in known:
                known[other] = ask(other)
            if name in known[other]:
                return other
        return None

    before, after = sorted((r for r in runs if r < run), reverse=True), sorted(r for r in runs if r > run)
    for n, problem in enumerate(told):
        name = missing.get(problem.key)
        if name is None:
            continue
        until, since = nearest(name, before), nearest(name, after)
        words = [f"until run {until}"] if until is not None else []
        words += [f"from run {since} on"] if since is not None else []
        if words:
            told[n] = replace(problem, message=f"{problem.message}; it is there {' and '.join(words)}")
    return told


def missing_names(plan: Plan, names: RunNames) -> dict[str, str]:
    """Key in the profile -> name, of the detectors and PVs of the plan that the run does not have."""
    there = {d.name for d in (*names.detectors, *names.others)}
    pvs = {word for pv in names.epics for word in (pv.alias, pv.pv) if word}
    wanted = [(dotted(("detectors", name)), name) for name in plan.detectors if name not in there]
    wanted += [("waveforms.traces", name) for name in plan.waveforms.traces if name not in there]
    if plan.time_tool.detector and plan.time_tool.detector not in there:
        wanted.append(("timetool.detector", plan.time_tool.detector))
    for field in ("per_event", "once"):
        entries = enumerate(getattr(plan.epics, field))
        wanted += [(f"epics.{field}[{i}]", pv.pv) for i, pv in entries if pv.pv not in pvs]
    return {at(plan, key, "").key: name for key, name in wanted}


def names_in(names: RunNames) -> set[str]:
    found = {d.name for d in (*names.detectors, *names.others)}
    return found | {word for pv in names.epics for word in (pv.alias, pv.pv) if word}


# ---- the output -----------------------------------------------------------------------------------------------------


def output_notes(folder: Path, name: str, row_bytes: int, events: int | None) -> list[Problem]:
    """That the file of an earlier production is there, and a warning when the new one may not fit on the disk."""
    found = []
    output = Path(folder) / name
    if output.exists():
        aside = f"{output} is there already; a production moves it aside, it is not overwritten"
        found.append(Problem("note", aside, file=str(output)))
    size = row_bytes * (events or 0)
    words = f"the detectors' functions give {_bytes(row_bytes)} an event, about {_bytes(size)} in all, uncompressed"
    there = Path(folder)
    while not there.exists() and there != there.parent:
        there = there.parent
    free = shutil.disk_usage(there).free
    if size > free:
        left = f"{folder} has {_bytes(free)} left"
        found.append(Problem("warning", f"{words}; {left}", file=str(folder)))
    elif size:
        found.append(Problem("note", words))
    return found


def _bytes(number: int) -> str:
    for unit, size in (("TB", 10**12), ("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if number >= size:
            return f"{number / size:.3g} {unit}"
    return f"{number} bytes"

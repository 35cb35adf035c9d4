"""Everything wrong with a profile: in the file alone, against an experiment's runs, against one run. All at once, each
at its line."""

import os
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from producer import plan as plans
from producer.layers import read_text
from producer.plan import Plan, Profile, effective, gaps, unmatched
from producer.problem import Problem, errors, nearest
from producer.report import dotted
from producer.run_folder import FolderProblem, find_runs
from producer.run_ranges import RunRange
from smdtui.catalog.experiment import Experiment
from smdtui.catalog.names import ProbeFailed, ask_names
from smdtui.profile.preflight import PreflightFailed, preflight
from smdtui.site import Site


def check_file(path: str | Path) -> list[Problem]:
    return plans.check(path)[1]


def check_experiment(path: str | Path, experiment: Experiment) -> list[Problem]:
    """Warnings: recorded runs that no section covers, sections that hold no recorded run. What is wrong with the file
    alone is not repeated."""
    profile = plans.check(path)[0]
    if profile is None:
        return []
    try:
        runs = sorted(find_runs(experiment.directory))
    except FolderProblem as error:
        return [Problem("error", str(error))]
    return coverage(profile, runs, experiment.name)


def coverage(profile: Profile, runs: list[int], experiment: str) -> list[Problem]:
    found = []
    uncovered = gaps(profile, runs)
    if uncovered:
        which = RunRange.of([(run, run) for run in uncovered]).text
        many = "runs" if len(uncovered) > 1 else "run"
        message = f"no section covers {many} {which} of {experiment}: no detector is reduced there"
        found.append(Problem("warning", message, key="runs", file=profile.file))
    for section in unmatched(profile, runs) if runs else []:
        origin = section.origin
        message = f"[{dotted(section.path)}] holds none of the runs of {experiment} ({runs[0]} to {runs[-1]})"
        found.append(Problem("warning", message, origin.key, origin.file, origin.line, origin.column))
    return found


def check_run(path: str | Path, site: Site, experiment: Experiment, run: int) -> list[Problem]:
    """What is wrong with the file, and what will not work on this run: names that it does not have, regions outside a
    detector, no place to write. Asks the run's names and, in the psana environment, the producer itself."""
    profile, problems = plans.check(path)
    problems = [*problems, *output_problems(experiment.hdf5)]
    if profile is None:
        return problems
    plan = effective(profile, run)
    if profile.sections and gaps(profile, [run]):
        problems.append(
            Problem("warning", f"no section covers run {run}: no detector is reduced", "runs", profile.file)
        )
    try:
        names = ask_names(site, experiment, run)
    except ProbeFailed as error:
        return [*problems, Problem("error", f"run {run} cannot be asked what it holds: {error}")]
    asked = against_names(plan, names)
    if errors(problems):
        return [*problems, *asked]  # the producer would only refuse the file with the same words
    try:
        told = [at_origin(problem, plan) for problem in preflight(site, experiment, run, path)]
    except PreflightFailed as error:
        told = [*region_problems(plan, names), Problem("error", str(error))]
    known = {(problem.severity, problem.key) for problem in asked}
    return [
        *problems,
        *asked,
        *(problem for problem in told if not problem.key or (problem.severity, problem.key) not in known),
    ]


def at_origin(problem: Problem, plan: Plan) -> Problem:
    """A problem whose key is that of the plan (``detectors.epix_1...``) with file, line and key of the profile."""
    origin = plan.origin.get(problem.key)
    if problem.line or origin is None or not origin.line:
        return problem
    return replace(problem, key=origin.key, file=origin.file, line=origin.line, column=origin.column)


def against_names(plan: Plan, names: Mapping[str, Any]) -> list[Problem]:
    """Detectors and PVs of the plan that the run does not have, and PVs that are text, useless as numbers. `names` as
    ``smdtui names --json`` gives them."""
    run, found = plan.run, []
    detectors = [detector["name"] for detector in names["detectors"]]

    def missing(what: str, name: str, key: str, there: Iterable[str]) -> None:
        there = list(there)
        close = nearest(name, there, most=1)
        listing = f"; it has {', '.join(sorted(there))}" if not close and 0 < len(there) <= 30 else ""
        found.append(
            at_origin(
                Problem(
                    "error", f"run {run} has no {what} {name!r}{listing}", key, suggestion=close[0] if close else ""
                ),
                plan,
            )
        )

    for name, functions in plan.detectors.items():
        if name not in detectors:
            for function, value in functions.items():
                index = (0,) if isinstance(value, tuple) else ()
                missing("detector", name, dotted(("detectors", name, function, *index)), detectors)
                break
    if plan.timetool.detector and plan.timetool.detector not in detectors:
        missing("detector", plan.timetool.detector, "timetool.detector", detectors)
    for i, trace in enumerate(plan.waveforms.traces):
        if trace not in detectors:
            missing("detector", trace, f"waveforms.traces[{i}]", detectors)
    pvs = {name: pv for pv in names["epics"] for name in (pv["pv"], pv["alias"]) if name}
    for field in ("per_event", "once"):
        for i, wanted in enumerate(getattr(plan.epics, field)):
            key = f"epics.{field}[{i}]"
            pv = pvs.get(wanted.pv)
            if pv is None:
                missing("PV", wanted.pv, key, pvs)
            elif pv.get("type") == "str":
                message = f"PV {wanted.pv!r} is text, so its values are NaN in the file"
                found.append(at_origin(Problem("warning", message, key), plan))
    return found


def region_problems(plan: Plan, names: Mapping[str, Any]) -> list[Problem]:
    """Regions outside the shape of the raw data, for where the producer could not tell that of the calibrated."""
    shapes = {detector["name"]: detector.get("shape") for detector in names["detectors"]}
    found = []
    for name, functions in plan.detectors.items():
        for i, roi in enumerate(functions.get("roi", ())):
            shape = shapes.get(name)
            why = roi.misfit(tuple(shape)) if shape else ""
            if why:
                key = dotted(("detectors", name, "roi", i, "region"))
                found.append(at_origin(Problem("error", f"ROI {roi.name!r} of {name}: {why}", key), plan))
    return found


def output_problems(folder: Path) -> list[Problem]:
    """An error when files cannot be made in `folder`, or it cannot be made."""
    there = Path(folder)
    while not there.exists() and there != there.parent:
        there = there.parent
    if not there.is_dir():
        return [
            Problem("error", f"the output folder {folder} cannot be made: {there} is not a folder", file=str(folder))
        ]
    if not os.access(there, os.W_OK | os.X_OK):
        return [
            Problem(
                "error", f"the output folder {folder} cannot be written to: no permission in {there}", file=str(folder)
            )
        ]
    return []


def render(problems: Iterable[Problem]) -> str:
    """As a compiler prints them: the message, the line of the file, a caret under the place."""
    sources: dict[str, list[str]] = {}
    blocks = []
    for problem in problems:
        block = problem.text()
        if problem.file and problem.line:
            if problem.file not in sources:
                sources[problem.file] = _lines(problem.file)
            lines = sources[problem.file]
            if problem.line <= len(lines):
                shown = _printable(lines[problem.line - 1])
                margin = f"{problem.line:>5} | "
                caret = " " * (problem.column - 1) + "^" if problem.column else ""
                block += f"\n{margin}{shown}" + (f"\n{' ' * (len(margin) - 2)}| {caret}" if caret else "")
        blocks.append(block)
    return "\n".join(blocks)


def _lines(file: str) -> list[str]:
    try:
        return read_text(Path(file)).split("\n")
    except (OSError, ValueError):
        return []  # gone since it was checked: the messages stand without its lines


def _printable(line: str) -> str:
    """One column for each character, and nothing that a terminal would obey."""
    return "".join(c if c.isprintable() else " " for c in line.rstrip("\r"))

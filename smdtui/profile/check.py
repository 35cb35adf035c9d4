"""Everything wrong with a profile: in the file alone, against an experiment's runs, against one run. All at once, each
at its line."""

import os
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from producer import plan as plans
from producer.configure import DataType, DetectorName, EpicsName, RunNames, read_names
from producer.dgram import Damaged
from producer.layers import read_text
from producer.plan import Plan, Profile, effective, gaps, unmatched
from producer.plan_check import at, check_names
from producer.problem import Problem, errors
from producer.report import dotted
from producer.run_folder import FolderProblem, find_runs
from producer.run_ranges import RunRange
from smdtui.catalog.experiment import Experiment
from smdtui.catalog.names import ProbeFailed, ask_names, ask_probe
from smdtui.profile.run_notes import (
    collisions,
    file_problems,
    missing_names,
    names_in,
    output_notes,
    with_neighbours,
)
from smdtui.site import Site

PREFLIGHT_SECONDS = 120.0  # psana starts, every record of the run is verified, each detector is read once


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
    """What is wrong with the file, and what will not work on this run: the producer itself is asked, in the psana
    environment. Where it cannot say (an error in the file, a process that dies), the names of the run still are."""
    profile, problems = plans.check(path)
    problems = [*problems, *output_problems(experiment.hdf5)]
    if profile is None:
        return problems
    plan = effective(profile, run)
    if profile.sections and gaps(profile, [run]):
        message = f"no section covers run {run}: no detector is reduced"
        problems.append(Problem("warning", message, "runs", profile.file))
    told: list[Problem] | None = None
    size: tuple[int, int | None] = (0, None)
    if not errors(problems):
        try:
            told, size = preflight(path, site, experiment, run)
        except ProbeFailed as error:
            problems.append(Problem("error", f"the check of run {run} failed: {error}"))
    problems += output_notes(experiment.hdf5, f"{experiment.name}_Run{run:04d}.h5", *size)
    try:
        names = ask_names(site, experiment, run)
    except ProbeFailed as error:
        missing = [] if told else [Problem("error", f"run {run} cannot be asked what it holds: {error}")]
        return list(dict.fromkeys([*problems, *(told or []), *missing]))
    return list(dict.fromkeys([*problems, *_against_names(plan, names, told, experiment)]))


def _against_names(
    plan: Plan, names: Mapping[str, Any], told: list[Problem] | None, experiment: Experiment
) -> list[Problem]:
    """What the producer said of the run, or what its names alone tell, with what it does not say."""
    held = run_names(names)
    found = check_names(plan, held) if told is None else told
    if told is None or errors(told):  # at a wrong name the producer stops before it tries the regions
        known = {problem.key for problem in found}
        found = [*found, *(problem for problem in region_problems(plan, names) if problem.key not in known)]
    files = file_problems(plan, {detector["name"]: detector.get("shape") for detector in names["detectors"]})
    said = [problem.message.partition(": ")[2] for problem in files]
    found = [problem for problem in found if not any(words in problem.message for words in said)]
    runs = find_runs(experiment.directory)

    def ask(run: int) -> set[str]:
        try:
            return names_in(read_names(runs[run], shapes=False))
        except (Damaged, OSError):
            return set()  # its own check says so

    found = with_neighbours(found, missing_names(plan, held), plan.run, sorted(runs), ask)
    return [*found, *files, *collisions(plan), *text_pvs(plan, names)]


def preflight(
    path: str | Path, site: Site, experiment: Experiment, run: int
) -> tuple[list[Problem], tuple[int, int | None]]:
    """What the producer says before a launch, and (bytes it writes with each event, events). Raises ProbeFailed."""
    absolute = os.path.abspath(path)
    words = ["preflight", "--exp", experiment.name, "--run", str(run), "--dir", str(experiment.directory)]
    words += ["--profile", absolute, *(["--calib", site.calib] if site.calib else [])]
    answer = ask_probe(site.environment_for(experiment.name), words, PREFLIGHT_SECONDS)
    known = Problem.__dataclass_fields__
    told = [Problem(**{name: value for name, value in p.items() if name in known}) for p in answer["problems"]]
    told = [replace(p, file=str(path)) if p.file == absolute else p for p in told]
    return told, (answer.get("row_bytes") or 0, answer.get("events"))


def run_names(names: Mapping[str, Any]) -> RunNames:
    """The probe's JSON as the producer has it, as far as checking needs it."""

    def detectors(listed: Iterable[Mapping[str, Any]]) -> tuple[DetectorName, ...]:
        return tuple(
            DetectorName(
                name=detector["name"],
                type=detector["type"],
                interfaces=tuple(DataType(name, "", None, {}) for name in detector["data_types"]),
                segments=(),
                detid=(),
                unique_id="",
            )
            for detector in listed
        )

    return RunNames(
        experiment=names["experiment"],
        run=names["run"],
        detectors=detectors(names["detectors"]),
        others=detectors(names.get("others", ())),
        epics=tuple(EpicsName(pv["alias"], pv["pv"], pv.get("type", ""), 0) for pv in names["epics"]),
        scan=(),
        raw=(),
    )


def text_pvs(plan: Plan, names: Mapping[str, Any]) -> list[Problem]:
    """Warnings for PVs that are text: there is no number to write."""
    text = {name for pv in names["epics"] if pv.get("type") == "str" for name in (pv["pv"], pv["alias"]) if name}
    return [
        at(plan, f"epics.{field}[{i}]", f"PV {pv.pv!r} is text: useless as a number", severity="warning")
        for field in ("per_event", "once")
        for i, pv in enumerate(getattr(plan.epics, field))
        if pv.pv in text
    ]


def region_problems(plan: Plan, names: Mapping[str, Any]) -> list[Problem]:
    """Regions outside the shape of the raw data, for where the producer could not tell that of the calibrated."""
    shapes = {detector["name"]: detector.get("shape") for detector in names["detectors"]}
    found = []
    for name, functions in plan.detectors.items():
        for i, roi in enumerate(functions.get("roi", ())):
            shape = shapes.get(name)
            why = roi.misfit(tuple(shape)) if shape else ""
            if why:
                found.append(
                    at(plan, dotted(("detectors", name, "roi", i, "region")), f"ROI {roi.name} of {name}: {why}")
                )
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

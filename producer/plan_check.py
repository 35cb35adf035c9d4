"""What of a plan a run cannot give: each with the line of the profile that asks for it and the nearest names."""

from typing import Iterable, List

from producer.analysis import FUNCTIONS
from producer.configure import RunNames
from producer.plan import Plan
from producer.problem import Problem, nearest
from producer.report import dotted


class PlanRefused(Exception):
    """The plan does not go with the run; `problems` has everything wrong."""

    def __init__(self, problems: List[Problem]) -> None:
        super().__init__("\n".join(problem.text() for problem in problems))
        self.problems = problems


def at(plan: Plan, key: str, message: str, suggestion: str = "", severity: str = "error") -> Problem:
    """A problem of the value `key` of the plan (``detectors.epix_1.roi[0].region``), at its line, or at the first line
    of what is in it, or of what it is in."""
    tried = key
    while tried:
        inside = [
            at for k, at in plan.origin.items() if at.line and (k == tried or k.startswith((tried + ".", tried + "[")))
        ]
        if inside:
            first = min(inside, key=lambda origin: (origin.line, origin.column))
            return Problem(severity, message, first.key, first.file, first.line, first.column, suggestion)
        tried = tried[: max(tried.rfind("."), tried.rfind("["), 0)]
    return Problem(severity, message, key, suggestion=suggestion)


def check_names(plan: Plan, names: RunNames) -> List[Problem]:
    """Detectors, PVs and settings of the plan against what the run has, in the order of the profile's lines."""
    problems: List[Problem] = []
    there = {detector.name: detector for detector in names.detectors}
    unknown = {detector.name for detector in names.others}
    run = f"run {names.run}"

    def detector(name: str, key: str, needs: str) -> None:
        if name not in there:
            if name in unknown:
                problems.append(at(plan, key, f"psana has no class for the detector {name}, so it cannot be read"))
            else:
                problems.append(at(plan, key, f"there is no detector {name!r} in {run}", _near(name, there)))
        elif needs not in there[name].data_types:
            has = ", ".join(there[name].data_types) or "nothing"
            problems.append(at(plan, key, f"{name} has no {needs} data in {run}, only {has}"))

    for name in plan.detectors:
        detector(name, dotted(("detectors", name)), "raw")
    for name in plan.waveforms.traces:
        detector(name, "waveforms.traces", "raw")
    if plan.timetool.detector:
        detector(plan.timetool.detector, "timetool.detector", "ttfex")
    if plan.timetool.traces:
        for name in [plan.timetool.detector] if plan.timetool.detector else _with(names, "ttfex"):
            if name in there:
                detector(name, "timetool.traces", "ttproj")
    if (plan.timetool.traces or plan.timetool.calibration) and not plan.timetool.detector and not _with(names, "ttfex"):
        problems.append(at(plan, "timetool", f"there is no time tool in {run}"))

    known = {epics.alias for epics in names.epics} | {epics.pv for epics in names.epics if epics.pv}
    for field in ("per_event", "once"):
        for i, pv in enumerate(getattr(plan.epics, field)):
            if pv.pv not in known:
                problems.append(
                    at(plan, f"epics.{field}[{i}]", f"there is no PV {pv.pv!r} in {run}", _near(pv.pv, known))
                )
    if plan.epics.all and not names.epics:
        problems.append(at(plan, "epics.all", f"there is no PV in {run}", severity="warning"))

    later = "cannot be produced by this version yet; take it out of the profile"
    for name, functions in plan.detectors.items():
        for function in functions:
            module = FUNCTIONS[function]
            if not hasattr(module, "Computation") and not hasattr(module, "prepare"):
                problems.append(at(plan, dotted(("detectors", name, function)), f"{function} of {name} {later}"))
    for i, channel in enumerate(plan.analog_input):
        problems.append(at(plan, f"analog_input[{i}]", f"the analog input {channel.name!r} {later}"))
    if plan.xtcav.enabled:
        problems.append(at(plan, "xtcav.enabled", f"XTCAV {later}"))
    return sorted(problems, key=lambda problem: (problem.file, problem.line))


def _with(names: RunNames, interface: str) -> List[str]:
    return [detector.name for detector in names.detectors if interface in detector.data_types]


def _near(name: str, candidates: Iterable[str]) -> str:
    close = nearest(name, sorted(candidates), most=1)
    return close[0] if close else ""

"""What of a plan a run cannot give: each with the line of the profile that asks for it and the nearest names."""

from typing import Any, Iterable, List, Mapping

from producer.analysis import FUNCTIONS
from producer.configure import RunNames
from producer.defaults import analog_input, integrating, switched_off, timetool, xtcav
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
    for name in plan.waveforms.peaks:
        detector(name, "waveforms.peaks", "raw")
    tool = plan.time_tool
    if tool.detector:
        from_ioc = tool.detector in there and there[tool.detector].type == "pv"
        detector(tool.detector, "timetool.detector", "raw" if from_ioc else "ttfex")
    if tool.traces:
        for name in [tool.detector] if tool.detector else _with(names, "ttfex"):
            if name in there:
                detector(name, "timetool.traces", "ttproj")
    if (tool.traces or tool.calibration) and not tool.detector and not _with(names, "ttfex"):
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
    problems += _default_data(plan, there, run)
    return sorted(problems, key=lambda problem: (problem.file, problem.line))


def _default_data(plan: Plan, there: Mapping[str, Any], run: str) -> List[Problem]:
    problems: List[Problem] = []
    if plan.light_status.lights and not any(detector.type == "ts" for detector in there.values()):
        problems.append(at(plan, "light_status", f"there is no timing detector in {run}, so no event code"))
    if "timetool" in plan.defaults.off and plan.timetool != timetool.Parameters():
        words = "the time tool is switched off in [defaults], so nothing of [timetool] is done"
        problems.append(at(plan, "timetool", words, severity="warning"))
    edge = plan.time_tool.refit
    tools = sorted(name for name, detector in there.items() if "ttfex" in detector.data_types)
    if edge is not None and plan.time_tool.detector is None and len(tools) > 1:
        words = f"{run} has the time tools {', '.join(tools)}: say with detector whose edge is to be fitted"
        problems.append(at(plan, "timetool.refit", words, f'detector = "{tools[0]}"'))
    if edge is not None and edge.signal is not None and "xray" not in plan.light_status.lights:
        words = "references are the shots without X-rays: say in [light_status] which these are"
        problems.append(at(plan, "timetool.refit", words))
    boxes = sorted(name for name, detector in there.items() if detector.type in analog_input.TYPES)
    for i, channel in enumerate(plan.analog_input):
        key, box = f"analog_input[{i}]", channel.detector
        if not boxes:
            problems.append(at(plan, key, f"there is no detector with analog inputs in {run}"))
        elif box is not None and box not in boxes:
            words = f"{box} has no analog inputs in {run}; those that have are {', '.join(boxes)}"
            problems.append(at(plan, f"{key}.detector", words, _near(box, boxes)))
        elif box is None and len(boxes) > 1:
            words = f"several detectors have analog inputs in {run}: say which with detector ({', '.join(boxes)})"
            problems.append(at(plan, key, words, f'detector = "{boxes[0]}"'))
        elif channel.channel >= analog_input.CHANNELS:
            words = f"{box or boxes[0]} has {analog_input.CHANNELS} analog inputs, 0 to {analog_input.CHANNELS - 1}"
            problems.append(at(plan, f"{key}.channel", words))
    for field in ("detectors", "fast"):
        for i, name in enumerate(getattr(plan.integrating, field)):
            key = f"integrating.{field}[{i}]"
            if switched_off.WRITTEN.get(name) in plan.defaults.off:
                problems.append(at(plan, key, f"{name} is switched off in [defaults], so it cannot be added up"))
            elif name not in there and (field == "detectors" or name not in integrating.GROUPS):
                problems.append(at(plan, key, f"there is no detector {name!r} in {run}", _near(name, there)))
            elif field == "detectors" and "raw" not in there[name].data_types:
                problems.append(at(plan, key, f"{name} has no raw data in {run}, so no frames"))
    if plan.xtcav.enabled:
        problems.append(at(plan, "xtcav.enabled", xtcav.why_not()))
    return problems


def _with(names: RunNames, interface: str) -> List[str]:
    return [detector.name for detector in names.detectors if interface in detector.data_types]


def _near(name: str, candidates: Iterable[str]) -> str:
    close = nearest(name, sorted(candidates), most=1)
    return close[0] if close else ""

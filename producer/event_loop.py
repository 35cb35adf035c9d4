"""The events of one worker: from psana through default data and analysis into its part file."""

from dataclasses import dataclass
from types import ModuleType
from typing import Any, Dict, List, Sequence, Tuple

import numpy as np

from producer import log, schema
from producer.data_source import OpenRun, Variable
from producer.defaults import (
    analog_input,
    beam,
    damage,
    encoders,
    epics,
    integrating,
    light_status,
    pv,
    scan,
    timetool,
    timing,
    wave8,
    waveforms,
)
from producer.defaults.held import Held
from producer.defaults.source import Source
from producer.detector_analysis import DetectorAnalysis, in_words
from producer.detector_context import Lacking
from producer.edge_fit import read_weights
from producer.event_problems import EventProblem, EventProblems
from producer.part_file import PartFile
from producer.plan import Plan
from producer.plan_check import PlanRefused, at
from producer.problem import Problem
from producer.progress import Progress
from producer.schema import Column, Misfit, of_value
from producer.shot import LIGHTS, Shot


@dataclass(frozen=True)
class Worked:
    """What one worker did. `frames`: how many of each analysed detector; `uncalibrated`: detector -> why; `silent`:
    EPICS and scan variables without a value in any of its events."""

    events: int
    problems: List[EventProblem]
    frames: Dict[str, int]
    uncalibrated: Dict[str, str]
    silent: List[str]


def default_sources(run: OpenRun, plan: Plan) -> List[Source]:
    """Raises `PlanRefused` for waveforms that the detector does not have, and weights that cannot be read."""
    for i, name in enumerate(plan.waveforms.traces):
        if not waveforms.can_write(run.interfaces, name):
            words = f"{name} records no waveforms of a fixed length as raw data"
            raise PlanRefused([at(plan, f"waveforms.traces[{i}]", words)])
    for i, name in enumerate(plan.waveforms.peaks):
        if not waveforms.has_peaks(run.interfaces, name):
            raise PlanRefused([at(plan, f"waveforms.peaks[{i}]", f"{name} is no high-speed digitizer (hsd)")])
    if plan.time_tool.refit is not None:
        try:
            read_weights(plan.time_tool.refit)
        except Lacking as lacking:
            raise PlanRefused([at(plan, "timetool.refit.weights", str(lacking))]) from None
    off = set(plan.defaults.off)

    def on(group: ModuleType, *settings: Any) -> List[Source]:
        return [] if group.__name__.rpartition(".")[2] in off else list(group.sources(run, *settings))

    return [
        *on(timing),
        *light_status.sources(run, plan.light_status),
        *on(beam),
        *on(wave8),
        *on(encoders),
        *analog_input.sources(run, plan.analog_input),
        *on(pv),
        *on(timetool, plan.timetool),
        *waveforms.sources(run, plan.waveforms),
        *integrating.sources(run, plan.integrating),
        *on(damage),
    ]


def tried(sources: Sequence[Source], event: Any, plan: Plan) -> Tuple[List[Source], List[Problem]]:
    """Those that gave nothing in this event, and what in the plan does not go with what the others gave."""
    waiting: List[Source] = []
    found: List[Problem] = []
    for source in sources:
        try:
            unfit = source.unfit(event)
        except Exception:  # reading it as data fails, too, and counts it
            unfit = None
        if unfit is None:
            waiting.append(source)
        else:
            found += [at(plan, key, words) for key, words in unfit]
    return waiting, found


class EventLoop:
    """Made before the first event, so that a plan that does not go with the run is refused (`PlanRefused`) at once."""

    def __init__(self, run: OpenRun, plan: Plan, part: PartFile, progress: Progress, rank: int) -> None:
        self._run, self._part, self._progress = run, part, progress
        self._problems = EventProblems(lambda problem: log.warning(f"rank {rank}: {problem.text()}"))
        self._plan = plan
        self._sources = default_sources(run, plan)
        self._untried = list(self._sources)
        steps = [] if "scan" in plan.defaults.off else scan.held(run)
        self._held: List[Held] = [*steps, *epics.held(run, plan.epics)]
        self._once: List[Tuple[str, str, Variable]] = epics.once(run, plan.epics)
        self._analyses = [DetectorAnalysis(run, plan, detector) for detector in plan.detectors]
        for source in self._sources:
            for column in source.columns():
                if isinstance(column, schema.Variable):
                    part.declare_variable(column)
                else:
                    part.declare(column)
        for held in self._held:
            for column in held.columns():
                part.declare_held(column)

    def run(self) -> Worked:
        """Every exception of a single value of an event is counted and the event goes on; what cannot be written
        (OSError: disk full) and what is no Exception (SystemExit) ends the loop."""
        with np.errstate(all="ignore"):  # NaN goes through to the result, where its share is told
            for event in self._run.events():
                timestamp = int(event.timestamp)
                self._part.begin(timestamp)
                self._event(event, timestamp)
                self._progress.event()
        for analysis in self._analyses:
            analysis.finish(self._part)
        self._part.close()
        return Worked(
            self._part.events,
            self._problems.all() + [problem for held in self._held for problem in held.problems()],
            {analysis.detector: analysis.seen for analysis in self._analyses},
            {analysis.detector: analysis.uncalibrated for analysis in self._analyses if analysis.uncalibrated},
            [name for held in self._held for name in held.silent()] + [pv for _, pv, _ in self._once],
        )

    def _event(self, event: Any, timestamp: int) -> None:
        lights: Dict[str, Any] = {}
        if self._untried:
            self._untried, unfit = tried(self._untried, event, self._plan)
            if unfit:
                raise PlanRefused(unfit)
        for source in self._sources:
            try:
                values = source.event(event)
            except Exception as error:
                self._problems.add(source.detector, source.function, type(error).__name__, timestamp, in_words(error))
                continue
            if values is None:
                self._problems.add(source.detector, source.function, "missing", timestamp, "gave nothing", "note")
                continue
            for path in LIGHTS.keys() & values.keys():
                lights[LIGHTS[path]] = None if values[path] is None else bool(values[path])
            for path, value in self._part.put_plain(values):
                if value is not None:
                    self._put(source, path, value, timestamp)
        for held in self._held:
            for path, value in held.changed(timestamp):
                self._hold(held, path, value, timestamp)
        if self._once:
            self._once = [waiting for waiting in self._once if not self._wrote_once(waiting, timestamp)]
        refused: List[Problem] = []
        for analysis in self._analyses:
            try:
                analysis.event(event, timestamp, self._part, self._problems, Shot(**lights))
            except PlanRefused as error:
                refused += error.problems
        if refused:
            raise PlanRefused(refused)
        self._run.epics.forget()

    def _put(self, source: Source, path: str, value: Any, timestamp: int) -> None:
        try:
            if not self._part.knows(path):
                self._part.declare(source.column(path, value))
            self._part.put(path, value)
        except (Misfit, TypeError) as error:
            self._problems.add(source.detector, source.function, "misfit", timestamp, f"{path}: {error}")

    def _hold(self, held: Held, path: str, value: Any, timestamp: int) -> None:
        try:
            if not self._part.knows(path):
                if value is None:
                    return
                self._part.declare_held(held.column(path, value))
            self._part.hold(path, value)
        except (Misfit, TypeError) as error:
            self._problems.add(path, held.group, "misfit", timestamp, str(error))

    def _wrote_once(self, waiting: Tuple[str, str, Variable], timestamp: int) -> bool:
        path, pv, variable = waiting
        value = variable.value(timestamp)
        if value is None:
            return False
        column: Column = of_value(path, value, "", f"{pv}: the value at the first event that has one")
        self._part.once(column, value)
        return True

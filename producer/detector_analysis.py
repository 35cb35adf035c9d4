"""One detector: read and calibrated once per event, then given to each of its functions."""

from dataclasses import replace
from typing import Any, Dict, Iterator, List, Optional, Tuple

import numpy as np

from producer.analysis import FUNCTIONS
from producer.computation import call_event, make
from producer.data_source import OpenRun
from producer.detector_context import Context, Lacking
from producer.event_problems import EventProblems
from producer.frames import NoFrames, frames
from producer.part_file import PartFile
from producer.plan import Plan
from producer.plan_check import PlanRefused, at
from producer.problem import Problem
from producer.provenance import recorded
from producer.report import dotted
from producer.schema import Misfit, Variable
from producer.shot import UNKNOWN, Shot

LAST = 1 << 30  # after all functions that prepare the frames


class DetectorAnalysis:
    """Of one detector of the plan, on one worker. Raises `PlanRefused` when it has no frames, and at its first frame
    when a function cannot work on frames of that shape: the plan is at fault then, not the event."""

    def __init__(self, run: OpenRun, plan: Plan, detector: str) -> None:
        self.detector = detector
        self.seen = 0  # frames
        self._plan = plan
        self._shape: Tuple[int, ...] = ()
        self._computations: List[Tuple[str, Any]] = []
        key = dotted(("detectors", detector))
        try:
            self._frames = frames(run, detector)
        except NoFrames as none:
            raise PlanRefused([at(plan, key, str(none))]) from none
        except Exception as error:
            words = f"psana cannot open the detector {detector}: {in_words(error)}"
            raise PlanRefused([at(plan, key, words)]) from error
        self.uncalibrated = self._frames.uncalibrated
        self._context = self._frames.context or Context(detector)

    def event(self, event: Any, timestamp: int, part: PartFile, problems: EventProblems, shot: Shot = UNKNOWN) -> None:
        try:
            frame = self._frames.read(event)
        except Exception as error:
            problems.add(self.detector, "calib", type(error).__name__, timestamp, in_words(error))
            return
        if frame is None:
            problems.add(self.detector, "", "missing", timestamp, "gave nothing, or not all of itself", "note")
            return
        if not self.seen:
            self._begin(frame, part)
        elif frame.shape != self._shape:
            words = f"{_size(frame.shape)} pixels, {_size(self._shape)} in the events before"
            problems.add(self.detector, "", "shape", timestamp, words)
            return
        self.seen += 1
        try:
            frame = self._context.prepare(frame)
        except Exception as error:
            problems.add(self.detector, "common_mode", type(error).__name__, timestamp, in_words(error))
            return
        for name, computation in self._computations:
            try:
                values = dict(call_event(computation, frame, timestamp, shot))
            except Exception as error:
                problems.add(self.detector, name, type(error).__name__, timestamp, in_words(error))
                continue
            for path, value in values.items():
                try:
                    part.put(path, value)
                except Misfit as misfit:
                    problems.add(self.detector, name, "misfit", timestamp, f"{path}: {misfit}")
                except Exception as error:  # of a function from elsewhere anything may come
                    words = in_words(error) if part.knows(path) else "it is none of the function's columns"
                    problems.add(self.detector, name, type(error).__name__, timestamp, f"{path}: {words}")

    def _begin(self, frame: np.ndarray, part: PartFile) -> None:
        self._shape = frame.shape
        self._computations, refused = set_up(self._plan, self.detector, frame, self._context)
        if refused:
            raise PlanRefused(refused)
        for _, computation in self._computations:
            for column in computation.columns:
                if isinstance(column, Variable):
                    part.declare_variable(replace(column, note=self._note(column.note)))
                else:
                    part.declare(replace(column, note=self._note(column.note)))
            for column, value in getattr(computation, "once", ()):
                part.once(column, value)

    def _note(self, note: str) -> str:
        return "; ".join(filter(None, [note, f"not calibrated: {self.uncalibrated}" if self.uncalibrated else ""]))

    def finish(self, part: PartFile) -> None:
        """Write what was accumulated."""
        for _, computation in self._computations:
            for total, value, events in computation.totals():
                part.total(replace(total, note=self._note(total.note)), value, events)


def set_up(
    plan: Plan, detector: str, frame: np.ndarray, context: Optional[Context] = None
) -> Tuple[List[Tuple[str, Any]], List[Problem]]:
    """The computations of a detector for frames like this one, by name, and why some cannot be. What is to be done to
    each frame before (`Context.prepare`) is added to the `context`."""
    computations: List[Tuple[str, Any]] = []
    refused: List[Problem] = []
    context = context or Context(detector)
    functions = plan.detectors[detector]
    prepared = None
    for function in sorted(functions, key=lambda name: getattr(FUNCTIONS[name], "PREPARES", LAST)):
        module, given = FUNCTIONS[function], functions[function]
        if not hasattr(module, "PREPARES") and prepared is None:
            prepared = context.prepare(frame)
        for i, parameters in enumerate(given if module.MANY else (given,)):
            key = dotted(("detectors", detector, function, *((i,) if module.MANY else ())))
            words = parameters.unmet(plan) if hasattr(parameters, "unmet") else ""
            if words:
                refused.append(at(plan, key, f"{detector}: {words}"))
                continue
            words = parameters.misfit(frame.shape) if hasattr(parameters, "misfit") else ""
            if words:
                refused.append(at(plan, f"{key}.region", f"{detector}: {words}"))
                continue
            try:
                if prepared is None:
                    module.prepare(parameters, context, frame.shape)
                    if hasattr(module, "Computation"):
                        computations.append((function, make(module, parameters, detector, frame, context)))
                    continue
                computation = make(module, parameters, detector, prepared, context)
            except Lacking as lacking:
                refused.append(at(plan, key, f"{detector}: {function} cannot be set up: {lacking}"))
                continue
            except Exception as error:
                refused.append(at(plan, key, f"{detector}: {function} cannot be set up: {in_words(error)}"))
                continue
            computations.append((f"{function} {parameters.name}" if module.MANY else function, computation))
    return computations, refused + _clashes(plan, detector, computations)


def _clashes(plan: Plan, detector: str, computations: List[Tuple[str, Any]]) -> List[Problem]:
    """Two functions that would write the same dataset, of the events or of the parameters, one over the other."""
    key, found = dotted(("detectors", detector)), []
    owner: Dict[str, str] = {}
    written = [(name, path) for name, computation in computations for path in _paths(computation)]
    for function, given in plan.detectors[detector].items():
        for parameters in given if FUNCTIONS[function].MANY else (given,):
            name = f"{function} {parameters.name}" if FUNCTIONS[function].MANY else function
            written += [(name, f"UserDataCfg/{detector}/{path}") for path, _ in recorded(function, parameters)]
    for name, path in written:
        first = owner.setdefault(path, name)
        if first != name:
            words = f"{detector}: {first} and {name} would both write {path}; give one of them another name"
            found.append(at(plan, key, words))
            break  # the names clash once for each of their datasets
    return found


def _paths(computation: Any) -> Iterator[str]:
    for column in computation.columns:  # what is written once, as axes, may be shared
        yield column.path
        if isinstance(column, Variable):
            yield column.lengths.path
            yield from (field.path for field in column.fields)


def in_words(error: BaseException) -> str:
    """What an exception says, and where in our code or psana's it was raised."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    place = ""
    if trace is not None:
        file = trace.tb_frame.f_code.co_filename.replace("\\", "/").rsplit("/", 1)[-1]
        place = f" ({file}:{trace.tb_lineno})"
    return f"{error}{place}" if str(error) else f"{type(error).__name__}{place}"


def _size(shape: Tuple[int, ...]) -> str:
    return " x ".join(str(n) for n in shape)

"""Will a profile work on a run? Asked before a launch: ``python -m producer.preflight --exp E --run N --profile P.toml
[--dir D] [--calib DIR]`` prints ``{"problems": [...], "events": N, "row_bytes": B}`` and ends with status 0, or
``{"error": "..."}`` and 1. ``row_bytes``: what the functions of the detectors write with each event, uncompressed.

Everything that production checks at its start is checked, and each analysed detector is read once and given to its
functions. Nothing is written. psana prints to standard output, so that is sent to standard error meanwhile.
"""

import argparse
import json
import os
import sys
import time
import traceback
from pathlib import Path
from typing import Any, Dict, List, Optional

from producer import data_source
from producer.calibration import BadConstants, Provider
from producer.computation import call_event
from producer.detector_analysis import in_words, set_up
from producer.detector_context import Context, Lacking
from producer.event_loop import default_sources, tried
from producer.frames import Frames, NoFrames, frames
from producer.plan import Plan
from producer.plan_check import PlanRefused, at
from producer.preparation import Refused, check_run, plan_for, run_files, xtc_folder
from producer.problem import Problem, errors
from producer.ranks import Ranks, settings_for_psana
from producer.report import dotted
from producer.run_files import RunFiles, check_files, event_timestamps
from producer.schema import Column
from producer.shot import UNKNOWN

MOST_EVENTS = 500
MOST_SECONDS = 15.0


def problems(
    experiment: str,
    run: int,
    profile: Path,
    directory: Optional[str] = None,
    calibration: Optional[Path] = None,
    sizes: Optional[Dict[str, int]] = None,
) -> List[Problem]:
    """All that is wrong, errors that would refuse the production and warnings. `sizes` is told the number of events and
    the bytes that the functions of each detector write with each, as far as was come."""
    found: List[Problem] = []
    try:
        plan, found = plan_for(profile, run)
        files = run_files(experiment, run, xtc_folder(experiment, directory))
        found = found + check_files(files)
        named = check_run(plan, files)
    except Refused as refused:
        return found + (refused.problems or [Problem("error", str(refused))])
    found += named
    if errors(found):
        return found  # of which psana could hang or crash, or has not what is asked for
    events = len(event_timestamps(files))
    if not events:
        return [*found, Problem("error", f"run {run} has no events")]
    sizes = {} if sizes is None else sizes
    sizes["events"] = events
    return found + _tried(plan, files, experiment, calibration, sizes)


def _tried(
    plan: Plan, files: RunFiles, experiment: str, calibration: Optional[Path], sizes: Dict[str, int]
) -> List[Problem]:
    """What shows only when psana reads the run."""
    settings_for_psana(Ranks(None, 0, 1), MOST_EVENTS)
    analysed = list(plan.detectors)
    ask, url = data_source.service()
    provider = Provider(ask, url, calibration)
    try:
        run = data_source.open_run(files, experiment, limit=0, batch=1, provider=provider, analysed=analysed)
        sources = default_sources(run, plan)
    except PlanRefused as refused:
        return refused.problems
    except (data_source.CannotOpen, BadConstants) as error:
        return [Problem("error", str(error))]
    found: List[Problem] = []
    waiting: Dict[str, Frames] = {}
    for detector in analysed:
        key = dotted(("detectors", detector))
        try:
            waiting[detector] = frames(run, detector)
        except NoFrames as none:
            found.append(at(plan, key, str(none)))
            continue
        except Exception as error:
            found.append(at(plan, key, f"psana cannot open the detector {detector}: {in_words(error)}"))
            continue
        if waiting[detector].uncalibrated:
            why = provider.why_none(detector)
            after = f" ({why})" if why else ""
            words = f"{detector} is not calibrated: {waiting[detector].uncalibrated}{after}"
            found.append(at(plan, key, words, severity="warning"))
    end = time.monotonic() + MOST_SECONDS
    for number, event in enumerate(run.events()):
        sources, unfit = tried(sources, event, plan)
        found += unfit
        for detector in list(waiting):
            answer = _first(plan, detector, waiting[detector], event, sizes)
            if answer is not None:
                found += answer
                del waiting[detector]
        if not (waiting or sources) or number >= MOST_EVENTS or time.monotonic() > end:
            break
    for source in sources:
        words = f"{source.detector} gave nothing in the first {number + 1} events, so its regions could not be tried"
        found.append(at(plan, source.function, words, severity="warning"))
    for detector in waiting:
        words = f"{detector} gave nothing in the first {number + 1} events, so its settings could not be tried"
        found.append(at(plan, dotted(("detectors", detector)), words, severity="warning"))
    return found


def _first(plan: Plan, detector: str, reader: Frames, event: Any, sizes: Dict[str, int]) -> Optional[List[Problem]]:
    """The problems of the first frame of a detector; None while there is none."""
    key = dotted(("detectors", detector))
    try:
        frame = reader.read(event)
    except Exception as error:
        return [at(plan, key, f"{detector} cannot be read: {in_words(error)}")]
    if frame is None:
        return None
    context = reader.context or Context(detector)
    computations, refused = set_up(plan, detector, frame, context)
    if refused:
        return refused
    columns = [column for _, computation in computations for column in computation.columns]
    sizes[f"bytes of {detector}"] = sum(column.row_bytes for column in columns if isinstance(column, Column))
    frame = context.prepare(frame)
    for name, computation in computations:
        try:
            call_event(computation, frame, int(event.timestamp), UNKNOWN)
        except Lacking:
            continue  # of what only the event loop knows, as whether the shot had X-rays
        except Exception as error:
            refused.append(at(plan, key, f"{detector}: {name} fails on the first frame: {in_words(error)}"))
    return refused


def main(argv: Optional[List[str]] = None) -> int:
    given = argparse.ArgumentParser(
        prog="python -m producer.preflight",
        description="Will a profile work on a run?",
        epilog="example: python -m producer.preflight --exp xpplv2318 --run 17 --profile lv2318.toml",
    )
    given.add_argument("--exp", required=True)
    given.add_argument("--run", required=True, type=int)
    given.add_argument("--profile", required=True, type=Path)
    given.add_argument("--dir")
    given.add_argument("--calib", type=Path)
    arguments = given.parse_args(argv)
    sys.stdout.flush()
    answers = os.dup(1)
    os.dup2(2, 1)
    answer: Dict[str, Any]
    try:
        sizes: Dict[str, int] = {}
        found = problems(arguments.exp, arguments.run, arguments.profile, arguments.dir, arguments.calib, sizes)
        row = sum(size for name, size in sizes.items() if name != "events")
        answer = {"problems": [problem.as_json() for problem in found], "events": sizes.get("events"), "row_bytes": row}
    except BaseException as error:  # psana calls sys.exit: that must not look like an answer
        traceback.print_exc()
        answer = {"error": f"the check of run {arguments.run} failed: {type(error).__name__}: {error}"}
    with os.fdopen(answers, "w", encoding="utf-8") as output:
        output.write(json.dumps(answer) + "\n")
    return 1 if "error" in answer else 0


if __name__ == "__main__":
    sys.exit(main())

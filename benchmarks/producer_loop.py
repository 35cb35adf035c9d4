"""One event loop in a process, or on several ranks, of its own; `benchmarks/producer.py` starts it.

    python producer_loop.py ours ARGUMENTS-OF-THE-PRODUCER
    python producer_loop.py bare|incumbent EXP RUN DIR CALIB DETECTOR [CHECKOUT]

``bare``: psana's loop as a user writes it, which calibrates one detector; ``incumbent``: smalldata_tools' region and
sum of each frame in that loop, without its default data and without writing. Each rank that has events prints a line:
events, CPU seconds and seconds from its second event to the end, and when it had done the first, since $BEGIN.
"""

import json
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # before this folder, whose producer.py is not the package
BEGIN = float(os.environ.get("BEGIN", "0"))


class Clock:
    """Tells the time from the end of the first event on, which also pays for what is set up only then."""

    def __init__(self) -> None:
        self._events, self._cpu, self._wall, self._first = 0, 0.0, 0.0, 0.0

    def event(self) -> None:
        self._events += 1
        if self._events == 1:
            self._cpu, self._wall, self._first = time.process_time(), time.perf_counter(), time.time() - BEGIN
            self._first_cpu = time.process_time()

    def end(self) -> None:
        if self._events > 1:
            told = {
                "events": self._events - 1,
                "cpu": time.process_time() - self._cpu,
                "wall": time.perf_counter() - self._wall,
                "first": self._first,
                "first_cpu": self._first_cpu,
            }
            sys.stdout.write(f"\nRANK {json.dumps(told)}\n")
            sys.stdout.flush()


def ours(arguments: list[str]) -> int:
    from producer import __main__, event_loop

    clock = Clock()
    handle, run = event_loop.EventLoop._event, event_loop.EventLoop.run

    def timed_event(self: Any, event: Any, timestamp: int) -> None:
        handle(self, event, timestamp)
        clock.event()

    def timed_run(self: Any) -> Any:
        worked = run(self)
        clock.end()
        return worked

    event_loop.EventLoop._event, event_loop.EventLoop.run = timed_event, timed_run  # type: ignore[method-assign]
    return __main__.main(arguments)


def frames(experiment: str, run: int, directory: str, constants: str, detector: str) -> Iterator[Any]:
    """The calibrated frames of one detector; None where it is not in an event."""
    import numpy as np
    import psana.psexp.ds_base as base
    from psana import DataSource

    base.DataSourceBase._get_file_info_from_db = lambda self, number: {}  # the logbook is a web service
    opened = next(DataSource(exp=experiment, run=run, dir=directory, skip_calib_load="all", batch_size=10).runs())
    about = {"experiment": experiment, "run": run}
    found = {path.stem: (np.load(path), about) for path in (Path(constants) / detector).glob("*.npy")}
    opened._calib_const[detector] = found
    opened.dsparms.calibconst = opened._calib_const
    reader = opened.Detector(detector).raw
    for event in opened.events():
        yield reader.calib(event)


def other(checkout: str, arguments: list[str]) -> None:
    experiment, run, directory, constants, detector = arguments
    calls: list[Any] = []
    clock = Clock()
    for frame in frames(experiment, int(run), directory, constants, detector):
        if frame is not None and checkout:
            if not calls:
                from incumbent import Incumbent

                calls = Incumbent(Path(checkout)).region_and_sum(frame.shape)
            for call in calls:
                call(frame)
        clock.event()
    clock.end()


def main() -> int:
    kind, *arguments = sys.argv[1:]
    if kind == "ours":
        return ours(arguments)
    other("" if kind == "bare" else arguments[5], arguments[:5])
    return 0


if __name__ == "__main__":
    sys.exit(main())

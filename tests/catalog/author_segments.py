"""Write a run of two streams in which several segments carry the same names: ``python author_segments.py DIR RUN``."""

import sys
from pathlib import Path

import numpy as np

from producer.synthetic.fields import Kind
from producer.synthetic.stream import Stream

F8, I4, F4, U2 = np.float64, np.int32, np.float32, np.uint16


def epics(algorithm="raw", **table):
    return Kind("epics", algorithm, (2, 0, 0), {name.replace("__", ":"): kind for name, kind in table.items()})


def main(directory, run):
    streams = [Stream(directory, "tmoc00126", run, number) for number in (0, 1)]
    ids = streams[0].ids
    first, second = streams
    one = first.declare("epics", epics(A__ONE=(F8, 0)), segment=0)
    two = first.declare("epics", epics(A__TWO=(I4, 0), BOTH=(F8, 0)), segment=1)
    time_tool = first.declare("epics", epics("opaltt", A__TT=(F8, 0)), segment=0)
    told = Kind("epicsinfo", "epicsinfo", (1, 0, 0), {n: (str, 1) for n in ("keys", "A:ONE", "A:TWO", "B:ONE")})
    names = first.declare("epicsinfo", told)
    b_one = second.declare("epics", epics(B__ONE=(F8, 0), B__ARR=(F4, 2), B__STR=(str, 1)), segment=3)
    b_over = second.declare("epics", epics(B__OVER=(F8, 0), BOTH=(F8, 0)), segment=2)
    camera = second.declare("camera", Kind("epix100", "raw", (2, 0, 1), {"raw": (U2, 2)}), "c4", segment=4)
    quad = [
        second.declare("quad", Kind("epix10ka", "raw", (2, 0, 1), {"raw": (U2, 2)}), f"q{i}", segment=i)
        for i in (2, 0, 1)
    ]
    mystery = second.declare("mystery", Kind("nobody", "raw", (0, 0, 1), {"x": (U2, 1)}))
    # enough declarations for psana's table of them to grow twice
    for i in range(40):
        second.declare(
            f"fim{i // 2}", Kind("wave8", ("raw", "fex")[i % 2], (0, 0, 1), {"raw_0": (U2, 1)}), segment=i % 3
        )
    now = 1 << 32

    def all_streams(service, items=({}, {})):
        nonlocal now
        now += 1000
        for stream, own in zip(streams, items, strict=True):
            stream.transition(service, now, own.items())

    first.configure(now, [(names, {"keys": "epicsname", "A:ONE": "PV:A1", "A:TWO": "PV:A2", "B:ONE": "PV:B1"})])
    second.configure(now)
    now += 1000
    for stream in streams:
        stream.transition(ids.BeginRun, now, [(stream.run_info, {"expt": "tmoc00126", "runnum": run})])
    all_streams(ids.BeginStep)
    all_streams(ids.Enable)
    for k in range(3):
        now += 1000
        first.transition(
            ids.SlowUpdate,
            now,
            [(one, {"A:ONE": 1.5 + k}), (two, {"A:TWO": 7 + k, "BOTH": 10.0 + k}), (time_tool, {"A:TT": 3.0})],
        )
        b = {"B:ONE": 4.0 + k, "B:ARR": np.arange(6, dtype=F4).reshape(2, 3) + k, "B:STR": f"state {k}"}
        second.transition(ids.SlowUpdate, now, [(b_one, b), (b_over, {"B:OVER": 5.0, "BOTH": 1000.0 + k})])
        for i in range(4):
            now += 1000
            items = [(camera, {"raw": np.zeros((704, 768), U2)}), (mystery, {"x": np.arange(3, dtype=U2)})]
            items += [(segment, {"raw": np.full((352, 384), i, U2)}) for segment in quad]
            second.event(now, items)
    for service in (ids.Disable, ids.EndStep, ids.EndRun):
        all_streams(service)
    for stream in streams:
        stream.close()


main(Path(sys.argv[1]), int(sys.argv[2]))

"""Write the runs of an experiment in which much goes wrong, as it does: ``python author_troubled.py DIR``.

Every run has a camera, an ``epics`` with a number, an integer and a text, and EVENTS events in two steps:

* SHAPE: the camera has more rows from the second step on;
* GONE: from event HALF on the PVs' server is dead: slow updates have none of them;
* STALE: from event HALF on the motor's own flag says that it does not answer; what is recorded of it is 0;
* PIXELS: the camera's values are floats with NaN, infinite and saturated ones among them.
"""

import sys
from pathlib import Path

import numpy as np

from producer.synthetic import fields
from producer.synthetic.fields import F8, I32, U16, U32, Kind
from producer.synthetic.stream import Stream

EXPERIMENT, EVENTS, HALF, SLOW = "tmoc00126", 240, 120, 10
SHAPE, GONE, STALE, PIXELS = 31, 32, 33, 34
SMALL, LARGE = (16, 24), (20, 24)
F4 = np.float32


def frame(run, i):
    """What the camera sees in event i."""
    shape = LARGE if run == SHAPE and i >= HALF else SMALL
    rows, columns = np.indices(shape)
    image = (100 + (7 * rows + 3 * columns + 11 * i) % 50).astype(F4 if run == PIXELS else U16)
    image[3, 4:8] = 65535
    if run == PIXELS:
        image[5, i % 24] = np.nan
        image[6, 2] = np.inf
        image[7, 3] = -np.inf
        if i % 10 == 9:
            image[:] = np.nan
    return image


def values(i):
    """(motor, count, sample) of the slow update before event i."""
    return 1.5 + i, 1000 + i, f"sample {i // 50}"


def write(folder, run):
    streams = [Stream(folder, EXPERIMENT, run, number) for number in range(2)]
    ids = streams[0].ids
    kind = F4 if run == PIXELS else U16
    camera = streams[0].declare("cam", Kind("opal", "raw", (2, 0, 0), {"image": (kind, 2)}), "cam-1")
    table = {"StaleFlags": (U32, 1), "M:1.RBV": (F8, 0), "motor": (F8, 0), "count": (I32, 0), "sample": (str, 1)}
    epics = streams[1].declare("epics", Kind("epics", "raw", (2, 0, 0), table))
    names = {"keys": (str, 1), **{name: (str, 1) for name in list(table)[2:]}}
    info = streams[1].declare("epicsinfo", Kind("epicsinfo", "epicsinfo", (1, 0, 0), names), "epics-0")
    timing = streams[1].declare("gmd", fields.GMD, "gmd")
    now = (1 << 40) + (run << 34)
    streams[0].configure(now)
    streams[1].configure(now, [(info, {"keys": "epicsname", "motor": "M:1", "count": "C:1", "sample": "S:1"})])

    def transition(service, items=()):
        nonlocal now
        now += 1000
        streams[0].transition(service, now)
        streams[1].transition(service, now, items)

    now += 1000
    for stream in streams:
        stream.transition(ids.BeginRun, now, [(stream.run_info, {"expt": EXPERIMENT, "runnum": run})])
    for i in range(EVENTS):
        if i in (0, HALF):
            for service in ((ids.Disable, ids.EndStep) if i else ()) + (ids.BeginStep, ids.Enable):
                transition(service)
        if i % SLOW == 0:
            motor, count, sample = values(i)
            late = i >= HALF
            flags = np.array([2 if run == STALE and late else 0], U32)
            motor = 0.0 if run == STALE and late else motor
            found = {"StaleFlags": flags, "M:1.RBV": 1.0, "motor": motor, "count": count, "sample": sample}
            transition(ids.SlowUpdate, () if run == GONE and late else [(epics, found)])
        now += 1000
        streams[0].event(now, [(camera, {"image": frame(run, i)})])
        beam = {name: 0 for name in fields.GMD.table}
        streams[1].event(now, [(timing, {**beam, "energy": float(i)})])
    for service in (ids.Disable, ids.EndStep, ids.EndRun):
        transition(service)
    for stream in streams:
        stream.close()


if __name__ == "__main__":
    for number in (SHAPE, GONE, STALE, PIXELS):
        write(Path(sys.argv[1]), number)

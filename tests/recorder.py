"""Record runs as the data acquisition does: ``python recorder.py DIRECTORY FIRST_RUN RUNS EVENTS SECONDS_PER_EVENT``.

Files grow under their .inprogress names and get their final ones when the run has ended; then the next run begins.
"""

import sys
import time
from pathlib import Path

import numpy as np

from producer.synthetic.fields import Kind
from producer.synthetic.stream import Stream

COUNTER = Kind("wave8", "raw", (0, 0, 1), {"raw_0": (np.uint16, 1)})
EPICS = Kind("epics", "raw", (2, 0, 0), {"StaleFlags": (np.uint32, 1), "stage": (np.float64, 0)})


def record(directory: Path, run: int, events: int, pause: float) -> None:
    streams = [Stream(directory, "tmoc00126", run, number, recording=True) for number in (0, 1)]
    ids = streams[0].ids
    fims = [stream.declare(f"fim{stream.number}", COUNTER) for stream in streams]
    epics = streams[0].declare("epics", EPICS)
    now = (1_147_608_000 + 600 * run) << 32

    def all_streams(service, items=((), ())):
        nonlocal now
        now += 1 << 32
        for stream, own in zip(streams, items, strict=True):
            stream.transition(service, now, own)

    for stream in streams:
        stream.configure(now)
    all_streams(ids.BeginRun, [((s.run_info, {"expt": "tmoc00126", "runnum": run}),) for s in streams])
    all_streams(ids.BeginStep)
    all_streams(ids.Enable)
    for event in range(events):
        if event % 5 == 0:
            flags = np.zeros(1, np.uint32)
            all_streams(ids.SlowUpdate, [((epics, {"StaleFlags": flags, "stage": float(run + event)}),), ()])
        now += 1 << 20
        for stream, fim in zip(streams, fims, strict=True):
            stream.event(now, [(fim, {"raw_0": np.arange(20, dtype=np.uint16)})])
            stream._file.flush()
            stream._smd.flush()
        time.sleep(pause)
    for service in (ids.Disable, ids.EndStep, ids.EndRun):
        all_streams(service)
    for stream in streams:
        stream.close()
    for stream in streams:
        for path in (stream.path, stream.smd_path):
            path.rename(path.with_name(path.name.removesuffix(".inprogress")))


if __name__ == "__main__":
    folder, first, count = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    for number in range(first, first + count):
        record(folder, number, int(sys.argv[4]), float(sys.argv[5]))

"""The producer with a fault put in: ``faulty.py FAULT ARGUMENTS...``. A fault strikes at the 5th frame of a worker, "in
event 100" in the first worker's 100th event."""

import os
import signal
import sys
from pathlib import Path

import numpy as np

import producer.__main__
from producer.analysis import roi

FAULT = sys.argv[1]
seen = 0
right = roi.Computation.event


def strike(self, frame, timestamp):
    global seen
    seen += 1
    if seen == 5:
        if FAULT == "raise":
            raise ZeroDivisionError("nothing to divide by")
        if FAULT == "sys.exit":
            sys.exit(0)
        if FAULT == "os._exit":
            os._exit(0)
        if FAULT == "SIGKILL":
            os.kill(os.getpid(), signal.SIGKILL)
        if FAULT == "base":
            raise KeyboardInterrupt
        if FAULT == "disk":
            raise_full()
        if FAULT == "touch":
            os.utime(next(Path(sys.argv[sys.argv.index("--dir") + 1]).glob("*.xtc2")))
    if FAULT == "misfit" and seen % 10 == 0:
        return {self.columns[0].path: np.zeros(3)}
    if FAULT == "odd" and seen % 10 == 0:
        return {"nonsense": 1.0} if seen % 20 else None
    return right(self, frame, timestamp)


def raise_full():
    from producer import part_file

    def full(self, events=None):
        raise OSError(28, "No space left on device")

    part_file._Block.flush = full


def crash(self, timestamp):
    """Strike in the 100th event of a worker, where no exception of a single function is caught."""
    begin_event(self, timestamp)
    if self.row == 100:
        name = FAULT.split()[0]
        if name == "raise":
            raise RuntimeError("it is event 100")
        os.kill(os.getpid(), signal.Signals[name])


def lose(loop):
    """psana stops early and says nothing, as it does when it cannot read."""
    events = loop._run.events

    def fewer():
        for number, event in enumerate(events()):
            if number == 21:
                return
            yield event

    loop._run.events = fewer


if FAULT == "lose":
    from producer import event_loop

    begin = event_loop.EventLoop.__init__

    def init(self, *arguments):
        begin(self, *arguments)
        lose(self)

    event_loop.EventLoop.__init__ = init
elif FAULT.endswith("in event 100"):
    from producer.part_file import PartFile

    begin_event, PartFile.begin = PartFile.begin, crash
elif FAULT.startswith("after publish"):
    from producer import counters, progress
    from producer.output import Output

    publish = Output.publish

    def full(*arguments):
        raise OSError(28, "No space left on device")

    def fail(*arguments):
        raise RuntimeError("too late")

    def then_fail(self):
        kept = publish(self)
        if FAULT.endswith("full"):
            progress.write_json = Output.remove_parts = full
        else:
            counters.Counters.say = fail
        return kept

    Output.publish = then_fail
else:
    roi.Computation.event = strike

status = producer.__main__.main(sys.argv[2:])
sys.stdout.flush()
sys.stderr.flush()
sys.exit(status)

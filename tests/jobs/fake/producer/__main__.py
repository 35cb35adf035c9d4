"""A loop over events with a job's progress files. What goes wrong is the text of ``behaviour`` in the data folder:

nothing | slow (for ever) | events N (10 ms each) | deaf (slow, ignores TERM) | raise N | module | full |
exit N STATUS | quiet (no progress) | unverified | wrong (the verification fails) |
daemon (leaves a process of its own session behind)
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

p = argparse.ArgumentParser()
for name in ("exp", "run", "profile", "output", "dir", "events", "ranks", "job", "calib", "wait"):
    p.add_argument(f"--{name}")
a = p.parse_args()
rank, size, barrier = 0, 1, lambda: None
if a.ranks != "1":
    from mpi4py import MPI

    rank, size, barrier = MPI.COMM_WORLD.rank, MPI.COMM_WORLD.size, MPI.COMM_WORLD.Barrier
what, *arguments = (Path(a.dir) / "behaviour").read_text().split()
total = 20
role = "serial" if size == 1 else ("smd0", "eb", "worker")[min(rank, 2)]


def say(phase, done):
    if what == "quiet":
        return
    path = Path(a.job) / "progress" / f"rank{rank:04d}.json"
    fresh = path.with_suffix(".new")
    row = {"rank": rank, "role": role, "phase": phase, "done": done, "time": time.time(), "history": []}
    fresh.write_text(json.dumps(row))
    fresh.replace(path)


sys.stdout.write(f"12:00:00 INFO process {os.getpid()} is rank {rank} of {size}\n")
if what == "deaf":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
if what == "daemon" and rank == 0:
    subprocess.Popen(["sleep", "300"], start_new_session=True, stdin=-3, stdout=-3, stderr=-3)
if rank == 0:
    (Path(a.job) / "progress" / "total.json").write_text(
        json.dumps({"total": total * max(size - 2, 1), "workers": max(size - 2, 1), "begin": time.time()})
    )
say("starting", 0)
barrier()
if what == "raise" and rank == int(arguments[0]):
    raise ValueError("the detector has no calibration")
if what == "module":
    import nosuchmodule  # noqa: F401
if what == "full" and rank == 0:
    raise OSError(28, "No space left on device", a.output)
if what == "exit" and rank == int(arguments[0]):
    sys.exit(int(arguments[1]))
many = int(arguments[0]) if what == "events" else 10**6 if what in ("slow", "deaf", "quiet") else total
for event in range(many):
    time.sleep(0.01)
    if event % 10 == 0:
        say("reading", event if role in ("worker", "serial") else 0)
say("reading", total if role in ("worker", "serial") else 0)
barrier()
if rank == 0 and what != "unverified":
    verdict = "failed" if what == "wrong" else "verified"
    text = f'verdict = "{verdict}"\nevents = {total}\nexpected = {total}\n'
    if what == "wrong":
        text += '[[problems]]\nseverity = "error"\nmessage = "3 events are missing"\n'
    (Path(a.job) / "verdict.toml").write_text(text)
    Path(a.output).write_bytes(b"")
say("done", total if role in ("worker", "serial") else 0)
sys.exit(1 if what == "wrong" else 0)

"""The time left that a job tells after a third of it, and what it then took: real productions at a steady rate.

    python benchmarks/eta.py [--events 1500] [--milliseconds 20] [--ranks 1 3 6] [--folder DIR]

Each event is made to take so long, so that the rate does not depend on what else the machine does; all the rest (psana,
batches, MPI, merging, verifying) is as it always is.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[0] = str(ROOT)  # beside this file lies a producer.py

from smdtui.jobs.progress import read  # noqa: E402

MPIEXEC = Path(sys.executable).with_name("mpiexec")
SLOWED = """
import runpy, sys, time
from producer.progress import Progress
event = Progress.event
def slowed(self):
    time.sleep({seconds})
    event(self)
Progress.event = slowed
sys.argv[0] = "producer"
runpy.run_module("producer", run_name="__main__")
"""


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT), "LCLS_CALIB_HTTP": "http://127.0.0.1:9", "OMP_NUM_THREADS": "1"}


def measure(folder: Path, ranks: int, events: int) -> tuple[float, float]:
    """(seconds left as told after a third, as it then was)."""
    job = folder / f"job{ranks}"
    words = [sys.executable, "-m", "mpi4py.run", folder / "slowed.py"] if ranks > 1 else [sys.executable]
    words = [MPIEXEC, "-n", ranks, *words] if ranks > 1 else [*words, folder / "slowed.py"]
    words += ["--exp", "tmoc00126", "--run", 12, "--profile", folder / "profile.toml", "--dir", folder / "xtc"]
    words += ["--output", folder / f"out{ranks}.h5", "--job", job, "--ranks", ranks]
    with open(folder / f"log{ranks}.txt", "wb") as log:
        child = subprocess.Popen([str(w) for w in words], env=environment(), stdout=log, stderr=log)
        told = asked = None
        while child.poll() is None:
            now = read(job / "progress")
            if told is None and now.done >= events / 3:
                told, asked = now.eta_seconds, time.time()
            time.sleep(0.1)
    if child.returncode or told is None or asked is None:
        raise SystemExit(f"{ranks} ranks: {(folder / f'log{ranks}.txt').read_text()[-600:]}")
    return told, time.time() - asked


def main() -> None:
    given = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    given.add_argument("--events", type=int, default=1500)
    given.add_argument("--milliseconds", type=float, default=20.0)
    given.add_argument("--ranks", type=int, nargs="+", default=[1, 3, 6])
    given.add_argument("--folder", type=Path)
    arguments = given.parse_args()
    with tempfile.TemporaryDirectory(dir=arguments.folder) as name:
        folder = Path(name)
        code = "import sys; from producer.synthetic import write_run; "
        code += f"write_run(sys.argv[1], run=12, events={arguments.events}, pvs=30, detectors=[])"
        subprocess.run([sys.executable, "-c", code, folder / "xtc"], check=True, env=environment())
        (folder / "slowed.py").write_text(SLOWED.format(seconds=arguments.milliseconds / 1000))
        (folder / "profile.toml").write_text('format = 1\n[epics]\nper_event = ["sam_x"]\n')
        print(f"{arguments.events} events of {arguments.milliseconds:g} ms")
        print("ranks   told    was   wrong by")
        for ranks in arguments.ranks:
            told, was = measure(folder, ranks, arguments.events)
            print(f"{ranks:5d} {told:5.1f} s {was:5.1f} s {100 * (told / was - 1):+6.1f} %", flush=True)


if __name__ == "__main__":
    main()

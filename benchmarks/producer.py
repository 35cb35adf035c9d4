"""The producer beside smalldata_tools and beside a bare psana loop.

    python benchmarks/producer.py [--incumbent CHECKOUT] [--only functions|loop|start|merge ...] [--events 300]

* functions: each function of area detectors on synthetic frames of a megapixel, see producer_functions.py
* loop: a run of the demo with a region of 100 x 100 pixels, a sum and all default data, beside psana's loop that
  calibrates the same detector; on one rank and on several; smalldata_tools: its region and its sum in that loop
* start: from the launch to the first event, and what smalldata_tools' producer imports before it looks at a run
* merge: the parts of four workers with 2,000 columns of 8,000 rows to one file

What is compared is measured in turn, and told as the median of the pairs. Without --incumbent its columns are left out;
it needs a Python with what it imports (incumbent.py), which then runs everything here.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
LOOP = Path(__file__).with_name("producer_loop.py")
MPIEXEC = Path(sys.executable).with_name("mpiexec")
EXPERIMENT, RUN = "tmoc00126", 12
DETECTORS = {"epix100_0": "[[100, 200], [300, 400]]", "jungfrau1M": "[[0, 1], [100, 200], [300, 400]]"}
PROFILE = """format = 1
[runs.all.{detector}]
sums = ["calib"]
[[runs.all.{detector}.roi]]
region = {region}
"""
COLUMNS, ROWS, PARTS = 2000, 8000, 4


def environment(**more: str) -> dict[str, str]:
    """Nothing answers at the address of the service of constants."""
    return {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "MPIR_CVAR_CH4_NETMOD": "ofi",
        "LCLS_CALIB_HTTP": "http://127.0.0.1:9/",
        "OMP_NUM_THREADS": "1",
        **more,
    }


def loop(kind: str, arguments: list[object], ranks: int = 1) -> dict[str, float]:
    """CPU ms and wall ms for an event, and seconds to the first, of all ranks that had events."""
    words = [sys.executable, "-m", "mpi4py.run", LOOP, kind, *arguments]
    if ranks > 1:
        words = [MPIEXEC, "-n", ranks, *words]
    more = {"PS_PARALLEL": "none"} if ranks == 1 else {"PS_EB_NODES": "1", "PS_SRV_NODES": "0"}
    more["PS_SMD_N_EVENTS"] = "40"
    done = subprocess.run(
        [str(word) for word in words],
        env=environment(BEGIN=repr(time.time()), **more),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    told = [json.loads(line[5:]) for line in done.stdout.splitlines() if line.startswith("RANK ")]
    if done.returncode or not told:
        raise SystemExit(f"{kind} on {ranks} ranks ended with status {done.returncode}:\n{done.stdout[-2000:]}")
    events = sum(rank["events"] for rank in told)
    return {
        "cpu": 1e3 * sum(rank["cpu"] for rank in told) / events,
        "wall": 1e3 * max(rank["wall"] for rank in told) / events,
        "first": min(rank["first"] for rank in told),
        "first_cpu": min(rank["first_cpu"] for rank in told),
    }


class Demo:
    """A run of the demo with one area detector, and its constants."""

    def __init__(self, folder: Path, detector: str, events: int) -> None:
        from producer.synthetic.experiment import write_constants, write_run

        self.folder, self.detector = folder / detector, detector
        self.folder.mkdir()
        write_run(self.folder / "xtc", RUN, events=events, detectors=[detector])
        write_constants(self.folder / "calib")
        (self.folder / "p.toml").write_text(PROFILE.format(detector=detector, region=DETECTORS[detector]))

    def ours(self, ranks: int, events: int = 0) -> dict[str, float]:
        words: list[object] = ["--exp", EXPERIMENT, "--run", RUN, "--dir", self.folder / "xtc", "--ranks", ranks]
        words += ["--profile", self.folder / "p.toml", "--output", self.folder / "o.h5"]
        return loop(
            "ours", [*words, "--calib", self.folder / "calib", *(["--events", events] if events else [])], ranks
        )

    def other(self, kind: str, ranks: int, *checkout: Path) -> dict[str, float]:
        words = [EXPERIMENT, RUN, self.folder / "xtc", self.folder / "calib", self.detector]
        return loop(kind, [*words, *checkout], ranks)


def loops(checkout: Path | None, events: int, ranks: list[int], rounds: int) -> None:
    print(f"\nwhole loop, ms for an event (median of {rounds} in turn)")
    print(f"{'':24} {'ours':>16} {'bare':>16} {'ratio':>13} {'smalldata_tools':>18}")
    print(f"{'':24} {'CPU':>8}{'wall':>8} {'CPU':>8}{'wall':>8} {'CPU':>6} {'wall':>6} {'CPU':>9}{'wall':>9}")
    with tempfile.TemporaryDirectory(prefix="loop") as folder:
        for detector in DETECTORS:
            demo = Demo(Path(folder), detector, events)
            for count in ranks:
                kinds: dict[str, list[dict[str, float]]] = {"ours": [], "bare": []}
                if checkout is not None and count == 1:
                    kinds["incumbent"] = []
                for _ in range(rounds):
                    kinds["ours"].append(demo.ours(count))
                    kinds["bare"].append(demo.other("bare", count))
                    if "incumbent" in kinds and checkout is not None:
                        kinds["incumbent"].append(demo.other("incumbent", count, checkout))
                line = f"{f'{detector}, {count} rank' + 's' * (count > 1):24}"
                for kind in ("ours", "bare"):
                    line += " " + "".join(f"{middle(kinds[kind], what):8.2f}" for what in ("cpu", "wall"))
                for what in ("cpu", "wall"):
                    pairs = zip(kinds["ours"], kinds["bare"], strict=True)
                    line += f" {statistics.median(a[what] / b[what] for a, b in pairs):6.2f}"
                if "incumbent" in kinds:
                    line += " " + "".join(f"{middle(kinds['incumbent'], what):9.2f}" for what in ("cpu", "wall"))
                print(line, flush=True)


def middle(measured: list[dict[str, float]], what: str) -> float:
    return statistics.median(one[what] for one in measured)


def starts(checkout: Path | None, rounds: int) -> None:
    """Ours to the first event, smalldata_tools to the end of its imports alone: what stands in a checkout without the
    web services that it asks next."""
    measured: dict[str, list[dict[str, float]]] = {"ours": [], "psana": [], "incumbent": []}
    imports = "import psana\n"
    theirs = ""
    if checkout is not None:
        from incumbent import Incumbent

        theirs = "\n".join(Incumbent(checkout).imports())
    with tempfile.TemporaryDirectory(prefix="start") as folder:
        demo = Demo(Path(folder), "epix100_0", 20)
        for _ in range(rounds):
            measured["ours"].append(demo.ours(1))
            measured["psana"].append(importing(imports))
            if checkout is not None:
                measured["incumbent"].append(importing(theirs, checkout))
    print(f"\nfrom the launch, seconds (median of {rounds} in turn)\n{'':44} {'CPU':>6} {'wall':>6}")
    for kind, words in (
        ("ours", "ours, to the end of the first event"),
        ("psana", "import psana alone"),
        ("incumbent", "smalldata_tools, to the end of its imports"),
    ):
        if measured[kind]:
            print(f"{words:44} {middle(measured[kind], 'first_cpu'):6.2f} {middle(measured[kind], 'first'):6.2f}")


def importing(statements: str, checkout: Path | None = None) -> dict[str, float]:
    """Of a process that does only that. psmon, which is in no package registry, counts as nothing."""
    folders = [] if checkout is None else [str(checkout), str(checkout / "lcls2_producers")]
    code = (
        f"import sys, time, types, os\nsys.path[:0] = {folders!r}\n"
        "for name in ('psmon', 'psmon.publish', 'psmon.plots'):\n"
        "    sys.modules[name] = sys.modules.get(name) or types.ModuleType(name)\n"
        "sys.modules['psmon'].publish = sys.modules['psmon.publish']\n"
        "for kind in ('Image', 'XYPlot', 'MultiPlot', 'Hist'):\n"
        "    setattr(sys.modules['psmon.plots'], kind, None)\n"
        f"{statements}\n"
        "print('RANK', time.process_time(), time.time() - float(os.environ['BEGIN']))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment(BEGIN=repr(time.time())), capture_output=True, text=True
    )
    told = [line.split()[1:] for line in done.stdout.splitlines() if line.startswith("RANK ")]
    if not told:
        raise SystemExit(f"the imports failed:\n{done.stderr[-2000:]}")
    return {"first_cpu": float(told[0][0]), "first": float(told[0][1])}


def merges(rounds: int) -> None:
    import h5py

    from producer.merge import merge
    from producer.part_file import PartFile
    from producer.schema import column

    names = [f"group{i % 20}/column{i}" for i in range(COLUMNS // 2)]
    pvs = [f"epicsUser/pv{i:04}" for i in range(COLUMNS // 2)]
    values = np.random.default_rng(0).normal(size=(64, len(names))).tolist()
    with tempfile.TemporaryDirectory(prefix="merge") as folder:
        paths = [Path(folder) / f"part{rank}" for rank in range(PARTS)]
        for rank, path in enumerate(paths):
            part = PartFile(path)
            for name, pv in zip(names, pvs, strict=True):
                part.declare(column(name, np.float64))
                part.declare_held(column(pv, np.float64))
            for row in range(ROWS):
                if row // 50 % PARTS == rank:
                    part.begin(row + 1)
                    part.put_plain(dict(zip(names, values[row % 64], strict=True)))
                    if row % 10 == 0:  # as slow updates come
                        for i, pv in enumerate(pvs):
                            part.hold(pv, float(row * i))
            part.close()
        cpu, wall = [], []
        for _ in range(rounds):
            begin, now = time.process_time(), time.perf_counter()
            with h5py.File(Path(folder) / "merged", "w", locking=False) as file:
                merge(paths, file)
            cpu.append(time.process_time() - begin)
            wall.append(time.perf_counter() - now)
    print(f"\nmerge of {PARTS} parts, {COLUMNS} columns of {ROWS} rows (half of them PVs), median of {rounds}")
    print(f"{statistics.median(cpu):.1f} s CPU, {statistics.median(wall):.1f} s wall")


def main() -> None:
    given = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    given.add_argument("--incumbent", type=Path, metavar="CHECKOUT", help="of smalldata_tools, to measure beside ours")
    given.add_argument("--only", nargs="+", choices=("functions", "loop", "start", "merge"), help="not everything")
    given.add_argument("--seconds", type=float, default=1.5, help="of CPU time for each function")
    given.add_argument("--events", type=int, default=300, help="of the runs of the loops")
    given.add_argument("--ranks", type=int, nargs="+", default=[1, 4, 6], help="for the loops")
    given.add_argument("--rounds", type=int, default=5, help="of what is measured in turn")
    options = given.parse_args()
    checkout = options.incumbent.resolve() if options.incumbent else None
    wanted = options.only or ["functions", "loop", "start", "merge"]
    if "functions" in wanted:
        from incumbent import Incumbent
        from producer_functions import table

        table(Incumbent(checkout) if checkout else None, options.seconds)
    if "loop" in wanted:
        loops(checkout, options.events, options.ranks, options.rounds)
    if "start" in wanted:
        starts(checkout, options.rounds)
    if "merge" in wanted:
        merges(options.rounds)


if __name__ == "__main__":
    main()

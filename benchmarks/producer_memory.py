"""Memory of each rank over a long run: the mean of each quarter of its events.

    python benchmarks/producer_memory.py [--events 20000] [--ranks 6] [--pvs 2000] [--folder DIR]

Writes a run of small detectors (about 50 kB each 10 events for 2,000 PVs, all of them written with each event) and
produces it with functions of its digitizers; the resident size of each rank is looked at four times a second while it
reads.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PAGE = os.sysconf("SC_PAGE_SIZE")
MPIEXEC = Path(sys.executable).with_name("mpiexec")
ROOT = Path(__file__).resolve().parents[1]
PROFILE = """format = 1
[epics]
all = true
[[runs.all.tmo_fim0.wf_integrate]]
signal = [50, 120]
baseline = [0, 40]
[[runs.all.tmo_fim0.hit_finder_cfd]]
threshold = 2
[[runs.all.hsd.hsd]]
[runs.all.hsd.sparsify]
threshold = 2000.0
"""


def write(folder: Path, events: int, pvs: int) -> None:
    code = (
        "import sys; from producer.synthetic import write_run; "
        f"write_run(sys.argv[1], run=12, events={events}, pvs={pvs}, detectors=[])"
    )
    subprocess.run([sys.executable, "-c", code, folder / "xtc"], check=True, cwd=ROOT, env=environment())


def environment() -> dict[str, str]:
    return {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "MPIR_CVAR_CH4_NETMOD": "ofi",
        "LCLS_CALIB_HTTP": "http://127.0.0.1:9",
    }


def ranks_of(output: Path) -> dict[int, int]:
    """rank -> process, of those that produce `output`."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes().split(b"\0")
            variables = (folder / "environ").read_bytes().split(b"\0")
        except OSError:
            continue
        rank = [word[9:] for word in variables if word.startswith(b"PMI_RANK=")]
        if rank and os.fsencode(output) in words:
            found[int(rank[0])] = int(folder.name)
    return found


def resident(process: int) -> float:
    """MB"""
    return int(Path(f"/proc/{process}/statm").read_text().split()[1]) * PAGE / 1e6


def main() -> int:
    given = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    given.add_argument("--events", type=int, default=20_000)
    given.add_argument("--ranks", type=int, default=6)
    given.add_argument("--pvs", type=int, default=2000)
    given.add_argument("--folder", type=Path, help="where the run is, or is to be written")
    options = given.parse_args()
    folder = options.folder or Path(tempfile.mkdtemp(prefix="memory"))
    if not (folder / "xtc").exists():
        write(folder, options.events, options.pvs)
    (folder / "p.toml").write_text(PROFILE)
    output, job = folder / "o.h5", folder / "job"
    words = [MPIEXEC, "-n", options.ranks, sys.executable, "-m", "mpi4py.run", "-m", "producer", "--exp", "tmoc00126"]
    words += ["--run", 12, "--dir", folder / "xtc", "--profile", folder / "p.toml", "--output", output, "--job", job]
    begin = time.time()
    with open(folder / "log", "w") as log:
        process = subprocess.Popen([str(w) for w in words], env=environment(), stdout=log, stderr=log)
        seen: dict[int, list[tuple[int, float]]] = {}
        found: dict[int, int] = {}
        while process.poll() is None:
            time.sleep(0.25)
            found = found if len(found) == options.ranks else ranks_of(output)
            for rank, number in found.items():
                try:
                    state = json.loads((job / "progress" / f"rank{rank:04d}.json").read_text())
                    if state["phase"] == "reading":
                        seen.setdefault(rank, []).append((state["done"], resident(number)))
                except (OSError, ValueError, IndexError):
                    continue
    said = (folder / "log").read_text().splitlines()
    print(*(line for line in said if "verdict" in line), f"({time.time() - begin:.0f} s)")
    for rank, samples in sorted(seen.items()):
        # Ranks that do not analyse count no events: theirs are quarters of the time.
        samples = [s for s in samples if s[0]] or samples
        cuts = [len(samples) * i // 4 for i in range(5)]
        means = [sum(mb for _, mb in samples[a:b]) / max(1, b - a) for a, b in zip(cuts, cuts[1:])]
        print(f"rank {rank}: {' -> '.join(f'{mb:.0f}' for mb in means)} MB, {len(samples)} looks")
    return process.returncode


if __name__ == "__main__":
    sys.exit(main())

"""The names of a run: 50,000 PVs in the app through a real terminal, and side by side with psana's `detnames -e`.

``python benchmarks/names.py [--pvs N] [--folder DIR]`` prints one line per figure; it writes its data where it is told,
or into a temporary folder.
"""

import argparse
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from terminal import Terminal  # noqa: E402

EXPERIMENT = "tmoc00126"
WORDS = ("mr0", "kb_pitch", "press_rbv", "tmo cur", "sam_x", "rtd 01", "frames", "*vvc*", "temp 2", "evr_0", "hv1")
# psana's own program, without the two questions it would put to the network
DETNAMES = (
    "import psana.psexp.ds_base as b; b.DataSourceBase._get_file_info_from_db = lambda s, r: {}\n"
    "import psana.pscalib.calib.MDBWebUtils as w; w.calib_constants_all_types = lambda *a, **k: {}\n"
    "from psana.app.detnames import detnames; detnames()"
)


def write(directory: Path, pvs: int) -> None:
    from producer.synthetic import experiment

    experiment.write_run(directory, 1, 60, pvs, detectors=[])
    for path in (*directory.glob("*.xtc2"), *directory.glob("smalldata/*.xtc2")):
        os.utime(path, (1.7e9, 1.7e9))


def environment(folder: Path) -> dict[str, str]:
    own = {f"XDG_{name}_HOME": str(folder / name.lower()) for name in ("CACHE", "STATE", "DATA", "CONFIG")}
    return {**own, "PYTHONPATH": str(ROOT), "PS_PARALLEL": "none", "MPIR_CVAR_CH4_NETMOD": "ofi"}


def timed(command: list[str], env: dict[str, str]) -> tuple[float, float]:
    """(seconds, CPU seconds of it and of what it started)."""
    began, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, env={**os.environ, **env}, cwd=ROOT, capture_output=True, text=True, timeout=300)
    if done.returncode != 0:
        raise SystemExit(done.stderr[-2000:])
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return time.perf_counter() - began, cpu


def cpu_of(pid: int) -> float:
    """Seconds of all threads of a process."""
    tasks = Path(f"/proc/{pid}/task").glob("*/schedstat")
    return sum(int(path.read_text().split()[0]) for path in tasks) / 1e9


def forget(directory: Path) -> None:
    """Have the machine read the files from the disk again."""
    for path in (*directory.glob("*.xtc2"), *directory.glob("smalldata/*.xtc2")):
        descriptor = os.open(path, os.O_RDONLY)
        os.fsync(descriptor)
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(descriptor)


def side_by_side(folder: Path, directory: Path, run: int, repeat: int, cold: bool) -> None:
    """Whole programs, and a question put to the probe that is kept running by the app.

    `cold`: the files are not in the machine's memory. "Read before" is from our own cache, which is always warm.
    """
    from smdtui.catalog.experiment import Experiment
    from smdtui.catalog.names import ask_names, words
    from smdtui.catalog.probe_process import ProbeProcess
    from smdtui.environment import Environment
    from smdtui.site import Site

    env = environment(folder)
    os.environ.update(env)
    experiment, site = Experiment(EXPERIMENT, directory, folder, folder), Site("benchmark")
    probe = ProbeProcess(Environment())
    probe.ask("names", **words(experiment, run))
    found: dict[str, list[tuple[float, float]]] = {}

    def here(title: str, work) -> None:
        if cold:
            forget(directory)
        began, cpu = time.perf_counter(), time.process_time() + cpu_of(probe.pid)
        work()
        used = time.process_time() + cpu_of(probe.pid) - cpu
        found.setdefault(title, []).append((time.perf_counter() - began, used))

    def program(title: str, command: list[str]) -> None:
        if cold:
            forget(directory)
        found.setdefault(title, []).append(timed(command, env))

    for _ in range(repeat):
        source = f"exp={EXPERIMENT},run={run},dir={directory}"
        program("detnames -e", [sys.executable, "-c", DETNAMES, "-e", source])
        shutil.rmtree(folder / "cache", ignore_errors=True)
        ours = [sys.executable, "-m", "smdtui.cli", "names", EXPERIMENT, str(run), "-e", "--dir", str(directory)]
        program("smdtui names -e, not read before", ours)
        program("smdtui names -e, read before", ours)
        shutil.rmtree(folder / "cache", ignore_errors=True)
        here("in the app, not read before", lambda: ask_names(site, experiment, run, probe=probe, packed=True))
        here("in the app, read before", lambda: ask_names(site, experiment, run, probe=probe, packed=True))
    probe.close()
    middle = {t: [statistics.median(column) for column in zip(*rows, strict=True)] for t, rows in found.items()}
    wall, cpu = middle["detnames -e"]
    for title, (own, used) in middle.items():
        print(f"{title:36} {own * 1000:8.0f} ms {used * 1000:8.0f} CPU ms   {wall / own:6.1f} {cpu / used:6.1f} times")


def in_the_app(folder: Path, directory: Path, pvs: int) -> None:
    command = [sys.executable, "-m", "smdtui.cli", EXPERIMENT, "--dir", str(directory), "--results", str(folder / "r")]
    shown = f"EPICS {pvs + 1:,}"  # StaleFlags is one more
    with Terminal(command, 120, 36, env=environment(folder), cwd=ROOT) as t:
        t.wait_for("complete", 60)
        t.press("2")
        t.wait_for(shown, 120)
        t.wait_until(lambda text: "-1.25" in text or "sam_x" in text, 60)
        time.sleep(8)  # let the statistics come and be remembered
        t.press("ctrl+q")
        t.wait_exit(20)
    with Terminal(command, 120, 36, env=environment(folder), cwd=ROOT) as t:
        t.wait_for("complete", 60)
        t.settle(0.5)
        opened, _ = t.key_to_paint("2", lambda text: shown in text, 60)
        print(f"open a run seen before, to its names shown {opened:8.0f} ms")
        time.sleep(4)
        t.press("e")
        t.settle(0.5)
        t.press("/")
        paints, cpus = [], []
        for word in WORDS:
            typed = ""
            for letter in word:
                typed += letter
                paint, cpu = t.key_to_paint(letter, lambda text, typed=typed: typing(text, typed), 10)
                paints.append(paint)
                cpus.append(cpu)
            for _ in word:
                typed = typed[:-1]
                paint, cpu = t.key_to_paint("backspace", lambda text, typed=typed: typing(text, typed), 10)
                paints.append(paint)
                cpus.append(cpu)
        paints = paints[:100]
        print(f"key to paint while filtering, {len(paints)} keys      {statistics.median(paints):8.0f} ms median, "
              f"{max(paints):.0f} ms worst, {statistics.median(cpus):.0f} CPU ms")  # fmt: skip
        print(f"memory of the app                          {t.rss_mb():8.0f} MB")
        t.press("escape", "ctrl+q")
        t.wait_exit(20)


def typing(text: str, typed: str) -> bool:
    """Whether the line of the filter shows just that."""
    return any(line.strip() == f"/ {typed}".strip() for line in text.splitlines())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pvs", type=int, default=50_000)
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--folder", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.folder or Path(temporary)
        for pvs in (5000, options.pvs):
            directory = folder / f"{pvs}" / "xtc"
            if not directory.exists():
                write(directory, pvs)
            for cold in (False, True):
                print(f"-- {pvs:,} PVs, files {'on disk only' if cold else 'in memory'}, load {os.getloadavg()[0]:.1f}")
                side_by_side(folder / f"home{pvs}", directory, 1, options.repeat, cold)
        in_the_app(folder / f"home{options.pvs}", folder / f"{options.pvs}" / "xtc", options.pvs)


if __name__ == "__main__":
    main()

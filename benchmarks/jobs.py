"""The Jobs screen with many jobs at a real terminal. `./run python benchmarks/jobs.py [FOLDERS [AT_WORK]]`

Makes the job folders as the program itself writes them, lets a process of its own report the progress of those at work
as their ranks would, and measures the app through a pty: from the key that opens the screen, pressed in an app just
started, to the first row; and its CPU while it stands on the list and on the Runs screen. CPU holds on a busy
machine; wall times do not.
"""

import json
import os
import random
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:1] = [str(ROOT), str(ROOT / "tests")]  # not this folder: a benchmark may be called like a package

from terminal import Terminal  # noqa: E402

from smdtui.jobs import local  # noqa: E402
from smdtui.jobs.folder import JobFolder, make_folder, utc, write_toml  # noqa: E402

RANKS, EVENTS = 7, 30_000
OPEN = """
import sys
from pathlib import Path
from smdtui import site as sites
from smdtui.app import run
from smdtui.catalog.experiment import Experiment
from smdtui.services import Services
directory, results, hdf5, state = map(Path, sys.argv[1:])
experiment = Experiment("xppbench", directory, results, hdf5)
sys.exit(run(Services(site=sites.load(sites.PACKAGED), experiment=experiment, who="ada", state_dir=state)))
"""
REPORT = """
import json, os, sys, time
folders = sys.argv[1:]
done = 0
while True:
    begin = time.time()
    done += 100
    for folder in folders:
        for rank in range(%d):
            role = ("smd0", "eb")[rank] if rank < 2 else "worker"
            history = [[begin - 10 * n, max(0, done - 1000 * n)] for n in range(6, 0, -1)] if rank > 1 else []
            row = {"rank": rank, "role": role, "phase": "reading", "done": done if rank > 1 else 0, "time": begin,
                   "history": history}
            path = f"{folder}/progress/rank{rank:04d}.json"
            with open(path + ".new", "w") as f:
                f.write(json.dumps(row))
            os.replace(path + ".new", path)
    time.sleep(max(0.05, 1 - (time.time() - begin)))
"""


def make(results: Path, count: int, at_work: int) -> list[Path]:
    """Job folders of the last days, the newest at work; returns those."""
    chance = random.Random(1)
    jobs = results / "jobs"
    make_folder(jobs)
    (results / "profiles").mkdir()
    (results / "profiles" / "p.toml").write_text("format = 1\n")
    now, working = time.time(), []
    for n in range(count):
        when = now - 300 * (count - n)
        run = 1 + n
        stamp = time.strftime("%Y%m%dT%H%M%S", time.gmtime(when))
        folder = JobFolder(jobs / f"{stamp}-r{run:04d}-{n:04x}")
        make_folder(folder.path)
        make_folder(folder.path / "progress")
        busy = n >= count - at_work
        asked = {
            "id": folder.id, "experiment": "xppbench", "run": run, "directory": "/data", "profile": "/p.toml",
            "plan_sha256": "0" * 64, "output": f"/hdf5/xppbench_Run{run:04d}.h5", "engine": "local", "kind": "local",
            "ranks": RANKS, "events": 0, "who": chance.choice(("ada", "bob")), "created": utc(when), "version": "0",
        }  # fmt: skip
        folder.write("request.toml", asked)
        folder.write("engine.toml", {"kind": "local", **local.identity(os.getpid()), "started": utc(when)})
        folder.event("submitted", asked["who"])
        (folder.path / "log.txt").write_text("12:00:00 INFO reading\n" * 200)
        (folder.path / "progress" / "total.json").write_text(json.dumps({"total": EVENTS, "begin": when}))
        if busy:
            working.append(folder.path)
            continue
        good = chance.random() < 0.9
        write_toml(folder.path / "exit.toml", {"status": 0 if good else 3, "when": utc(when + 200)})
        if good:
            verdict = {"verdict": "verified", "events": EVENTS, "expected": EVENTS}
            write_toml(folder.path / "verdict.toml", verdict)
    return working


def app(base: Path) -> Terminal:
    words = [sys.executable, "-c", OPEN, base / "xtc", base / "results", base / "hdf5", base / "state"]
    environment = {"XDG_STATE_HOME": str(base / "state"), "XDG_CACHE_HOME": str(base / "cache")}
    return Terminal(words, 120, 36, env=environment | {"PYTHONDONTWRITEBYTECODE": ""}, cwd=ROOT)


def opening(base: Path, newest: int, count: int, times: int = 7) -> dict[str, list[float]]:
    """Milliseconds from the key 4, pressed in an app just started, to the row of the newest job and to the numbers of
    all jobs, of the wall and of the CPU; and from 3 to the empty Profile screen, which tells how busy all is."""
    found: dict[str, list[float]] = {
        "first row": [],
        "first row, CPU": [],
        "all jobs": [],
        "all jobs, CPU": [],
        "3": [],
    }
    for _ in range(times):
        with app(base) as t:
            t.wait_for("1 Runs", 60)
            t.settle(0.5)
            cpu, begin = t.cpu_ms(), time.perf_counter()
            os.write(t.fd, b"4")
            t.wait_until(lambda text: f" {newest} " in text and "events" in text, 60, "the first row")
            found["first row"].append((t.last_paint - begin) * 1000)
            found["first row, CPU"].append(t.cpu_ms() - cpu)
            t.wait_until(lambda text: all_counted(text, count), 60, "all jobs")
            found["all jobs"].append((t.last_paint - begin) * 1000)
            found["all jobs, CPU"].append(t.cpu_ms() - cpu)
        with app(base) as t:
            t.wait_for("1 Runs", 60)
            t.settle(0.5)
            begin = time.perf_counter()
            os.write(t.fd, b"3")
            t.wait_for("[3 Profile]", 60)
            found["3"].append((t.last_paint - begin) * 1000)
    return found


def all_counted(text: str, count: int) -> bool:
    """Whether the line of numbers (5 failed, 445 verified) is of so many jobs."""
    numbers = [int(n) for n in re.findall(r"(\d+) (?:failed|running|stalled|pending|verified|lost)", text)]
    return sum(numbers) == count


def standing(base: Path, key: str, seconds: float) -> tuple[float, float]:
    """(share of a core, memory in MB) of the app while it stands on a screen."""
    with app(base) as t:
        t.wait_for("1 Runs", 60)
        t.press(key)
        t.pump(5.0)
        cpu, begin = t.cpu_ms(), time.perf_counter()
        t.pump(seconds)
        return (t.cpu_ms() - cpu) / 1000 / (time.perf_counter() - begin), t.rss_mb()


def main() -> int:
    count, at_work = (
        (int(a) for a in [*sys.argv[1:], "500", "50"][:2]) if len(sys.argv) != 2 else (int(sys.argv[1]), 50)
    )
    with tempfile.TemporaryDirectory() as name:
        base = Path(name)
        (base / "xtc").mkdir()
        working = make(base / "results", count, at_work)
        reporting = subprocess.Popen([sys.executable, "-c", REPORT % RANKS, *map(str, working)])
        try:
            opened = opening(base, count, count)
            list_share, memory = standing(base, "4", 30.0)
            runs_share, _ = standing(base, "1", 30.0)
        finally:
            reporting.kill()
            reporting.wait()
    load = os.getloadavg()[0]
    print(
        f"{count} job folders, {at_work} at work with {RANKS} ranks each; load {load:.1f} on {os.cpu_count()} cores\n"
    )
    print("| what | measured | budget |\n|---|---|---|")
    for name, budget in (("first row", "1000 ms"), ("first row, CPU", ""), ("all jobs", ""), ("all jobs, CPU", "")):
        values = opened[name]
        print(f"| key 4 to {name} | {statistics.median(values):.0f} ms (worst {max(values):.0f}) | {budget} |")
    print(f"| key 3 to the Profile screen, for comparison | {statistics.median(opened['3']):.0f} ms | |")
    print(f"| CPU on the Jobs screen | {list_share:.1%} of a core | 10 % |")
    print(f"| CPU on the Runs screen | {runs_share:.1%} of a core | |")
    print(f"| memory | {memory:.0f} MB | |")
    return 0


if __name__ == "__main__":
    sys.exit(main())

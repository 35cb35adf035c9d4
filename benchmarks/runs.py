"""10,000 runs of 40 streams: when they can be used, when all are read, and whether a key is ever missed meanwhile.

``python benchmarks/runs.py [--runs N] [--streams N] [--folder DIR]``: the folder must be on a file system with room for
two (hard-linked) names per stream; what is there is used again.
"""

import argparse
import os
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
LINKS = 1000  # runs for which one file serves: file systems limit how many names it may have


def write(folder: Path, runs: int, streams: int) -> Path:
    """Tiny whole runs, their files linked from a few."""
    from producer.synthetic import experiment

    directory, base = folder / "xtc", folder / "base"
    if (folder / "written").exists():
        return directory
    experiment.write_run(base, 1, 3, 3, detectors=[])
    (directory / "smalldata").mkdir(parents=True)
    data, smd = sorted(base.glob("*.xtc2")), sorted(base.glob("smalldata/*.xtc2"))
    for run in range(1, runs + 1):
        if run % LINKS == 1:
            for files in (data, smd):
                for i, file in enumerate(files):
                    files[i] = Path(shutil.copyfile(file, base / f"{run}-{i}-{file.name[-20:]}"))
                    os.utime(files[i], (1.7e9, 1.7e9))
        for stream in range(streams):
            stem = f"{EXPERIMENT}-r{run:04d}-s{stream:03d}-c000"
            os.link(data[stream % len(data)], directory / f"{stem}.xtc2")
            os.link(smd[stream % len(smd)], directory / "smalldata" / f"{stem}.smd.xtc2")
    (folder / "written").touch()
    return directory


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=10_000)
    parser.add_argument("--streams", type=int, default=40)
    parser.add_argument("--keys", type=int, default=200)
    parser.add_argument("--folder", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.folder or Path(temporary)
        directory = write(folder, options.runs, options.streams)
        for title in ("nothing read before", "read before"):
            look(title, folder, directory, options.runs, options.keys)


def look(title: str, folder: Path, directory: Path, runs: int, keys: int) -> None:
    env = {f"XDG_{name}_HOME": str(folder / name.lower()) for name in ("CACHE", "STATE", "DATA", "CONFIG")}
    env["PYTHONPATH"] = str(ROOT)
    if title == "nothing read before":
        shutil.rmtree(folder / "cache", ignore_errors=True)
    command = [sys.executable, "-m", "smdtui.cli", EXPERIMENT, "--dir", str(directory), "--results", str(folder / "r")]
    bare = [
        sys.executable,
        "-c",
        f"import os; os.listdir({str(directory)!r}); os.listdir({str(directory / 'smalldata')!r})",
    ]
    began = time.perf_counter()
    subprocess.run(bare, check=True)
    listing = time.perf_counter() - began
    print(f"-- {runs:,} runs, {title}")
    print(f"a bare listing of the two folders by Python   {listing * 1000:8.0f} ms")
    with Terminal(command, 120, 36, env=env, cwd=ROOT) as t:
        usable = t.wait_until(lambda text: f" {runs} " in text, 60, "the newest run")
        print(
            f"started, to the newest runs shown             {usable * 1000:8.0f} ms, {t.cpu_ms():.0f} CPU ms of the app"
        )
        paints = []
        here = runs
        for i in range(keys):
            step = -1 if i % 40 < 20 else 1
            here += step
            key = "down" if step < 0 else "up"
            paint, _ = t.key_to_paint(key, lambda text, here=here: f"run {here} " in text.splitlines()[0] + " ", 10)
            paints.append(paint)
        paints.sort()
        print(f"{keys} cursor keys while the runs are read         {statistics.median(paints):8.0f} ms median, "
              f"{paints[int(0.95 * len(paints))]:.0f} ms 95 %, {paints[-1]:.0f} ms worst, none missed")  # fmt: skip
        t.press(":")
        t.type("7")
        t.press("enter")
        t.wait_until(lambda text: "run 7 " in text.splitlines()[0] + " ", 10)
        filled = t.wait_until(
            lambda text: "reading " not in text and "complete" in text, 1200, "the end of the reading"
        )
        print(f"all read after                                {filled:8.1f} s")
        print(f"memory of the app                             {t.rss_mb():8.0f} MB")
        t.press("ctrl+q")
        t.wait_exit(20)


if __name__ == "__main__":
    main()

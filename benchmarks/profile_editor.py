"""The profile editor on a profile of 2,000 lines and 300 run ranges: time to check it, and from a key to the painted
screen in a real pseudo-terminal.

    python benchmarks/profile_editor.py [--repeat N]

Prints a table; docs/benchmarks.md has figures of one machine. Key to paint is wall time, so of several repeats the
median is told beside the best; CPU time holds on a busy machine too.
"""

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from terminal import Terminal  # noqa: E402

EXPERIMENT = "tmoc00126"
RANGES = 300


def profile_text(ranges: int = RANGES) -> str:
    """About 2,000 lines: 60 PVs, and a section with a comment for each ten runs."""
    lines = ["format = 1", 'hutch = "tmo"', 'title = "long"', "", "[epics]", "per_event = ["]
    lines += [f'    {{ pv = "TMO:USR:MMS:{i:02d}.RBV", alias = "motor_{i}" }},' for i in range(60)]
    lines += ["]", "", "[runs.all.epix100_0]", 'sums = ["calib"]', ""]
    for i in range(ranges):
        lines += [
            f"# shift {i}",
            f"[[runs.{10 * i + 1}-{10 * i + 10}.epix100_{i % 3}.roi]]",
            'name = "ROI_0"',
            f"region = [[{i}, {i + 20}], [30, 90]]",
            "save_pixels = true",
            "",
        ]
    return "\n".join(lines + ["# end"] * max(0, 2000 - len(lines))) + "\n"


def cpu_ms(work, repeat: int) -> list[float]:
    found = []
    for _ in range(repeat):
        begin = time.process_time()
        work()
        found.append((time.process_time() - begin) * 1000)
    return found


def check_times(path: Path, repeat: int) -> list[float]:
    from smdtui.profile.check import check_file

    problems = check_file(path)
    assert problems == [], problems
    return cpu_ms(lambda: check_file(path), repeat)


def write_experiment(root: Path) -> None:
    from producer.synthetic import experiment, hutch

    directory = root / hutch(EXPERIMENT) / EXPERIMENT / "xtc"
    for run in (1495, 1501, 2001, 2005):
        experiment.write_run(directory, run=run, kind=experiment.PLAIN, events=5, pvs=20, detectors=["epix100_0"])
    (root / "site.toml").write_text('name = "benchmark"\ndata_roots = ["."]\n', encoding="utf-8")


def key_times(root: Path, path: Path, repeat: int) -> dict[str, list[tuple[float, float]]]:
    """What was pressed -> (ms from key to paint, CPU ms) of each repeat."""
    words = [sys.executable, "-m", "smdtui.cli", EXPERIMENT, "--site", root / "site.toml", "--profile", path]
    words += ["--results", root / "results"]
    environment = {f"XDG_{name}_HOME": str(root / name.lower()) for name in ("CACHE", "STATE", "DATA", "CONFIG")}
    found: dict[str, list[tuple[float, float]]] = {}

    def timed(what: str, key: str, seen) -> None:
        found.setdefault(what, []).append(terminal.key_to_paint(key, seen))

    with Terminal(words, 80, 24, env=environment, cwd=ROOT) as terminal:
        terminal.wait_for("  2005 ", 60)
        terminal.press("3")
        terminal.wait_for("run 2005 (4 of 4)")
        terminal.wait_for("roi ROI_0")
        terminal.settle(0.5)
        for n in range(repeat):
            before = cursor_row(terminal), terminal.text()
            timed("cursor", "k" if n % 2 == 0 else "j", lambda text, b=before: (cursor_row(terminal), text) != b)
            timed("another run", "[", lambda text: "run 2001 (3 of 4)" in text)
            timed("another run", "]", lambda text: "run 2005 (4 of 4)" in text)
            timed("an end moved", ">", lambda text: "* not saved" in text)
            timed("undo", "u", lambda text: "* not saved" not in text)
            timed("split", "s", lambda text: "* not saved" in text)
            timed("undo", "u", lambda text: "* not saved" not in text)
        terminal.press("t")
        terminal.wait_for("[[runs.")
        terminal.settle(0.5)
        for _ in range(repeat):
            count = terminal.text().count("~")
            timed("a letter in the text", "~", lambda text, count=count: text.count("~") > count)
            terminal.press("backspace")
            terminal.settle(0.5)
        terminal.press("escape")
        terminal.settle(0.5)
        terminal.kill()
    return found


def cursor_row(terminal: Terminal) -> int | None:
    """The row of the list whose background differs from that of the others."""
    rows = range(3, terminal.rows - 1)
    shades = [terminal.screen.buffer[row][3].bg for row in rows]
    return next((row for row, shade in zip(rows, shades, strict=True) if shades.count(shade) == 1), None)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--repeat", type=int, default=7)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        path = root / "long.toml"
        path.write_text(profile_text(), encoding="utf-8")
        print(f"{len(profile_text().splitlines())} lines, {RANGES} ranges")
        times = check_times(path, arguments.repeat)
        print(f"{'check':<24} {statistics.median(times):6.0f} ms CPU, best {min(times):.0f}")
        write_experiment(root)
        for what, pairs in key_times(root, path, arguments.repeat).items():
            walls, cpus = zip(*pairs, strict=True)
            wall, cpu = statistics.median(walls), statistics.median(cpus)
            print(f"{what:<24} {wall:6.0f} ms key to paint, best {min(walls):.0f}, {cpu:.0f} CPU ms")


if __name__ == "__main__":
    main()

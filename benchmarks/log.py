"""A log of 2 GB with a line of 50 MB, NUL bytes and escape sequences. `./run python benchmarks/log.py [GB]`

The reader alone and the app's Jobs screen at a real terminal: open at the end, search, call the search off, memory.
"""

import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT)]

from terminal import Terminal  # noqa: E402

from smdtui.jobs.log_file import LogFile  # noqa: E402
from smdtui.jobs.log_filter import FilteredLog, LineFilter  # noqa: E402
from smdtui.jobs.log_search import ERRORS  # noqa: E402

MB = 10**6
LAST, NEEDLE = "the very last line of the log", "there is only one of this"
EXPERIMENT = "tmoc00126"
OLD, NEW = "20260101T000000-r0012-aaaa", "20260101T000001-r0013-bbbb"


def write_log(path: Path, size: int) -> None:
    """Lines of five ranks with colours and NUL bytes; in the middle the needle and a line of 50 MB; one error."""
    lines = []
    for n in range(10_000):
        text = f"[{n % 5}] 12:{n // 60 % 60:02d}:{n % 60:02d} INFO event {n} \x1b[32mgood\x1b[0m {'x' * (n % 90)}"
        lines.append(text + ("\0\0" if n % 100 == 0 else ""))
    block = ("\n".join(lines) + "\n").encode()
    with open(path, "wb") as f:
        while f.tell() < size // 2:
            f.write(block)
        f.write(f"[3] 12:00:00 ERROR {NEEDLE}\n".encode() + b"[2] " + b"y" * (50 * MB) + b"\n")
        while f.tell() < size:
            f.write(block)
        f.write(f"[0] {LAST}\n".encode())


def timed(work: Callable[[], object]) -> tuple[float, object]:
    begin = time.perf_counter()
    result = work()
    return time.perf_counter() - begin, result


def reader(path: Path) -> None:
    """In a process of its own, whose memory is told at the end."""
    file = LogFile(path)
    seconds, _ = timed(lambda: file.grow(0.0))
    more, lines = timed(lambda: file.get(file.lines - 24, 24))
    assert lines[-1] == f"[0] {LAST}", lines[-1]  # type: ignore[index]
    row("reader: open at the end", f"{(seconds + more) * 1000:.1f} ms", "300 ms")
    seconds, _ = timed(lambda: [file.grow(1) for _ in iter(lambda: file.complete, True)])
    row("reader: all lines counted", f"{seconds:.1f} s, {file.lines:,} lines")
    shares: list[float] = []
    seconds, line = timed(lambda: file.search(NEEDLE, 0, progress=shares.append))
    assert isinstance(line, int) and file.get(line, 1)[0].endswith(NEEDLE)
    row("reader: search from the beginning to the middle", f"{seconds:.1f} s, progress told {len(shares)} times")
    seconds, back = timed(lambda: file.search(NEEDLE, file.lines - 1, backwards=True))
    assert back == line
    row("reader: search back from the end to the middle", f"{seconds:.1f} s")
    seconds, error = timed(lambda: file.search(ERRORS, 0))
    assert error == line
    row("reader: next error, from the beginning", f"{seconds:.1f} s")
    seconds, long = timed(lambda: file.get(line + 1, 1))
    assert len(long[0]) < 5000  # type: ignore[index]
    row("reader: the line of 50 MB, clipped", f"{seconds * 1000:.0f} ms")
    view = FilteredLog(file, LineFilter(level="error"))
    seconds, _ = timed(lambda: [view.grow(1) for _ in iter(lambda: view.complete, True)])
    assert view.lines == 1
    row("reader: errors only, all of it looked at", f"{seconds:.1f} s")
    row("reader: memory", f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB", "200 MB")


def job(folder: Path, run: int, log: Callable[[Path], None]) -> None:
    folder.mkdir(parents=True)
    (folder / "request.toml").write_text(
        f'id = "{folder.name}"\nexperiment = "{EXPERIMENT}"\nrun = {run}\nwho = "ada"\nengine = "local"\nranks = 5\n'
        'kind = "local"\nprofile = "/p.toml"\noutput = "/o.h5"\ncreated = "2026-01-01T00:00:00Z"\n'
    )
    (folder / "engine.toml").write_text('kind = "local"\nhost = "elsewhere"\nstarted = "2026-01-01T00:00:01Z"\n')
    (folder / "exit.toml").write_text('status = 1\nwhen = "2026-01-01T00:10:00Z"\nby = "submit.sh"\n')
    log(folder / "log.txt")


def app(root: Path, size: int) -> None:
    home = root / EXPERIMENT[:3] / EXPERIMENT
    (home / "xtc").mkdir(parents=True)
    jobs = home / "results" / "smdtui" / "jobs"
    job(jobs / OLD, 12, lambda path: write_log(path, size))
    job(jobs / NEW, 13, lambda path: path.write_text("nothing much\n"))  # type: ignore[arg-type, return-value]
    (root / "site.toml").write_text('name = "log"\ndata_roots = ["."]\n[engines.local]\nkind = "local"\n')
    environment = {f"XDG_{n}_HOME": str(root / n.lower()) for n in ("CACHE", "STATE", "DATA", "CONFIG")}
    words = [sys.executable, "-m", "smdtui.cli", EXPERIMENT, "--site", root / "site.toml"]
    subprocess.run([sys.executable, __file__, "--reader", jobs / OLD / "log.txt"], check=True)
    with Terminal(words, 100, 30, env=environment, cwd=ROOT) as t:
        t.wait_for("Runs", 60)
        t.press("4")
        t.wait_for("nothing much", 60)
        t.settle(0.5)
        before = t.rss_mb()
        wall, cpu = t.key_to_paint("down", lambda screen: LAST in screen, 30)
        row("app: from the key to the end of the log on the screen", f"{wall:.0f} ms", "300 ms")
        row("app: CPU until all lines are counted and all is quiet", f"{cpu:.0f} ms")
        t.press("enter")
        t.settle(0.3)
        seconds = search(t, NEEDLE, lambda screen: NEEDLE in screen.split("find")[0] and "line " in screen)
        row("app: search to the middle, found", f"{seconds:.1f} s")
        t.press("G")
        t.wait_for(LAST)
        os.write(t.fd, b"/")
        t.settle(0.2)
        os.write(t.fd, b"is not in it\r")
        t.wait_until(lambda screen: "searching" in screen and "%" in screen, 30, "the progress of the search")
        begin = time.perf_counter()
        os.write(t.fd, b"\x1b")
        t.wait_for("Not searched to the end", 30)
        row("app: search called off", f"{(time.perf_counter() - begin) * 1000:.0f} ms after the key")
        row("app: memory before and after", f"{before:.0f} and {t.rss_mb():.0f} MB", "200 MB")


def search(t: Terminal, text: str, found: Callable[[str], bool]) -> float:
    os.write(t.fd, b"/")
    t.settle(0.2)
    os.write(t.fd, text.encode())
    t.settle(0.2)
    begin = time.perf_counter()
    os.write(t.fd, b"\r")
    t.wait_until(found, 60, "what was searched")
    return time.perf_counter() - begin


def row(what: str, value: str, budget: str = "") -> None:
    print(f"| {what} | {value} | {budget} |", flush=True)


def main() -> int:
    if sys.argv[1:2] == ["--reader"]:
        reader(Path(sys.argv[2]))
        return 0
    size = int(float(sys.argv[1]) * 1000 * MB) if len(sys.argv) > 1 else 2000 * MB
    print("| what | | budget |\n|---|---|---|")
    with tempfile.TemporaryDirectory(prefix="smdtui-log") as folder:
        app(Path(folder), size)
    return 0


if __name__ == "__main__":
    sys.exit(main())

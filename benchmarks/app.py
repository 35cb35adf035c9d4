"""The app's budgets at a real terminal: start, keys, memory, end. `./run python benchmarks/app.py [DEMO_DIR]`

CPU milliseconds are of the app's threads and hold on a busy machine; wall times do not. A bare Textual app is started
in turn with ours, since most of the start is the framework's. Both with compiled bytecode, as installed programs have.
"""

import statistics
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]  # before this folder, whose producer.py is not the package

from terminal import Terminal  # noqa: E402

from smdtui.demo import command  # noqa: E402
from smdtui.demo.place import default_folder  # noqa: E402

BARE = """
from textual.app import App
from textual.widgets import Label
class Bare(App):
    def compose(self):
        yield Label("bare")
Bare().run()
"""
COMPILED = {"PYTHONDONTWRITEBYTECODE": ""}


def app(demo: Path, state: Path) -> Terminal:
    words = [sys.executable, "-m", "smdtui.cli", "tmoc00126", "--site", demo / "site.toml"]
    environment = COMPILED | {"XDG_STATE_HOME": str(state / "state"), "XDG_CACHE_HOME": str(state / "cache")}
    return Terminal(words, 120, 36, env=environment, cwd=ROOT)


def starts(demo: Path, state: Path, count: int = 5) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {"first paint": [], "first paint, CPU": [], "bare Textual, CPU": []}
    for _ in range(count):
        with app(demo, state) as t:
            found["first paint"].append(t.wait_for("Runs") * 1000)
            found["first paint, CPU"].append(t.cpu_ms())
        with Terminal([sys.executable, "-c", BARE], 120, 36, env=COMPILED) as t:
            t.wait_for("bare")
            found["bare Textual, CPU"].append(t.cpu_ms())
    return found


def keys(demo: Path, state: Path) -> tuple[dict[str, list[tuple[float, float]]], float, float]:
    """Per kind of key (milliseconds to paint, CPU milliseconds); resident memory in MB; seconds to quit."""
    found: dict[str, list[tuple[float, float]]] = {"cursor key": [], "filter letter": []}
    with app(demo, state) as t:
        t.wait_for("  15 ")
        t.press("down")
        t.press("2")
        t.wait_for("epix100_0", 30)
        t.settle(0.5)
        for _ in range(20):
            painted = t.last_paint
            found["cursor key"].append(t.key_to_paint("down", lambda _, p=painted: t.last_paint > p))
        for word in ("mms", "sam", "gauge"):
            t.press("/")
            t.settle()
            for letter in word:
                painted = t.last_paint
                found["filter letter"].append(t.key_to_paint(letter, lambda _, p=painted: t.last_paint > p))
            t.press("escape")
            t.settle()
        memory = t.rss_mb()
        begin = time.perf_counter()
        t.press("ctrl+q")
        t.wait_exit()
        return found, memory, time.perf_counter() - begin


def main() -> int:
    demo = Path(sys.argv[1]) if len(sys.argv) > 1 else default_folder()
    if command(demo, terminal=True, open_app=lambda *_: 0):
        return 1
    with tempfile.TemporaryDirectory() as folder:
        state = Path(folder)
        found = starts(demo, state)
        pressed, memory, end = keys(demo, state)
    print("| what | median | worst | budget |\n|---|---|---|---|")
    budgets = {"first paint, CPU": "400 ms"}
    for name, values in found.items():
        print(f"| {name} | {statistics.median(values):.0f} ms | {max(values):.0f} ms | {budgets.get(name, '')} |")
    for name, budget in (("cursor key", "8 ms"), ("filter letter", "40 ms (at 20,000 names)")):
        wall, cpu = zip(*pressed[name], strict=True)
        print(f"| {name}, CPU | {statistics.median(cpu):.1f} ms | {max(cpu):.1f} ms | {budget} |")
        print(f"| {name}, key to paint | {statistics.median(wall):.1f} ms | {max(wall):.1f} ms | |")
    print(f"| memory on Names | {memory:.0f} MB | | 80 MB |\n| quit | {end:.2f} s | | 1 s |")
    return 0


if __name__ == "__main__":
    sys.exit(main())

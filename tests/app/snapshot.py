"""Compare what a screen shows with a committed picture of it: as text, and as SVG with its colours.

SMDTUI_SNAPSHOTS=update writes them anew; look at the difference before committing it.
"""

import difflib
import os
import re
from pathlib import Path

FOLDER = Path(__file__).parent / "snapshots"


def screen_text(app) -> str:
    """The characters on the screen, line by line, without blanks at the ends."""
    strips = app.screen._compositor.render_strips()
    return "\n".join("".join(segment.text for segment in strip).rstrip() for strip in strips) + "\n"


def screen_svg(app) -> str:
    """The picture without what differs from one drawing to the next, and without fonts from the net."""
    svg = app.export_screenshot(simplify=True)
    svg = re.sub(r"terminal-\d+", "terminal", svg)
    return re.sub(r"@font-face\s*\{.*?\}\s*", "", svg, flags=re.DOTALL)


def check_snapshot(app, name: str) -> None:
    """AssertionError, with a readable difference, when the screen is not what it was."""
    for suffix, now in (("txt", screen_text(app)), ("svg", screen_svg(app))):
        path = FOLDER / f"{name}.{suffix}"
        if os.environ.get("SMDTUI_SNAPSHOTS") == "update":
            FOLDER.mkdir(exist_ok=True)
            path.write_text(now, encoding="utf-8")
            continue
        assert path.exists(), f"no snapshot {path.name}; make it with SMDTUI_SNAPSHOTS=update"
        before = path.read_text(encoding="utf-8")
        if before != now:
            lines = difflib.unified_diff(before.splitlines(), now.splitlines(), "committed", "now", lineterm="", n=1)
            raise AssertionError(f"{path.name} differs:\n" + "\n".join(line[:300] for line in list(lines)[:80]))

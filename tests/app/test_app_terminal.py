"""The app in a real terminal: bugs, quitting while something hangs, terminals with few colours or none."""

import sys
from pathlib import Path

import pytest
from terminal import Terminal

ROOT = Path(__file__).resolve().parents[2]
OPEN = """
import sys, time
from pathlib import Path
from smdtui import site as sites
from smdtui.app import run
from smdtui.catalog.experiment import resolve
from smdtui.services import Services
site = sites.load({site!r})
services = Services(site=site, experiment=resolve(site, "tmoc00126", results={results!r}), demo=True)
{spoil}
sys.exit(run(services))
"""


@pytest.fixture
def app(written, tmp_path):
    """`app(spoil, columns, rows, **variables)`: the app on the synthetic experiment, after some lines of Python."""

    def start(spoil="", columns=80, rows=24, **variables):
        code = OPEN.format(site=str(written / "site.toml"), results=str(tmp_path / "results"), spoil=spoil)
        return Terminal([sys.executable, "-c", code], columns, rows, env=variables, cwd=ROOT)

    return start


def test_a_bug_ends_with_a_sentence_and_a_report_never_with_a_traceback(app, tmp_path):
    spoil = "from smdtui.screens.names import NamesScreen\nNamesScreen.compose_body = lambda self: 1 / 0"
    with app(spoil, columns=200) as terminal:
        terminal.wait_for("recording", 60)
        terminal.press("2")
        assert terminal.wait_exit(30) == 1
        text = terminal.text()
    assert "smdtui stopped on something unexpected; your jobs go on. The report is in" in text
    assert "Traceback" not in text and "ZeroDivisionError" not in text
    [report] = (tmp_path / "state" / "smdtui" / "crashes").iterdir()
    assert "ZeroDivisionError" in report.read_text(encoding="utf-8")


def test_quitting_does_not_wait_for_what_hangs(app):
    spoil = "import smdtui.catalog.names as names\nnames.ask_names = lambda *a, **k: time.sleep(600)"
    with app(spoil) as terminal:
        terminal.wait_for("recording", 60)
        terminal.press("2")
        terminal.wait_for("Asking run 16")
        terminal.press("ctrl+q")
        assert terminal.wait_exit(30) == 0


def test_the_terminal_is_resized_down_and_up(app):
    with app(COLUMNS="80", LINES="24") as terminal:  # as Python's readline leaves them to its children
        terminal.wait_for("recording", 60)
        terminal.resize(50, 12)
        terminal.wait_for("60 x 16", 60)
        terminal.resize(140, 40)
        terminal.wait_for("streams")
        terminal.press("ctrl+q")
        assert terminal.wait_exit(30) == 0


@pytest.mark.parametrize(
    "variables", [{"TERM": "linux", "COLORTERM": "", "TEXTUAL_COLOR_SYSTEM": "standard"}, {"NO_COLOR": "1"}]
)
def test_few_colours_or_none_leave_everything_to_be_read(app, variables):
    with app(**variables) as terminal:
        terminal.wait_for("recording", 60)
        terminal.wait_for("not produced")
        terminal.press("down", "space", "up")
        terminal.wait_until(lambda text: "● " in text, what="the mark")
        terminal.settle()
        cells = {row: terminal.screen.buffer[row][10] for row in (3, 4)}  # the row of the cursor, and one without
        assert (cells[3].bg, cells[3].reverse) != (cells[4].bg, cells[4].reverse), "the cursor is to be seen"
        for row in range(2, 5):
            for column in range(80):
                cell = terminal.screen.buffer[row][column]
                assert cell.data == " " or "default" in (cell.fg, cell.bg) or cell.fg != cell.bg, (row, column)

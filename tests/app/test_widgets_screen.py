"""The widgets and the shell on a screen: lists, filter, help, questions, background work, back and quit."""

import threading
from pathlib import Path

import pytest
from snapshot import check_snapshot, screen_text
from textual.widgets import Input

from smdtui.app import SmdApp
from smdtui.screens.base import BaseScreen
from smdtui.widgets.bindings import bindings
from smdtui.widgets.columns import Column
from smdtui.widgets.confirm import Confirm
from smdtui.widgets.filter_bar import FilterBar
from smdtui.widgets.help import Help
from smdtui.widgets.key_footer import KeyFooter
from smdtui.widgets.plain import Plain
from smdtui.widgets.state_badge import badge_cell
from smdtui.widgets.virtual_list import Cell, VirtualList

NAMES = [f"XPP:GON:MMS:{i:05d}.RBV" for i in range(20_000)]
STATES = [
    "complete",
    "recording",
    "damaged",
    "pending",
    "running",
    "stalled",
    "verified",
    "failed",
    "cancelled",
    "lost",
]


class Rows(BaseScreen):
    """A screen with one list, a filter and room for a sentence that would be lost."""

    NAME = "runs"
    KEY_GROUPS = ("list", "mark", "filter")
    BINDINGS = bindings("filter")
    lost = ""

    def compose_body(self):
        columns = [Column("name", 24, grow=True), Column("state", 14), Column("n", 6, right=True, drop=1)]
        yield VirtualList(columns, self.cells, markable=True, empty="No rows.\nNothing to do.")
        yield FilterBar()
        yield Plain("det[roi][1:2] [/red]oops", id="trap")

    def cells(self, row):
        return NAMES[row], badge_cell(STATES[row % len(STATES)], self.services.ascii), Cell(str(row), "muted")

    def on_mount(self):
        self.list = self.query_one(VirtualList)
        self.list.show(range(len(NAMES)))
        self.list.focus()

    def action_filter(self):
        self.query_one(FilterBar).start()

    def on_filter_bar_changed(self, event):
        self.list.show([i for i, name in enumerate(NAMES) if event.text in name], event.text)

    def on_filter_bar_left(self, event):
        self.list.focus()

    def unsaved(self):
        return self.lost or None


class Other(Rows):
    NAME = "names"


class RowsApp(SmdApp):
    MODES = {"runs": Rows, "names": Other}  # noqa: RUF012


@pytest.fixture
def rows_app(make_services):
    return lambda **parts: RowsApp(make_services(demo=True, **parts))


def at(screen) -> int:
    return screen.list.state.cursor


async def test_keys_move_the_cursor_and_the_window_follows(rows_app):
    app = rows_app()
    async with app.run_test(size=(80, 24)) as pilot:
        rows = app.screen
        await pilot.press("j", "down", "k")
        assert at(rows) == 1
        await pilot.press("pagedown")
        first = at(rows)
        assert 10 < first < 24
        await pilot.press("pageup", "G")
        assert at(rows) == 19_999
        assert "19999.RBV" in screen_text(app)
        await pilot.press("g")
        assert at(rows) == 0
        assert "00000.RBV" in screen_text(app)


async def test_only_the_lines_on_the_screen_are_asked_for(rows_app):
    app = rows_app()
    async with app.run_test(size=(80, 24)) as pilot:
        asked = set()
        cells = app.screen.list.cells

        def noting(row):
            asked.add(row)
            return cells(row)

        app.screen.list.show(range(20_000), cells=noting)
        await pilot.press("G")
        await pilot.pause()
        assert max(asked) == 19_999
        assert len(asked) < 60


async def test_marks_survive_the_filter_and_esc_leaves_the_filter_first(rows_app, wait_for):
    app = rows_app()
    async with app.run_test(size=(80, 24)) as pilot:
        rows = app.screen
        await pilot.press("space", "slash", *"19998")
        await wait_for(pilot, lambda: list(rows.list.state.view) == [19_998], "one hit")
        await pilot.press("enter", "space", "slash")
        assert isinstance(app.focused, Input)
        await pilot.press("escape")
        await wait_for(pilot, lambda: len(rows.list.state.view) == 20_000, "all rows")
        assert rows.list.state.marked == {0, 19_998}


async def test_a_click_goes_to_the_row_and_a_double_click_opens_it(rows_app):
    opened = []

    class Opening(Rows):
        def on_virtual_list_opened(self, event):
            opened.append(event.row)

    app = rows_app()
    app._modes["runs"] = Opening
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.click(VirtualList, offset=(5, 4))
        assert at(app.screen) == 3
        await pilot.click(VirtualList, offset=(5, 4), times=2)
        assert opened == [3]


async def test_names_are_never_read_as_markup(rows_app):
    app = rows_app()
    async with app.run_test(size=(80, 24)) as pilot:
        app.screen.say("[/red]x det[1:2]", "error")
        app.screen.list.show([0], cells=lambda row: ("[/red]y[b]", "", ""))
        await pilot.pause()
        text = screen_text(app)
        for name in ("det[roi][1:2] [/red]oops", "✗ [/red]x det[1:2]", "[/red]y[b]"):
            assert name in text


async def test_an_empty_list_says_what_to_do(rows_app):
    app = rows_app()
    async with app.run_test(size=(80, 24)) as pilot:
        app.screen.list.show([])
        await pilot.press("j", "space", "enter")
        assert "No rows." in screen_text(app) and "Nothing to do." in screen_text(app)


@pytest.mark.parametrize("size", [(80, 24), (140, 40)])
async def test_snapshot_of_the_shell(rows_app, size):
    app = rows_app()
    async with app.run_test(size=size) as pilot:
        app.screen.select(run=14)
        app.screen.list.state = app.screen.list.state.move(3).mark()
        await pilot.pause()
        assert "   13" in screen_text(app)
        check_snapshot(app, f"shell_{size[0]}x{size[1]}")


async def test_states_without_glyphs(rows_app):
    app = rows_app(ascii=True)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        text = screen_text(app)
        assert "+ complete" in text and "x damaged" in text and text.isascii()


async def test_a_window_too_small_says_so_and_comes_back(rows_app, wait_for):
    app = rows_app()
    async with app.run_test(size=(59, 24)) as pilot:
        await wait_for(pilot, lambda: "60 x 16" in screen_text(app), "the message")
        assert "RBV" not in screen_text(app)
        await pilot.resize_terminal(80, 24)
        await wait_for(pilot, lambda: "RBV" in screen_text(app), "the list")
        await pilot.resize_terminal(80, 15)
        await wait_for(pilot, lambda: "60 x 16" in screen_text(app), "the message again")


async def test_screens_keep_what_was_on_them_and_back_returns(rows_app, wait_for):
    app = rows_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("j", "j", "2")
        await wait_for(pilot, lambda: app.current_mode == "names", "screen 2")
        await pilot.press("j", "escape")
        await wait_for(pilot, lambda: app.current_mode == "runs", "screen 1")
        assert at(app.screen) == 2
        await pilot.press("q")
        assert app.is_running
        assert "Ctrl+q" in screen_text(app)


async def test_help_lists_every_key_of_the_screen(rows_app):
    app = rows_app()
    async with app.run_test(size=(100, 60)) as pilot:
        await pilot.press("question_mark")
        assert isinstance(app.screen, Help)
        text = screen_text(app)
        for words in ("next row", "select the row", "filter the rows", "leave smdtui"):
            assert words in text
        await pilot.press("escape")
        assert isinstance(app.screen, Rows)


async def test_the_palette_finds_a_key_by_what_it_does(rows_app, wait_for):
    app = rows_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("ctrl+p", *"names in")
        await wait_for(pilot, lambda: "Screen Names" in screen_text(app), "the hit")
        await pilot.press("enter")
        await pilot.press("enter")
        await wait_for(pilot, lambda: app.current_mode == "names", "screen 2")


async def test_the_footer_shows_what_the_focus_can_do(rows_app):
    app = rows_app()
    async with app.run_test(size=(80, 24)) as pilot:
        words = [entry.word for entry in app.screen.query_one(KeyFooter).entries()]
        assert words[:3] == ["Open", "Select", "Filter"]
        await pilot.press("slash")
        await pilot.pause()
        assert "Select" not in [entry.word for entry in app.screen.query_one(KeyFooter).entries()]


async def test_quitting_with_an_edit_asks_and_no_is_the_default(rows_app):
    app = rows_app()
    async with app.run_test(size=(80, 24)) as pilot:
        app.screen.lost = "profile.toml has 2 changes that are not saved."
        await pilot.press("ctrl+q")
        assert isinstance(app.screen, Confirm)
        assert "2 changes" in screen_text(app)
        await pilot.press("enter")
        assert isinstance(app.screen, Rows) and app.is_running
        await pilot.press("ctrl+q", "y")
        await pilot.pause()
        assert not app.is_running


async def test_work_that_is_overtaken_is_dropped_and_the_rest_arrives(rows_app, wait_for):
    app = rows_app()
    got: list = []
    go = threading.Event()
    async with app.run_test(size=(80, 24)) as pilot:
        first = app.screen.background("g", lambda task: go.wait(10) and "old", got.append)
        app.screen.background("g", lambda task: (task.report(1), "new")[1], got.append, progress=got.append)
        await wait_for(pilot, lambda: got == [1, "new"], "the newer work")
        go.set()
        await pilot.pause(0.05)
        assert got == [1, "new"] and first.cancelled


async def test_an_expected_failure_is_said_in_its_words(rows_app, wait_for):
    app = rows_app()
    async with app.run_test(size=(80, 24)) as pilot:
        app.screen.background("g", lambda task: Path("/no/such/file").read_text(), print)
        await wait_for(pilot, lambda: "✗ /no/such/file: No such file" in screen_text(app), "the words")


async def test_a_bug_in_the_background_leaves_a_report_and_the_app_lives(rows_app, wait_for, tmp_path):
    app = rows_app()

    def bug(task):
        return 1 / 0

    async with app.run_test(size=(80, 24)) as pilot:
        app.screen.background("g", bug, print)
        await wait_for(pilot, lambda: "Something unexpected" in screen_text(app), "the sentence")
        app.screen.background("g", bug, print)
        await wait_for(pilot, lambda: not app.screen.busy("g"), "the same bug again")
        [report] = (tmp_path / "state" / "crashes").iterdir()
        assert "ZeroDivisionError" in report.read_text()
        await pilot.press("j")
        assert at(app.screen) == 1

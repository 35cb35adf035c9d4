"""The view of a log: at its end, following, searching."""

from snapshot import screen_text
from textual.app import App

from smdtui.widgets.log_view import LogView


class LogApp(App):
    def __init__(self, path):
        super().__init__()
        self.path = path

    def compose(self):
        yield LogView(self.path)


async def test_a_log_opens_at_its_end_and_follows(tmp_path, wait_for):
    path = tmp_path / "log.txt"
    path.write_text("".join(f"line {i}\n" for i in range(50_000)))
    app = LogApp(path)
    async with app.run_test(size=(80, 24)) as pilot:
        await wait_for(pilot, lambda: "line 49999" in screen_text(app), "the end")
        with path.open("a") as f:
            f.write("12:00:00 ERROR it broke [/red]\n")
        await wait_for(pilot, lambda: "it broke [/red]" in screen_text(app), "the new line")
        app.query_one(LogView).focus()
        await pilot.press("g")
        await wait_for(pilot, lambda: "line 0\n" in screen_text(app), "the first line")
        with path.open("a") as f:
            f.write("late\n")
        await pilot.pause(0.3)
        assert "line 0\n" in screen_text(app), "reading is not disturbed by new lines"
        await pilot.press("G")
        await wait_for(pilot, lambda: "late" in screen_text(app), "the end again")


async def test_a_log_that_is_not_there_yet_says_so_and_appears(tmp_path, wait_for):
    path = tmp_path / "log.txt"
    app = LogApp(path)
    async with app.run_test(size=(80, 24)) as pilot:
        await wait_for(pilot, lambda: "nothing written yet" in screen_text(app), "the words")
        path.write_text("hello\n")
        await wait_for(pilot, lambda: "hello" in screen_text(app), "the line")


async def test_a_line_of_the_log_is_found(tmp_path, wait_for):
    path = tmp_path / "log.txt"
    path.write_text("".join(f"line {i}\n" for i in range(5_000)) + "needle here\n" + "more\n" * 3000)
    app = LogApp(path)
    async with app.run_test(size=(80, 24)) as pilot:
        view = app.query_one(LogView)
        await wait_for(pilot, lambda: "more" in screen_text(app), "the end")
        view.find("needle")
        await wait_for(pilot, lambda: "needle here" in screen_text(app), "the line")
        assert not view.follow

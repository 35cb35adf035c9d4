"""The launch sheet while the folders of the runs answer slowly."""

import sys
import threading
from pathlib import Path

from snapshot import screen_text

from smdtui.app import SmdApp
from smdtui.jobs import run_argument
from smdtui.screens.launch import LaunchScreen
from smdtui.services import Selection, Services

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "jobs"))
from conftest_jobs import bench  # noqa: F401


async def test_it_is_there_at_once_and_the_runs_come_when_they_are_known(bench, monkeypatch, wait_for):  # noqa: F811
    go, asked, real = threading.Event(), [], run_argument.resolver

    def slow(experiment, *more):
        asked.append(threading.current_thread() is threading.main_thread())
        if not asked[-1]:  # else the test fails, and hangs no longer
            assert go.wait(60)
        return lambda text: [int(text)] if text in ("7", "8") else real(experiment)(text)

    monkeypatch.setattr(run_argument, "resolver", slow)
    monkeypatch.setattr("smdtui.profile.check.check_run", lambda *about: [])
    services = Services(
        site=bench.site,
        experiment=bench.place,
        who="ada",
        selection=Selection(run=7, profile=bench.profile),
        state_dir=bench.place.results,
    )
    app = SmdApp(services)
    try:
        async with app.run_test(size=(80, 24)) as pilot:
            app.push_screen(LaunchScreen("7"))
            await wait_for(pilot, lambda: "Launch 7" in screen_text(app) and asked, "the sheet")
            assert asked == [False], "never in the app's own thread"
            assert "looking for the runs ..." in screen_text(app)
            await pilot.press("enter")
            await wait_for(pilot, lambda: "Not launched" in screen_text(app), "that it cannot be launched yet")
            go.set()
            screen = app.screen
            await wait_for(pilot, lambda: screen.sheet.is_prepared, "the runs")
            assert screen.sheet.runs == (7,) and "Launch run 7" in screen_text(app)
            assert "looking for the runs" not in screen_text(app)
    finally:
        go.set()

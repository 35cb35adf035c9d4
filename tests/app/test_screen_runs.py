"""The Runs screen on a synthetic experiment, and what its rows say."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from snapshot import check_snapshot, screen_text

from producer.run_files import RunSummary
from smdtui.app import SmdApp
from smdtui.catalog.experiment import Experiment
from smdtui.catalog.runs import RunCatalog
from smdtui.screens import runs as runs_screen
from smdtui.screens.run_rows import RunRows, runs_text
from smdtui.widgets.list_state import ListState

SECOND = 10**9


def summary(run, state="complete", **parts):
    begin = 1_800_000_000 * SECOND + run * 60 * SECOND
    parts = {"begin": begin, "end": begin + 3661 * SECOND, "events": 1200 * run, "steps": 1, "scan": False} | parts
    return RunSummary(run=run, streams=2, bytes=run * 10**9, state=state, problem=None, stream_events=(), **parts)


def many(count):
    return RunRows().with_runs(range(1, count + 1)).with_summaries([summary(run) for run in range(1, count + 1)])


# -- rows, without a screen
def test_a_row_says_when_how_long_how_many_and_how_large():
    rows = RunRows().with_runs([2]).with_summaries([summary(2, scan=True, steps=5, chunks=3)])
    assert rows.text(2, 1_800_000_000.0) == {
        "run": "2",
        "state": "complete",
        "begin": "08:02:00",
        "duration": "1:01:01",
        "events": "2,400",
        "rate": "0.656/s",
        "size": "2.0 GB",
        "streams": "2",
        "chunks": "3",
        "scan": "scan 5",
        "production": "none",
    }


def test_the_date_is_given_when_it_is_not_today():
    assert many(1).text(1, 1_800_000_000.0 + 86400)["begin"] == "Jan 15 08:01"


def test_runs_that_vanish_go_and_what_was_read_of_others_stays():
    rows = many(3).with_runs([2, 3, 4])
    assert list(rows.runs) == [4, 3, 2]
    assert rows.unread == 1 and rows.state(4) == "reading" and rows.state(3) == "complete"


@pytest.mark.parametrize(
    "query, runs",
    [("1", [15, 14, 13, 12, 11, 10, 1]), ("12", [12]), ("damaged", [7]), ("not prod 15", [15]), ("nonsense", [])],
)
def test_a_filter_finds_numbers_by_their_beginning_and_words_anywhere(query, runs):
    rows = many(15).with_summaries([summary(7, "damaged")])
    assert [rows.runs[row] for row in rows.search(query, 0.0)] == runs


@pytest.mark.parametrize("asked, given", [(3, 3), (99, 5), (0, 1)])
def test_the_nearest_run(asked, given):
    rows = many(5)
    assert rows.runs[rows.nearest(asked)] == given


@pytest.mark.parametrize("runs, text", [([3, 1, 2, 7], "1-3,7"), ([5], "5"), ([5, 5, 6], "5-6"), ([], "")])
def test_runs_as_an_argument(runs, text):
    assert runs_text(runs) == text


@pytest.mark.parametrize(
    ("sort", "runs"),
    [("run", [3, 2, 1]), ("events", [1, 3, 2]), ("size", [3, 2, 1]), ("state", [3, 2, 1]), ("duration", [2, 1, 3])],
)
def test_runs_are_sorted_by_what_is_asked_and_the_unknown_come_last(sort, runs):
    begin = 1_800_000_000 * SECOND
    found = [
        summary(1, events=9),
        summary(2, events=2, begin=begin, end=begin + 9000 * SECOND),
        summary(3, "damaged", events=5, end=None),
    ]
    rows = RunRows().with_runs([1, 2, 3]).with_summaries(found).sorted_by(sort, False)
    assert list(rows.runs) == runs
    back = rows.sorted_by(sort, True)
    assert back.runs[-1] == (3 if sort == "duration" else runs[0])
    unread = rows.with_runs([1, 2, 3, 4])
    assert list(unread.runs).index(4) == {"run": 0, "state": 1, "duration": 2}.get(sort, 3)


def test_the_filter_knows_ranges_and_what_is_wrong():
    rows = many(30).with_summaries([replace(summary(7, "damaged"), problem="x-s001 is truncated")])
    assert [rows.runs[row] for row in rows.search("9-12", 0.0)] == [12, 11, 10, 9]
    assert [rows.runs[row] for row in rows.search("28-", 0.0)] == [30, 29, 28]
    assert [rows.runs[row] for row in rows.search("truncated", 0.0)] == [7]
    assert [rows.runs[row] for row in rows.search("7-8 damaged", 0.0)] == [7]


def test_a_range_of_rows_is_marked_from_the_last_mark():
    state = ListState(tuple(range(20))).to(3).mark().to(7).mark_range()
    assert state.marked == {3, 4, 5, 6, 7}
    assert state.to(10).mark_range().marked == set(range(3, 11))
    assert ListState((5, 6)).mark_range().marked == {5}
    assert ListState().mark_range().marked == frozenset()
    hidden = state.show((1, 2, 9), "x").mark_range()
    assert hidden.marked == {3, 4, 5, 6, 7, 1}


# -- the screen
def text_of(app) -> str:
    return screen_text(app)


@pytest.fixture
def ready(wait_for):
    async def wait(pilot, app):
        await wait_for(pilot, lambda: len(app.screen.rows.runs) == 3 and not app.screen.rows.unread, "all runs")
        await wait_for(pilot, lambda: app.screen.rows.production, "the productions")

    return wait


@pytest.mark.parametrize("size", [(80, 24), (140, 40)])
async def test_the_runs_are_listed_newest_first(open_services, ready, size):
    app = SmdApp(open_services())
    async with app.run_test(size=size) as pilot:
        await ready(pilot, app)
        assert list(app.screen.rows.runs) == [16, 13, 12]
        assert "◐ recording" in text_of(app) and "✓ complete" in text_of(app)
        assert app.services.selection.run == 16
        check_snapshot(app, f"runs_{size[0]}x{size[1]}")


async def test_a_number_goes_to_the_run_and_one_that_is_not_there_to_the_nearest(open_services, ready):
    app = SmdApp(open_services())
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot, app)
        await pilot.press("colon", "1", "2", "enter")
        assert app.services.selection.run == 12
        await pilot.press("colon", *"14", "enter")
        assert app.services.selection.run == 13
        assert "There is no run 14; the nearest is 13." in text_of(app)
        await pilot.press("colon", *"12", "enter")
        assert "There is no run" not in text_of(app), "what was said of another number is gone"


async def test_runs_are_sorted_and_ranges_of_them_selected(open_services, ready):
    app = SmdApp(open_services())
    async with app.run_test(size=(140, 30)) as pilot:
        await ready(pilot, app)
        await pilot.press("space", "s", "s", "s")
        assert "▼durati" in text_of(app) and "by duration" in text_of(app)
        assert app.screen.rows.runs[0] == 13
        assert {app.screen.rows.runs[row] for row in app.screen.list.state.marked} == {16}, "marks stay with their runs"
        await pilot.press("S")
        assert app.screen.rows.runs[-1] == 13
        await pilot.press("A", "colon", *"12-13", "enter")
        assert {app.screen.rows.runs[row] for row in app.screen.list.state.marked} == {12, 13}
        assert "2 runs of 12-13 selected" in text_of(app)
        await pilot.press("colon", *"7-3", "enter")
        assert "runs backwards" in text_of(app)


async def test_the_filter_narrows_and_esc_brings_all_back(open_services, ready):
    app = SmdApp(open_services())
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot, app)
        await pilot.press("slash", *"recording", "enter")
        assert [app.screen.rows.runs[row] for row in app.screen.list.state.view] == [16]
        await pilot.press("escape")
        assert len(app.screen.list.state.view) == 3


async def test_enter_opens_the_names_and_L_the_launch_sheet_of_the_marked(open_services, ready, wait_for):
    from smdtui.screens.launch import LaunchScreen

    app = SmdApp(open_services())
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot, app)
        await pilot.press("down", "space", "space", "L")
        await wait_for(pilot, lambda: isinstance(app.screen, LaunchScreen), "the launch sheet")
        assert "12-13" in text_of(app)
        await pilot.press("escape")
        await wait_for(pilot, lambda: app.screen.NAME == "runs", "Runs")
        await pilot.press("up", "enter")
        await wait_for(pilot, lambda: app.current_mode == "names", "Names")
        assert app.services.selection.run == 13


async def test_a_run_that_appears_is_shown_and_the_cursor_stays(open_services, ready, wait_for, tmp_path, monkeypatch):
    monkeypatch.setattr(runs_screen, "POLL", 0.1)
    services = open_services()
    folder = tmp_path / "xtc"
    shutil.copytree(services.experiment.directory, folder, ignore=shutil.ignore_patterns("*r0013*"))
    services.experiment = Experiment("tmoc00126", folder, tmp_path, tmp_path)
    services.catalog = RunCatalog(folder)
    app = SmdApp(services)
    async with app.run_test(size=(80, 24)) as pilot:
        await wait_for(pilot, lambda: len(app.screen.rows.runs) == 2 and not app.screen.rows.unread, "two runs")
        await pilot.press("down")
        assert app.services.selection.run == 12
        for path in sorted(open_services().experiment.directory.rglob("*r0013*")):
            shutil.copy2(path, folder / path.parent.name if path.parent.name == "smalldata" else folder)
        await wait_for(pilot, lambda: list(app.screen.rows.runs) == [16, 13, 12], "the new run")
        assert app.services.selection.run == 12
        assert app.screen.list.state.cursor == 2


@pytest.mark.parametrize("poll", [3600.0, 0.05])
async def test_productions_are_looked_at_when_the_screen_is_shown_again_and_by_itself(
    open_services, wait_for, monkeypatch, poll
):
    states = {}

    def production_states(experiment, runs):
        return {run: states.get(run, "none") for run in runs}

    monkeypatch.setattr("smdtui.jobs.production.production_states", production_states)
    monkeypatch.setattr("smdtui.screens.runs.POLL", poll)
    app = SmdApp(open_services())
    async with app.run_test(size=(80, 24)) as pilot:
        runs = app.screen
        await pilot.press("4")
        await wait_for(pilot, lambda: app.screen is not runs, "the jobs")
        await wait_for(pilot, lambda: len(runs.rows.runs) == 3 and not runs.rows.unread, "the runs")
        states[12] = "verified"
        await pilot.press("1")
        await wait_for(pilot, lambda: "verified" in text_of(app), "the production when shown again")
        if poll < 1:
            states[13] = "verified"
            await wait_for(pilot, lambda: text_of(app).count("verified") == 2, "the production by itself")


async def test_an_empty_folder_says_so_and_what_to_do(make_services, wait_for, tmp_path):
    folder = tmp_path / "empty"
    folder.mkdir()
    experiment = Experiment("xppx43218", folder, tmp_path, tmp_path)
    app = SmdApp(make_services(experiment=experiment, catalog=RunCatalog(folder)))
    async with app.run_test(size=(100, 30)) as pilot:
        await wait_for(pilot, lambda: "no xtc2" in text_of(app) or "no runs" in text_of(app), "the message")
        assert "x chooses another experiment" in text_of(app)
        await pilot.press("L", "p", "j", "enter", "colon")
        assert app.screen.NAME in ("runs", "profile")


async def test_without_an_experiment_the_reason_is_shown_and_another_can_be_opened(written, make_services, wait_for):
    from smdtui import site as sites

    services = make_services(trouble="There is no experiment 'tmoc0012'; nearest: tmoc00126.")
    services.experiment, services.site = None, sites.load(Path(written) / "site.toml")
    app = SmdApp(services)
    async with app.run_test(size=(80, 24)) as pilot:
        await wait_for(pilot, lambda: "There is no experiment 'tmoc0012'" in text_of(app), "the reason")
        await pilot.press("x")
        await wait_for(pilot, lambda: "1 experiment under" in text_of(app), "the list")
        await pilot.press("enter")
        await wait_for(pilot, lambda: app.screen.NAME == "runs" and len(app.screen.rows.runs) == 3, "the runs")
        assert app.services.experiment.name == "tmoc00126"


async def test_ten_thousand_runs_are_filtered_and_walked(make_services, wait_for, tmp_path):
    app = SmdApp(make_services(experiment=None))
    async with app.run_test(size=(80, 24)) as pilot:
        app.screen._found(many(10_000))
        await pilot.press("G")
        assert app.services.selection.run == 1
        await pilot.press("slash", *"999")
        await wait_for(pilot, lambda: len(app.screen.list.state.view) == 11, "999 and 9990-9999")

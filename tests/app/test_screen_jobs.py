"""The Jobs screen: what a job's row says, and real jobs of a stand-in producer watched, cancelled, found again."""

import shutil
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from snapshot import check_snapshot, screen_text

from smdtui.app import SmdApp
from smdtui.jobs.feed import signature
from smdtui.jobs.folder import JobFolder
from smdtui.jobs.job import Job
from smdtui.jobs.progress import Progress, Rank
from smdtui.screens.job_rows import JOB_COLUMNS, cancel_question, job_cells, rank_cells, told
from smdtui.screens.launch import LaunchScreen
from smdtui.services import Selection, Services
from smdtui.widgets.columns import fit_columns
from smdtui.widgets.confirm import Confirm
from smdtui.widgets.text_view import TextView

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "jobs"))
from conftest_jobs import Place, bench, ended, ranks_at_work  # noqa: F401

NOW = 1_800_000_000.0


def job(state="running", done=50, total: int | None = 200, **parts) -> Job:
    ranks = (
        Rank(0, "smd0", "reading", 0, NOW - 1, None),
        Rank(2, "worker", "reading", 30, NOW - 1, 6.0),
        Rank(3, "worker", "reading", 20, NOW - 70, 4.0),
    )
    given = {
        "id": "20270115T080000-r0017-ab12",
        "folder": JobFolder(Path("/jobs/x")),
        "experiment": "xppx43218",
        "run": 17,
        "state": state,
        "cause": None,
        "by": None,
        "reason": "",
        "who": "ada",
        "engine": "local",
        "ranks": 5,
        "events_limit": 0,
        "output": "/hdf5/xppx43218_Run0017.h5",
        "profile": "/p.toml",
        "plan_sha256": "",
        "created": "2027-01-15T07:59:00Z",
        "started": "2027-01-15T07:59:10Z",
        "ended": "",
        "progress": Progress(ranks, done, total, 10.0, 15.0, "reading", NOW - 50, NOW - 1),
        "done": done,
        "total": total,
    }
    return Job(**{**given, **parts})


def texts(cells):
    return [cell if isinstance(cell, str) else cell.text for cell in cells]


# -- rows, without a screen
def test_a_row_reads_without_colour():
    assert texts(job_cells(job(), NOW)) == [
        "17", "◐ running", "██▌░░░░░░░  25%", "50/200", "10", "15 s", "ada", "07:59:00", "",
    ]  # fmt: skip
    assert texts(job_cells(job(), NOW, ascii_only=True))[1:3] == ["* running", "##........  25%"]
    assert texts(job_cells(job("verified", 200), NOW))[1:3] == ["✓ verified", "██████████ 100%"]


def test_what_is_not_known_is_left_blank_and_never_zero():
    waiting = job("pending", 0, None, progress=Progress())
    assert texts(job_cells(waiting, NOW))[2:6] == ["", "", "", ""]


def test_a_row_fits_80_columns_with_run_state_bar_count_and_time_left():
    shown = [JOB_COLUMNS[index].title for index, _ in fit_columns(JOB_COLUMNS, 78)]
    assert shown[:4] == ["run", "state", "progress", "events"] and {"ev/s", "left", "when"} <= set(shown)


@pytest.mark.parametrize(
    "state, parts, role, said",
    [
        ("failed", {"cause": "Rank 3: no calibration"}, "error", "Rank 3: no calibration"),
        ("rejected", {"cause": "no folder"}, "error", "no folder"),
        ("stalled", {"cause": "No progress for 70 s"}, "warn", "No progress for 70 s"),
        ("cancelled", {"by": "bob"}, "muted", "Cancelled by bob"),
        ("verified", {"ended": "2027-01-15T08:01:10Z"}, "ok", "50 events in 2:00, verified: xppx43218_Run0017.h5"),
        ("running", {}, "busy", "reading events; 5 ranks on local; launched by ada"),
        ("running", {"events_limit": 50}, "busy", "at most 50 events"),
        ("pending", {"reason": "waits for node a"}, "busy", "waits for node a"),
    ],
)
def test_the_line_on_a_job(state, parts, role, said):
    assert told(job(state, **parts))[0] == role and said in told(job(state, **parts))[1]


def test_a_silent_rank_stands_out():
    cells = rank_cells(job().progress.ranks[2], 30, NOW)
    assert texts(cells)[:4] == ["3", "worker", "reading", "20"] and texts(cells)[5].startswith("██████")
    assert cells[-1].role == "warn" and cells[-1].text == "70 s ago"
    assert rank_cells(job().progress.ranks[0], 30, NOW)[5].text == "", "smd0 counts no events"


def test_the_signature_changes_with_what_is_shown_only():
    assert signature(job()) == signature(job(profile="/other.toml"))
    assert signature(job()) != signature(job(done=51)) != signature(job(cause="x"))


def test_the_question_names_the_job():
    assert "Run 17 on local (20270115T080000-r0017-ab12), 50 of 200 events done" in cancel_question([job()])
    assert "ada" in cancel_question([job()])
    many = cancel_question([job(run=n) for n in range(20)])
    assert "Run 5 on" in many and "Run 6 on" not in many and "... and 14 more" in many


# -- on the screen
@pytest.fixture
def opened(bench, wait_for):  # noqa: F811
    services = Services(
        site=bench.site,
        experiment=bench.place,
        who="ada",
        selection=Selection(profile=bench.profile),
        state_dir=bench.place.results,
    )

    async def show(pilot, app):
        await pilot.press("4")
        await wait_for(pilot, lambda: app.screen.NAME == "jobs" and app.screen.is_mounted, "the screen")
        return app.screen

    return lambda: SmdApp(services), show


async def test_without_jobs_it_says_how_to_make_one(opened, wait_for):
    make, show = opened
    app = make()
    async with app.run_test(size=(80, 24)) as pilot:
        await show(pilot, app)
        await wait_for(pilot, lambda: "No job yet" in screen_text(app), "the hint")
        for key in ("x", "r", "o", "s", "enter", "p", "f", "n"):
            await pilot.press(key)


async def test_a_job_is_watched_cancelled_after_a_question_and_found_again(opened, bench, wait_for):  # noqa: F811
    make, show = opened
    folder = bench.launch("slow", run=7)
    ranks_at_work(folder, 1)
    app = make()
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await show(pilot, app)
        await wait_for(pilot, lambda: "◐ running" in screen_text(app), "the job")
        await wait_for(pilot, lambda: "is rank 0" in screen_text(app), "its log")
        before = screen.current.done
        await wait_for(pilot, lambda: screen.current.done > before, "its progress")
        await pilot.press("p")
        assert "serial" in screen_text(app) and "reading" in screen_text(app)
        await pilot.press("x")
        await wait_for(pilot, lambda: isinstance(app.screen, Confirm), "the question")
        await pilot.press("enter")  # the safe answer
        assert not folder.has("cancel.toml") and screen.current.active
    assert not folder.has("exit.toml"), "leaving the app leaves the job"
    app = make()
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await show(pilot, app)
        await wait_for(pilot, lambda: "◐ running" in screen_text(app), "the job, found again")
        await pilot.press("ctrl+k")
        await wait_for(pilot, lambda: isinstance(app.screen, Confirm), "the question")
        await pilot.press("y")
        await wait_for(pilot, lambda: "◌ cancelled" in screen_text(app), "the end", timeout=30)
        assert "Cancelled by ada" in screen_text(app)
        await pilot.press("x")
        assert "cancelled already" in screen_text(app)
    assert ended(folder).state == "cancelled"


async def test_a_failure_says_its_cause_above_the_log(opened, bench, wait_for):  # noqa: F811
    make, show = opened
    ended(bench.launch("raise 0", run=8))
    app = make()
    async with app.run_test(size=(100, 30)) as pilot:
        screen = await show(pilot, app)
        await wait_for(pilot, lambda: "✗ failed" in screen_text(app), "the job")
        assert "the detector has no calibration" in screen.query_one("#told").shown
        await pilot.press("o")
        assert "Nothing to open: run 8 has no file yet" in screen_text(app)
        await pilot.press("r")
        await wait_for(pilot, lambda: isinstance(app.screen, LaunchScreen), "the launch sheet")
        await pilot.press("escape")
        await pilot.press("t")
        await wait_for(pilot, lambda: isinstance(app.screen, TextView), "the script")
        assert "#!/bin/bash" in screen_text(app)


async def test_the_log_is_searched_and_left(opened, bench, wait_for):  # noqa: F811
    make, show = opened
    folder = bench.launch("nothing", run=7)
    ended(folder)
    lines = [f"line {n}" for n in range(500)]
    lines[100] = "needle [red]"
    (folder.path / "log.txt").write_text("\n".join(lines) + "\n")
    app = make()
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await show(pilot, app)
        await wait_for(pilot, lambda: "line 499" in screen_text(app), "the log's end")
        await pilot.press("p")
        await wait_for(pilot, lambda: "serial" in screen_text(app), "how far its rank came")
        assert "done" in screen_text(app)
        await pilot.press("p", "enter")
        assert screen.log_view.has_focus and screen.list.size.height <= 4
        await pilot.press("slash", *"needle", "enter")
        await wait_for(pilot, lambda: "needle [red]" in screen_text(app), "the place")
        assert "line 101" in screen_text(app)
        await pilot.press("f")
        await wait_for(pilot, lambda: "line 499" in screen_text(app), "the end again")
        await pilot.press("escape")
        await pilot.press("escape")
        assert screen.list.has_focus


async def test_the_job_just_launched_is_under_the_cursor_and_the_cursor_stays(opened, bench, wait_for):  # noqa: F811
    make, show = opened
    first, second = bench.launch(run=7), bench.launch(run=8)
    ended(first), ended(second)
    app = make()
    app.services.select(job=first.id)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await show(pilot, app)
        await wait_for(pilot, lambda: len(screen.jobs) == 2, "the jobs")
        assert screen.current.id == first.id and app.services.selection.run == 7
        third = bench.launch(run=9)
        await wait_for(pilot, lambda: len(screen.jobs) == 3, "the new job")
        assert screen.current.id == first.id, "a new job does not take the cursor away"
        ended(third)
        await wait_for(pilot, lambda: screen.jobs[0].state == "verified", "its end")


async def test_jobs_that_cannot_be_read_are_said(opened, bench, wait_for, monkeypatch):  # noqa: F811
    def refuse(roots, now=None, newest=None):
        raise PermissionError(13, "Permission denied", "/jobs")

    monkeypatch.setattr("smdtui.jobs.store.list_jobs", refuse)
    make, show = opened
    app = make()
    async with app.run_test(size=(80, 24)) as pilot:
        await show(pilot, app)
        await wait_for(pilot, lambda: "/jobs: Permission denied" in screen_text(app), "why")


async def test_a_snapshot(wait_for, monkeypatch, tmp_path):
    """Jobs in every state, drawn from values."""
    states = ("running", "pending", "verified", "stalled", "failed", "cancelled", "lost", "rejected")
    jobs = [
        job(
            state,
            200 if state == "verified" else 50,
            run=30 - n,
            id=f"20270115T080000-r{30 - n:04d}-ab12",
            folder=JobFolder(tmp_path / str(n)),
            cause="No progress for 70 s; the others may wait for rank 3 (worker)." if state == "stalled" else None,
        )
        for n, state in enumerate(states)
    ]
    monkeypatch.setattr("smdtui.jobs.store.list_jobs", lambda roots, now=None, newest=None: jobs)
    place = Place("xppx43218", tmp_path, tmp_path, tmp_path)
    services = Services(site=SimpleNamespace(), experiment=place, now=lambda: NOW, state_dir=tmp_path)
    app = SmdApp(services)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("4")
        await wait_for(pilot, lambda: app.screen.NAME == "jobs" and bool(app.screen.jobs), "the jobs")
        check_snapshot(app, "jobs_80x24")
        await pilot.press("p")
        await pilot.pause()
        check_snapshot(app, "jobs_ranks_80x24")
        shutil.rmtree(tmp_path / "0", ignore_errors=True)

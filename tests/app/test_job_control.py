"""What is done on the Jobs screen: many at once, compared, followed, handed over, told; with real jobs."""

import json
import sys
import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from snapshot import check_snapshot, screen_text
from test_screen_jobs import NOW, job, texts

from smdtui.app import SmdApp
from smdtui.jobs.consoles import folder_of as consoles_of
from smdtui.jobs.feed import JobFeed, Look
from smdtui.jobs.folder import JobFolder
from smdtui.jobs.follow_control import FollowStatus
from smdtui.screens.difference_sheet import DifferenceSheet
from smdtui.screens.follow_sheet import question
from smdtui.screens.handover_sheet import HandoverSheet
from smdtui.screens.job_log import filter_words
from smdtui.screens.job_rows import clean_question, follow_words, state_cell, status_line, told
from smdtui.screens.launch import LaunchScreen
from smdtui.services import Selection, Services
from smdtui.widgets.confirm import Confirm
from smdtui.widgets.question import Question
from smdtui.widgets.text_view import TextView

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "jobs"))
from conftest_jobs import Place, bench, ended, ranks_at_work  # noqa: F401


# -- in words, without a screen
@pytest.mark.parametrize(
    "reason, shown, role",
    [
        ("it waits for nodes to become free (Resources)", "○ pending", "muted"),
        ("will never start: its account is not valid (InvalidAccount); cancel it", "✗ stuck", "error"),
        ("it is held; `scontrol release` lets it go (JobHeldUser)", "‖ held", "warn"),
        ("held by bob; release lets it go", "‖ held", "warn"),
        ("stale, as Slurm said 3 min ago: Unable to contact slurm controller", "? pending", "warn"),
    ],
)
def test_what_waits_is_told_apart_without_colour(reason, shown, role):
    waiting = job("pending", reason=reason)
    assert texts([state_cell(waiting)]) == [shown] and state_cell(waiting).role == role
    assert reason in told(waiting)[1]
    assert state_cell(waiting, True).text.isascii()


def test_an_old_answer_of_the_scheduler_is_marked_on_what_runs_too():
    assert state_cell(job(reason="stale, as Slurm said 90 s ago")).text == "? running"
    assert state_cell(job("verified", reason="stale, as Slurm said 90 s ago")).text == "✓ verified"


def test_a_test_of_first_events_is_never_taken_for_a_production():
    states = ("running", "verified", "failed", "pending")
    assert [state_cell(job(s, gate=True)).text for s in states] == [
        "◐ testing", "✓ test good", "✗ test failed", "○ pending",
    ]  # fmt: skip
    assert told(job("verified", gate=True))[1].startswith("test of first events: ")


def test_what_one_may_not_do_is_said_of_the_job_while_it_matters():
    assert told(job(), "you may not change it")[1].endswith("; you may not change it")
    assert "may not" not in told(job("verified"), "you may not change it")[1]


def test_the_line_between_list_and_log():
    from smdtui.jobs.board import Board

    follow = FollowStatus(running=True, who="bob", host="h", profile="/p/night.toml")
    text, role = status_line(Board((job(), job("failed"))), 2, Look(follow=follow, here="also here: eve (h)"))
    assert text.split("  ·  ") == [
        "2 selected", "1 failed, 1 running", "followed by bob with night.toml", "also here: eve (h)",
    ]  # fmt: skip
    assert role == ""
    assert status_line(Board(), 0, Look(follow=replace(follow, paused="3 jobs failed"))) == (
        "follower paused (F): 3 jobs failed",
        "warn",
    )
    assert status_line(Board(), 0, Look(may_not="you may only look")) == ("you may only look", "warn")
    assert follow_words(replace(follow, running=False, gone=True)) == "the follower of bob is gone (F)"
    assert follow_words(None) == follow_words(FollowStatus()) == ""


def test_what_can_be_done_with_a_follower():
    def names(status, profile=Path("p.toml"), may_not=""):
        return [a.name for a in question(status, profile, may_not)[1]]

    on = FollowStatus(running=True, who="bob", host="h", profile="/p.toml")
    assert names(FollowStatus()) == ["not", "start", "early"]
    assert names(FollowStatus(), None) == ["not"] and "Choose a profile" in question(FollowStatus(), None, "")[0]
    assert names(FollowStatus(), may_not="you may only look") == ["not"]
    assert names(on) == ["not", "stop"] and names(replace(on, paused="x")) == ["not", "go on", "stop"]
    assert names(replace(on, stopping="ada")) == ["not"]


def test_questions_name_what_they_are_about():
    assert "runs 5, 6." in clean_question([job("failed", run=5), job("verified", run=6)])
    assert "HDF5 file" in clean_question([job("failed")])


def test_the_words_on_what_the_log_shows():
    from smdtui.jobs.log_filter import LineFilter

    assert filter_words(LineFilter()) == "every line"
    some = LineFilter(frozenset({3, 1}), "error", True)
    assert filter_words(some) == "errors only, of rank 1, 3, repeated lines once"


# -- the feed
class Looks(list):
    def wait(self, condition, what):
        end = time.monotonic() + 30
        while not (self and condition(self[-1])):
            assert time.monotonic() < end, f"timed out waiting for {what}"
            time.sleep(0.01)


def test_the_feed_tells_what_is_new_once_and_which_jobs_ended(bench):  # noqa: F811
    looks = Looks()
    feed = JobFeed(lambda: bench.place, "ada", looks.append)
    feed.look()
    feed.look()
    assert [look.jobs for look in looks] == [()], "the same is not told twice"
    folder = bench.launch("slow", run=7)
    feed.look()
    assert [j.run for j in looks[-1].jobs] == [7] and not looks[-1].ended
    from smdtui.jobs import engine

    engine.cancel(folder, "bob")
    ended(folder)
    feed.look()
    assert [(j.run, j.state) for j in looks[-1].ended] == [(7, "cancelled")]
    count = len(looks)
    feed.look()
    assert len(looks) == count


def test_a_feed_that_starts_later_does_not_announce_what_ended_before(bench):  # noqa: F811
    ended(bench.launch())
    looks = Looks()
    feed = JobFeed(lambda: bench.place, "ada", looks.append)
    feed.start()
    looks.wait(lambda look: look.jobs, "the jobs")
    assert all(not look.ended for look in looks)
    assert list(consoles_of(bench.place).iterdir()), "it shows that it is here"
    feed.close()
    assert not list(consoles_of(bench.place).iterdir())


def test_a_feed_turns_to_another_experiment(bench, tmp_path):  # noqa: F811
    ended(bench.launch())
    other = Place("xppother", tmp_path / "other", tmp_path / "other", tmp_path / "other")
    open_now, looks = [bench.place], Looks()
    feed = JobFeed(lambda: open_now[0], "ada", looks.append)
    feed.look()
    assert looks[-1].experiment == "xppfake" and len(looks[-1].jobs) == 1
    open_now[0] = other
    feed.look()
    assert (looks[-1].experiment, looks[-1].jobs, looks[-1].ended) == ("xppother", (), ())
    open_now[0] = None
    feed.look()
    assert looks[-1].experiment == "xppother"


def test_of_many_jobs_the_newest_are_told_first(monkeypatch, tmp_path):
    jobs = [job("verified", id=f"{n:04d}", folder=JobFolder(tmp_path)) for n in range(100, 0, -1)]
    monkeypatch.setattr("smdtui.jobs.store.list_jobs", lambda roots, now=None, newest=None: jobs[:newest])
    looks = Looks()
    feed = JobFeed(lambda: Place("x", tmp_path, tmp_path, tmp_path), "ada", looks.append)
    feed.look()
    feed.look()
    assert [len(look.jobs) for look in looks] == [40, 100] and not looks[-1].ended


def test_a_bug_in_the_looking_is_handed_on(bench, monkeypatch):  # noqa: F811
    monkeypatch.setattr("smdtui.jobs.store.list_jobs", lambda roots, now=None, newest=None: 1 / 0)
    errors = Looks()
    feed = JobFeed(lambda: bench.place, "ada", lambda look: None)
    feed.failed = errors.append
    feed.start()
    errors.wait(lambda error: isinstance(error, ZeroDivisionError), "the error")


# -- on the screen
@pytest.fixture
def opened(bench, wait_for):  # noqa: F811
    services = Services(
        site=bench.site,
        experiment=bench.place,
        who="ada",
        selection=Selection(experiment=bench.place.name, profile=bench.profile),
        state_dir=bench.place.results.parent / "state",
    )
    services.notify.environment = {"TERM": "xterm-256color"}
    services.notify._site = ("bell", "osc9")

    async def show(pilot, app, count=0):
        await pilot.press("4")
        await wait_for(pilot, lambda: app.screen.NAME == "jobs" and len(app.screen.jobs) >= count, "the jobs", 30)
        return app.screen

    return lambda: SmdApp(services), show


async def test_jobs_are_filtered_sorted_marked_and_cancelled_together(opened, bench, wait_for):  # noqa: F811
    make, show = opened
    ended(bench.launch("raise 0", run=5))
    folders = [bench.launch("slow", run=run) for run in (7, 8)]
    for folder in folders:
        ranks_at_work(folder, 1)
    app = make()
    written = []
    async with app.run_test(size=(100, 30)) as pilot:
        screen = await show(pilot, app, 3)
        app._driver.write = written.append
        await pilot.press("slash", *"running", "enter")
        await wait_for(pilot, lambda: len(screen.list.state.view) == 2, "the filter")
        await pilot.press("asterisk")
        assert "2 selected" in screen_text(app)
        await pilot.press("escape")
        assert len(screen.list.state.view) == 3 and len(screen.list.state.marked) == 2
        await pilot.press("s", "s")  # by run, by state
        assert screen.jobs[0].state == "failed" and "▼state" in screen_text(app)
        assert {j.run for j in screen.chosen} == {7, 8}, "the marks stay with their jobs"
        await pilot.press("x")
        await wait_for(pilot, lambda: isinstance(app.screen, Confirm), "the question")
        assert "Cancel 2 jobs?" in screen_text(app) and "Run 7 on" in screen_text(app)
        await pilot.press("y")
        await wait_for(pilot, lambda: [j.state for j in screen.jobs].count("cancelled") == 2, "the end", 60)
        await pilot.press("x")
        assert "nothing to cancel" in screen_text(app)
        told_to_terminal = "".join(w for w in written if "]9;" in w)
        assert "\a" in told_to_terminal and "cancelled" in told_to_terminal
        (folders[0].path / "log.txt").write_text("line\n" * 200_000)
        await pilot.press("d")
        await wait_for(pilot, lambda: isinstance(app.screen, Confirm), "the question")
        await pilot.press("y")
        await wait_for(pilot, lambda: "Cleaning up 2 jobs: done" in screen_text(app), "the cleaning")
        assert (folders[0].path / "log.txt").stat().st_size < 900_000 and folders[0].has("plan.toml")
        assert [e["who"] for e in folders[0].events() if e["what"] == "cleaned"] == ["ada"]
        await pilot.press("b")
        assert "told nothing" in screen_text(app) and not app.services.notify.on
        await pilot.press("escape")
        assert not screen.list.state.marked
    assert all(ended(folder).state == "cancelled" for folder in folders)
    assert [e["who"] for e in folders[0].events() if e["what"] == "cancel"] == ["ada"]


async def test_plans_are_compared_the_record_is_shown_and_a_changed_plan_is_asked_about(opened, bench, wait_for):  # noqa: F811
    make, show = opened
    for name in ("xppfake-r0007-s000-c000.xtc2", "smalldata/xppfake-r0007-s000-c000.smd.xtc2"):
        path = bench.place.directory / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"")
    ended(bench.launch(run=7))
    bench.profile.write_text(bench.profile.read_text() + "[epics]\nall = true\n")
    ended(bench.launch(run=7))
    app = make()
    async with app.run_test(size=(100, 30)) as pilot:
        screen = await show(pilot, app, 2)
        await pilot.press("D")
        await wait_for(pilot, lambda: isinstance(app.screen, DifferenceSheet), "the difference")
        assert "epics.all" in screen_text(app) and "run 7 of" in screen_text(app)
        await pilot.press("escape", "down", "D")
        assert "no earlier job of this run" in screen_text(app)
        await pilot.press("e")
        await wait_for(pilot, lambda: isinstance(app.screen, TextView), "the record")
        assert "ada@" in screen_text(app) and "launched" in screen_text(app)
        await pilot.press("escape", "h")
        assert "nothing to hold" in screen_text(app) or "is verified" in screen_text(app)
        await pilot.press("r")  # on the older job: its profile has changed since
        await wait_for(pilot, lambda: isinstance(app.screen, Question), "the question")
        await pilot.press("down", "enter")
        await wait_for(pilot, lambda: isinstance(app.screen, LaunchScreen), "the sheet")
        await wait_for(pilot, lambda: app.screen.sheet.is_prepared, "the script")
        assert "with the plan of before" in screen_text(app)
        assert app.screen.sheet.prepared[0].plan_sha256 == screen.current.plan_sha256
        await pilot.press("escape", "up", "r")  # the newer one: nothing to ask
        await wait_for(pilot, lambda: isinstance(app.screen, LaunchScreen), "the sheet")
        assert "plan of before" not in screen_text(app) and app.screen.sheet.form.text("profile") == str(bench.profile)


async def test_the_log_shows_errors_ranks_and_repetitions_as_wanted(opened, bench, wait_for):  # noqa: F811
    make, show = opened
    folder = bench.launch("nothing", run=7)
    ended(folder)
    lines = [f"[{n % 3}] step {n}" for n in range(300)] + ["[1] waiting"] * 50
    lines[40], lines[200] = "[1] ERROR first trouble", "[2] WARNING hot pixel"
    lines.append("[2] ERROR last trouble")
    (folder.path / "log.txt").write_text("\n".join(lines) + "\n")
    app = make()
    async with app.run_test(size=(100, 30)) as pilot:
        screen = await show(pilot, app, 1)
        await wait_for(pilot, lambda: "last trouble" in screen_text(app), "the log's end")
        await pilot.press("left_square_bracket")
        await wait_for(pilot, lambda: "line 351" in screen_text(app), "the last error")
        await pilot.press("left_square_bracket")
        await wait_for(pilot, lambda: "first trouble" in screen_text(app), "the error before")
        assert "line 41" in screen_text(app)
        await pilot.press("w")
        await wait_for(pilot, lambda: screen.log_view.lines == 3, "warnings and errors")
        assert "hot pixel" in screen_text(app) and "step" not in screen.query_one("#log")._line(0)
        await pilot.press("w")
        await wait_for(pilot, lambda: screen.log_view.lines == 2, "errors")
        await pilot.press("w", "c")
        await wait_for(pilot, lambda: "× 50" in screen_text(app), "what repeats, once")
        await pilot.press("R", *"2", "enter")
        await wait_for(pilot, lambda: "of rank 2, repeated lines once" in screen_text(app), "one rank")
        await wait_for(pilot, lambda: screen.log_view.lines == 101, "its lines")
        await pilot.press("R")
        await wait_for(pilot, lambda: "× 50" in screen_text(app), "all ranks again")
        await pilot.press("R", *"x", "enter")
        assert "names no ranks" in screen_text(app)


async def test_a_long_search_says_how_far_it_is_and_esc_ends_it(opened, bench, wait_for, monkeypatch):  # noqa: F811
    stopped = []

    def slow(self, needle, start, stop=lambda: False, backwards=False, progress=lambda share: None):
        while not stop():
            time.sleep(0.01)
            progress(0.4)
        stopped.append(needle)

    monkeypatch.setattr("smdtui.jobs.log_file.LogFile.search", slow)
    make, show = opened
    ended(bench.launch(run=7))
    app = make()
    async with app.run_test(size=(100, 30)) as pilot:
        screen = await show(pilot, app, 1)
        await wait_for(pilot, lambda: "is rank 0" in screen_text(app), "the log")
        await pilot.press("enter", "slash", *"needle", "enter")
        await wait_for(pilot, lambda: "searching … 40%" in screen_text(app), "how far it is")
        await pilot.press("escape")
        await wait_for(pilot, lambda: bool(stopped), "the end of it")
        assert "Not searched to the end" in screen_text(app) and screen.log_view.has_focus
        await pilot.press("escape", "escape")
        assert screen.list.has_focus


async def test_other_consoles_are_shown_and_the_hand_over_is_written(opened, bench, wait_for):  # noqa: F811
    make, show = opened
    ended(bench.launch("raise 0", run=8))
    entry = {"who": "bob", "host": "xpp-daq", "pid": 1, "born": 5, "since": "2026-11-22T06:00:00Z"}
    consoles_of(bench.place).mkdir(parents=True, exist_ok=True)
    (consoles_of(bench.place) / "xpp-daq-1.json").write_text(json.dumps(entry))
    app = make()
    async with app.run_test(size=(100, 30)) as pilot:
        await show(pilot, app, 1)
        await wait_for(pilot, lambda: "also here: bob (xpp-daq)" in screen_text(app), "the other console")
        await pilot.press("H")
        await wait_for(pilot, lambda: isinstance(app.screen, HandoverSheet), "the sheet")
        await wait_for(pilot, lambda: "run 8 **failed**" in screen_text(app), "the hand-over")
        assert "bob on xpp-daq" in app.screen.text
        await pilot.press("right_square_bracket")
        await wait_for(pilot, lambda: "the last 12h.  w writes" in screen_text(app), "a longer time")
        await pilot.press("w")
        await wait_for(pilot, lambda: "Written to" in screen_text(app), "the file")
        [file] = (bench.place.results / "handover").iterdir()
        assert file.read_text() == app.screen.text and file.suffix == ".md"


async def test_the_experiment_is_followed_from_the_app(opened, bench, wait_for):  # noqa: F811
    """A real follower: started, seen, stopped. It outlives the app that started it."""
    from smdtui.jobs.follow_control import status, stop

    def followed(app):
        return "followed by" in screen_text(app) and "with profile.toml" in screen_text(app)

    make, show = opened
    app = make()
    try:
        async with app.run_test(size=(100, 30)) as pilot:
            await show(pilot, app)
            await pilot.press("F")
            await wait_for(pilot, lambda: isinstance(app.screen, Question), "the question")
            await pilot.press("down", "enter")
            await wait_for(pilot, lambda: followed(app), "it to begin", 60)
        assert status(bench.place).running
        app = make()
        async with app.run_test(size=(100, 30)) as pilot:
            await show(pilot, app)
            await wait_for(pilot, lambda: followed(app), "the follower, found again", 30)
            await pilot.press("F")
            await wait_for(pilot, lambda: isinstance(app.screen, Question), "the question")
            await pilot.press("down", "enter")
            await wait_for(pilot, lambda: "asked to stop" in screen_text(app), "the answer", 30)
            await wait_for(pilot, lambda: not followed(app), "its end", 60)
    finally:
        if status(bench.place).running:
            stop(bench.place, "the test")


async def test_what_one_may_not_do_is_said_before_and_another_experiment_has_its_own_jobs(
    opened,
    bench,  # noqa: F811
    wait_for,
    monkeypatch,
    tmp_path,
):
    monkeypatch.setattr("smdtui.jobs.rights.controlling", lambda job: "you may not change it: ask bob")
    monkeypatch.setattr("smdtui.jobs.rights.launching", lambda place: "you may only look")
    make, show = opened
    folder = bench.launch("slow", run=7)
    ranks_at_work(folder, 1)
    app = make()
    async with app.run_test(size=(100, 30)) as pilot:
        screen = await show(pilot, app, 1)
        await wait_for(pilot, lambda: "you may only look" in screen_text(app), "what one may not do")
        assert "you may not change it: ask bob" in screen_text(app), "on the job too, before any key"
        await pilot.press("x")
        assert "Not cancelled: you may not change it" in screen_text(app) and app.screen is screen
        assert not folder.has("cancel.toml")
        other = Place("xppother", tmp_path / "other", tmp_path / "other", tmp_path / "other")
        app.services.open(other)
        screen.follow_selection()
        assert not screen.jobs
        await wait_for(pilot, lambda: "No job yet" in screen_text(app), "the other experiment's jobs")
        assert app.services.selection.experiment == "xppother" and screen.current is None


async def test_the_mouse_selects_opens_and_presses(opened, bench, wait_for):  # noqa: F811
    make, show = opened
    for run in (7, 8):
        ended(bench.launch(run=run))
    app = make()
    async with app.run_test(size=(100, 30)) as pilot:
        screen = await show(pilot, app, 2)
        await wait_for(pilot, lambda: "is rank 0" in screen_text(app), "the log")
        await pilot.click("#jobs", offset=(10, 2))
        assert screen.current.run == 7
        footer = screen_text(app).splitlines()[-1]
        await pilot.click("KeyFooter", offset=(footer.index("p Ranks") + 3, 0))
        await wait_for(pilot, lambda: "serial" in screen_text(app), "how far each rank is")
        await pilot.click("#jobs", offset=(10, 2), times=2)
        await wait_for(pilot, lambda: screen.query_one("#ranks").has_focus, "the part below")


OPEN = """
import sys
from pathlib import Path
from smdtui import site as sites
from smdtui.app import run
from smdtui.catalog.experiment import Experiment
from smdtui.services import Services
directory, results, hdf5, state = map(Path, sys.argv[1:])
experiment = Experiment("xppfake", directory, results, hdf5)
sys.exit(run(Services(site=sites.load(sites.PACKAGED), experiment=experiment, who="ada", state_dir=state)))
"""


def test_a_real_terminal_is_told_when_a_job_ends_on_whichever_screen(bench, tmp_path):  # noqa: F811
    """The bytes at the pty; the picture stays whole."""
    from terminal import Terminal

    from smdtui.jobs import engine

    folder = bench.launch("slow", run=7)
    ranks_at_work(folder, 1)
    place = bench.place
    words = [sys.executable, "-c", OPEN, place.directory, place.results, place.hdf5, tmp_path / "state"]
    root = Path(__file__).resolve().parents[2]
    with Terminal(words, 100, 30, cwd=root) as terminal:
        terminal.wait_until(lambda text: "There are no runs" in text, 60, "the Runs screen")
        console = consoles_of(place)
        terminal.wait_until(lambda text: console.is_dir() and bool(list(console.iterdir())), 60, "the looking at jobs")
        terminal.settle()
        before, terminal.raw = terminal.text(), b""
        engine.cancel(folder, "bob")
        sent = b"\x1b]9;smdtui: run 7 cancelled by bob\x07"
        terminal.wait_until(lambda text: sent in terminal.raw, 60, "the notification")
        assert b"\x07" in terminal.raw.split(b"\x1b")[0] or b"\x07\x1b" in terminal.raw, "the bell"
        assert b"\x1b]777;notify;smdtui;run 7 cancelled by bob\x07" in terminal.raw
        terminal.wait_until(lambda text: "run 7 cancelled by bob" in text, what="the note on the screen")
        assert "]9;" not in terminal.text() and "notify;" not in terminal.text()
        assert terminal.text().splitlines()[:3] == before.splitlines()[:3], "the picture stays"
        terminal.press("ctrl+q")
        assert terminal.wait_exit(30) == 0
    assert not list(consoles_of(place).iterdir()), "the notice that this console is here is taken away"
    ended(folder)


async def test_a_snapshot_of_many_jobs(wait_for, monkeypatch, tmp_path):
    """As wide as a big window: followed, filtered, marked, one stuck, one held, one stale."""
    reasons = {
        1: (
            "pending",
            "will never start: its account is not valid (InvalidAccount); cancel it and ask for something else",
        ),
        2: ("pending", "held by bob; release lets it go"),
        3: ("running", "stale, as Slurm said 3 min ago: Unable to contact slurm controller (connect failure)"),
        4: ("pending", "jobs with more priority come first (Priority)"),
    }
    jobs = [
        job(
            reasons.get(n, ("verified", ""))[0],
            200 if n > 4 else 50,
            run=60 - n,
            id=f"20270115T080000-r{60 - n:04d}-ab12",
            engine="milano",
            folder=JobFolder(tmp_path / str(n)),
            reason=reasons.get(n, ("", ""))[1],
        )
        for n in range(40)
    ]
    monkeypatch.setattr("smdtui.jobs.store.list_jobs", lambda roots, now=None, newest=None: jobs)
    follow = FollowStatus(running=True, who="bob", host="xpp-daq", profile="/results/profiles/night.toml")
    monkeypatch.setattr("smdtui.jobs.follow_control.status", lambda experiment: follow)
    place = Place("xppx43218", tmp_path, tmp_path, tmp_path)
    services = Services(site=SimpleNamespace(), experiment=place, now=lambda: NOW, state_dir=tmp_path)
    app = SmdApp(services)
    async with app.run_test(size=(140, 40)) as pilot:
        await pilot.press("4")
        await wait_for(pilot, lambda: app.screen.NAME == "jobs" and bool(app.screen.jobs), "the jobs")
        await pilot.press("down", "space", "space")
        await wait_for(pilot, lambda: "2 selected" in screen_text(app), "the marks")
        check_snapshot(app, "jobs_140x40")

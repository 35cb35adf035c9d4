"""The launch sheet: as a value, and on the screen with a stand-in producer under the real supervisor."""

import sys
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from snapshot import check_snapshot, screen_text

from producer.problem import Problem
from smdtui.app import SmdApp
from smdtui.jobs.job import read_job
from smdtui.jobs.launch_sheet import Check, LaunchSheet
from smdtui.profile.problem_order import in_a_line, ordered
from smdtui.screens import launch as launch_module
from smdtui.screens.launch import LaunchScreen
from smdtui.services import Selection, Services
from smdtui.widgets.question import Question
from smdtui.widgets.text_view import TextView

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "jobs"))
from conftest_jobs import bench, ended  # noqa: F401


@dataclass(frozen=True)
class Ready:
    script: str = "#!/bin/bash\n"
    output: Path = Path("/x.h5")
    problems: tuple = ()


def resolve(text):
    if text == "nonsense":
        raise ValueError("'nonsense' names no run")
    first, _, last = text.partition("-")
    return list(range(int(first), int(last or first) + 1))


@pytest.fixture
def sheet(tmp_path):
    (tmp_path / "p.toml").write_text("format = 1\n")
    return LaunchSheet.new("17", resolve, ["local", "big"], ranks=5, profile=str(tmp_path / "p.toml"))


ERROR, WARNING = Problem("error", "no detector", line=3), Problem("warning", "a gap")


def through(sheet, prepared=(), checked=()):
    request = sheet.request
    sheet = sheet.with_prepared(request, [Ready(problems=tuple(prepared))])
    return sheet.with_check(request, Check("done", tuple(checked)))


def test_nothing_goes_before_the_script_is_made_and_the_check_is_through(sheet):
    assert sheet.obstacle == "the script is being made"
    made = sheet.with_prepared(sheet.request, [Ready()])
    assert made.obstacle == "" and "still going on" in made.unchecked
    assert made.with_check(made.request, Check("checking", message="run 17")).check_words() == ("running", "run 17")
    done = through(sheet)
    assert (done.obstacle, done.unchecked, done.check_words()) == ("", "", ("good", "nothing is wrong"))


def test_all_problems_are_shown_at_once_errors_first_and_each_once(sheet):
    sheet = through(sheet, prepared=[WARNING, ERROR], checked=[ERROR, Problem("error", "no PV")])
    assert [p.message for p in sheet.found] == ["no detector", "no PV", "a gap"]
    assert sheet.obstacle == "2 errors to mend first" and sheet.check_words() == ("error", "2 errors")
    assert through(sheet, checked=[WARNING]).obstacle == ""
    noted = through(sheet, checked=[Problem("note", "about 3 GB")])
    assert noted.check_words() == ("good", "nothing is wrong") and noted.obstacle == ""
    assert [p.message for p in noted.found] == ["about 3 GB"], "notes are in the list, and only there"


def test_problems_are_ordered_and_notes_said_once():
    note = Problem("note", "about 3 GB", key="a")
    wrong = Problem("error", "no PV 'sam_q'", suggestion="sam_x")
    found = ordered([note, WARNING, Problem("note", "about 3 GB", key="b"), wrong, ERROR, WARNING])
    assert [p.message for p in found] == ["no PV 'sam_q'", "no detector", "a gap", "about 3 GB"]
    assert in_a_line(wrong) == "no PV 'sam_q' (did you mean 'sam_x'?)"


def test_an_answer_on_another_request_does_not_count(sheet):
    done = through(sheet)
    changed = done.set("ranks", "8")
    assert changed.obstacle == "the script is being made" and changed.unchecked == "", "ranks do not change the check"
    other = done.set("runs", "18")
    assert other.unchecked and other.found == ()
    assert other.set("runs", "17").obstacle == ""


@pytest.mark.parametrize(
    "name, text, said",
    [
        ("runs", "nonsense", "names no run"),
        ("ranks", "2", "2 ranks cannot work"),
        ("ranks", "0", "at least 1"),
        ("events", "0", "at least 1"),
        ("profile", "/nowhere.toml", "no such file"),
        ("engine", "bigg", "did you mean 'big'"),
    ],
)
def test_a_wrong_field_holds_the_launch(sheet, name, text, said):
    wrong = through(sheet).set(name, text)
    assert said in wrong.problems[name] and said in wrong.obstacle and wrong.request is None


def test_many_runs_need_their_number_typed(sheet):
    many = sheet.set("runs", "1-24")
    assert [f.name for f in many.form.fields][-1] == "count" and "type" in many.form.fields[-1].title
    many = through(many)
    assert "needs a value" in many.obstacle
    assert "type 24 to launch 24 runs" in many.set("count", "2").obstacle
    typed = many.set("count", "24")
    assert typed.obstacle == ""
    more = typed.set("runs", "1-25")
    assert "type 25" in more.problems["count"], "the number of before does not count for more"
    assert "count" not in [f.name for f in more.set("runs", "3").form.fields]


def test_events_are_all_or_a_number(sheet):
    assert sheet.request.events is None and sheet.set("events", "50").request.events == 50


# -- on the screen: a real supervisor and submit.sh, a stand-in for the producer
@pytest.fixture
def opened(bench, monkeypatch, wait_for):  # noqa: F811
    """An app whose check against the run says what `found` holds."""
    for run in (7, 8):
        for name in (f"xppfake-r{run:04d}-s000-c000.xtc2", f"smalldata/xppfake-r{run:04d}-s000-c000.smd.xtc2"):
            path = bench.place.directory / name
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(b"")
    (bench.place.directory / "behaviour").write_text("nothing")
    found, hold = [], []

    def check_run(path, site, experiment, run):
        import time

        while hold:
            time.sleep(0.01)
        return list(found)

    monkeypatch.setattr("smdtui.profile.check.check_run", check_run)
    monkeypatch.setattr(launch_module, "SETTLE_SECONDS", 0.01)
    services = Services(
        site=bench.site,
        experiment=bench.place,
        who="ada",
        selection=Selection(run=7, profile=bench.profile),
        state_dir=bench.place.results,
    )

    async def show(pilot, app, runs="7"):
        app.push_screen(LaunchScreen(runs))
        await wait_for(pilot, lambda: shown(app) and app.screen.sheet.is_prepared, "the sheet")
        return app.screen

    yield SmdApp(services), show, found, hold
    hold.clear()


def shown(app):
    return isinstance(app.screen, LaunchScreen) and hasattr(app.screen, "sheet")


def jobs(bench):  # noqa: F811
    from smdtui.jobs.store import list_jobs

    return list_jobs([bench.jobs])


async def set_ranks(pilot, screen, text):
    screen.query_one("FormView").focus_field("ranks")
    await pilot.press("end", "backspace", *text)
    await pilot.pause()


async def test_the_sheet_says_everything_before_and_enter_launches(opened, bench, wait_for):  # noqa: F811
    app, show, _, _ = opened
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await show(pilot, app)
        await set_ranks(pilot, screen, "1")
        await wait_for(pilot, lambda: screen.sheet.is_prepared and screen.sheet.check_now.name == "done", "the check")
        text = screen_text(app)
        assert "xppfake_Run0007.h5" in text and "-m producer --exp xppfake --run 7" in " ".join(text.split())
        assert "✓ check against the run: nothing is wrong" in text
        await pilot.press("ctrl+t")
        await wait_for(pilot, lambda: isinstance(app.screen, TextView), "the script")
        assert "#!/bin/bash" in screen_text(app)
        await pilot.press("escape")
        assert jobs(bench) == [], "nothing was sent before enter"
        await pilot.press("enter")
        await wait_for(pilot, lambda: app.current_mode == "jobs", "the Jobs screen", timeout=30)
        job = ended(jobs(bench)[0].folder)
        assert (job.run, job.ranks, job.who, job.state) == (7, 1, "ada", "verified")
        await wait_for(pilot, lambda: "verified" in screen_text(app), "the verdict on the screen")


async def test_launching_is_said_at_once_and_a_second_enter_does_nothing(opened, bench, wait_for, monkeypatch):  # noqa: F811
    import threading

    go, sent = threading.Event(), []

    def submit(task, prepared):
        sent.append(prepared)
        go.wait(10)
        return [], [ERROR]

    monkeypatch.setattr(launch_module, "_submit", submit)
    app, show, _, _ = opened
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await show(pilot, app)
        await wait_for(pilot, lambda: screen.sheet.check_now.name == "done", "the check")
        path = screen.sheet.form.text("profile")
        line = next(line for line in screen_text(app).splitlines() if line.startswith(" profile "))
        assert len(path) > 30 and "…" in line and line.endswith("/profile.toml"), line
        assert screen_text(app).splitlines()[-1].count("esc") == 1
        await pilot.press("enter", "enter")
        screen.show()
        await wait_for(pilot, lambda: "Launching run 7 ..." in screen_text(app), "what is going on")
        go.set()
        await wait_for(pilot, lambda: "Not launched: no detector" in screen_text(app), "the refusal")
        assert len(sent) == 1


async def test_what_was_opened_over_the_sheet_stays_when_the_launch_is_through(opened, bench, wait_for, monkeypatch):  # noqa: F811
    """The sheet then goes by itself; keys pressed meanwhile do no harm."""
    import threading

    go, submit = threading.Event(), launch_module._submit

    def slow(task, prepared):
        go.wait(10)
        return submit(task, prepared)

    monkeypatch.setattr(launch_module, "_submit", slow)
    app, show, _, _ = opened
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await show(pilot, app)
        await wait_for(pilot, lambda: screen.sheet.check_now.name == "done", "the check")
        await pilot.press("enter")
        await wait_for(pilot, lambda: "Launching run 7 ..." in screen_text(app), "what is going on")
        await pilot.press("ctrl+t")
        await wait_for(pilot, lambda: isinstance(app.screen, TextView), "the script")
        go.set()
        await wait_for(pilot, lambda: screen._leaves, "the end of the launch")
        assert isinstance(app.screen, TextView)
        await pilot.press("escape", "escape", "escape", "escape")
        await wait_for(pilot, lambda: len(app.screen_stack) == 1, "the screen below")
        assert app.current_mode == "runs" and app.is_running
    ended(jobs(bench)[0].folder)


async def test_an_error_holds_it_and_warnings_do_not(opened, bench, wait_for):  # noqa: F811
    app, show, found, _ = opened
    found.append(Problem("error", "run 7 has no detector 'epix_1'", "runs.all.epix_1", str(bench.profile), 4, 1))
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await show(pilot, app)
        await wait_for(pilot, lambda: screen.sheet.check_now.name == "done", "the check")
        assert "no detector 'epix_1'" in screen_text(app) and "✗ check against the run: 1 error" in screen_text(app)
        await pilot.press("enter")
        await pilot.pause()
        assert app.screen is screen and jobs(bench) == [] and "Not launched: 1 error" in screen_text(app)
        await pilot.press("escape")
        await wait_for(pilot, lambda: app.screen is not screen, "the end of the sheet")
        assert jobs(bench) == []


async def test_launching_waits_for_the_check_or_is_confirmed(opened, bench, wait_for):  # noqa: F811
    app, show, found, hold = opened
    hold.append(True)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await show(pilot, app)
        assert "◐ check against the run: checking run 7" in screen_text(app)
        await pilot.press("enter")
        await wait_for(pilot, lambda: isinstance(app.screen, Question), "the question")
        await pilot.press("escape")
        assert app.screen is screen and jobs(bench) == []
        await wait_for(pilot, lambda: screen.query_one("#launch-go").has_focus, "the sheet to be back")
        await pilot.press("enter")
        await wait_for(pilot, lambda: isinstance(app.screen, Question), "the question")
        await pilot.press("enter")  # launch when it is through
        assert "esc calls it off." in screen_text(app) and jobs(bench) == []
        found.append(ERROR)
        hold.clear()
        await wait_for(pilot, lambda: "Not launched" in screen_text(app), "the refusal")
        assert app.screen is screen and jobs(bench) == []


async def test_what_is_wrong_with_the_profile_and_not_saved_is_said(opened, bench, wait_for):  # noqa: F811
    app, show, _, _ = opened
    async with app.run_test(size=(80, 24)) as pilot:
        app.services.document.add_pv("sam_x")
        screen = await show(pilot, app)
        assert "not saved" in screen.sheet.found[0].message and "error" in screen.sheet.obstacle
        app.services.document.undo()
        bench.profile.write_text("format = 1\n[runs.all.epix_1]\nsumms = []\n")
        screen.follow_selection()
        screen._ask(again=True)
        await wait_for(
            pilot, lambda: "summs" in "".join(p.message for p in screen.sheet.found), "the profile's problem"
        )


async def test_two_runs_make_two_jobs(opened, bench, wait_for):  # noqa: F811
    app, show, _, _ = opened
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await show(pilot, app, "7-8")
        assert "Launch 2 runs" in screen_text(app)
        await set_ranks(pilot, screen, "1")
        await wait_for(pilot, lambda: screen.sheet.is_prepared and screen.sheet.check_now.name == "done", "the check")
        assert "a new plan: a test of 50 events first is offered" in screen_text(app), "said before it is asked"
        await pilot.press("enter")
        await wait_for(pilot, lambda: isinstance(app.screen, Question), "the question")
        assert "Test first; the 2 runs follow" in screen_text(app)
        await pilot.press("down", "enter")
        await wait_for(pilot, lambda: app.current_mode == "jobs", "the Jobs screen", timeout=30)
        assert {ended(job.folder).run for job in jobs(bench)} == {7, 8}
        app.push_screen(LaunchScreen("7-8"))
        await wait_for(pilot, lambda: shown(app) and app.screen.sheet.is_prepared, "the sheet")
        assert not app.screen.sheet.gate, "the plan has been seen to work"


async def test_a_test_of_first_events_goes_ahead_of_a_batch_in_a_process_of_its_own(
    opened,
    bench,  # noqa: F811
    wait_for,
    monkeypatch,
):
    from smdtui.cli import main
    from smdtui.jobs import gated

    started = []
    monkeypatch.setattr(gated, "start", lambda prepared, events: started.append((prepared, events)) or Path("/log"))
    app, show, _, _ = opened
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await show(pilot, app, "7-8")
        await set_ranks(pilot, screen, "1")
        await wait_for(pilot, lambda: screen.sheet.is_prepared and screen.sheet.check_now.name == "done", "the check")
        await pilot.press("enter")
        await wait_for(pilot, lambda: isinstance(app.screen, Question), "the question")
        await pilot.press("enter")
        await wait_for(pilot, lambda: app.current_mode == "jobs", "the Jobs screen", timeout=30)
    [(prepared, events)] = started
    assert [one.request.run for one in prepared] == [7, 8] and events == 50 and jobs(bench) == []
    assert main(gated.command_words(prepared, events)) == 0, "what that process runs"
    assert [ended(job.folder).gate for job in jobs(bench)] == [False, False, True]


def test_an_array_is_chosen_for_several_runs_on_slurm_only(sheet, tmp_path):
    sheet = replace(sheet, arrays={"big": 4})
    assert "at_once" not in [f.name for f in sheet.set("runs", "1-3").form.fields], "this machine has no arrays"
    big = sheet.set("engine", "big").set("runs", "1-3")
    assert big.request.at_once == 4, "the preset's"
    assert big.set("at_once", "").request.at_once == 0 and big.set("at_once", "2").request.at_once == 2
    assert "at least 0" in big.set("at_once", "-1").problems["at_once"]
    assert big.set("at_once", "2").set("runs", "5").request.at_once is None
    many = big.set("at_once", "2").set("runs", "1-24")
    assert [f.name for f in many.form.fields][-2:] == ["at_once", "count"] and many.form.text("at_once") == "2"


def test_how_many_at_a_time_reaches_the_engine_or_is_refused(bench):  # noqa: F811
    from smdtui.jobs.at_once import with_at_once
    from smdtui.jobs.gated import command_words
    from smdtui.site import Engine

    with pytest.raises(ValueError, match="this machine"):
        with_at_once(bench.site, "", 3)
    assert with_at_once(bench.site, "", None) is bench.site
    slurm = replace(bench.site, engines={"milano": Engine(kind="slurm", ranks=3, concurrency=4)})
    assert with_at_once(slurm, "", 2).engines["milano"].concurrency == 2
    assert with_at_once(slurm, "milano", 0).engines["milano"].concurrency == 0
    with pytest.raises(ValueError, match="0 \\(each by itself\\) or more"):
        with_at_once(slurm, "", -1)
    bench.site = with_at_once(slurm, "", 2)
    words = command_words([bench.prepare(ranks=3), bench.prepare(run=8, ranks=3)], 50)
    assert words[words.index("--at-once") + 1] == "2" and words[words.index("--gate") + 1] == "50"


def test_a_costly_launch_needs_its_node_hours_typed(tmp_path):
    (tmp_path / "p.toml").write_text("format = 1\n")
    hours = {"big": 50.0, "local": 0.0}
    sheet = LaunchSheet.new(
        "1-2", resolve, ["big", "local"], profile=str(tmp_path / "p.toml"), node_hours=lambda e, r, n: hours[e] * n
    )
    assert [f.name for f in sheet.form.fields][-1] != "count", "100 node-hours are not too many"
    more = sheet.set("runs", "1-3")
    assert (
        more.form.fields[-1].title == "150 node-hours: type" and "type 150" in more.set("count", "3").problems["count"]
    )
    assert "count" not in more.set("count", "150").problems
    assert more.set("engine", "local").form.fields[-1].name != "count"
    assert more.set("ranks", "x").problems, "nothing breaks where the ranks cannot be read"


def test_what_is_sent_to_slurm_is_shown_for_one_run_and_for_an_array(bench):  # noqa: F811
    from smdtui.jobs.sending import sending
    from smdtui.site import Engine

    assert sending([bench.prepare()]) == ""
    engine = Engine(kind="slurm", ranks=3, partition="milano", account="lcls:xpp", time="60", concurrency=4)
    bench.site = replace(bench.site, engines={"milano": engine})
    one, two = bench.prepare(ranks=3), bench.prepare(run=8, ranks=3)
    assert "sbatch" in sending([one]) and "--partition=milano" in sending([one]) and "--array" not in sending([one])
    assert "--array=1-2%4" in sending([one, two]) and "BATCH" in sending([one, two])


async def test_retry_fills_the_sheet_as_the_job_was(opened, bench, wait_for):  # noqa: F811
    app, _, _, _ = opened
    folder = bench.launch(run=8, events=50)
    ended(folder)
    async with app.run_test(size=(80, 24)) as pilot:
        app.push_screen(LaunchScreen("8", read_job(folder)))
        await wait_for(pilot, lambda: shown(app) and app.screen.sheet.request is not None, "the sheet")
        request = app.screen.sheet.request
        assert (request.runs, request.ranks, request.events) == ((8,), 1, 50)
        assert request.profile == str(bench.profile)
        await wait_for(pilot, lambda: app.screen.sheet.is_prepared, "the script")
        assert "is kept, moved aside" in screen_text(app), "the file of before is moved aside, and that is said"


async def test_many_runs_ask_for_their_number(opened, bench, wait_for, monkeypatch):  # noqa: F811
    monkeypatch.setattr("smdtui.jobs.launch_sheet.MANY", 1)
    monkeypatch.setattr(
        LaunchSheet.new.__func__, "__defaults__", ("", 5, None, "", 1, lambda engine, ranks, runs: 0.0, None)
    )
    app, show, _, _ = opened
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await show(pilot, app, "7-8")
        await pilot.press("enter")
        await pilot.pause()
        assert jobs(bench) == [] and "2 runs: type" in screen_text(app) and "needs a value" in screen_text(app)
        assert screen.query_one("FormView").focused_row.field.name == "count"


async def test_a_snapshot(opened, bench, wait_for, monkeypatch):  # noqa: F811
    app, show, _, _ = opened
    monkeypatch.setattr(
        "smdtui.screens.launch.LaunchScreen._output_words", lambda self: "into /hdf5/xppfake_Run0007.h5"
    )
    monkeypatch.setattr(
        "smdtui.screens.launch.LaunchScreen._command_words", lambda self: "$ mpiexec -n 3 python -m producer --run 7"
    )
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await show(pilot, app)
        await wait_for(pilot, lambda: screen.sheet.check_now.name == "done", "the check")
        screen.query_one("FormView").focus_field("profile")
        await pilot.press("home")
        field = screen.query_one("FormView").focused_row.control
        with field.prevent(type(field).Changed):
            field.value = "/profiles/xpp.toml"
        screen.query_one("#launch-go").focus()
        await pilot.pause()
        check_snapshot(app, "launch_80x24")

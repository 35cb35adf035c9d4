"""The Names screen on a synthetic experiment, and what its rows say."""

import threading
from types import SimpleNamespace

import pytest
from snapshot import check_snapshot, screen_text

from smdtui.app import SmdApp
from smdtui.catalog import names as names_room
from smdtui.screens.name_rows import InProfile, Name, NameRows, adding
from smdtui.services import Selection

ANSWER = {
    "detectors": [
        {"name": "epix_1", "type": "epix", "data_types": ["raw", "fex"], "shape": [4, 352, 384], "dtype": "uint16"},
        {"name": "timing", "type": "ts", "data_types": ["raw"], "shape": None, "dtype": None},
    ],
    "epics": [{"alias": "sam_x", "pv": "XPP:01.RBV"}, {"alias": "", "pv": "XPP:02.RBV"}],
    "scan": [{"name": "delay"}],
}


def test_rows_of_an_answer():
    rows = NameRows.of(ANSWER)
    assert rows.names[0] == Name("detector", "epix_1", "raw fex", "epix", "4x352x384", "uint16")
    assert rows.names[1].shape == ""
    assert rows.names[3] == Name("epics", "XPP:02.RBV", "XPP:02.RBV")
    assert rows.counts == {"": 5, "detector": 2, "epics": 2, "scan": 1, "raw": 0, "lacking": 0}
    assert list(NameRows.of(ANSWER, "epics").shown) == [2, 3]


def test_what_is_searched_is_alias_and_pv():
    assert NameRows.of(ANSWER).folded[2].split() == ["sam_x", "xpp:01.rbv"]


def test_in_profile_and_what_a_selection_adds():
    pv = SimpleNamespace
    plan = SimpleNamespace(
        epics=pv(per_event=(pv(pv="XPP:01.RBV", alias="mine"),), once=(pv(pv="XPP:02.RBV", alias=""),), all=False),
        detectors={"epix_1": {"roi": (), "sums": ()}},
    )
    have = InProfile.of(plan)
    names = NameRows.of(ANSWER).names
    assert [have.word(name) for name in names] == ["roi sums", "", "per event", "once", "always"]
    assert adding(names, have, True) == ([names[3]], [names[2]], [names[0], names[1], names[4]])
    assert adding(names, have, False) == ([], [names[2], names[3]], [names[0], names[1], names[4]])


@pytest.fixture
def profile(tmp_path):
    path = tmp_path / "profile.toml"
    path.write_text('format = 1\nhutch = "tmo"\n\n[epics]\nper_event = ["sam_y"]  # kept\n', encoding="utf-8")
    return path


@pytest.fixture
def opened(open_services, wait_for, profile):
    """An app on the names of run 12, all there."""

    async def show(pilot, app):
        await wait_for(pilot, lambda: app.services.selection.run == 16, "the runs")
        app.services.selection = Selection(run=12, profile=profile)
        await pilot.press("2")
        await wait_for(pilot, lambda: app.screen.NAME == "names" and app.screen.rows.names, "the names")
        for group in ("profile", "values", "events", "constants"):
            await wait_for(pilot, lambda group=group: not app.screen.busy(group), group)
        return app.screen

    return SmdApp(open_services()), show


async def test_the_names_are_those_of_the_probe(opened, wait_for):
    app, show = opened
    async with app.run_test(size=(80, 24)) as pilot:
        names = await show(pilot, app)
        answer = names_room.ask_names(app.services.site, app.services.experiment, 12)
        assert names.rows.counts["detector"] == len(answer["detectors"]) > 3
        assert names.rows.counts["epics"] == len(answer["epics"]) >= 60
        check_snapshot(app, "names_80x24")
        await pilot.press("d")
        text = screen_text(app)
        assert "epix100_0" in text and "sam_x" not in text
        check_snapshot(app, "names_detectors_80x24")
        await pilot.press("e")
        assert "sam_x" in screen_text(app)


async def test_a_selection_over_filters_goes_into_the_profile_with_one_key(opened, wait_for, profile):
    app, show = opened
    async with app.run_test(size=(80, 24)) as pilot:
        names = await show(pilot, app)
        await pilot.press("slash", *"sam_x", "enter", "space", "slash")
        await pilot.press(*["backspace"] * 5, *"sam_z", "enter", "space")
        assert len(names.list.state.marked) == 2
        await pilot.press("a")
        document = app.services.document
        assert document.unsaved and "# kept" in document.text
        plan = document.profile().settings["epics"].value.per_event
        assert {pv.alias or pv.pv for pv in plan} == {"sam_y", "sam_x", "sam_z"}
        assert "2 PVs added per event" in screen_text(app)
        assert "profile.toml*" in screen_text(app)
        assert not names.list.state.marked
        await wait_for(pilot, lambda: "sam_z" in names.facts.have.per_event, "the marks of the profile")
        assert screen_text(app).count("● per event") == 1  # the filter still shows sam_z alone
        assert profile.read_text(encoding="utf-8").count("sam_x") == 0, "nothing is written before it is saved"
        await pilot.press("ctrl+q")
        assert "profile.toml has changes that are not saved." in screen_text(app)


async def test_once_and_a_detector_among_the_selection(opened):
    app, show = opened
    async with app.run_test(size=(80, 24)) as pilot:
        names = await show(pilot, app)
        await pilot.press("space", "slash", *"sam_x", "enter", "space", "o")
        detector = names.rows.names[0].name
        assert f"{detector} is no PV" in screen_text(app)
        assert {pv.alias for pv in app.services.document.profile().settings["epics"].value.once} == {"sam_x"}


async def test_without_a_profile_the_selection_stays(opened):
    app, show = opened
    async with app.run_test(size=(80, 24)) as pilot:
        names = await show(pilot, app)
        app.services.selection = Selection(run=12)
        await pilot.press("e", "space", "a")
        assert "No profile is open" in screen_text(app)
        assert len(names.list.state.marked) == 1


async def test_R_opens_the_region_of_the_detector(opened, wait_for):
    from smdtui.screens.roi_form import RoiForm

    app, show = opened
    async with app.run_test(size=(80, 24)) as pilot:
        names = await show(pilot, app)
        await pilot.press("e", "R")
        assert app.screen is names, "no region of a PV"
        await pilot.press("d", "slash", *"epix", "enter", "R")
        await wait_for(pilot, lambda: isinstance(app.screen, RoiForm), "the form")
        assert "epix100_0" in screen_text(app)


async def test_a_probe_that_fails_says_why_and_the_rest_lives(open_services, wait_for, monkeypatch):
    app = SmdApp(open_services())
    async with app.run_test(size=(80, 24)) as pilot:
        await wait_for(pilot, lambda: app.services.selection.run == 16, "the runs")
        app.services.selection = Selection(run=99)
        await pilot.press("2")
        await wait_for(pilot, lambda: "The names of run 99 cannot be read" in screen_text(app), "the message")
        assert "Press r to try again." in screen_text(app)
        await pilot.press("a", "d", "space", "R", "enter", "1")
        await wait_for(pilot, lambda: app.current_mode == "runs", "Runs")


async def test_the_names_can_be_left_while_they_are_asked_and_quitting_does_not_wait(
    open_services, wait_for, monkeypatch
):
    go = threading.Event()
    real = names_room.ask_names
    monkeypatch.setattr(names_room, "ask_names", lambda *a, **k: go.wait(60) and real(*a, **k))
    app = SmdApp(open_services())
    async with app.run_test(size=(80, 24)) as pilot:
        await wait_for(pilot, lambda: app.services.selection.run == 16, "the runs")
        app.services.selection = Selection(run=12)
        await pilot.press("2")
        await wait_for(pilot, lambda: "Asking run 12 for its names" in screen_text(app), "the words")
        await pilot.press("1", "2")
        await wait_for(pilot, lambda: app.current_mode == "names", "Names")
        assert "Asking run 12" in screen_text(app)
        [thread] = [t for t in threading.enumerate() if t.name == "smdtui ask"]
        assert thread.daemon, "a thread that hangs must not keep the program alive"
        go.set()
        await wait_for(pilot, lambda: app.screen.rows.names, "the names")


async def test_another_run_is_asked_and_the_answer_for_the_one_before_is_dropped(open_services, wait_for, monkeypatch):
    go = threading.Event()

    def ask(site, experiment, run, **_):
        if run == 12:
            go.wait(10)
        return {"epics": [{"alias": f"of_{run}", "pv": "X"}]}

    monkeypatch.setattr(names_room, "ask_names", ask)
    app = SmdApp(open_services())
    async with app.run_test(size=(80, 24)) as pilot:
        await wait_for(pilot, lambda: app.services.selection.run == 16, "the runs")
        app.services.selection = Selection(run=12)
        await pilot.press("2")
        await wait_for(pilot, lambda: app.screen.NAME == "names", "Names")
        app.screen.select(run=13)
        await wait_for(pilot, lambda: "of_13" in screen_text(app), "the names of run 13")
        go.set()
        await pilot.pause(0.1)
        assert "of_13" in screen_text(app) and "of_12" not in screen_text(app)

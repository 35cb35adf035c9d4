"""The Names screen: values, filters with meaning, what is lacking, all about one name, two runs compared."""

import pytest
from snapshot import screen_text

from smdtui.app import SmdApp
from smdtui.catalog.name_index import Across, Comparison
from smdtui.catalog.pv_values import PvLine, PvValues, value_text
from smdtui.screens.compare_names import CompareNamesScreen, rows_of
from smdtui.screens.name_cells import cells
from smdtui.screens.name_details import across_text, details
from smdtui.screens.name_rows import Facts, InProfile, Name, NameRows
from smdtui.screens.name_runs import NameRunsScreen
from smdtui.services import Selection

LINE = PvLine(10, 0, 1.0, 3.5, 0.5, 4.0, 7, "0123456776", "mm")


# -- plain
@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "–"), ("OPEN", "OPEN"), (3, "3"), (1.23456789, "1.23457"), ([1, 2.5], "[1, 2.5]"),
     ({"shape": [40], "min": 0, "mean": 1, "max": 2}, "[40] 0 … 2")],
)  # fmt: skip
def test_values_in_few_characters(value, text):
    assert value_text(value) == text


def test_what_a_pv_did():
    assert (LINE.changed, LINE.state, LINE.bars(), LINE.bars(ascii=True)) == (True, "", "▁▂▃▄▅▆▇██▇", "0123456776")
    still = PvLine(10, 10, 0, 0, 0, 0, 1, "4444")
    assert (still.changed, still.state, still.bars()) == (False, "stale", "")
    assert PvLine(10, 2, 0, 0, 0, 0, 1, "").state == "partly stale"
    assert PvLine(0, 0, None, None, None, None, 0, "").state == "no value"


def test_details_of_a_pv_and_over_the_runs():
    across = Across("x", (3, 4, 6), (1, 2, 3, 4, 5, 6), {3: 1.0, 4: 2.0, 6: 3.0})
    name = Name("epics", "sam_x", "TMO:01.RBV", "float64")
    facts = Facts(values=PvValues({}, {}))
    assert details(name, facts)[1] == "values: being read …"
    assert across_text(across) == "in 3 of 6 runs read, since run 3   not in 5   1 ▁▅█ 3"
    assert across_text(Across("x", (), (1, 2))) == "in none of 2 runs read so far"
    assert "always OPEN" in across_text(Across("x", (1,), (1,), {1: "OPEN"})) or "OPEN" in across_text(
        Across("x", (1,), (1,), {1: "OPEN"})
    )


def test_presence_and_constants():
    facts = Facts(presence={"a": {"raw": [24, 24, 24]}, "b": {"raw": [3, 24, 24]}, "c": {"fex": [500, 2000, 90000]}},
                  constants={"a": ["pedestals", "pixel_gain"]})  # fmt: skip
    a, b, c = (Name("detector", n) for n in "abc")
    assert [facts.events(n) for n in (a, b, c)] == ["24", "3 of 24", "about 25%"]
    assert [facts.calibration(n) for n in (a, b)] == ["pedestals, pixel_gain", "none"]
    assert Facts().calibration(a) == "?"


def test_what_the_profile_wants_and_the_run_lacks():
    have = InProfile(pvs=(("TMO:01.RBV", "x", "per event"), ("gone", "", "once")), functions={"epix": ("roi",)})
    rows = NameRows.of({"epics": [{"alias": "sam_x", "pv": "TMO:01.RBV"}], "detectors": []})
    lacking = have.lacking(rows.names)
    assert [(n.name, n.type) for n in lacking] == [("gone", "once"), ("epix", "roi")]
    more = rows.with_lacking(lacking)
    assert (more.counts[""], more.counts["lacking"], list(more.shown)) == (1, 2, [0])
    assert list(more.of_kind("lacking").shown) == [1, 2]
    assert list(more.search("gone", Facts())) == [] and list(more.of_kind("lacking").search("gone", Facts())) == [1]
    assert more.with_lacking(lacking) is more
    assert more.with_lacking([]).counts == rows.counts


def test_what_the_files_declare_is_apart_and_what_psana_cannot_read_is_shown():
    rows = NameRows.of(
        {
            "detectors": [{"name": "epix", "type": "epix100", "data_types": ["raw"], "unique_id": "epix100_7"}],
            "others": [{"name": "mystery", "type": "odd", "data_types": [], "known": False}],
            "epics": [{"alias": "sam_x", "pv": "TMO:01.RBV"}],
            "raw": [["epix", "epix100", "raw", "2_0_1"], ["runinfo", "runinfo", "runinfo", "0_0_1"]],
            "problems": ["x.smd.xtc2 is empty."],
        }
    )
    assert (rows.counts[""], rows.counts["raw"], rows.problems) == (3, 2, ("x.smd.xtc2 is empty.",))
    assert [rows.names[i].name for i in rows.shown] == ["epix", "mystery", "sam_x"]
    assert [rows.names[i].name for i in rows.search("epix", Facts())] == ["epix"]
    assert cells(rows.names[1], "detector", Facts(), False)[2] == "psana has no class for it"
    declared = rows.of_kind("raw")
    assert [cells(rows.names[i], "raw", Facts(), False) for i in declared.shown] == [
        ("epix", "epix100", "raw", "2_0_1"),
        ("runinfo", "runinfo", "runinfo", "0_0_1"),
    ]
    assert [rows.names[i].name for i in declared.search("run", Facts())] == ["runinfo"]
    more = rows.with_lacking([Name("lacking", "gone", "gone", "once")])
    assert (list(more.shown), list(more.of_kind("raw").shown)) == ([0, 1, 2], [3, 4]) and more.problems
    assert "epix100_7" in details(rows.names[0], Facts())[0]
    assert details(rows.names[3], Facts()) == ["epix   epix100   raw 2_0_1   as the files declare it (detnames -r)"]


def test_rows_of_a_comparison():
    new = ("epics", "a", "PV:A", "int32")
    found = Comparison(1, 2, (new,), (), (("b", "int32", "str"),))
    assert rows_of(found) == [("changed", "", "b", "int32 → str"), ("appeared", "epics", "a", "PV:A int32")]


# -- the screen
@pytest.fixture
def opened(open_services, wait_for, tmp_path):
    profile = tmp_path / "profile.toml"
    profile.write_text('format = 1\nhutch = "tmo"\n\n[epics]\nper_event = ["sam_y", "not_there"]\n', encoding="utf-8")

    async def show(pilot, app, run=13):
        await wait_for(pilot, lambda: app.services.selection.run == 16, "the runs")
        app.services.selection = Selection(run=run, profile=profile)
        await pilot.press("2")
        await wait_for(pilot, lambda: app.screen.NAME == "names" and app.screen.rows.names, "the names")
        for group in ("profile", "values", "events", "constants"):
            await wait_for(pilot, lambda group=group: not app.screen.busy(group), group)
        return app.screen

    return SmdApp(open_services()), show


def shown(screen):
    return [screen.rows.names[row].name for row in screen.list.state.view]


async def test_filters_with_meaning(opened, wait_for):
    app, show = opened
    async with app.run_test(size=(100, 30)) as pilot:
        names = await show(pilot, app)
        expected = {name for name in names.facts.values.place if names.facts.values.changed(name)}
        await pilot.press("slash", *"changed", "enter")
        assert set(shown(names)) == expected and "lxt_vitara" in expected
        await pilot.press("slash", "space", *"lxt_*", "enter")
        assert shown(names) == ["lxt_vitara", "lxt_stage"]
        await pilot.press("escape", "slash", *"=sam_x", "enter")
        assert shown(names) == ["sam_x"]
        await pilot.press("escape", "slash", *"in profile", "enter")
        assert "sam_y" in shown(names) and "sam_x" not in shown(names)
        await pilot.press("escape", "slash", *"new since 12", "enter")
        await wait_for(pilot, lambda: not names.busy("before"), "the names of run 12")
        assert set(shown(names)) == {"lxt", "step_value", "step_docstring"}


async def test_what_is_lacking_is_one_key_away(opened):
    app, show = opened
    async with app.run_test(size=(100, 30)) as pilot:
        names = await show(pilot, app)
        assert "m lacking 1" in screen_text(app)
        await pilot.press("m")
        assert shown(names) == ["not_there"]
        assert "▲ per event" in screen_text(app)
        await pilot.press("w")
        assert "not_there" not in shown(names)


async def test_all_about_a_name_with_its_other_runs(opened, wait_for):
    app, show = opened
    async with app.run_test(size=(110, 34)) as pilot:
        await show(pilot, app)
        await pilot.press("slash", *"=lxt_vitara", "enter")
        text = screen_text(app)
        assert "LAS:TMO:VIT:FS_TGT_TIME   float64" in text and "8 values in 8 updates" in text and "▁" in text
        # as the others are read; nobody touches a key
        await wait_for(pilot, lambda: "in 3 of 3 runs read, since run 12" in screen_text(app), "other runs", 60)
        await pilot.press("i")
        assert "8 values in 8 updates" not in screen_text(app)


async def test_a_name_run_by_run(opened, wait_for):
    app, show = opened

    def three():
        return isinstance(app.screen, NameRunsScreen) and len(app.screen.rows) == 3

    async with app.run_test(size=(80, 24)) as pilot:
        await show(pilot, app)
        await pilot.press("slash", *"=lxt", "enter", "t")
        await wait_for(pilot, three, "three runs", 60)
        assert [(run, there) for run, there, _ in app.screen.rows] == [(16, False), (13, True), (12, False)]
        assert app.screen.rows[app.screen.list.state.row][0] == 13, "the cursor is on the run that was shown"
        await pilot.press("escape")
        await wait_for(pilot, lambda: app.screen.NAME == "names", "Names")
        await pilot.press("escape", "slash", *"=sample_name", "enter", "t")
        await wait_for(pilot, three, "three runs", 60)
        assert screen_text(app).count("LaB6 + Si(111)") >= 3
        await pilot.press("escape")
        await wait_for(pilot, lambda: app.screen.NAME == "names", "Names")


async def test_two_runs_side_by_side(opened, wait_for):
    app, show = opened
    async with app.run_test(size=(100, 30)) as pilot:
        await show(pilot, app)
        await pilot.press("c", "1", "2", "enter")
        await wait_for(pilot, lambda: isinstance(app.screen, CompareNamesScreen) and app.screen.rows, "the differences")
        text = screen_text(app)
        assert "from run 12 to run 13: 3 names appeared, 0 names vanished" in text and "+ appeared" in text
        await pilot.press("slash", *"step_v", "enter")
        assert len(app.screen.list.state.view) == 1
        await pilot.press("escape", "escape")
        await wait_for(pilot, lambda: app.screen.NAME == "names", "Names")

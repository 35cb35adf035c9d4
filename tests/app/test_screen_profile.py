"""The Profile screen on a synthetic experiment: parts, runs, forms, saving, checking."""

import pytest
from snapshot import check_snapshot, screen_text

from producer.run_ranges import RunRange
from smdtui.app import SmdApp
from smdtui.profile.document import ProfileDocument
from smdtui.profile.place import create, new_text, profiles
from smdtui.profile.timeline import Row, Timeline
from smdtui.screens.edit_form import run_within
from smdtui.screens.problems import ProblemsSheet
from smdtui.screens.profile_rows import ProfileState
from smdtui.screens.profile_saving import copy_path
from smdtui.screens.roi_form import RoiForm
from smdtui.services import Selection
from smdtui.widgets.confirm import Confirm
from smdtui.widgets.question import Question

TEXT = """format = 1
hutch = "tmo"
title = "test"

[epics]  # kept
per_event = ["sam_x"]

[runs.all.epix100_0]
sums = ["calib"]

[[runs.13.epix100_0.roi]]
name = "spot"
region = [[10, 20], [30, 40]]
"""


# -- the timeline, without a screen
def ranges(*texts):
    return tuple(RunRange.parse(text) for text in texts)


LINE = Timeline.of(
    [
        Row("epix", "roi", ranges("1-3", "5-")),
        Row("epix", "sums", ranges("all", "4")),
        Row("jf", "roi", ranges("2,3", "3")),
    ],
    [5, 1, 2, 3, 4, 9],
    4,
)


def test_a_bar_shows_sections_base_gaps_and_clashes_without_colour():
    assert [LINE.bar(row, 6) for row in LINE.rows] == ["███·▓▓", "░░░█░░", "·█!···"]
    assert LINE.rows[0].gaps(LINE.runs) == [4] and LINE.rows[1].gaps(LINE.runs) == []


def test_columns_hold_every_run_and_show_the_worst_of_each():
    many = Timeline.of([Row("a", "roi", ranges("1-50,52-"))], range(1, 101), 51)
    assert sorted(run for column in many.columns(10) for run in column) == list(range(1, 101))
    assert many.bar(many.rows[0], 10) == "█████·████"
    assert many.selected_column(10) == 5 and many.run_at(5, 10) == 51 and many.run_at(10, 10) is None


def test_few_runs_are_drawn_broader_and_can_be_clicked():
    assert LINE.cell_width(60) == 4 and len(LINE.bar(LINE.rows[0], 60)) == 24
    assert [LINE.run_at(column, 60) for column in (0, 3, 4, 23, 24)] == [1, 1, 2, 9, None]
    assert "▼4" in LINE.scale(60) and LINE.scale(60).startswith("1") and LINE.scale(60).endswith("9")


def test_stepping_stays_among_the_recorded_runs():
    assert LINE.step(1).selected == 5 and LINE.step(-1).selected == 3
    assert LINE.step(1).step(1).step(1).selected == 9
    assert Timeline.of((), (3, 7)).step(-1).selected == 7 and Timeline.of((), ()).step(1).selected is None


# -- where profiles are
class Place:
    def __init__(self, name, results):
        self.name, self.results = name, results


def test_the_first_profile_is_on_the_base_of_its_hutch(tmp_path):
    path = create(Place("xpplv2318", tmp_path))
    document = ProfileDocument.open(path)
    assert document.problems() == [] and document.value(("base",)) == "hutches/xpp.toml"
    assert (path.parent / "hutches" / "xpp.toml").is_file()
    with pytest.raises(FileExistsError):
        create(Place("xpplv2318", tmp_path))
    assert profiles(Place("xpplv2318", tmp_path)) == [path]
    assert "base" not in new_text(Place("zzz1", tmp_path))


def test_a_copy_never_has_the_name_of_a_file_that_is_there(tmp_path):
    first = copy_path(tmp_path / "xpp.toml", 1_800_000_000)
    first.write_text("")
    second = copy_path(tmp_path / "xpp.toml", 1_800_000_000)
    assert first.name == "xpp.mine-20270115-080000.toml" and second != first and not second.exists()


def test_what_is_shown_of_a_text_that_is_no_toml(tmp_path):
    (tmp_path / "p.toml").write_text(TEXT)
    good = ProfileState.of(ProfileDocument.open(tmp_path / "p.toml"), 13, [12, 13], ProfileState())
    document = ProfileDocument(tmp_path / "p.toml", TEXT + "x = [", None)
    bad = ProfileState.of(document, 13, [12, 13], good)
    assert not bad.readable and bad.errors == 1
    assert [p.title for p in bad.parts if p.kind not in ("problem",)][1:] == [p.title for p in good.parts]
    assert ProfileState.of(document, 13, [12, 13], bad).parts == bad.parts
    assert bad.head(True) == "run 13 (2 of 2)   * not saved   ✗ 1 error"


# -- on the screen
@pytest.fixture
def profile(tmp_path):
    folder = tmp_path / "results" / "profiles"
    folder.mkdir(parents=True)
    (folder / "test.toml").write_text(TEXT, encoding="utf-8")
    return folder / "test.toml"


@pytest.fixture
def opened(open_services, wait_for):
    async def show(pilot, app):
        app.services.select(run=13)
        await pilot.press("3")
        await wait_for(pilot, lambda: app.screen.NAME == "profile", "the screen")
        screen = app.screen
        await wait_for(pilot, lambda: screen.runs and not screen.busy("state"), "the runs and the parts")
        return screen

    return SmdApp(open_services()), show


def at(screen, title):
    """Put the cursor on the part of that title."""
    row = next(n for n, part in enumerate(screen.state.parts) if part.title == title)
    screen.parts.state = screen.parts.state.to(row)


async def test_parts_plan_and_timeline(opened, profile, wait_for):
    app, show = opened
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await show(pilot, app)
        at(screen, "roi spot")
        await pilot.pause()
        text = screen_text(app)
        assert "run 13 (2 of 3)" in text and "roi spot" in text and "[10:20, 30:40]" in text
        check_snapshot(app, "profile_80x24")
        await pilot.press("left_square_bracket")
        await wait_for(pilot, lambda: screen.state.run == 12, "run 12")
        await pilot.pause()
        assert "(not this run)" in screen_text(app) and app.services.selection.run == 12
        await pilot.press("p")
        await pilot.press("end")
        assert "sums[0]" in screen_text(app) and "epix100_0" in screen_text(app) and "line 9" in screen_text(app)
        await pilot.press("escape")
        assert not screen.has_class("-plan")


async def test_wide_windows_show_the_plan_beside(opened, profile, wait_for):
    app, show = opened
    async with app.run_test(size=(120, 36)) as pilot:
        await show(pilot, app)
        assert "per_event[0]" in screen_text(app)
        check_snapshot(app, "profile_120x36")


async def test_a_region_is_added_changed_removed_and_undone_by_keys(opened, profile, wait_for):
    app, show = opened
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await show(pilot, app)
        at(screen, "epix100_0")
        await pilot.press("a", "enter")
        await wait_for(pilot, lambda: isinstance(app.screen, RoiForm), "the form")
        form = app.screen
        await wait_for(pilot, lambda: form.draft.areas and form.draft.areas[0].shape, "the shapes of the run")
        rows = form.draft.areas[0].shape[0]
        assert form.view.focused_row.field.name == "axis_0"
        await pilot.press(*["backspace"] * 10)
        await pilot.press(*f"5:{rows + 1}")
        assert "outside the detector" in form.draft.problems["axis_0"]
        await pilot.press("ctrl+s")
        assert app.screen is form, "a region outside the detector is not accepted"
        await pilot.press(*["backspace"] * 10)
        await pilot.press(*"5:9", "ctrl+s")
        await wait_for(pilot, lambda: app.screen is screen and not screen.busy("state"), "the region")
        assert "roi ROI_0" in screen_text(app) and "[5:9, " in screen_text(app)
        assert screen.part.title == "roi ROI_0", "the cursor is on what was added"
        assert "test.toml*" in screen_text(app) and "* not saved" in screen_text(app)
        at(screen, "roi ROI_0")
        await pilot.press("enter")
        await wait_for(pilot, lambda: isinstance(app.screen, RoiForm), "the form")
        await wait_for(pilot, lambda: app.screen.draft.areas and app.screen.draft.areas[0].shape, "the shapes")
        app.screen.view.focus_field("name")
        await pilot.press("end", "b", "ctrl+s")
        await wait_for(pilot, lambda: any(p.title == "roi ROI_0b" for p in screen.state.parts), "the new name")
        at(screen, "roi ROI_0b")
        await pilot.press("d")
        await wait_for(pilot, lambda: not any("ROI_0" in p.title for p in screen.state.parts), "the removal")
        for _ in range(3):
            await pilot.press("u")
        assert app.services.document.text == TEXT
        await pilot.press("u")
        assert "Nothing to undo." in screen_text(app)
        await pilot.press("ctrl+r")
        assert "ROI_0" in app.services.document.text


async def test_the_form_of_a_region_shows_what_is_written(opened, profile, wait_for):
    region = '[[runs.12.epix100_0.roi]]\nname = "stripe"\nregion = [[1, 2], [3, 4]]\n'
    profile.write_text(TEXT + region + region.replace("12.", "13-.").replace("stripe", "ROI_0"))
    app, show = opened
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await show(pilot, app)

        async def form():
            await wait_for(pilot, lambda: isinstance(app.screen, RoiForm), "the form")
            await wait_for(pilot, lambda: app.screen.draft.areas and app.screen.draft.areas[0].shape, "the shapes")
            await pilot.pause()
            return app.screen

        def texts(sheet):
            rows = {row.field.name: row.text for row in sheet.view.rows}
            assert rows == {f.name: sheet.draft.form.text(f.name) for f in sheet.draft.form.fields}
            return rows["runs"], rows["name"]

        at(screen, "roi stripe")
        await pilot.press("enter")
        sheet = await form()
        assert texts(sheet) == ("12", "stripe")
        await pilot.press("escape")
        row = next(n for n, p in enumerate(screen.state.parts) if p.path[:2] == ("runs", "13-"))
        screen.parts.state = screen.parts.state.to(row)
        await pilot.press("a", "enter")
        sheet = await form()
        assert texts(sheet) == ("13-", "ROI_1")
        sheet.view.focus_field("runs")
        await pilot.press("ctrl+u", *"12", "ctrl+s")
        await wait_for(pilot, lambda: app.screen is screen and not screen.busy("state"), "the region")
        assert app.services.document.value(("runs", "12", "epix100_0", "roi", 1))["name"] == "ROI_1"


def test_the_help_has_a_line_for_each_key():
    from smdtui.widgets.help import help_text

    keys = [line.split()[0] for line in help_text(("profile",)).splitlines() if line.startswith("  ")]
    assert all(keys.count(key) == 1 for key in "[]<>{}"), keys


def test_the_proposed_name_follows_the_detector_until_one_is_typed():
    from smdtui.profile.roi_draft import Area, RoiDraft

    draft = RoiDraft.new([Area("a", (4,)), Area("b", (5,))], "all", "a", taken=[("7", "a", "ROI_0")])
    assert draft.name == "ROI_1" and draft.set("detector", "b").name == "ROI_0"
    assert draft.set("detector", "b").set("detector", "a").name == "ROI_1"
    assert draft.set("name", "mine").set("detector", "b").name == "mine"


async def test_a_pv_is_added_and_compared_with_the_run(opened, profile, wait_for):
    app, show = opened
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await show(pilot, app)
        at(screen, "sam_x")
        await pilot.press("a")
        await wait_for(pilot, lambda: getattr(app.screen, "draft", None) is not None, "the form")
        form = app.screen
        await wait_for(pilot, lambda: bool(form.draft.known), "the names")
        await pilot.press(*"sam_zz")
        assert form.draft.remarks["pv"] == "not in this run; did you mean sam_z?"
        await pilot.press("backspace", "tab", *"[/x]", "ctrl+s")
        assert app.screen is form and "alias" in form.draft.problems, "a '/' would make a group"
        await pilot.press(*["backspace"] * 4, *"height", "ctrl+s")
        await wait_for(pilot, lambda: app.screen is screen, "the PV")
        assert app.services.document.value(("epics", "per_event", 1)) == {"pv": "sam_z", "alias": "height"}


async def test_saving_keeps_the_version_before(opened, profile, wait_for):
    app, show = opened
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await show(pilot, app)
        at(screen, "every EPICS PV")
        await pilot.press("enter", "w")
        assert "Saved test.toml" in screen_text(app)
        assert "all = true" in profile.read_text() and "# kept" in profile.read_text()
        assert [v.text() for v in app.services.document.history()] == [TEXT]
        await pilot.press("w")
        assert "nothing to save" in screen_text(app)


@pytest.mark.parametrize(
    "answer, mine, theirs", [(0, None, True), (2, "copy", True), (3, "copy", True), (4, "file", False)]
)
async def test_a_change_from_outside_loses_nothing(opened, profile, wait_for, answer, mine, theirs):
    app, show = opened
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await show(pilot, app)
        at(screen, "every EPICS PV")
        await pilot.press("enter")
        edited = app.services.document.text
        profile.write_text(TEXT + "# theirs\n")
        await pilot.press("w")
        await wait_for(pilot, lambda: isinstance(app.screen, Question), "the question")
        await pilot.press(*["down"] * answer, "enter")
        await wait_for(pilot, lambda: app.screen is screen and not screen.busy("state"), "the screen")
        copies = list(profile.parent.glob("test.mine-*.toml"))
        assert [c.read_text() for c in copies] == ([edited] if mine == "copy" else [])
        assert ("# theirs" in profile.read_text()) is theirs
        here = app.services.document
        if mine is None:
            assert here.text == edited and here.unsaved
        elif mine == "file":
            assert profile.read_text() == edited and "# theirs" in here.history()[0].text()
        else:
            assert here.path == (profile if answer == 2 else copies[0]) and not here.unsaved
            assert here.text == (TEXT + "# theirs\n" if answer == 2 else edited)


async def test_a_change_from_outside_is_said_by_itself(opened, profile, wait_for, monkeypatch):
    monkeypatch.setattr("smdtui.screens.profile.DISK_SECONDS", 0.05)
    app, show = opened
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await show(pilot, app)
        theirs = TEXT.replace("spot", "theirs")
        profile.write_text(theirs)
        await wait_for(pilot, lambda: app.services.document.text == theirs, "the new text")
        assert app.services.document.text == theirs and not app.services.document.unsaved
        assert "test.toml was changed by somebody else and read again." in screen_text(app)
        at(screen, "every EPICS PV")
        await pilot.press("enter")
        mine = app.services.document.text
        profile.write_text(TEXT)
        await wait_for(pilot, lambda: "w shows the choices" in screen_text(app), "the warning")
        assert app.services.document.text == mine and app.services.document.unsaved
        await pilot.press("w")
        await wait_for(pilot, lambda: isinstance(app.screen, Question), "the choices")


async def test_quitting_with_changes_asks_and_keeps_them(opened, profile, wait_for):
    app, show = opened
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await show(pilot, app)
        at(screen, "every EPICS PV")
        await pilot.press("enter", "ctrl+q")
        await wait_for(pilot, lambda: isinstance(app.screen, Confirm), "the question")
        await pilot.press("enter")
        assert app.screen is screen and app.services.document.unsaved and app.is_running


async def test_without_a_profile_one_is_offered(opened, wait_for):
    app, show = opened
    async with app.run_test(size=(80, 24)) as pilot:
        await show(pilot, app)
        assert "Press n to make one, on the base of hutch tmo" in screen_text(app)
        await pilot.press("a")
        await pilot.press("n")
        screen = app.screen
        await wait_for(pilot, lambda: screen.state.parts, "the parts")
        path = app.services.selection.profile
        assert path.is_file() and not app.services.document.unsaved and screen.state.problems == ()


async def test_the_text_is_edited_and_its_mistakes_are_listed(opened, profile, wait_for):
    app, show = opened
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await show(pilot, app)
        at(screen, "roi spot")
        await pilot.press("t")
        assert screen.text_area.cursor_location[0] == 10
        await pilot.press("down", "end", "enter", *"tresh = 1")
        await wait_for(pilot, lambda: bool(screen.state.problems), "the problem")
        assert "✗ 1 error" in screen_text(app)
        await pilot.press("escape")
        at(screen, "line 13")
        await pilot.pause()
        assert "unknown key 'tresh'" in screen_text(app)
        await pilot.press("enter")
        assert screen.has_class("-text") and screen.text_area.cursor_location[0] == 12
        await pilot.press("escape", "u")
        await wait_for(pilot, lambda: not screen.state.problems, "the undo")
        assert app.services.document.text == TEXT


async def test_check_lists_everything_and_goes_to_the_place(opened, profile, wait_for):
    app, show = opened
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await show(pilot, app)
        document = app.services.document
        document.add_pv("sam_zz")
        document.set_roi("13", "epix100_0", "spot", [[0, 10], [0, 5000]])
        screen.changed_profile()
        await pilot.press("c")
        await wait_for(pilot, lambda: isinstance(app.screen, ProblemsSheet), "the check against the run", timeout=90)
        sheet = app.screen
        found = "\n".join(p.message + p.suggestion for p in sheet.problems)
        assert "sam_zz" in found and "sam_z" in found and "spot" in found and "5000" in found
        assert {p.file for p in sheet.problems if p.line} == {str(profile)}
        assert list(profile.parent.glob(".*check*")) == []
        wrong = next(n for n, p in enumerate(sheet.problems) if "spot" in p.message)
        await pilot.press(*["down"] * wrong, "enter")
        await wait_for(pilot, lambda: app.screen is screen, "the screen")
        assert screen.part.title == "roi spot"
        assert profile.read_text() == TEXT


async def test_the_profile_may_be_gone(opened, profile, wait_for):
    app, _ = opened
    app.services.selection = Selection(run=13, profile=profile.with_name("gone.toml"))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("3")
        await wait_for(pilot, lambda: app.screen.NAME == "profile" and app.screen.runs, "the screen")
        assert "cannot be opened" in screen_text(app) and "gone.toml" in screen_text(app)


def test_the_names_of_a_run_within_the_range_are_asked(written):
    from producer.synthetic import EXPERIMENT, hutch

    directory = written / hutch(EXPERIMENT) / EXPERIMENT / "xtc"
    assert run_within(directory, "13", 16) == 13 and run_within(directory, "12-", 16) == 16
    assert run_within(directory, "99-", 16) == 16 and run_within(directory, "wrong", None) is None


async def test_the_editor_changes_the_buffer_and_not_the_file(opened, profile, wait_for, monkeypatch, tmp_path):
    script = tmp_path / "editor"
    script.write_text('#!/bin/sh\necho "# by hand" >> "$1"\n')
    script.chmod(0o755)
    monkeypatch.setenv("VISUAL", str(script))
    monkeypatch.setattr("smdtui.app.SmdApp.suspend", lambda self: _nothing())  # Pilot has no terminal to leave
    app, show = opened
    async with app.run_test(size=(80, 24)) as pilot:
        await show(pilot, app)
        await pilot.press("e")
        assert app.services.document.text == TEXT + "# by hand\n" and profile.read_text() == TEXT
        script.write_text("#!/bin/sh\nexit 3\n")
        await pilot.press("e")
        assert "ended with status 3; nothing was taken over" in screen_text(app)


def _nothing():
    import contextlib

    return contextlib.nullcontext()

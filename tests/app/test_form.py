"""Forms made from parameter classes, without and with a screen."""

from dataclasses import dataclass
from typing import Annotated, Optional

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual.app import App
from textual.widgets import Input

from producer.analysis import roi
from producer.parameters import Meta
from smdtui.profile.form import Field, Form, as_text, fields_of, reader
from smdtui.profile.roi_draft import Area, RoiDraft, areas, edges
from smdtui.widgets.form import FormSheet


@dataclass(frozen=True)
class Photon:
    threshold: Annotated[float, Meta("below is no photon", unit="keV", minimum=0, maximum=30)]
    order: Annotated[int, Meta("neighbours")] = 1
    method: Annotated[str, Meta("how", choices=("fast", "exact"))] = "fast"
    names: Annotated[tuple[str, ...], Meta("which")] = ()
    gain: Annotated[Optional[float], Meta("of the tube")] = None
    save: Annotated[bool, Meta("the image too")] = False


FORM = Form.of(fields_of(Photon), check=reader(Photon))


def test_fields_come_from_the_parameters_class():
    by_name = {f.name: f for f in FORM.fields}
    assert [f.kind for f in FORM.fields] == ["number", "integer", "choice", "list", "number", "boolean"]
    assert by_name["threshold"].required and by_name["threshold"].explanation == "below is no photon [keV]"
    assert by_name["threshold"].hint == "0 to 30" and by_name["order"].hint == "1"
    assert by_name["method"].choices == ("fast", "exact")


def test_only_what_was_typed_is_a_value():
    assert FORM.set("threshold", "5").values == {"threshold": 5, "method": "fast"}
    typed = FORM.set("threshold", "5.5").set("names", "a, b").set("save", "true").set("gain", "")
    assert typed.values == {"threshold": 5.5, "method": "fast", "names": ["a", "b"], "save": True}
    assert typed.problems == {}


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("threshold", "", "needs a value"),
        ("threshold", "high", "'high' is not a number"),
        ("threshold", "31", "must be at most 30 keV"),
        ("order", "1.5", "'1.5' is not a whole number"),
        ("method", "exakt", "no 'exakt' here, did you mean 'exact'?"),
        ("names", "[1, 2", "cannot be read"),
        ("gain", "nan", "finite"),
    ],
)
def test_wrong_text_is_said_in_words(name, text, said):
    problems = FORM.set("threshold", "5").set(name, text).problems
    assert list(problems) == [name]
    assert said in problems[name]


@given(st.lists(st.one_of(st.integers(), st.text(), st.booleans(), st.floats(allow_nan=False, allow_infinity=False))))
def test_a_shown_list_reads_back(values):
    values = [v for v in values if not isinstance(v, str) or v.isprintable()]
    assert Field("x", kind="value").parse(as_text(values)) == values


@given(st.integers(0, 2000), st.integers(0, 2000), st.integers(1, 1000))
def test_edges_are_accepted_exactly_inside_the_axis(start, end, length):
    inside = start < end <= length
    try:
        assert edges(f"{start}:{end}", length) == (start, end) and inside
    except ValueError:
        assert not inside


def test_open_edges_mean_the_axis_end():
    assert edges(":", 512) == (0, 512) and edges("10:", 512) == (10, 512) and edges(":20", 512) == (0, 20)
    with pytest.raises(ValueError, match="length of this axis is not known"):
        edges("10:", None)


JUNGFRAU, EPIX, ODD = Area("jungfrau", (2, 512, 1024)), Area("epix_1", (704, 768)), Area("odd")


def test_a_region_is_prefilled_with_the_detector():
    draft = RoiDraft.new([JUNGFRAU, EPIX], runs="21-", taken=[("all", "jungfrau", "ROI_0")])
    assert draft.region == [[0, 2], [0, 512], [0, 1024]]
    assert (draft.runs, draft.detector, draft.name, draft.problems) == ("21-", "jungfrau", "ROI_1", {})
    other = draft.set("name", "spot").set("detector", "epix_1")
    assert other.region == [[0, 704], [0, 768]] and other.name == "spot"


def test_a_region_outside_the_detector_is_said_while_typing():
    draft = RoiDraft.new([EPIX]).set("axis_1", "700:800")
    assert draft.problems == {"axis_1": "outside the detector: this axis has 768, end is 800"}
    assert draft.set("axis_1", "700:768").problems == {}


def test_a_region_that_is_taken_and_a_bad_range_are_both_said():
    draft = RoiDraft.new([EPIX], runs="all", taken=[("all", "epix_1", "ROI_0")]).set("name", "ROI_0")
    assert "has a region of this name" in draft.problems["name"]
    assert set(draft.set("runs", "21-7").problems) == {"runs"}


def test_unknown_shape_and_existing_values():
    values = {"name": "spot", "region": [[1, 5], [2, 6]], "threshold": 3.0, "save_pixels": True}
    draft = RoiDraft.new([ODD], detector="odd", values=values)
    assert draft.region == [[1, 5], [2, 6]] and draft.parameters == {"threshold": 3, "save_pixels": True}
    gone = RoiDraft.new([EPIX], detector="not_in_run", values=values)
    assert gone.detector == "not_in_run" and gone.problems == {}


def test_parameters_of_a_region_are_those_of_the_analysis():
    names = {f.name for f in fields_of(roi.Parameters)}
    assert {"threshold", "save_pixels"} <= names
    assert names <= {f.name for f in RoiDraft.new([EPIX]).form.fields} | {"region"}


def test_areas_are_the_detectors_with_axes():
    names = {
        "detectors": [
            {"name": "gmd", "shape": []},
            {"name": "opal", "shape": [1024, 1024]},
            {"name": "jf", "shape": [2, 8, 8]},
            {"name": "q", "shape": None},
        ]
    }
    assert [a.name for a in areas(names)] == ["jf", "opal", "q"]


# -- on a screen


class SheetApp(App[None]):
    def __init__(self, draft):
        super().__init__()
        self.draft, self.outcome = draft, "open"

    def on_mount(self):
        self.push_screen(FormSheet("Region", self.draft), lambda outcome: setattr(self, "outcome", outcome))


async def test_typing_validates_and_enter_goes_to_the_end():
    app = SheetApp(RoiDraft.new([JUNGFRAU, EPIX]))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        view = app.screen.view
        view.focus_field("axis_2")
        await pilot.press("end", "9")
        await pilot.pause()
        assert "outside the detector" in view.problems["axis_2"]
        await pilot.press("ctrl+s")
        assert app.outcome == "open"  # not accepted while it is wrong
        await pilot.press("end", "backspace", "ctrl+s")
        await pilot.pause()
    assert app.outcome.region == [[0, 2], [0, 512], [0, 1024]]


async def test_another_detector_changes_the_axes():
    app = SheetApp(RoiDraft.new([JUNGFRAU, EPIX]))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        app.screen.view.focus_field("detector")
        await pilot.press("enter", "down", "enter")
        await pilot.pause()
        names = [row.field.name for row in app.screen.view.rows]
        assert "axis_1" in names and "axis_2" not in names
        assert app.screen.draft.detector == "epix_1"
        await pilot.press("escape")
        await pilot.pause()
    assert app.outcome is None


async def test_enter_in_the_last_field_accepts_and_arrows_move():
    fields = (Field("pv", required=True), Field("alias"))
    app = SheetApp(_Plain(Form.of(fields)))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        await pilot.press(*"[/x]", "down", *"b", "enter")
        await pilot.pause()
    assert app.outcome.form.values == {"pv": "[/x]", "alias": "b"}


@dataclass(frozen=True)
class _Plain:
    form: Form

    @property
    def problems(self):
        return self.form.problems

    def set(self, name, text):
        return _Plain(self.form.set(name, text))


async def test_every_row_fits_80_columns():
    app = SheetApp(RoiDraft.new([JUNGFRAU]))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        for row in app.screen.view.rows:
            assert row.region.right <= 79 and row.region.bottom <= 23
            assert isinstance(row.control, Input) is (row.field.kind not in ("choice", "boolean"))

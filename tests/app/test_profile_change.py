"""Forms applied to a profile: what changes, what does not, one step of undo each."""

import pytest

from producer.plan import effective
from smdtui.profile.change import put_entry, put_pv, put_roi, remove, toggle_all_pvs
from smdtui.profile.document import EditFailed, ProfileDocument
from smdtui.profile.entry_draft import EntryDraft
from smdtui.profile.outline import nearest_row, parts, plan_rows, problem_parts, timeline
from smdtui.profile.pv_draft import PvDraft
from smdtui.profile.roi_draft import Area, RoiDraft

TEXT = """format = 1
hutch = "xpp"
base = "base.toml"

[epics]  # keep this remark
per_event = ["s1h_w", { pv = "XPP:USR:MMS:01.RBV", alias = "sam_x" }]

[[analog_input]]
channel = 1
name = "laser"

[runs.all.epix_1]
sums = ["calib"]

[[runs.1-20.jungfrau1M.roi]]
name = "ROI_0"
region = [[1, 2], [157, 487], [294, 598]]
save_pixels = true
"""
BASE = 'format = 1\n[timetool]\ndetector = "opal"\n[runs.all.jungfrau1M]\nsums = ["calib"]\n'
JUNGFRAU, EPIX = Area("jungfrau1M", (2, 512, 1024)), Area("epix_1", (704, 768))


@pytest.fixture
def document(tmp_path):
    (tmp_path / "base.toml").write_text(BASE)
    path = tmp_path / "xpp.toml"
    path.write_text(TEXT)
    return ProfileDocument.open(path)


def rows(document, run=14):
    return parts(document.profile(), run)


def find(document, title, kind=None):
    return next(p for p in rows(document) if p.title == title and kind in (None, p.kind))


def test_rows_say_what_there_is_and_from_where(document):
    shown = {(p.title, p.kind): p for p in rows(document)}
    assert shown["s1h_w", "pv"].origin.line == 6
    assert shown["XPP:USR:MMS:01.RBV", "pv"].value == "sam_x"
    assert shown["time tool", "setting"].value == "detector opal" and not shown["time tool", "setting"].own
    assert shown["laser", "setting"].value == "channel 1"
    assert shown["roi ROI_0", "function"].value == "[1:2, 157:487, 294:598]  save pixels"
    assert shown["runs 1-20", "range"].used
    assert not next(p for p in rows(document, 21) if p.title == "runs 1-20").used


def test_a_pv_is_added_changed_moved_and_removed(document):
    put_pv(document, PvDraft.new("LAS:X", "delay"))
    assert find(document, "LAS:X").value == "delay"
    put_pv(document, PvDraft.new("LAS:X", "lxt"), find(document, "LAS:X"))
    assert find(document, "LAS:X").value == "lxt"
    put_pv(document, PvDraft.new("LAS:X", "lxt", per_event=False), find(document, "LAS:X"))
    assert find(document, "LAS:X").path[:2] == ("epics", "once")
    remove(document, find(document, "LAS:X"))
    assert "LAS:X" not in document.text and "# keep this remark" in document.text
    for _ in range(4):
        assert document.undo()
    assert document.text == TEXT and not document.can_undo


def test_a_region_is_added_and_only_its_lines_are_new(document):
    put_roi(document, RoiDraft.new([JUNGFRAU, EPIX], runs="21-", detector="epix_1").set("axis_0", "10:20"))
    assert find(document, "roi ROI_0", "function").path[1] == "1-20"
    added = next(p for p in rows(document, 25) if p.path[:3] == ("runs", "21-", "epix_1") and p.kind == "function")
    assert added.data.region == ((10, 20), (0, 768))
    assert document.undo() and document.text == TEXT


def test_a_region_changes_its_name_edges_and_place(document):
    part = find(document, "roi ROI_0")
    values = {"name": "ROI_0", "region": part.data.region, "save_pixels": True}
    draft = RoiDraft.new([JUNGFRAU], "1-20", "jungfrau1M", values).set("name", "spot").set("axis_0", "0:1")
    put_roi(document, draft.set("save_pixels", "false"), part)
    part = find(document, "roi spot")
    assert part.data.region[0] == (0, 1) and not part.data.save_pixels
    put_roi(document, draft.set("runs", "1-10"), part)
    assert find(document, "roi spot").path[1] == "1-10" and "1-20" not in document.text
    assert document.undo() and document.undo() and document.text == TEXT


def test_sums_and_sections(document):
    part = find(document, "sums")
    put_entry(
        document,
        EntryDraft.function("sums", ["epix_1"], "all", "epix_1", part.data).set("algorithms", "calib, calib_max"),
        part,
    )
    assert document.value(("runs", "all", "epix_1", "sums")) == ["calib", "calib_max"]
    put_entry(document, EntryDraft.function("sums", ["epix_1"], "21-", "epix_1").set("algorithms", "calib"))
    assert document.value(("runs", "21-", "epix_1", "sums")) == ["calib"]
    put_entry(document, EntryDraft.section("analog_input").set("channel", "2").set("name", "diode"))
    assert [p.title for p in rows(document) if p.path[:1] == ("analog_input",)] == ["analog inputs", "laser", "diode"]
    part = find(document, "diode")
    put_entry(document, EntryDraft.section("analog_input", part.data).set("scale", "2.5"), part)
    assert find(document, "diode").value.startswith("channel 2  scale 2.5")
    put_entry(
        document,
        EntryDraft.section("timetool", find(document, "time tool").data).set("traces", "true"),
        find(document, "time tool"),
    )
    assert document.value(("timetool",)) == {"traces": True}
    part = find(document, "time tool")
    assert part.value == "detector opal  traces" and part.own
    put_entry(document, EntryDraft.section("timetool", part.data).set("detector", "x").set("traces", "false"), part)
    assert document.value(("timetool",)) == {"traces": False, "detector": "x"}
    assert document.problems() == []


def test_an_edit_that_would_make_an_error_is_refused_and_changes_nothing(document):
    draft = RoiDraft.new([JUNGFRAU], "15-", "jungfrau1M")
    with pytest.raises(EditFailed, match=r"runs 15-20 of jungfrau1M\.roi are also claimed by"):
        put_roi(document, draft)
    again = EntryDraft.function("sums", ["epix_1"], "all", "epix_1").set("algorithms", "calib_max")
    with pytest.raises(EditFailed, match="epix_1 has sums for these runs already"):
        put_entry(document, again)
    assert document.text == TEXT and not document.can_undo
    document.text = TEXT.replace("[runs.all.epix_1]", "[runs.all.epix_1]\nsumms = 1")
    put_pv(document, PvDraft.new("NEW:PV"))  # what was wrong before does not stand in the way
    assert "NEW:PV" in document.text


def test_an_entry_that_is_wrong_is_said(document):
    draft = EntryDraft.function("sums", ["epix_1"], "21-7").set("algorithms", "calibb")
    assert set(draft.problems) == {"runs", "algorithms"} and "calib" in draft.problems["algorithms"]
    assert EntryDraft.section("analog_input").set("channel", "16").problems.keys() == {"channel", "name"}


def test_what_the_base_says_is_not_removed_here(document):
    base_sums = next(p for p in rows(document) if p.kind == "function" and not p.own)
    with pytest.raises(EditFailed, match=r"base\.toml"):
        remove(document, base_sums)
    assert document.text == TEXT


def test_all_pvs_is_turned_on_and_off(document):
    toggle_all_pvs(document, find(document, "every EPICS PV"))
    assert find(document, "every EPICS PV").value == "yes"
    toggle_all_pvs(document, find(document, "every EPICS PV"))
    assert find(document, "every EPICS PV").value == "no"


def test_a_taken_name_is_refused_while_typing():
    draft = PvDraft.new("A:B", "x", known=["A:B", "XPP:USR:MMS:01.RBV"], taken=["sam_x"])
    assert draft.problems == {} and draft.remarks == {}
    assert "already called 'sam_x'" in draft.set("alias", "sam_x").problems["alias"]
    assert draft.set("pv", "XPP:USR:MMS:02.RBV").remarks["pv"].endswith("did you mean XPP:USR:MMS:01.RBV?")


def test_plan_rows_name_the_origin(document):
    found = {r.key: r for r in plan_rows(effective(document.profile(), 14))}
    file = str(document.path)
    assert found["detectors.jungfrau1M.roi[0].save_pixels"].origin_text(file) == "line 18"
    assert found["timetool.detector"].origin_text(file) == "base.toml:3"
    assert found["xtcav.enabled"].origin_text(file) == "default"
    assert found["epics.per_event[1]"].value == "{ pv = 'XPP:USR:MMS:01.RBV', alias = 'sam_x' }"
    titles = [r.title for r in plan_rows(effective(document.profile(), 14))]
    assert titles[titles.index("jungfrau1M roi[0]") + 1] == "  name"
    assert "xtcav.enabled" not in {r.key for r in plan_rows(effective(document.profile(), 14), defaults=False)}


def test_the_cursor_finds_its_row_again(document):
    before = rows(document)
    at = next(n for n, p in enumerate(before) if p.kind == "function" and "ROI" in p.title)
    put_pv(document, PvDraft.new("NEW:PV"))
    after = rows(document)
    assert after[nearest_row(before, at, after)].title == before[at].title
    assert nearest_row((), 3, after) == 0


def test_problem_rows_and_timeline(document):
    document.text = document.text.replace("save_pixels", "save_pixel")
    profile, problems = document.check()
    shown = problem_parts(problems)
    assert [p.kind for p in shown] == ["head", "problem"] and shown[1].title == "line 18"
    assert problem_parts([]) == ()
    line = timeline(profile, [3, 7, 25], 7)
    assert {row.title for row in line.rows} >= {"epix_1 sums"}
    assert timeline(None, [1], None).rows == ()

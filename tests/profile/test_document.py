"""Editing a profile as the screens do, and saving it so that nothing is lost."""

import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import tomllib
from hypothesis import given, settings
from hypothesis import strategies as st

from producer.plan import effective, load
from smdtui.profile.document import ChangedOnDisk, EditFailed, ProfileDocument, SaveFailed

TEXT = """\
format = 1

[epics] # motors
per_event = ["s1h_w"]

[runs.1-20.epix_1]
sums = ["calib"]
"""


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "lv2318.toml"
    path.write_text(TEXT)
    return path


def test_pvs_are_added_renamed_and_removed(path):
    document = ProfileDocument.open(path)
    assert document.add_pv("XPP:USR:MMS:01.RBV", "sam_x")
    assert not document.add_pv("XPP:USR:MMS:01.RBV", "sam_x")
    assert document.add_pvs([("a", ""), ("b", "b"), ("s1h_w", "")]) == 2
    assert document.add_pv("gas", per_event=False)
    document.rename_pv("s1h_w", "slit")
    document.remove_pv("sam_x")
    assert tomllib.loads(document.text)["epics"] == {
        "per_event": [{"pv": "s1h_w", "alias": "slit"}, "a", "b"],
        "once": ["gas"],
    }
    assert "[epics] # motors" in document.text
    assert document.problems() == []
    document.rename_pv("slit", "")
    assert document.value(("epics", "per_event", 0)) == "s1h_w"


def test_two_pvs_do_not_get_one_name(path):
    document = ProfileDocument.open(path)
    with pytest.raises(EditFailed, match="give it another alias"):
        document.add_pvs([("fine", ""), ("other", "s1h_w")])
    assert document.text == TEXT
    with pytest.raises(EditFailed, match="no PV 'nowhere'"):
        document.remove_pv("nowhere")


@pytest.mark.parametrize("text", ["format = 1\n", "format = 1\n[epics]\n", "format = 1\nepics.all = false\n"])
def test_the_first_pv(tmp_path, text):
    (tmp_path / "p.toml").write_text(text)
    document = ProfileDocument.open(tmp_path / "p.toml")
    document.add_pv("X:Y", "x")
    assert document.value(("epics", "per_event")) == [{"pv": "X:Y", "alias": "x"}]
    assert document.problems() == []


def test_a_frozen_plan_with_its_pvs_as_tables_can_be_edited(tmp_path):
    (tmp_path / "p.toml").write_text('format = 1\n[[epics.per_event]]\npv = "A"\nalias = "a"\n')
    document = ProfileDocument.open(tmp_path / "p.toml")
    document.add_pv("B")
    document.rename_pv("a", "c")
    assert document.value(("epics", "per_event")) == [{"pv": "A", "alias": "c"}, {"pv": "B"}]


def test_the_pvs_of_the_base_are_not_lost_with_the_first_own_one(tmp_path):
    (tmp_path / "base.toml").write_text('format = 1\n[epics]\nper_event = ["one", {pv = "T", alias = "two"}]\n')
    (tmp_path / "own.toml").write_text('format = 1\nbase = "base.toml"\n')
    document = ProfileDocument.open(tmp_path / "own.toml")
    document.add_pv("three")
    plan = effective(document.profile(), 1)
    assert [pv.name for pv in plan.epics.per_event] == ["one", "two", "three"]
    document = ProfileDocument.open(tmp_path / "own.toml")
    document.remove_pv("two")
    assert [pv.name for pv in effective(document.profile(), 1).epics.per_event] == ["one"]


def test_regions_are_added_changed_renamed_and_removed(path):
    document = ProfileDocument.open(path)
    document.set_roi("1-20", "epix_1", "ring", [[0, 2], [3, 9]], save_pixels=True)
    document.set_roi("21-", "epix_1", "ring", [[0, 2], [3, 9]], threshold=2.5)
    document.set_roi("21-", "epix_1", "ring", [[0, 4], [3, 9]])
    document.set_roi("21-", "epix_1", "spot")
    entries = document.value(("runs", "21-", "epix_1", "roi"))
    assert entries == [{"name": "ring", "region": [[0, 4], [3, 9]], "threshold": 2.5}, {"name": "spot"}]
    document.set_roi("21-", "epix_1", "ring", threshold=None)
    document.rename_roi("21-", "epix_1", "spot", "dot")
    document.remove_roi("1-20", "epix_1", "ring")
    assert document.problems() == []
    profile = document.profile()
    assert "roi" not in effective(profile, 20).detectors["epix_1"]
    ring, dot = effective(profile, 21).detectors["epix_1"]["roi"]
    assert (ring.name, ring.region, ring.threshold, dot.name) == ("ring", ((0, 4), (3, 9)), None, "dot")
    with pytest.raises(EditFailed, match="has no 'rign', only ring, dot"):
        document.remove_roi("21-", "epix_1", "rign")


def test_a_range_written_otherwise_is_the_same_section(path):
    document = ProfileDocument.open(path)
    document.set_sums("1-10,11-20", "epix_1", ["calib_max"])
    assert document.value(("runs", "1-20", "epix_1", "sums")) == ["calib_max"]
    document.set_sums("1-20", "epix_1", [])
    assert document.value(("runs", "1-20", "epix_1", "sums")) is None


def test_undo_and_redo(path):
    document = ProfileDocument.open(path)
    assert not document.undo()
    document.add_pv("a")
    one = document.text
    document.add_pv("b")
    two = document.text
    assert document.undo()
    assert document.text == one
    assert document.undo()
    assert document.text == TEXT
    assert not document.unsaved
    assert document.redo()
    assert document.redo()
    assert document.text == two
    document.undo()
    document.text = "format = 1\n"
    assert not document.can_redo


def test_a_broken_text_can_be_opened_and_only_edited_as_text(path):
    path.write_text("format = \n")
    document = ProfileDocument.open(path)
    with pytest.raises(EditFailed, match="mend the text first"):
        document.add_pv("a")
    assert [p.line for p in document.problems()] == [1]
    document.text = TEXT
    assert document.problems() == []


@given(st.sampled_from(["\n", "\r\n"]), st.booleans(), st.sampled_from(["", "# ä\n", "\n\n"]))
@settings(deadline=None)
def test_saving_writes_the_text_byte_for_byte(tmp_path_factory, newline, last, before):
    path = tmp_path_factory.mktemp("p") / "p.toml"
    data = (before + TEXT).replace("\n", newline).encode()
    data = data if last else data.rstrip()
    path.write_bytes(data)
    document = ProfileDocument.open(path)
    document.save("me")
    assert path.read_bytes() == data
    document.add_pv("new")
    document.save("me", "why")
    assert path.read_bytes() == data.replace(b'["s1h_w"]', b'["s1h_w", "new"]')


def test_each_version_is_kept_with_who_and_why(path):
    document = ProfileDocument.open(path)
    for i in range(3):
        document.add_pv(f"pv{i}")
        document.save("ops", f"step {i}")
    assert not document.unsaved
    history = document.history()
    assert [(v.who, v.why) for v in history] == [("ops", "step 2"), ("ops", "step 1"), ("ops", "step 0")]
    assert history[-1].text() == TEXT
    document.restore(history[-1])
    document.save("ops", "back")
    assert path.read_text() == TEXT
    log = (path.parent / ".history" / "lv2318.jsonl").read_text().splitlines()
    assert len([json.loads(line) for line in log]) == 4


def test_a_change_from_outside_is_never_overwritten(path):
    mine, theirs = ProfileDocument.open(path), ProfileDocument.open(path)
    theirs.add_pv("theirs")
    theirs.save("other")
    mine.add_pv("mine")
    assert mine.on_disk() == theirs.text
    with pytest.raises(ChangedOnDisk) as refused:
        mine.save("me")
    assert refused.value.theirs == theirs.text == path.read_text()
    assert "mine" in mine.text
    mine.save("me", "after looking", overwrite=True)
    assert path.read_text() == mine.text
    assert mine.history()[0].text() == theirs.text


def test_of_two_that_save_at_once_one_is_told(path):
    documents = [ProfileDocument.open(path) for _ in range(8)]
    outcome = []

    def save(number, document):
        document.add_pv(f"pv{number}")
        try:
            document.save(str(number))
            outcome.append("saved")
        except ChangedOnDisk:
            outcome.append("told")

    threads = [threading.Thread(target=save, args=item) for item in enumerate(documents)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcome) == ["saved"] + ["told"] * 7
    load(path)


def test_a_file_that_was_deleted_is_not_made_again_unasked(path):
    document = ProfileDocument.open(path)
    document.add_pv("a")
    path.unlink()
    with pytest.raises(ChangedOnDisk, match="was deleted"):
        document.save("me")
    document.save("me", overwrite=True)
    assert path.read_text() == document.text


def test_a_new_profile(tmp_path):
    path = tmp_path / "profiles" / "new.toml"
    document = ProfileDocument.new(path, "xpp", "lv2318: films")
    document.add_pv("a")
    assert not path.exists()
    document.save("me")
    profile = load(path)
    assert (profile.hutch, profile.title) == ("xpp", "lv2318: films")
    again = ProfileDocument.new(path, "xpp", "other")
    with pytest.raises(ChangedOnDisk):
        again.save("me")


def test_mode_and_link_are_kept(path):
    path.chmod(0o664)
    link = path.with_name("current.toml")
    link.symlink_to(path.name)
    document = ProfileDocument.open(link)
    document.add_pv("a")
    document.save("me")
    assert link.is_symlink()
    assert path.read_text() == document.text
    assert path.stat().st_mode & 0o777 == 0o664


def test_a_read_only_file_is_left_alone(path):
    path.chmod(0o444)
    document = ProfileDocument.open(path)
    document.add_pv("a")
    with pytest.raises(SaveFailed, match="is read-only; your changes are still here"):
        document.save("me")
    assert path.read_text() == TEXT
    assert "a" in document.text


FULL = """
import resource, signal, sys
from smdtui.profile.document import ProfileDocument, SaveFailed
document = ProfileDocument.open(sys.argv[1])
document.text += "# " + "x" * 100_000
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
try:
    document.save("me")
except SaveFailed as error:
    print(error)
    print(len(document.text) > 100_000)
"""


def test_no_room_on_the_disk(path):
    """A limit on the size of files stands in for the full disk: the write fails half-way in the same way."""
    root = Path(__file__).resolve().parents[2]
    words = [sys.executable, "-c", FULL, str(path)]
    done = subprocess.run(words, cwd=root, capture_output=True, text=True, timeout=60)
    assert done.stdout == f"cannot save {path}: file too large; your changes are still here\nTrue\n", done.stderr
    assert path.read_text() == TEXT
    assert not [name for name in os.listdir(path.parent) if name not in (path.name, ".history")]

"""The index of names over the runs: built in the background, gone on with where it stopped, equal to the runs' own."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from producer.configure import read_names
from producer.run_files import find_run
from smdtui.catalog.index_fill import main as fill
from smdtui.catalog.name_index import Across, NameIndex, compare_rows, rows_of

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def index(xtc):
    assert fill([str(xtc), "--once"]) == 0
    found = NameIndex(xtc)
    assert found.refresh()
    return found


def test_a_name_over_the_runs(index, written):
    assert index.runs == [12, 13, 14]
    scan = index.across("lxt")
    assert (scan.runs, scan.since, scan.read) == ((13,), 13, (12, 13, 14))
    sample = index.across("sam_x")
    expected = {
        run: {e.alias: e.last for e in read_names(find_run(one.directory, run), values=True).epics}["sam_x"]
        for run, one in written.items()
    }
    assert sample.values == expected
    assert index.across("TMO:SAM:MMS:01.RBV").values == expected, "the PV's own name finds it too"
    assert index.across("sample_name").values == dict.fromkeys((12, 13, 14), "LaB6 + Si(111)")
    assert index.across("jungfrau1M").runs == (14,)
    assert index.across("nobody").runs == ()


def test_two_runs_compared(index):
    found = index.compare(12, 13)
    assert {row[1] for row in found.appeared} == {"lxt", "step_value", "step_docstring"}
    assert (found.vanished, found.changed) == ((), ())
    back = index.compare(13, 12)
    assert back.vanished == found.appeared and back.appeared == ()
    assert index.compare(12, 99) is None
    assert "sam_x" in index.names(12) and "lxt" not in index.names(12)


def test_types_that_changed():
    old = [("epics", "a", "A", "int32"), ("epics", "b", "B", "float64")]
    new = [("epics", "a", "A", "float64"), ("epics", "b", "B", "float64")]
    assert compare_rows(1, old, 2, new).changed == (("a", "int32", "float64"),)


def test_it_goes_on_where_it_stopped(xtc, index, monkeypatch):
    read = []
    monkeypatch.setattr("smdtui.catalog.index_fill.read_names", lambda files, **_: read.append(files.run))
    assert fill([str(xtc), "--once"]) == 0
    assert read == []
    path = index.folder / "runs.jsonl"
    path.write_bytes(path.read_bytes()[:-20])  # a torn last line
    monkeypatch.undo()
    assert fill([str(xtc), "--once"]) == 0
    fresh = NameIndex(xtc)
    fresh.refresh()
    assert fresh.runs == [12, 13, 14]


def test_a_run_that_changes_is_read_again_and_one_that_is_damaged_is_not_in_the_way(copied, xtc):
    shutil.copytree(copied, copied.parent / "two")
    directory = copied.parent / "two"
    for path in (*xtc.glob("*-r0013-*"), *xtc.glob("smalldata/*-r0013-*")):
        target = directory / path.parent.name / path.name if path.parent.name == "smalldata" else directory / path.name
        shutil.copyfile(path, target)
    for path in directory.glob("smalldata/*-r0013-*"):
        path.write_bytes(b"")
    assert fill([str(directory), "--once"]) == 0
    index = NameIndex(directory)
    index.refresh()
    assert index.runs == [12] and "is empty" in index.known[13]["problem"]
    for path in xtc.glob("smalldata/*-r0013-*"):
        shutil.copyfile(path, directory / "smalldata" / path.name)
    assert fill([str(directory), "--once"]) == 0
    index.refresh()
    assert index.runs == [12, 13]


def test_one_process_at_a_time_that_ends_with_the_app(xtc):
    command = [sys.executable, "-m", "smdtui.catalog.index_fill", str(xtc)]
    first, second = (subprocess.Popen(command, stdin=subprocess.PIPE, cwd=ROOT) for _ in range(2))
    index = NameIndex(xtc)
    try:
        for _ in range(300):
            index.refresh()
            if index.runs == [12, 13, 14]:
                break
            with pytest.raises(subprocess.TimeoutExpired):
                first.wait(0.1)
        assert index.runs == [12, 13, 14]
        assert len((index.folder / "runs.jsonl").read_bytes().splitlines()) == 3, "nobody read anything twice"
    finally:
        for process in (first, second):
            process.stdin.close()
            assert process.wait(30) == 0


def test_where_it_is_missing_after_it_came():
    assert Across("x", (3, 5), (1, 2, 3, 4, 5, 6)).missing == (4, 6)
    assert Across("x", (), (1, 2)).since is None


def test_a_cache_that_cannot_be_written_is_told(xtc, own_cache, capsys):
    index = NameIndex(xtc)
    index.folder.mkdir(parents=True)
    if os.geteuid() == 0:
        (index.folder / "runs.jsonl").mkdir()
    else:
        index.folder.chmod(0o500)
    answer = read_names(find_run(xtc, 12)).as_json()
    assert "cannot be written" in index.add(12, "x", answer)
    assert rows_of(answer)

import errno
import os
import shutil
import threading

import pytest

from producer import dgram
from producer.run_files import FolderProblem, find_run, summarize
from smdtui.catalog import runs as runs_module
from smdtui.catalog.runs import RunCatalog


def reads(monkeypatch):
    """The list that every smd file being read is appended to."""
    seen = []
    real = runs_module.scan_stream

    def counted(stream, before=None):
        seen.append((stream.smd.name, 0 if before is None else before.end))
        return real(stream, before)

    monkeypatch.setattr(runs_module, "scan_stream", counted)
    return seen


def test_summaries_of_all_runs(xtc, written):
    found = RunCatalog(xtc).summaries()
    assert [s.run for s in found] == [12, 13, 14]
    assert found == [summarize(find_run(xtc, run)) for run in (12, 13, 14)]


def test_only_what_changed_is_read_again(copied, monkeypatch):
    seen = reads(monkeypatch)
    catalog = RunCatalog(copied)
    assert [s.run for s in catalog.poll()] == [12]
    assert len(seen) == 7
    assert catalog.poll() == []
    assert len(seen) == 7
    next(copied.glob("*-s001-*.xtc2")).unlink()
    assert [s.state for s in catalog.poll()] == ["damaged"]
    assert len(seen) == 14


def test_another_session_remembers(copied, monkeypatch, own_cache):
    first = RunCatalog(copied).summaries()
    seen = reads(monkeypatch)
    second = RunCatalog(copied)
    assert second.poll() == []
    assert (second.summaries(), seen, second.pending) == (first, [], 0)
    for file in own_cache.rglob("*.json"):
        file.write_text('{"format": 1, "directory": 7')
    assert RunCatalog(copied).summaries() == first
    assert len(seen) == 7


def test_a_file_system_that_fails_for_a_moment_leaves_no_damaged_run(copied, monkeypatch):
    catalog, real = RunCatalog(copied), os.open

    def fails(path, *arguments, **more):
        if str(path).endswith(".smd.xtc2"):
            raise OSError(errno.EIO, os.strerror(errno.EIO), str(path))
        return real(path, *arguments, **more)

    with monkeypatch.context() as context:
        context.setattr(os, "open", fails)
        [summary] = catalog.poll()
        assert summary.state == "damaged" and "cannot be read: Input/output error" in summary.problem
    assert [s.state for s in catalog.poll()] == ["complete"]
    assert [s.state for s in RunCatalog(copied).summaries()] == ["complete"]


@pytest.mark.parametrize(
    "text", ["", "[]", "null", '{"format": 1}', '{"format": 1, "directory": "DIR", "runs": [["x", {}], 3]}']
)
def test_a_cache_that_is_nonsense_is_ignored(copied, own_cache, text):
    whole = RunCatalog(copied).summaries()
    for file in own_cache.rglob("*.json"):
        file.write_text(text.replace("DIR", str(copied)))
    assert RunCatalog(copied).summaries() == whole


def test_a_cache_that_cannot_be_written_is_told(copied, own_cache):
    own_cache.write_text("a file where the folder should be")
    catalog = RunCatalog(copied)
    assert len(catalog.summaries()) == 1
    assert "cannot be written" in catalog.cache_problem


def test_a_growing_run_is_read_on(recording, tmp_path, monkeypatch):
    directory = tmp_path / "xtc"
    shutil.copytree(recording.directory, directory)
    whole = {path: path.read_bytes() for path in directory.glob("smalldata/*")}
    cuts = {}
    for path, data in whole.items():
        walk = dgram.walk(path)
        events = walk.offsets[walk.events]
        cuts[path] = int(events[len(events) // 2]) + 30 if len(events) else len(data)
        path.write_bytes(data[: cuts[path]])
    catalog = RunCatalog(directory)
    (first,) = catalog.poll()
    assert first.state == "recording" and first.events < len(recording.timestamps)
    seen = reads(monkeypatch)
    for path, data in whole.items():
        path.write_bytes(data)
    (second,) = catalog.poll()
    assert second.events == len(recording.timestamps)
    assert all(start > 0 for _, start in seen)
    assert second == summarize(find_run(directory, 16))


def test_a_run_that_ends_is_read_from_the_start(recording, tmp_path):
    directory = tmp_path / "xtc"
    shutil.copytree(recording.directory, directory)
    catalog = RunCatalog(directory)
    catalog.poll()
    for path in [*directory.glob("*.inprogress"), *directory.glob("smalldata/*.inprogress")]:
        path.rename(path.with_suffix(""))
        os.utime(path.with_suffix(""), (1.7e9, 1.7e9))
    (ended,) = catalog.poll()
    assert (ended.state, ended.events) == ("damaged", len(recording.timestamps))


def test_few_runs_at_a_time(xtc):
    catalog = RunCatalog(xtc, remember=False)
    order = []
    while True:
        changed = catalog.poll(seconds=0)
        if not changed:
            break
        order += [s.run for s in changed]
        assert catalog.pending == 3 - len(order)
        assert set(catalog.files) == {12, 13, 14}
    assert order == [14, 13, 12]


def test_a_settled_folder_is_not_listed_each_time(recording, tmp_path, monkeypatch):
    directory = tmp_path / "xtc"
    shutil.copytree(recording.directory, directory)
    for folder in (directory, directory / "smalldata"):
        os.utime(folder, (1.7e9, 1.7e9))
    catalog = RunCatalog(directory)
    catalog.poll()
    listed = []
    real = runs_module.find_runs
    monkeypatch.setattr(runs_module, "find_runs", lambda place: listed.append(place) or real(place))
    assert (catalog.poll(), listed) == ([], [])
    path = next(directory.glob("smalldata/*-s000-*"))
    walk = dgram.walk(path)
    os.truncate(path, walk.offsets[walk.events][-2])  # growing or shrinking is seen without a listing
    assert [(s.run, s.stream_events[0]) for s in catalog.poll()] == [(16, len(recording.timestamps) - 2)]
    assert listed == []
    shutil.copyfile(path, path.with_name(path.name.replace("r0016", "r0017")))
    assert [s.run for s in catalog.poll()] == [17]
    assert listed == [directory]


def test_a_run_that_goes_away(copied):
    catalog = RunCatalog(copied)
    catalog.poll()
    for path in [*copied.glob("*.xtc2"), *copied.glob("smalldata/*.xtc2")]:
        path.unlink()
    assert (catalog.poll(), catalog.removed, catalog.known, catalog.files) == ([], (12,), {}, {})


def test_no_folder(tmp_path):
    with pytest.raises(FolderProblem):
        RunCatalog(tmp_path / "nowhere").poll()


def test_a_fifo_holds_nothing_up(copied):
    for path in list(copied.glob("smalldata/*")):
        path.unlink()
        os.mkfifo(path)
    found = []
    thread = threading.Thread(target=lambda: found.extend(RunCatalog(copied).poll()), daemon=True)
    thread.start()
    thread.join(30)
    assert [s.state for s in found] == ["damaged"]
    assert "is a FIFO" in found[0].problem

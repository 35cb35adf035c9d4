import os
import shutil
import time

import numpy as np
import pytest

from producer import dgram
from producer.run_files import (
    FolderProblem,
    RunNotFound,
    event_timestamps,
    find_run,
    find_runs,
    scan_run,
    scan_stream,
    summarize,
)
from producer.run_folder import run_numbers


def empty(folder, *names):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"x")


def age(folder, seconds):
    """As if nothing had been written for so long."""
    then = time.time() - seconds
    for file in [*folder.glob("*.xtc2*"), *folder.glob("smalldata/*.xtc2*")]:
        os.utime(file, (then, then))


def test_counts_and_times_are_psanas(every_run, ask_psana):
    experiment, run, directory = every_run
    files, psana = find_run(directory, run), ask_psana(experiment, run, directory)
    summary = summarize(files)
    assert event_timestamps(files).tolist() == psana["timestamps"]
    assert summary.events == len(psana["timestamps"])
    if psana["begin"] is not None:  # that is read from the runinfo, which a file may lack
        assert summary.begin == dgram.unix_ns(psana["begin"])
    assert summary.end == (psana["end"] and dgram.unix_ns(psana["end"]))
    assert summary.last == dgram.unix_ns(psana["timestamps"][-1])


def test_a_run_is_summarized_as_it_was_written(written):
    for number, run in written.items():
        summary = summarize(find_run(run.directory, number))
        assert summary.events == len(run.timestamps)
        assert summary.last == dgram.unix_ns(run.timestamps[-1])
        assert summary.begin < summary.last < summary.end
        assert summary.steps == (8 if run.kind == "scan" else 1)
        assert summary.scan == (run.kind == "scan")
        assert summary.bytes == sum(f.stat().st_size for f in run.files if f.parent.name != "smalldata")
        assert summary.streams == len(run.files) // 2 == len(summary.stream_events)
        assert max(summary.stream_events) == summary.events
    with_gaps = summarize(find_run(written[14].directory, 14))
    assert min(n for n in with_gaps.stream_events if n > 20) < with_gaps.events


def test_names_that_do_not_fit_are_ignored(tmp_path):
    empty(
        tmp_path,
        "tmox12345-r0007-s000-c000.xtc2",
        "tmox12345-r0007-s000-c001.xtc2",
        "smalldata/tmox12345-r0007-s000-c000.smd.xtc2",
        "tmox12345-r0007-s001-c000.xtc2.inprogress",
        "smalldata/tmox12345-r0007-s001-c000.smd.xtc2.inprogress",
        "data-r0009-s000-c001.xtc2",  # a later chunk, named after another run
        "tmox12345-r0008-s000-c000.smd.xtc2",  # an smd in the wrong place
        "smalldata/tmox12345-r0008-s000-c000.xtc2",
        "tmox12345-r0008-s000-c000.xtc2.part",
        "README",
        "notes-r12.txt",
    )
    (tmp_path / "calib").mkdir()
    runs = find_runs(tmp_path)
    assert list(runs) == [7]
    first, second = runs[7].streams
    assert [p.name for p in first.bigdata] == ["tmox12345-r0007-s000-c000.xtc2", "tmox12345-r0007-s000-c001.xtc2"]
    assert (first.number, first.recording, second.recording) == (0, False, True)
    assert (runs[7].experiment, runs[7].recording, runs[7].bytes) == ("tmox12345", True, 3)


def test_the_numbers_alone_are_those_of_the_runs(xtc, tmp_path):
    assert run_numbers(os.listdir(xtc / "smalldata")) == list(find_runs(xtc)) == [12, 13, 14]
    empty(
        tmp_path,
        "smalldata/tmox12345-r0007-s000-c000.smd.xtc2",
        "smalldata/tmox12345-r0007-s001-c000.smd.xtc2.inprogress",
        "smalldata/tmox12345-r10000-s000-c000.smd.xtc2.inprogress",
        "smalldata/tmox12345-r0008-s000-c000.xtc2",  # no smd
        "smalldata/README",
    )
    assert run_numbers(os.listdir(tmp_path / "smalldata")) == list(find_runs(tmp_path)) == [7, 10000]
    assert run_numbers([]) == []


def test_a_file_under_both_its_names(tmp_path):
    empty(tmp_path, "e-r0001-s000-c000.xtc2", "e-r0001-s000-c000.xtc2.inprogress")
    stream = find_runs(tmp_path)[1].streams[0]
    assert [p.name for p in stream.bigdata] == ["e-r0001-s000-c000.xtc2"]
    assert [p.name for p in stream.doubles] == ["e-r0001-s000-c000.xtc2.inprogress"]


def test_an_unknown_run_is_answered_with_the_nearest(tmp_path):
    empty(tmp_path, *(f"e-r{run:04d}-s000-c000.xtc2" for run in (3, 4, 20, 21)))
    with pytest.raises(RunNotFound) as caught:
        find_run(tmp_path, 19)
    assert str(caught.value) == f"There is no run 19 in {tmp_path}: nearest are 4, 20, 21; it has 4 runs, 3 to 21."


def test_folders_without_runs(tmp_path):
    with pytest.raises(FolderProblem, match="has no runs: no file in it is named like"):
        find_run(tmp_path, 1)
    with pytest.raises(FolderProblem, match="There is no folder"):
        find_runs(tmp_path / "nowhere")
    (tmp_path / "file").write_text("")
    with pytest.raises(FolderProblem, match="is not a folder"):
        find_runs(tmp_path / "file")
    assert find_runs(tmp_path) == {}


def test_identity_follows_every_change(copied):
    seen = {find_run(copied, 12).identity}

    def changed():
        identity = find_run(copied, 12).identity
        new = identity not in seen
        seen.add(identity)
        return new

    assert not changed()
    data = sorted(copied.glob("*.xtc2"))
    with data[0].open("ab") as file:
        file.write(b"x")
    assert changed()
    os.utime(data[1], ns=(1, 1))
    assert changed()
    data[1].rename(data[1].with_name(data[1].name + ".inprogress"))
    assert changed()
    data[2].unlink()
    assert changed()
    os.mkfifo(data[2])
    assert changed()


def test_a_recording_run(recording):
    for path in recording.directory.rglob("*.inprogress"):
        os.utime(path)  # written to just now, however long ago the fixture was made
    files = find_run(recording.directory, 16)
    summary = summarize(files)
    assert (summary.state, summary.problem, summary.end) == ("recording", None, None)
    assert summary.events == len(recording.timestamps)


def test_a_recording_to_which_nobody_writes(recording, tmp_path):
    shutil.copytree(recording.directory, tmp_path / "xtc")
    age(tmp_path / "xtc", 4 * 3600)
    summary = summarize(find_run(tmp_path / "xtc", 16))
    assert summary.state == "recording"
    assert summary.problem == "not written to for 4 hours: the recording may have died"


def test_final_names_without_an_end_are_recording_only_while_written(copied):
    for path in [*copied.glob("*.xtc2"), *copied.glob("smalldata/*.xtc2")]:
        walk = dgram.walk(path)
        os.truncate(path, walk.offsets[walk.services == dgram.END_RUN][0])
    assert summarize(find_run(copied, 12)).state == "recording"
    age(copied, 120)
    summary = summarize(find_run(copied, 12))
    assert (summary.state, summary.end) == ("damaged", None)
    assert "smd.xtc2 has no EndRun: the recording did not end properly" in summary.problem


def test_a_growing_file_is_read_on_from_where_it_was(copied):
    whole = scan_run(find_run(copied, 12))
    stream = find_run(copied, 12).streams[0]
    data = stream.smd.read_bytes()
    before = None
    for cut in (100, len(data) // 2, len(data) - 30, len(data)):
        stream.smd.write_bytes(data[:cut])
        before = scan_stream(stream, before)
    assert before.problem is None
    assert np.array_equal(before.times, whole[0].times)
    assert before.transitions.keys() == whole[0].transitions.keys()
    for service, stamps in whole[0].transitions.items():
        assert np.array_equal(before.transitions[service], stamps)
    assert (before.last_event, before.end, before.tail) == (whole[0].last_event, whole[0].end, 0)


def test_the_independent_count_refuses_a_run_with_an_smd_missing(copied):
    next(copied.glob("smalldata/*-s001-*")).unlink()
    with pytest.raises(dgram.Damaged, match=r"s001-c000.smd.xtc2 is missing"):
        event_timestamps(find_run(copied, 12))

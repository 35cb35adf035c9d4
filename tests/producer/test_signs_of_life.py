"""The progress file while a rank does what is no event."""

import json

import pytest

from producer import event_structure, preparation, progress
from producer.progress import Progress
from producer.run_files import check_files, event_timestamps, find_run


def test_a_rank_that_merges_shows_that_it_lives_once_a_second_at_most(tmp_path, monkeypatch):
    now = [100.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(progress.time, "time", lambda: 1e9 + now[0])
    rank = Progress(tmp_path, 0, "smd0")
    rank.enter("merging")
    path = tmp_path / "progress" / "rank0000.json"
    times = []
    for _ in range(25):
        now[0] += 0.125
        rank.alive()
        times.append(json.loads(path.read_text())["time"] - 1e9)
    assert sorted(set(times)) == [100.0, 101.0, 102.0, 103.0]
    assert json.loads(path.read_text())["phase"] == "merging"


def test_the_last_word_does_not_matter_when_it_cannot_be_written(tmp_path, monkeypatch):
    rank = Progress(tmp_path, 0, "serial")

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(progress, "write_json", full)
    rank.end("done")
    assert rank.phase == "done"
    with pytest.raises(OSError, match="No space"):
        rank.enter("merging")


def test_a_long_check_of_the_files_gives_signs_of_life(small_experiment, monkeypatch, tmp_path):
    monkeypatch.setattr(event_structure, "NEAR", 0)
    monkeypatch.setattr(event_structure, "TOGETHER", 1)
    xtc = small_experiment / "tmo" / "tmoc00126" / "xtc"
    files, called = find_run(xtc, 12), []
    assert check_files(files, lambda: called.append(1)) == []
    assert len(called) > 3 * len(event_timestamps(files))  # for each event, in each stream that has it
    profile = tmp_path / "p.toml"
    profile.write_text("format = 1\n")
    again = []
    preparation.prepare("tmoc00126", 12, profile, str(xtc), 0, lambda: again.append(1))
    assert len(again) == len(called)

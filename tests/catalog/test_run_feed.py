"""The runs as another process finds them: prompt, complete, followed while they are recorded, and never in the way."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import damage
import pytest

from producer.run_files import find_run, summarize
from smdtui.catalog import lcls1_runs
from smdtui.catalog.fill import ranges, row, summary_of
from smdtui.catalog.run_feed import CatalogFeed, RunFeed
from smdtui.catalog.runs import RunCatalog

TESTS = Path(__file__).resolve().parents[1]


@pytest.fixture
def feed():
    made = []

    def start(directory):
        made.append(RunFeed(directory))
        return made[-1]

    yield start
    for one in made:
        one.close()


def until(feed, condition, seconds=60):
    """The first news for which the condition holds."""
    end, found = time.monotonic() + seconds, None
    while time.monotonic() < end:
        found = feed.take(0.5) or found
        if found is not None and condition(found):
            return found
    raise AssertionError(f"not within {seconds} s; the last was {found}")


def read(found):
    return found.complete and not found.pending


def test_all_runs_are_found_and_are_those_of_the_catalog(xtc, feed):
    found = until(feed(xtc), read)
    expected = {run: summarize(find_run(xtc, run)) for run in (12, 13, 14)}
    assert {run: row(one) for run, one in found.summaries.items()} == {run: row(one) for run, one in expected.items()}
    assert summary_of(row(expected[12])).events == expected[12].events
    assert found.problem is None


def test_the_numbers_come_before_what_is_behind_them(xtc, feed):
    first = until(feed(xtc), lambda found: True)
    assert list(first.summaries) == [12, 13, 14]


def test_a_folder_that_is_not_there_and_then_is(tmp_path, feed, copied):
    listening = feed(tmp_path / "later")
    assert "There is no folder" in until(listening, lambda found: found.problem).problem
    copied.rename(tmp_path / "later")
    listening.again()
    found = until(listening, lambda found: not found.problem and found.summaries and read(found))
    assert list(found.summaries) == [12]


def test_a_process_that_dies_is_started_again(xtc, feed):
    listening = feed(xtc)
    until(listening, read)
    listening._process.kill()
    listening._process.wait(10)
    time.sleep(0.2)
    listening._known = {}
    assert until(listening, lambda found: read(found) and all(found.summaries.values()))


def test_no_key_waits_for_a_process_that_hangs(xtc, feed):
    listening = feed(xtc)
    until(listening, read)
    os.kill(listening._process.pid, signal.SIGSTOP)
    try:
        for _ in range(5000):  # more than the pipe holds
            listening.watch(range(30))
        listening.again()
    finally:
        os.kill(listening._process.pid, signal.SIGCONT)
    end = time.monotonic() + 60
    while listening._unsaid and time.monotonic() < end:
        listening.take(0.2)
    assert not listening._unsaid


def test_runs_are_followed_while_they_are_recorded(tmp_path, feed):
    pytest.importorskip("psana", reason="synthetic data are written with psana's own writer")
    directory = tmp_path / "xtc"
    (directory / "smalldata").mkdir(parents=True)
    listening = feed(directory)
    command = [sys.executable, TESTS / "recorder.py", directory, "7", "2", "60", "0.1"]
    environment = {**os.environ, "PYTHONPATH": str(TESTS.parent), "PS_PARALLEL": "none", "MPIR_CVAR_CH4_NETMOD": "ofi"}
    seen, end = [], time.monotonic() + 150
    with subprocess.Popen(command, env=environment) as recorder:
        while time.monotonic() < end:
            listening.again()
            found = listening.take(0.3)
            if found is not None:
                seen.append({run: one for run, one in found.summaries.items() if one is not None})
            if seen and all(s.state == "complete" for s in seen[-1].values()) and set(seen[-1]) == {7, 8}:
                break
        assert recorder.wait(30) == 0
    assert {run: (one.state, one.events, one.problem) for run, one in seen[-1].items()} == {
        7: ("complete", 60, None),
        8: ("complete", 60, None),
    }
    for run in (7, 8):
        events = [one[run].events for one in seen if run in one]
        assert events == sorted(events), "no event is taken back"
        growing = [one[run].events for one in seen if run in one and one[run].state == "recording"]
        assert len(set(growing)) >= 3, f"run {run} was seen to grow: {growing}"
        assert not [one[run].problem for one in seen if run in one and one[run].problem]


def test_nothing_here_waits_for_a_slow_file_system(xtc, monkeypatch, feed):
    monkeypatch.setenv("PYTHONPATH", f"{TESTS / 'slow_files'}{os.pathsep}{os.environ.get('PYTHONPATH', '')}")
    monkeypatch.setenv("SLOW_FILES", str(xtc))
    monkeypatch.setenv("SLOW_SECONDS", "2")
    listening = feed(xtc)
    longest, end = 0.0, time.monotonic() + 8
    while time.monotonic() < end:
        began = time.monotonic()
        listening.take(0.05)
        listening.watch([12])
        listening.again()
        _ = listening.silent
        longest = max(longest, time.monotonic() - began)
    assert longest < 1.5, "less than one answer of the file system"
    assert listening._runs, "the numbers came, two listings later"
    began = time.monotonic()
    listening.close()
    assert time.monotonic() - began < 1.5


@pytest.mark.parametrize("name", damage.DAMAGES)
def test_damage_is_told_with_its_reason(copied, feed, name):
    damage.DAMAGES[name](copied, 12, 1)
    for path in [*copied.glob("*.xtc2"), *copied.glob("smalldata/*.xtc2")]:
        if path.exists():
            os.utime(path, (1.7e9, 1.7e9))  # it was not written just now
    words = {
        "truncate_bigdata": "is truncated",
        "truncate_smd": "is truncated",
        "truncate_smd_between_events": "has 2 SlowUpdates where another stream has 4",
        "remove_bigdata": "has no data",
        "remove_smd": "has no smd file",
        "empty_bigdata": "is empty",
        "empty_smd": "is empty",
        "fifo_bigdata": "is a FIFO",
        "fifo_smd": "is a FIFO",
        "directory_as_file": "is a folder",
        "dangling_link": "is a link to nothing",
        "text_files": "it is no smd file",
        "remove_end_run": "has no EndRun",
        "remove_smalldata": "has no smd file",
        # seen when its records are followed, which is done when all runs have been read
        "random_bytes": "is corrupt at byte",
        "random_payload": "has corrupt data in the event",
        "random_configure": "has a corrupt Configure",
        "wrong_offset": "the event that should be there is not",
    }
    if name == "remove_stream":  # nothing is left to tell that it was there
        assert until(feed(copied), read).summaries[12].state == "complete"
        return
    found = until(feed(copied), lambda found: read(found) and found.summaries[12].state == "damaged")
    assert words[name] in found.summaries[12].problem


def test_the_same_from_a_catalog_in_this_process(xtc):
    feed = CatalogFeed(RunCatalog(xtc, remember=False))
    assert [s.run for s in until(feed, read).summaries.values()] == [12, 13, 14]
    assert feed.take(0.01) is None


def test_ranges():
    assert ranges([1, 2, 3, 7, 9, 10]) == [[1, 3], [7, 7], [9, 10]]
    assert ranges([]) == []


def test_the_process_ends_with_the_app(xtc):
    asking = subprocess.Popen(
        [sys.executable, "-m", "smdtui.catalog.fill", str(xtc)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=TESTS.parent,
    )
    with asking:
        assert json.loads(asking.stdout.readline()) == {"runs": [[12, 14]]}
        asking.stdin.close()
        assert asking.wait(30) == 0


# -- LCLS-I
def test_runs_of_lcls1_are_listed_with_what_names_and_sizes_tell(tmp_path):
    for name, size in (("e1-r0003-s00-c00.xtc", 10), ("e1-r0003-s00-c01.xtc", 5), ("e1-r0003-s01-c00.xtc", 7),
                       ("e1-r0004-s00-c00.xtc.inprogress", 3), ("e1-r0005-s00-c00.xtc", 1),
                       ("e1-r0005-s00-c02.xtc", 1), ("notes.xtc", 1)):  # fmt: skip
        (tmp_path / name).write_bytes(b"x" * size)
        os.utime(tmp_path / name, (1.7e9, 1.7e9))
    found = {s.run: s for s in RunCatalog(tmp_path, remember=False).summaries()}
    assert {run: (s.state, s.streams, s.chunks, s.bytes, s.format) for run, s in found.items()} == {
        3: ("complete", 2, 3, 22, "xtc"),
        4: ("recording", 1, 1, 3, "xtc"),
        5: ("damaged", 1, 2, 2, "xtc"),
    }
    assert found[5].problem == "stream 00 lacks chunk 1, though chunk 2 is there"
    assert found[3].last == int(1.7e9) * 10**9
    assert list(lcls1_runs.group(["x.xtc2", "e1-r0003-s00-c00.smd.xtc"])) == []

import os
import shutil
import time
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from producer.dgram import END_RUN, walk
from producer.run_files import find_runs, summarize
from smdtui.jobs.run_argument import RunArgumentError, parse, runs_of

RUNS = [3, 5, 6, 7, 12, 13]
STATES = {3: "verified", 5: "failed", 6: "none", 7: "stale", 12: "running", 13: "none"}


def runs(text):
    return parse(text, RUNS, {13}, STATES)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("5", [5]),
        ("12,5-7", [5, 6, 7, 12]),
        ("4-8, 5", [5, 6, 7]),
        ("7-", [7, 12, 13]),
        ("-6", [3, 5, 6]),
        ("all", RUNS),
        ("latest", [12]),
        ("LATEST", [12]),
        ("missing", [6]),
        ("failed", [5]),
        ("stale", [7]),
        ("failed,stale", [5, 7]),
        ("13", [13]),
    ],
)
def test_runs(text, expected):
    assert runs(text) == expected


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no run is named"),
        ("8", "there is no run 8; the nearest are 5, 6, 7"),
        ("8-11", "there is no run in 8-11; the nearest are"),
        ("20-", "there is no run in 20-; the nearest are 7, 12, 13"),
        ("7-5", "ends before it begins; did you mean 5-7?"),
        ("lastest", "did you mean 'latest'?"),
        ("3;5", "names no run; write runs such as"),
        ("3,,5", "names no run"),
    ],
)
def test_errors(text, words):
    with pytest.raises(RunArgumentError) as caught:
        runs(text)
    assert words in str(caught.value)


def test_empty_folder():
    with pytest.raises(ValueError, match="the folder holds no runs"):
        parse("5", [], (), {})
    assert parse("latest", [], (), {}) == []


@given(st.text("0123456789-, amfsl", max_size=12))
def test_any_text_gives_existing_runs_or_words(text):
    try:
        found = runs(text)
    except RunArgumentError as e:
        assert str(e)
    else:
        assert set(found) <= set(RUNS)
        assert found == sorted(set(found))


def test_a_run_without_its_end_under_its_final_names_is_not_chosen(small_experiment, tmp_path):
    """Run 13 loses its EndRun: while it was written to just now it may go on."""
    xtc = shutil.copytree(small_experiment / "tmo" / "tmoc00126" / "xtc", tmp_path / "xtc")
    for path in xtc.rglob("*.xtc2*"):
        if "-r0012-" not in path.name and "-r0013-" not in path.name:
            path.unlink()
    ends = list(xtc.rglob("*-r0013-*"))
    for path in ends:
        found = walk(path)
        last = int(found.offsets[found.services == END_RUN][0])
        os.truncate(path, last)
    place = SimpleNamespace(name="tmoc00126", directory=xtc, results=tmp_path / "results", hdf5=tmp_path / "hdf5")
    for path in ends:
        os.utime(path)
    assert summarize(find_runs(xtc)[13]).state == "recording"
    assert runs_of(place, "latest") == runs_of(place, "missing") == [12] and runs_of(place, "13") == [13]
    for path in ends:
        os.utime(path, (time.time() - 300,) * 2)
    assert runs_of(place, "latest") == [13]

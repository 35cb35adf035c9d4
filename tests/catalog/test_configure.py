import json

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from producer import dgram
from producer.configure import read_names
from producer.first_shapes import stacked
from producer.first_values import plain
from producer.psana_classes import known
from producer.run_files import find_run
from producer.xtc_tree import configuration
from smdtui import cli
from smdtui.catalog import detnames


@pytest.fixture
def both(every_run, ask_psana):
    experiment, run, directory = every_run
    return read_names(find_run(directory, run), values=True), ask_psana(experiment, run, directory)


def test_names_are_those_that_detnames_prints(both):
    ours, psana = both
    assert [[d.name, kind] for d in ours.detectors for kind in d.data_types] == psana["detnames"]
    assert [[e.alias, e.pv] for e in ours.epics] == psana["epics"]  # detnames -e
    assert [[s.name, s.data_type] for s in ours.scan] == psana["scan"]  # -s
    assert [list(row) for row in ours.raw] == psana["raw"]  # -r
    ids = [[d.name, kind, list(d.segments), d.unique_id] for d in ours.detectors for kind in d.data_types]
    assert ids == psana["ids"]  # -i
    assert ours.problems == ()


OURS = {
    "": lambda told: [(one["name"], kind) for one in told["detectors"] for kind in one["data_types"]],
    "-e": lambda told: [(one["alias"], one["pv"]) for one in told["epics"]],
    "-s": lambda told: [(one["name"], one["data_type"]) for one in told["scan"]],
    "-r": lambda told: [tuple(row) for row in told["raw"]],
    "-i": lambda told: [tuple(row) for row in told["ids"]],
}


def test_the_command_says_what_detnames_prints(every_run, ask_psana, capsys):
    """What psana's own program prints, row by row, with no flag and with each."""
    experiment, run, directory = every_run
    for flag, text in ask_psana(experiment, run, directory)["printed"].items():
        words = ["names", experiment, str(run), "--dir", str(directory), "--json"]
        assert cli.main([*words, *([flag] if flag else [])]) == 0
        assert OURS[flag](json.loads(capsys.readouterr().out)) == detnames.rows(text), flag
        assert detnames.is_table(text)


def test_the_shapes_are_those_that_psana_reads(both):
    ours, psana = both
    assert {d.name: [list(d.shape), d.dtype] for d in ours.detectors if d.shape and d.name in psana["shapes"]} == psana[
        "shapes"
    ]


def test_the_last_values_are_those_at_the_last_event(both):
    ours, psana = both
    last = {e.alias: e.last for e in ours.epics if e.last is not None}
    assert last == {alias: plain(np.array(v) if isinstance(v, list) else v) for alias, v in psana["values"].items()}


def test_some_run_has_shapes_and_values_to_compare(written, ask_psana):
    psana = ask_psana("tmoc00126", 14, written[14].directory)
    assert psana["shapes"]["jungfrau1M"] == [[2, 512, 1024], "uint16"]
    assert len(psana["values"]) > 40


def test_the_classes_are_found_without_importing_psana(written, ask_psana):
    assert known() == set(ask_psana("tmoc00126", 12, written[12].directory)["classes"])


def test_what_psana_has_no_class_for_is_kept_apart(authored):
    ours = read_names(find_run(authored, 21))
    assert [d.name for d in ours.others] == ["mystery"]
    assert ours.others[0].as_json()["known"] is False
    assert "mystery" not in [d.name for d in ours.detectors]


def test_without_psana_every_detector_is_shown(authored, monkeypatch):
    monkeypatch.setattr("producer.configure.known", lambda: None)
    ours = read_names(find_run(authored, 21))
    assert "mystery" in [d.name for d in ours.detectors]
    assert ours.others == ()
    assert all(d.as_json()["known"] is None for d in ours.detectors)


def test_values_are_the_first_and_the_last(authored):
    ours = {e.alias: e for e in read_names(find_run(authored, 21), values=True).epics}
    assert (ours["A:TWO"].first, ours["A:TWO"].last) == (7, 9)
    assert (ours["B:STR"].first, ours["B:STR"].last) == ("state 0", "state 2")
    assert ours["B:ARR"].first == [[0, 1, 2], [3, 4, 5]]
    assert (ours["B:ARR"].type, ours["B:ARR"].rank) == ("float32", 2)


def test_a_file_that_cannot_be_read_is_told_and_the_others_are_shown(copied):
    path = next(copied.glob("smalldata/*-s001-*"))
    whole = read_names(find_run(copied, 12))
    path.write_bytes(path.read_bytes()[:500])
    ours = read_names(find_run(copied, 12))
    assert len(ours.problems) == 1
    assert path.name in ours.problems[0] and "is truncated" in ours.problems[0]
    assert 0 < len(ours.detectors) < len(whole.detectors)
    for smd in copied.glob("smalldata/*"):
        smd.write_bytes(b"")
    with pytest.raises(dgram.Damaged, match="is empty"):
        read_names(find_run(copied, 12))


@pytest.mark.parametrize(
    ("field", "segments", "expected"),
    [
        ("raw", [(704, 768)], (704, 768)),
        ("raw", [(1, 512, 1024)], (1, 512, 1024)),
        ("raw", [(1, 512, 1024)] * 2, (2, 512, 1024)),
        ("raw", [(352, 384)] * 4, (4, 352, 384)),
        ("image", [(8, 9)] * 2, (2, 8, 9)),
        ("value", [(8, 9)] * 2, (8, 9)),
        ("arrayRaw", [(8, 9)], (1, 8, 9)),
        ("raw", [(8, 9), (8, 10)], None),
        ("raw", [], None),
    ],
)
def test_stacking(field, segments, expected):
    assert stacked(field, "some", segments) == expected


def test_values_are_json():
    assert plain(np.float32("nan")) is None
    assert plain(np.array([1.5, np.inf])) == [1.5, None]
    assert plain(np.array([np.nan] * 40)) == {"shape": [40], "min": None, "mean": None, "max": None}
    assert plain(np.arange(40)) == {"shape": [40], "min": 0, "mean": 19.5, "max": 39}
    assert plain("text") == "text"


@pytest.fixture(scope="module")
def configure(authored):
    return dgram.read_dgram(find_run(authored, 21).streams[0].smd)


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    changes=st.lists(st.tuples(st.integers(0), st.integers(0, 255)), min_size=1, max_size=8), cut=st.integers(0, 2000)
)
def test_a_corrupt_configure_is_damaged_or_understood(configure, changes, cut):
    data = configure.copy()
    for place, value in changes:
        data[place % len(data)] = value
    for piece in (data, data[: len(data) - cut]):
        try:
            found = configuration("file", piece)
        except dgram.Damaged as damaged:
            assert str(damaged).startswith("file has a corrupt Configure: ")
        else:
            assert all(names.fields is not None for names in found.names)

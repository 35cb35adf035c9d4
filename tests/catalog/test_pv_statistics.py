"""Statistics of PVs, presence of detectors and series, against a plain loop with psana."""

import functools
import json
import math

import numpy as np
import pytest
from asked_psana import ask
from hypothesis import given, settings
from hypothesis import strategies as st

from producer import dgram, pv_statistics
from producer.first_values import plain
from producer.presence import presence
from producer.pv_series import series
from producer.pv_statistics import all_statistics
from producer.run_files import find_run


@pytest.fixture(scope="module")
def loop_psana():
    """(experiment, run, directory) -> what a plain loop over the events with psana meets."""
    pytest.importorskip("psana", reason="psana is the oracle")
    return functools.cache(functools.partial(ask, "loop_psana.py"))


def test_statistics_are_those_of_a_plain_loop(every_run, loop_psana):
    experiment, run, directory = every_run
    ours, psana = all_statistics(find_run(directory, run)), loop_psana(experiment, run, directory)["pvs"]
    assert psana.keys() <= ours.keys()
    for name, values in psana.items():
        met = [json.dumps(value) for value in values]
        numbers = np.concatenate([np.ravel(v) for v in values]) if not isinstance(values[0], str) else np.empty(0)
        one = ours[name]
        assert one.distinct == len(set(met)), name
        assert (one.first, one.last) == (shown(values[0]), shown(values[-1])), name
        if numbers.size:
            assert (one.minimum, one.maximum) == (numbers.min(), numbers.max()), name
        else:
            assert (one.minimum, one.maximum) == (None, None), name


def shown(value):
    return plain(np.array(value)) if isinstance(value, list) else value


def test_presence_is_that_of_a_plain_loop(every_run, loop_psana):
    experiment, run, directory = every_run
    psana = loop_psana(experiment, run, directory)
    *_, (_, ours) = presence(find_run(directory, run))
    for name, alg, count in psana["present"]:
        assert (name, alg, ours[name, alg].present) == (name, alg, count)
        assert ours[name, alg].looked_at == ours[name, alg].events == psana["events"]


def test_some_run_has_detectors_missing(written, loop_psana):
    psana = loop_psana("tmoc00126", 14, written[14].directory)
    counts = {name: count for name, _, count in psana["present"]}
    assert 0 < counts["jungfrau1M"] < psana["events"]
    assert 0 < counts["ebeam"] < psana["events"]


def test_of_a_long_run_some_events_are_looked_at(written):
    *_, (_, ours) = presence(find_run(written[14].directory, 14), most=10)
    one = ours["jungfrau1M", "raw"]
    assert (one.looked_at, one.events) == (10, 32)
    assert 0 < one.present <= 10


@pytest.mark.parametrize("matrix", [1, 2000, 1 << 20])
def test_what_is_read_at_once_makes_no_difference(written, authored, monkeypatch, matrix):
    for directory, run in ((written[13].directory, 13), (authored, 21)):
        whole = all_statistics(find_run(directory, run))
        with monkeypatch.context() as patch:
            patch.setattr(pv_statistics, "MATRIX", matrix)
            assert all_statistics(find_run(directory, run)) == whole


def test_stale_pvs_are_told(tmp_path):
    experiment = pytest.importorskip("producer.synthetic.experiment")
    experiment.write_run(tmp_path, 1, 24, 140, detectors=[])
    ours = all_statistics(find_run(tmp_path, 1))
    from producer.synthetic.epics import pvs

    stale = {name: one for name, one in ours.items() if one.stale}
    assert list(stale) == [pv.alias for pv in pvs(140) if pv.stale] and len(stale) == 1
    assert all(one.stale == one.updates > 1 for one in stale.values())


def test_the_series_of_a_pv(written):
    files = find_run(written[13].directory, 13)
    whole = all_statistics(files)
    for name in ("lxt_vitara", "sample_name", "StaleFlags", "shots_today"):
        times, values = series(files, name)
        assert len(times) == len(values) == whole[name].updates
        assert times == sorted(times)
        assert (values[0], values[-1]) == (whole[name].first, whole[name].last)
        assert len({json.dumps(value) for value in values}) == whole[name].distinct
    assert series(files, "nonsense") == ([], [])


def test_curves_follow_the_values(written):
    line = all_statistics(find_run(written[13].directory, 13))["lxt_vitara"]
    assert line.curve == "".join(sorted(line.curve))  # the delay is scanned upwards
    assert (line.curve[0], line.curve[-1]) == ("0", "7")


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.floats(width=32) | st.sampled_from([0.0, 1.0, math.nan, math.inf, -math.inf]), min_size=1, max_size=40)
)
def test_of_any_floats(values):
    column = np.array(values, "<f4")[:, None]
    found = {}
    pv_statistics._of_matrix(column.copy(), ["x"], found)
    one, finite = found["x"], [v for v in column[:, 0].tolist() if math.isfinite(v)]
    different = {v for v in column[:, 0].tolist() if v == v}
    assert one.distinct == len(different) + any(v != v for v in column[:, 0].tolist())
    assert (one.minimum, one.maximum) == ((min(finite), max(finite)) if finite else (None, None))
    assert len(one.curve) == min(len(values), pv_statistics.CURVE)
    assert set(one.curve) <= set("01234567 ")


@settings(max_examples=150, deadline=None)
@given(changes=st.lists(st.tuples(st.integers(0), st.integers(0, 255)), min_size=1, max_size=6))
def test_a_corrupt_update_is_damaged_or_understood(tmp_path_factory, small_run, changes):
    directory = tmp_path_factory.mktemp("corrupt")
    files = find_run(small_run, 12)
    stream = next(s for s in files.streams if b"epics" in s.smd.read_bytes()[:6000])
    data = bytearray(stream.smd.read_bytes())
    walk = dgram.walk(stream.smd)
    updates = [
        (int(o) + 24, int(o) + 12 + int(h["extent"]))
        for o, h, s in zip(walk.offsets, walk.headers, walk.services, strict=True)
        if s == dgram.SLOW_UPDATE
    ]
    for place, value in changes:
        begin, end = updates[place % len(updates)]
        data[begin + place % (end - begin)] = value
    (directory / "smalldata").mkdir()
    (directory / "smalldata" / stream.smd.name).write_bytes(data)
    try:
        all_statistics(find_run(directory, 12))
    except dgram.Damaged as damaged:
        assert "corrupt" in str(damaged)


@pytest.fixture(scope="module")
def small_run(tmp_path_factory):
    experiment = pytest.importorskip("producer.synthetic.experiment")
    return experiment.write_run(tmp_path_factory.mktemp("small"), 12, 12, 12, detectors=[]).directory

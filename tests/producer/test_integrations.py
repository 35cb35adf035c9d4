"""What belongs to the frames of a slow detector, as much of it in memory at a time as it may be."""

import tracemalloc

import h5py
import numpy as np
import pytest

from producer import integration
from producer.defaults.integrating import Parameters, marker
from producer.merge import Merged
from producer.schema import MISSING, of_value

EVENTS = 400


def integrated(path, columns, ends):
    """`columns`: path -> values [events, ...]; `ends`: the events with a frame of ``slow``."""
    found = tuple(of_value(name, values[0], "", name) for name, values in columns.items())
    with h5py.File(path, "w") as file:
        for column in found:
            file[column.path] = columns[column.path].astype(column.dtype)
        events = len(next(iter(columns.values())))
        file[marker("slow")] = np.isin(np.arange(events), ends).astype(int)
        merged = Merged(np.arange(events), found, (), (), ())
        tracemalloc.start()
        problems = integration.integrate(file, Parameters(("slow",)), merged)
        file.attrs["most memory"] = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert not [problem for problem in problems if problem.severity == "error"]
    return h5py.File(path, "r")


@pytest.mark.parametrize("together", [1, 300, 1000, 1 << 20])
def test_the_sums_do_not_depend_on_what_is_in_memory(tmp_path, monkeypatch, together):
    monkeypatch.setattr(integration, "BATCH_BYTES", together)
    monkeypatch.setattr(integration, "CHUNK_BYTES", 200)
    rng = np.random.default_rng(5)
    ends = np.sort(rng.choice(EVENTS, 60, replace=False))
    counts = rng.integers(-5, 100, (EVENTS, 2, 3))
    curve = rng.integers(0, 1000, (EVENTS, 7)).astype("f4")
    counts[rng.random(EVENTS) < 0.3], curve[rng.random((EVENTS, 7)) < 0.3] = MISSING, np.nan
    own = rng.normal(size=(EVENTS, 5))
    with integrated(tmp_path / "f.h5", {"fast/counts": counts, "fast/curve": curve, "slow/roi": own}, ends) as file:
        intg, start = file["intg/slow"], 0
        assert np.array_equal(intg["roi"][:], own[ends]) and intg["roi"].attrs["description"] == "slow/roi"
        for row, end in enumerate(ends):
            some = slice(start, end + 1)
            there = (counts[some] != MISSING).all(axis=(1, 2))
            wanted = counts[some][there].sum(axis=0) if there.any() else np.full((2, 3), MISSING)
            assert np.array_equal(intg["fast_sum_counts"][row], wanted) and intg["fast_count_counts"][row] == sum(there)
            lost = np.isnan(curve[some]).all(axis=0)
            wanted = np.where(lost, np.nan, np.nansum(curve[some], axis=0, dtype=float))
            assert np.array_equal(intg["fast_sum_curve"][row], wanted, equal_nan=True)
            assert intg["count"][row] == end + 1 - start
            start = end + 1
        kinds = [intg[f"fast_sum_{name}"].dtype for name in ("counts", "curve")]
        assert kinds == [np.int64, np.float64] and intg["fast_sum_curve"].compression == "gzip"


def test_the_memory_of_an_integration_does_not_grow_with_the_run(tmp_path, monkeypatch):
    monkeypatch.setattr(integration, "BATCH_BYTES", 1 << 18)
    curve = np.ones((4000, 500))
    with integrated(tmp_path / "f.h5", {"fast/curve": curve, "slow/curve": curve}, np.arange(1, 4000, 2)) as file:
        assert file.attrs["most memory"] < 4 << 20 < curve.nbytes
        assert (file["intg/slow/fast_sum_curve"][:] == 2).all() and file["intg/slow/curve"].shape == (2000, 500)

"""Sums of frames that are larger than the piece taken at a time, with pixels that are NaN, infinite and saturated."""

import numpy as np
import pytest

from producer.analysis import sums
from producer.kernels.binning import RUN, SIDES, BinSums

NAMES = ("calib", "calib_max", "calib_square", "calib_thresADU100", "calib_nhits")


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.uint16, np.int16])
def test_sums_are_those_of_numpy(dtype):
    rng = np.random.default_rng(3)
    frames = rng.normal(90, 60, (5, 300, 500)).clip(0).astype(dtype)
    assert frames[0].size > 2 * sums.PIECE
    if frames.dtype.kind == "f":
        frames[2, 250, 3], frames[3, 10, 4] = np.nan, np.inf
    else:
        frames[:, 299, 499] = np.iinfo(dtype).max
    given = frames.copy()
    computation = sums.Computation(sums.Parameters(NAMES), "d", frames.shape[1:], frames.dtype)
    for frame in frames:
        computation.event(frame, 1)
    assert np.array_equal(frames, given, equal_nan=frames.dtype.kind == "f")
    wide = frames.astype(np.float64 if frames.dtype.kind == "f" else np.int64)
    wanted = {
        "calib": wide.sum(axis=0),
        "calib_max": wide.max(axis=0),
        "calib_square": (wide**2).sum(axis=0),
        "calib_thresADU100": np.where(wide < 100, 0, wide).sum(axis=0),
        "calib_nhits": (wide > 0).sum(axis=0),
    }
    for total, value, events in computation.totals():
        name = total.path.split("/d_")[1]
        assert events == 5 and value.shape == frames.shape[1:] and value.dtype == wide.dtype
        if wide.dtype.kind == "i":
            assert np.array_equal(value, wanted[name]), name
        else:
            assert np.allclose(value, wanted[name], rtol=1e-12, atol=0, equal_nan=True), name


def test_a_maximum_of_no_frame_is_the_lowest_number():
    computation = sums.Computation(sums.Parameters(("calib_max",)), "d", (4, 5), np.dtype(np.uint16))
    ((total, value, events),) = computation.totals()
    assert events == 0 and (value == np.iinfo(np.int64).min).all() and total.dtype == np.int64


@pytest.mark.parametrize(("dtype", "exact"), [(np.float32, 1e-6), (np.float64, 1e-13), (np.uint16, 1e-6)])
def test_bins_of_many_runs_are_those_of_bincount(dtype, exact):
    rng = np.random.default_rng(4)
    size = 20 * RUN * SIDES
    pixels = rng.permutation(size)[: size // 2]
    pixels = np.concatenate([pixels, pixels[:99]])  # some are in two bins
    bins, weights = rng.integers(1, 4, len(pixels)), rng.uniform(0.5, 2, len(pixels))
    values = rng.integers(0, 1000, size).astype(dtype)
    got = BinSums(bins, pixels, weights, 6, size)(values)
    assert got == pytest.approx(np.bincount(bins, weights * values[pixels], 6), rel=exact)
    assert got[0] == got[5] == 0

"""Regions and sums against slow plain Python and numpy."""

import itertools

import numpy as np
import pytest

from producer.analysis import roi, sums

RNG = np.random.default_rng(5)


def frames_of(dtype, shape, count=7):
    if np.dtype(dtype).kind == "f":
        return [RNG.normal(3, 20, shape).astype(dtype) for _ in range(count)]
    high = min(np.iinfo(dtype).max, 60_000)
    return [RNG.integers(0, high, shape, dtype=dtype, endpoint=True) for _ in range(count)]


def slow_region(frame, region, threshold):
    """(sum, mean, max, centre, pixels), pixel by pixel with Python numbers."""
    region = region or [(0, n) for n in frame.shape]
    sides = [end - start for start, end in region]
    total, weighted, largest, pixels = 0, [0.0] * len(sides), None, np.zeros(sides, frame.dtype)
    for at in itertools.product(*map(range, sides)):
        value = frame[tuple(i + start for i, (start, _) in zip(at, region))].item()
        if threshold is not None and value < threshold:
            value = 0
        pixels[at] = value
        total += value
        largest = value if largest is None else max(largest, value)
        weighted = [w + value * i for w, i in zip(weighted, at)]
    return total, total / np.prod(sides), largest, [w / total if total else np.nan for w in weighted], pixels


@pytest.mark.parametrize("dtype", ["u2", "i4", "f4", "f8"])
@pytest.mark.parametrize("threshold", [None, 11.5])
@pytest.mark.parametrize(
    ("shape", "region"),
    [((40,), ((3, 30),)), ((12, 9), ((2, 10), (1, 8))), ((3, 8, 10), ((1, 2), (2, 7), (0, 10))), ((3, 5, 4), None)],
)
def test_region_equals_the_pixel_by_pixel_computation(dtype, threshold, shape, region):
    parameters = roi.Parameters(name="R", region=region, threshold=threshold, save_pixels=True)
    computation = roi.Computation(parameters, "det", shape, np.dtype(dtype))
    for frame in frames_of(dtype, shape):
        before = frame.copy()
        frame.setflags(write=False)
        values = computation.event(frame, 1)
        total, mean, largest, centre, pixels = slow_region(frame, region, threshold)
        if np.dtype(dtype).kind == "f":
            assert values["det/R_sum"] == pytest.approx(total, rel=1e-12, abs=1e-9)
        else:
            assert values["det/R_sum"] == total
        assert values["det/R_mean"] == pytest.approx(mean, rel=1e-12)
        assert values["det/R_max"] == largest
        assert values["det/R_com"] == pytest.approx(centre, rel=1e-9)
        assert np.array_equal(values["det/R_area"], pixels) and values["det/R_area"].dtype == frame.dtype
        assert np.array_equal(frame, before)
    promised = roi.promises(parameters, "det")
    assert set(promised) == set(values) == {column.path for column in computation.columns}
    for column in computation.columns:
        assert promised[column.path] in (None, column.shape)
        assert np.shape(values[column.path]) == column.shape


def test_sum_of_a_large_16_bit_region_does_not_wrap():
    computation = roi.Computation(roi.Parameters(), "det", (512, 512), np.dtype(np.uint16))
    values = computation.event(np.full((512, 512), 65535, np.uint16), 1)
    assert values["det/ROI_sum"] == 65535 * 512 * 512
    assert values["det/ROI_com"].tolist() == [255.5, 255.5]


def test_dark_region_has_no_centre_and_nan_pixels_are_not_hidden():
    computation = roi.Computation(roi.Parameters(), "det", (2, 2), np.dtype(np.float32))
    assert np.isnan(computation.event(np.zeros((2, 2), np.float32), 1)["det/ROI_com"]).all()
    assert np.isnan(computation.event(np.array([[1, np.nan], [0, 0]], np.float32), 1)["det/ROI_sum"])


SLOW_SUMS = {
    "calib": lambda f: f,
    "calib_square": lambda f: f * f,
    "calib_max": lambda f: f,
    "calib_nhits": lambda f: (f > 0).astype(f.dtype),
    "calib_thresADU10": lambda f: np.where(f < 10, 0, f),
    "calib_thresADU10_square": lambda f: np.where(f < 10, 0, f) ** 2,
    "calib_thresADU10_nhits": lambda f: (np.where(f < 10, 0, f) > 0).astype(f.dtype),
    "calib_thresADU10_max": lambda f: np.where(f < 10, 0, f),
}


@pytest.mark.parametrize("dtype", ["u2", "f4"])
@pytest.mark.parametrize("order", [1, -1], ids=["in order", "backwards"])
def test_sums_equal_numpy_whatever_their_order(dtype, order):
    """The incumbent's thresholds leaked into the sums listed after them, and its 16 bit sums wrapped."""
    names = list(SLOW_SUMS)[::order]
    computation = sums.Computation(sums.Parameters(tuple(names)), "det", (6, 5), np.dtype(dtype))
    frames = frames_of(dtype, (6, 5), 9)
    for frame in frames:
        frame.setflags(write=False)
        assert computation.event(frame, 1) == {}
    for total, value, events in computation.totals():
        name = total.path[len("Sums/det_") :]
        wide = [SLOW_SUMS[name](frame.astype(value.dtype)) for frame in frames]
        expected = np.max(wide, axis=0) if total.how == "max" else np.sum(wide, axis=0)
        assert events == len(frames) and total.how == ("max" if name.endswith("max") else "sum")
        assert np.allclose(value, expected, rtol=1e-12)
        assert value.dtype == (np.int64 if dtype == "u2" else np.float64)
    assert set(sums.promises(sums.Parameters(tuple(names)), "det")) == {t.path for t, _, _ in computation.totals()}

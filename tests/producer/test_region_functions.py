"""Functions of a detector or of a region of it, against slow plain Python; and what goes on from a region."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from producer.analysis import lineout, photon_counting, projection, rebin, roi, sparsify, spectrum, sums
from producer.detector_context import Context, Lacking
from producer.kernels.histogram import PIECE as LEVELS
from producer.kernels.histogram import Histogram
from producer.kernels.pixels import PIECE, Cleaner
from producer.shot import Shot

RNG = np.random.default_rng(8)


class Known(Context):
    def __init__(self, good, noise=None):
        super().__init__("det")
        self._good, self._noise = good, noise

    def calibration_mask(self, shape):
        return self._good

    def noise(self, shape):
        return self._noise


def frame_of(shape, dtype="f4"):
    frame = RNG.integers(-20, 90, shape) if np.dtype(dtype).kind != "u" else RNG.integers(0, 60000, shape)
    return frame.astype(dtype) + (np.float32(0.25) if np.dtype(dtype).kind == "f" else np.dtype(dtype).type(0))


def only(computation, frame):
    frame.setflags(write=False)
    (value,) = computation.event(frame, 1).values()
    (column,) = computation.columns
    assert np.shape(value) == column.shape
    return value


@pytest.mark.parametrize("dtype", ["f4", "u2", "f8"])
@pytest.mark.parametrize("shape", [(11,), (5, 7), (1, 6, 4), (2, 3, 5)])
@pytest.mark.parametrize(
    "more", [{}, {"threshold": 12.0}, {"single_photon": True, "threshold_rms": 2.0}, {"mean": True}]
)
def test_projection(dtype, shape, more):
    frame = frame_of(shape, dtype)
    good, noise = RNG.uniform(size=shape) > 0.2, RNG.uniform(1, 9, shape).astype("f4")
    sides = [n for n in shape if n > 1]
    for axis in range(-1, len(sides)):
        p = projection.Parameters(axis=axis, **more)
        got = only(projection.Computation(p, "det", shape, frame.dtype, Known(good, noise)), frame.copy())
        rest = [n for i, n in enumerate(sides) if i != axis] if axis >= 0 else []
        wanted, counts = np.zeros(rest), np.zeros(rest)
        for at in itertools.product(*map(range, sides)):
            value = float(frame.reshape(sides)[at])
            if p.threshold is not None and value < p.threshold:
                value = 0
            if p.threshold_rms is not None and value < 2 * float(noise.reshape(sides)[at]):
                value = 0
            if p.single_photon:
                value = value > 0
            to = tuple(i for j, i in enumerate(at) if j != axis) if axis >= 0 else ()
            wanted[to] += value
            counts[to] += good.reshape(sides)[at]
        with np.errstate(all="ignore"):
            wanted = wanted / counts if p.mean else wanted
        assert np.allclose(got, wanted, rtol=1e-12, equal_nan=True)
        assert projection.promises(p, "det") == {"det/projection_data": () if axis < 0 else None}


def test_projection_on_an_axis_that_is_not_there():
    with pytest.raises(Lacking, match="there is no axis 2: the pixels have 2 axes"):
        projection.Computation(projection.Parameters(axis=2), "det", (1, 5, 6), np.dtype("f4"))


@pytest.mark.parametrize("index", [None, 3])
@pytest.mark.parametrize("axis", [0, 1])
def test_lineout(index, axis):
    frame = frame_of((1, 9, 8))
    frame[0, 5, 2], frame[0, 1, 1] = 500, np.nan
    got = only(lineout.Computation(lineout.Parameters(axis=axis, index=index), "det", frame.shape, frame.dtype), frame)
    at = index if index is not None else (5, 2)[axis]
    assert np.array_equal(got, frame[0, at] if axis == 0 else frame[0, :, at], equal_nan=True)
    with pytest.raises(Lacking, match="position 9 is beyond the 9 pixels of axis 0"):
        lineout.Computation(lineout.Parameters(index=9), "det", frame.shape, frame.dtype)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.one_of(st.floats(-5, 15, width=32), st.sampled_from([np.nan, np.inf, -np.inf, 0.3, 0.7])), max_size=40),
    st.integers(1, 30),
    st.sampled_from([(0.0, 10.0), (0.1, 0.7), (-3.3, 9.9)]),
)
def test_histogram_equals_a_count_by_comparison(values, bins, ends):
    edges = np.linspace(*ends, bins + 1)
    values = np.array(values, np.float32)
    got = Histogram(edges, uniform=True)(values)
    wanted = [
        sum(bool(a <= v < b or (i == bins - 1 and v == b)) for v in values.astype(float))
        for i, (a, b) in enumerate(zip(edges, edges[1:]))
    ]
    assert got.tolist() == wanted
    assert Histogram(edges, uniform=False)(values).tolist() == wanted


def test_histogram_of_more_than_one_piece():
    edges = np.linspace(-3, 12, 100)
    values = RNG.normal(4, 5, 2 * LEVELS + 77).astype(np.float32)
    values[[5, LEVELS, -1]] = np.nan, np.inf, 12
    got = Histogram(edges, uniform=True)(values)
    assert got.tolist() == np.histogram(values[np.isfinite(values)].astype(float), edges)[0].tolist()


@pytest.mark.parametrize("dtype", ["u1", "u2", "i2", "i4"])
def test_histogram_of_integers(dtype):
    values = RNG.integers(0, 120, 5000).astype(dtype)
    for edges in (np.linspace(3, 77, 12), np.array([0.5, 1.5, 40, 119])):
        assert Histogram(edges, uniform=False)(values).tolist() == np.histogram(values, edges)[0].tolist()
    assert Histogram(np.array([300.0, 400.0]), uniform=True)(values).tolist() == [0]


def test_spectrum_counts_good_pixels_only():
    frame, good = frame_of((30, 20)), RNG.uniform(size=(30, 20)) > 0.3
    p = spectrum.Parameters(low=-10, high=60, bins=9)
    computation = spectrum.Computation(p, "det", frame.shape, frame.dtype, Known(good))
    assert only(computation, frame).tolist() == np.histogram(frame[good], np.linspace(-10, 60, 10))[0].tolist()
    ((about, edges),) = computation.once
    assert about.path == "UserDataCfg/det/spectrum_bins" and np.allclose(edges, np.linspace(-10, 60, 10))


@pytest.mark.parametrize(
    ("shape", "to"), [((12,), (5,)), ((12, 10), (6, 5)), ((13, 10), (4, 7)), ((3, 8, 9), (2, 8, 4))]
)
def test_rebin_is_the_mean_by_area_of_good_pixels(shape, to):
    frame, good = frame_of(shape), RNG.uniform(size=shape) > 0.2
    got = only(rebin.Computation(rebin.Parameters(shape=to), "det", shape, frame.dtype, Known(good)), frame)
    wanted = np.zeros(to)
    for at in itertools.product(*map(range, to)):
        total = area = 0.0
        for pixel in itertools.product(*map(range, shape)):
            share = 1.0
            for i, p, new, old in zip(at, pixel, to, shape):
                share *= max(0.0, min((i + 1) * old / new, p + 1) - max(i * old / new, p))
            if good[pixel]:
                total, area = total + share * frame[pixel], area + share
        wanted[at] = total / area if area else np.nan
    assert np.allclose(got, wanted, rtol=1e-6, equal_nan=True)
    with pytest.raises(Lacking, match="cannot become"):
        rebin.Computation(rebin.Parameters(shape=tuple(n + 9 for n in to)), "det", shape, frame.dtype)


def test_what_goes_on_from_a_region_gets_its_cleaned_pixels(tmp_path):
    frame, good = frame_of((3, 20, 16)), RNG.uniform(size=(3, 20, 16)) > 0.1
    own = RNG.uniform(size=frame.shape) > 0.2
    np.save(tmp_path / "mask.npy", own)
    frame[~good] = 0  # as psana and the mask of the detector leave it
    p = roi.Parameters(
        name="R",
        region=((1, 2), (2, 18), (3, 15)),
        threshold=5.0,
        threshold_high=80.0,
        mask=str(tmp_path / "mask.npy"),
        projection=(projection.Parameters(name="x", axis=0), projection.Parameters(name="m", axis=1, mean=True)),
        lineout=(lineout.Parameters(index=4),),
        spectrum=(spectrum.Parameters(low=1, high=90, bins=5),),
        rebin=(rebin.Parameters(shape=(4, 3)),),
    )
    frame.setflags(write=False)
    computation = roi.Computation(p, "det", frame.shape, frame.dtype, Known(good))
    got = computation.event(frame, 1)
    cut = (1, slice(2, 18), slice(3, 15))
    pixels = np.where((frame < 5) | (frame > 80) | ~own, 0, frame)[cut].astype(float)
    counted = (good & own)[cut]
    with np.errstate(invalid="ignore"):
        wanted = {
            "sum": pixels.sum(),
            "mean": pixels.sum() / counted.sum(),
            "max": pixels.max(),
            "x_data": pixels.sum(axis=0),
            "m_data": pixels.sum(axis=1) / counted.sum(axis=1),
            "lineout_data": pixels[4],
            "spectrum_histogram": np.histogram(pixels[counted], np.linspace(1, 90, 6))[0],
        }
    for name, value in wanted.items():
        assert np.allclose(got[f"det/R_{name}"], value, rtol=1e-6), name
    assert set(got) == {column.path for column in computation.columns} == set(roi.promises(p, "det"))
    assert [about.path for about, _ in computation.once] == ["UserDataCfg/det/R_spectrum_bins"]


def test_cleaning_keeps_nan_and_drops_infinity():
    given_ = np.array([1, 5, np.nan, np.inf, -np.inf, 9], np.float32)
    assert np.array_equal(Cleaner(2.0, 8.0)(given_), np.array([0, 5, np.nan, 0, 0, 0], "f4"), equal_nan=True)
    assert np.array_equal(
        Cleaner(good=np.array([0, 1, 0, 0, 1, 1], bool))(given_), np.array([0, 5, 0, 0, -np.inf, 9], "f4")
    )
    assert Cleaner()(given_) is given_


@pytest.mark.parametrize("dtype", ["u1", "u2", "i2", "i8", "f4", "f8"])
def test_cleaning_of_more_than_one_piece(dtype):
    frame = RNG.integers(0, 99, (3, 150, 2 * PIECE // 300)).astype(dtype)
    noise = RNG.uniform(20, 60, frame.shape)
    part = frame[:, 1::2]
    for low, high in ((50.5, None), (noise[:, 1::2], 70), (None, 33.0)):
        wanted = part.copy()
        if low is not None:
            wanted[part < low] = 0
        if high is not None:
            wanted[part > high] = 0
        got = Cleaner(low, high)(part)
        assert got.dtype == part.dtype and np.array_equal(got, wanted)


def slow_photon_counts(frame, good, p):
    """One pixel after the other, the largest remainder first."""
    share = np.where(good & (frame > 0), frame, 0) / np.float32(p.photon)
    if p.threshold is not None:
        share[frame < p.threshold] = 0
    whole = np.floor(share)
    left = (share - whole).astype(np.float32)
    counts, used = whole.astype(int), set()

    def value(at):
        return left[at] if all(0 <= i < n for i, n in zip(at, frame.shape)) else np.float32(0)

    for at in sorted(np.ndindex(*frame.shape), key=lambda at: (-left[at], at)):
        tile, row, column = at
        beside = [(tile, row - 1, column), (tile, row + 1, column), (tile, row, column - 1), (tile, row, column + 1)]
        if not left[at] > 0 or any(value(n) > left[at] or (value(n) == left[at] and n < at) for n in beside):
            continue
        best = max(range(4), key=lambda i: value(beside[i]))
        if left[at] + value(beside[best]) < np.float32(p.fraction):
            continue
        if beside[best] not in used or left[at] >= p.fraction:
            counts[at] += 1
            used.add(beside[best])
    return counts


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("more", [{}, {"threshold": 3.0, "fraction": 0.6}])
def test_photons_in_one_or_two_pixels(seed, more):
    rng = np.random.default_rng(seed)
    frame = (rng.integers(-3, 33, (2, 9, 8)) / np.float32(1)).astype(np.float32)
    good = rng.uniform(size=frame.shape) > 0.1
    p = photon_counting.Parameters(photon=10.0, save_image=True, sparsify=sparsify.Parameters(), **more)
    computation = photon_counting.Computation(p, "det", frame.shape, frame.dtype, Known(good))
    frame.setflags(write=False)
    got = computation.event(frame, 1)
    wanted = slow_photon_counts(frame, good, p)
    assert np.array_equal(got["det/photon_img"], wanted)
    assert got["det/photon_nPhot"] == wanted.sum()
    found = got["det/var_photon_sparse"]
    assert np.array_equal(wanted[found["tile"], found["row"], found["col"]], found["data"])
    assert found["data"].sum() == wanted.sum()


def test_sums_of_dropped_shots_and_assembled_sums():
    class Tiles(Known):
        def coordinates(self, shape):
            tile, row, column = np.mgrid[0 : shape[0], 0 : shape[1], 0 : shape[2]].astype(float)
            return 50 * row, 50 * (column + 6 * tile), 0 * row

        def pixel_size(self):
            return 50.0

    frames = [frame_of((2, 3, 4)) for _ in range(6)]
    names = ("calib", "calib_dropped", "calib_dropped_square", "calib_img", "calib_max_img")
    computation = sums.Computation(
        sums.Parameters(names), "det", (2, 3, 4), np.dtype("f4"), Tiles(np.ones((2, 3, 4), bool))
    )
    lit = [True, False, True, False, False, True]
    for frame, xray in zip(frames, lit):
        computation.event(frame, 1, Shot(xray=xray))
    with pytest.raises(Lacking, match="it is not known whether the shot had X-rays"):
        computation.event(np.zeros((2, 3, 4), "f4"), 1, Shot())
    found = {total.path[len("Sums/det_") :]: (total, value, events) for total, value, events in computation.totals()}
    got = {name: (total.image(value) if total.image else value, n) for name, (total, value, n) in found.items()}
    dark = np.array([f for f, xray in zip(frames, lit) if not xray], float)
    assert np.allclose(got["calib_dropped"][0], dark.sum(axis=0)) and got["calib_dropped"][1] == 3
    assert np.allclose(got["calib_dropped_square"][0], (dark**2).sum(axis=0))
    image = got["calib_img"][0]
    assert image.shape == (3, 10) and np.isnan(image[:, 4:6]).all()
    total = np.sum(frames, axis=0, dtype=float)
    assert np.allclose(image[:, :4], total[0]) and np.allclose(image[:, 6:], total[1])
    assert got["calib"][1] == 7 and "calib_max_img" in got

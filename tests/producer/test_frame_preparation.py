"""Mask, common mode and geometry of a detector, against plain Python and against psana."""

import numpy as np
import pytest

from producer.analysis import common_mode, image, mask
from producer.detector_context import Context, Lacking, read_array

RNG = np.random.default_rng(3)


class Known(Context):
    def __init__(self, good):
        super().__init__("det")
        self._good = good

    def calibration_mask(self, shape):
        return self._good

    def coordinates(self, shape):
        tile, row, column = np.mgrid[0 : shape[0], 0 : shape[1], 0 : shape[2]].astype(float)
        return 100 * row + 7, 100 * (column + (shape[2] + 2) * tile) - 300, 0 * row

    def pixel_size(self):
        return 100.0


def slow_common_mode(frame, good, p):
    """Group by group with numpy.median, as psana's common_mode_apply goes about it."""
    out = frame.astype(np.float32)
    down, across = p.bank_grid
    height, width = frame.shape[1] // down, frame.shape[2] // across

    def correct(tile, rows, columns):
        where = (tile, rows, columns)
        seen = out[where][good[where]]
        if seen.size <= p.minimum_pixels:
            return
        level = np.median(seen)
        if p.maximum is None or abs(level) < p.maximum:
            out[where] = np.where(good[where], out[where] - level, out[where])

    for tile in range(len(frame)):
        if p.banks:
            for i in range(down):
                for j in range(across):
                    correct(tile, slice(i * height, (i + 1) * height), slice(j * width, (j + 1) * width))
        if p.rows:
            for row in range(frame.shape[1]):
                for j in range(across):
                    correct(tile, slice(row, row + 1), slice(j * width, (j + 1) * width))
        if p.columns:
            for column in range(frame.shape[2]):
                for i in range(down):
                    correct(tile, slice(i * height, (i + 1) * height), slice(column, column + 1))
    return out


@pytest.mark.parametrize("maximum", [None, 4.0])
@pytest.mark.parametrize(("banks", "rows", "columns"), [(1, 0, 0), (0, 1, 0), (0, 0, 1), (1, 1, 1)])
def test_common_mode_is_the_median_of_each_group(banks, rows, columns, maximum):
    shape = (2, 24, 32)
    frame = (RNG.normal(0, 2, shape) + RNG.normal(0, 5, (2, 24, 1)) + RNG.normal(0, 3, (2, 1, 32))).astype(np.float32)
    good = RNG.uniform(size=shape) > 0.15
    good[0, 3] = False  # a row with nothing to measure
    p = common_mode.Parameters(bool(banks), bool(rows), bool(columns), (2, 4), maximum, 3)
    context = Known(good)
    common_mode.prepare(p, context, shape)
    frame.setflags(write=False)
    got = context.prepare(frame)
    assert got.dtype == np.float32 and not got.flags.writeable
    assert np.allclose(got, slow_common_mode(frame, good, p), atol=1e-5)


def test_a_nan_is_no_good_pixel_in_its_frame():
    shape = (1, 8, 16)
    frame = RNG.normal(0, 2, shape).astype(np.float32)
    frame[0, 1, :3] = frame[0, 2] = frame[0, 3, 4:] = np.nan  # some of a row, all of one, too many to be corrected
    frame[0, 4, 0] = np.inf  # saturated: a value like the others
    good = RNG.uniform(size=shape) > 0.1
    p = common_mode.Parameters(False, True, True, (1, 1), None, 5)
    context = Known(good)
    common_mode.prepare(p, context, shape)
    wanted = slow_common_mode(frame, good & ~np.isnan(frame), p)
    assert np.allclose(context.prepare(frame), wanted, atol=1e-5, equal_nan=True)
    clean = np.where(np.isfinite(frame), frame, 0).astype(np.float32)  # nothing is remembered from frame to frame
    assert np.allclose(context.prepare(clean), slow_common_mode(clean, good, p), atol=1e-5)


def test_common_mode_equals_psana():
    psana = pytest.importorskip("psana.detector.UtilsCommonMode", reason="psana is not installed")
    shape = (1, 704, 768)
    frame = (RNG.normal(0, 3, shape) + RNG.normal(0, 4, (1, 704, 1)) + RNG.normal(0, 3, (1, 1, 768))).astype(np.float32)
    good = RNG.uniform(size=shape) > 0.02
    context = Known(good)
    common_mode.prepare(common_mode.Parameters(True, True, True, (2, 8), 100.0, 10), context, shape)
    got = context.prepare(frame)
    wanted = frame.copy()
    psana.common_mode_apply(wanted, good.astype(np.int16), cmpars=(0, 7, 100, 10))
    assert np.allclose(got, wanted, atol=1e-4)


def test_masks_add_up_and_their_pixels_are_0(tmp_path):
    shape = (2, 10, 12)
    calibrated, own = RNG.uniform(size=shape) > 0.1, RNG.uniform(size=shape) > 0.1
    np.savez(tmp_path / "mask.npz", own)
    p = mask.Parameters(file=str(tmp_path / "mask.npz"), edges=1, regions=(((0, 1), (2, 4), (3, 9)),))
    context = Known(calibrated)
    mask.prepare(p, context, shape)
    good = calibrated & own
    good[:, [0, -1]] = good[:, :, [0, -1]] = False
    good[0, 2:4, 3:9] = False
    assert np.array_equal(context.mask(shape), good)
    frame = RNG.normal(size=shape).astype(np.float32) * calibrated
    frame.setflags(write=False)
    assert np.array_equal(context.prepare(frame), np.where(good, frame, 0))
    assert p.misfit(shape) == "" and "beyond the detector" in p.misfit((1, 10, 5)) and "3 axes" in p.misfit((10, 12))


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("mask.npy", None, "is not there"),
        ("mask.txt", "1 2\n3 4\n", "has 2 x 2 pixels, the frames have 2 x 3"),
        ("mask.txt", "good bad\n", "cannot be read"),
        ("mask.npy", "no array", "cannot be read"),
    ],
)
def test_a_file_that_is_no_mask_is_refused_in_words(tmp_path, name, content, words):
    if content is not None:
        (tmp_path / name).write_text(content)
    with pytest.raises(Lacking, match=words):
        read_array(str(tmp_path / name), (2, 3), "mask")


@pytest.mark.parametrize("size", [None, 250.0])
def test_image_puts_each_pixel_where_it_is(size):
    shape = (2, 6, 5)
    frame, good = RNG.normal(size=shape).astype(np.float32), RNG.uniform(size=shape) > 0.2
    context = Known(good)
    computation = image.Computation(image.Parameters(pixel_size_um=size), "det", shape, frame.dtype, context)
    got = computation.event(frame, 1)["det/image_img"]
    x, y, _ = context.coordinates(shape)
    found = {}
    for at in np.ndindex(*shape):
        to = tuple(int(np.floor((c[at] - c.min()) / (size or 100.0) + 0.5)) for c in (x, y))
        found.setdefault(to, [])
        if good[at]:
            found[to].append(frame[at])
    wanted = np.full(tuple(max(to[i] for to in found) + 1 for i in (0, 1)), np.nan)
    for to, values in found.items():
        if values:
            wanted[to] = np.mean(values)
    assert got.shape == wanted.shape == computation.columns[0].shape
    assert np.allclose(got, wanted, rtol=1e-5, equal_nan=True)

"""Assembled sums and largest values of a whole run, however many workers shared its events."""

import h5py
import numpy as np
import pytest

from producer import merge
from producer.analysis import sums
from producer.part_file import PartFile
from producer.schema import MISSING
from producer.shot import Shot

SHAPE = (2, 3, 4)


class Overlapping:
    """The second panel covers the last column of the first: these pixels share one of the image."""

    def __init__(self, good):
        self.good = good

    def coordinates(self, shape):
        panel, row, column = np.mgrid[tuple(slice(0, n) for n in shape)].astype(float)
        return 50 * row, 50 * (column + 3 * panel), 0 * row

    def pixel_size(self):
        return 50.0

    def mask(self, shape):
        return self.good


def image_of(pixels, good):
    """(3, 7): the mean of the good pixels on each."""
    image = np.full((3, 7, 2), np.nan)
    image[:, :4, 0], image[:, 3:, 1] = np.where(good, pixels, np.nan)
    there = ~np.isnan(image)
    with np.errstate(invalid="ignore"):
        return np.where(there, image, 0).sum(axis=2) / there.sum(axis=2)


def produced(folder, frames, names, deal, good, xray=True):
    """What is written of the sums when each worker has some of the frames."""
    parts = []
    for worker in sorted(set(deal)):
        parts.append(folder / f"{len(set(deal))}-{worker}")
        part = PartFile(parts[-1])
        computation = sums.Computation(sums.Parameters(names), "det", SHAPE, frames.dtype, Overlapping(good))
        for number in np.flatnonzero(np.array(deal) == worker):
            part.begin(int(number) + 1)
            computation.event(frames[number], int(number) + 1, Shot(xray=xray))
        for total in computation.totals():
            part.total(*total)
        part.close()
    with h5py.File(folder / f"{len(set(deal))}.h5", "w") as out:
        merge.merge(parts, out)
        return {name: (out[f"Sums/det_{name}"][()], out[f"Sums/det_{name}"].attrs["events"]) for name in names}


@pytest.mark.parametrize("dtype", ["f4", "i4"])
@pytest.mark.parametrize("masked", [False, True])
def test_images_are_assembled_when_all_parts_are_together(tmp_path, dtype, masked):
    frames = (1000 * np.random.default_rng(11).normal(size=(24, *SHAPE))).astype(dtype)
    good = np.ones(SHAPE, bool)
    good[1, 0, 1] = good[0, 2, 3] = good[1, 2, 0] = not masked
    names = ("calib_img", "calib_max_img", "calib_thresADU20_max_img", "calib_max")
    for workers in (1, 2, 5):
        got = produced(tmp_path, frames, names, [i % workers for i in range(24)], good)
        most = frames.max(axis=0)
        assert np.array_equal(got["calib_max"][0], most)
        assert np.array_equal(got["calib_max_img"][0], image_of(most, good), equal_nan=True)
        above = np.where(frames < 20, 0, frames).max(axis=0)
        assert np.array_equal(got["calib_thresADU20_max_img"][0], image_of(above, good), equal_nan=True)
        added = image_of(frames.sum(axis=0, dtype=float), good)
        assert np.allclose(got["calib_img"][0], added, rtol=1e-12, equal_nan=True)
        assert {events for _, events in got.values()} == {24} and got["calib_img"][0].dtype == np.float64


@pytest.mark.parametrize(("dtype", "missing"), [("f4", np.nan), ("i4", MISSING)])
def test_the_largest_values_of_no_event_are_missing(tmp_path, dtype, missing):
    names = ("calib_dropped_max", "calib_dropped_max_img", "calib_dropped")
    for workers in (1, 2):
        deal = [i % workers for i in range(4)]
        got = produced(tmp_path, np.ones((4, *SHAPE), dtype), names, deal, np.ones(SHAPE, bool))
        assert np.array_equal(got["calib_dropped_max"][0], np.full(SHAPE, missing), equal_nan=True)
        image, events = got["calib_dropped_max_img"]
        assert image.shape == (3, 7) and np.isnan(image).all() and events == 0
        assert not got["calib_dropped"][0].any()

"""Weighted sums of the pixels of each bin."""

from typing import Any

import numpy as np

RUN = 64  # pixels added in single precision, before double precision takes over
SIDES = 4  # sums of a bin side by side, so that a pixel need not wait for the sum with the one before it


class BinSums:
    """The sum over each of `count` bins of weight times pixel, for frames of `size` pixels. `bins`, `pixels` and
    `weights`: one entry for each pixel of each bin.

    One sparse product, column by column, so that the frame is read in its own order: 0.9 ms a megapixel where
    np.bincount takes 2.5 ms. Frames of 32 bits are added up by 64 pixels in single precision and then in double
    precision, which is as exact as their pixels (2e-7)."""

    def __init__(self, bins: np.ndarray, pixels: np.ndarray, weights: np.ndarray, count: int, size: int) -> None:
        from scipy.sparse import csc_matrix

        self._count = count
        order = np.lexsort((pixels, bins))
        bins, pixels, weights = bins[order].astype(np.int64), pixels[order].astype(np.int32), weights[order]
        first = np.flatnonzero(np.diff(bins, prepend=-1))
        number = np.arange(len(bins)) - np.repeat(first, np.diff(first, append=len(bins)))
        sides = number % SIDES + SIDES * (number // (SIDES * RUN))
        key = bins * (int(sides.max(initial=0)) + 1) + sides
        _, found, run = np.unique(key, return_index=True, return_inverse=True)
        # Runs that begin near each other in the frame are near each other in memory.
        along = np.argsort(pixels[found], kind="stable")
        place = np.empty(len(found), np.int32)
        place[along] = np.arange(len(found), dtype=np.int32)
        self._of_run = bins[found][along]
        order = np.argsort(pixels, kind="stable")
        starts = np.searchsorted(pixels[order], np.arange(size + 1)).astype(np.int32)
        self._weights, rows = weights[order], place[run[order]]
        self._single: Any = csc_matrix((self._weights.astype(np.float32), rows, starts), shape=(len(found), size))
        self._double: Any = None

    def __call__(self, values: np.ndarray) -> np.ndarray:
        """float64[count], of flat `values`."""
        matrix = self._single
        if values.dtype.itemsize > 4:
            if self._double is None:
                places = (self._single.indices, self._single.indptr)
                self._double = type(matrix)((self._weights.astype(np.float64), *places), shape=matrix.shape)
            matrix = self._double
        runs = matrix @ values.astype(matrix.dtype, copy=False)
        return np.bincount(self._of_run, weights=runs, minlength=self._count)

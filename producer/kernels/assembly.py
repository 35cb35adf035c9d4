"""Pixels to an image, by their coordinates."""

from typing import Tuple

import numpy as np


class Assembly:
    """Puts pixels with centres `x`, `y` (um) into an image of pixels of `size` um, of those that are `good`. Its first
    axis is x; pixel i holds the centres within half a pixel of min(x) + i * size."""

    def __init__(self, x: np.ndarray, y: np.ndarray, size: float, good: np.ndarray) -> None:
        rows, columns = (np.floor((c - c.min()) / size + 0.5).astype(np.int64).ravel() for c in (x, y))
        shape = (int(rows.max()) + 1, int(columns.max()) + 1)
        self._put(np.where(good.ravel(), rows * shape[1] + columns, -1), shape)

    @classmethod
    def again(cls, where: np.ndarray, shape: Tuple[int, int]) -> "Assembly":
        """One with that `where` and `shape`."""
        one = cls.__new__(cls)
        one._put(where, shape)
        return one

    def _put(self, where: np.ndarray, shape: Tuple[int, int]) -> None:
        """`where` int64[pixels]: the pixel of the image, flat, on which each falls; -1 for those that are not good."""
        self.where, self.shape, self.index = where, shape, where
        self._good = None if (where >= 0).all() else np.flatnonzero(where >= 0)
        if self._good is not None:
            self.index = where[self._good]
        count = np.bincount(self.index, minlength=self.shape[0] * self.shape[1])
        self._alone = bool(count.max(initial=0) <= 1)
        self._count = np.where(count > 0, count, np.nan)

    def __call__(self, frame: np.ndarray) -> np.ndarray:
        """The mean of the pixels in each pixel of the image, NaN where there is none; float64 for a frame of 64 bits,
        else float32."""
        dtype = np.dtype(np.float64 if frame.dtype.itemsize > 4 else np.float32)
        values = frame.reshape(-1)
        if self._good is not None:
            values = values[self._good]
        if self._alone:
            image = np.full(len(self._count), np.nan, dtype)
            image[self.index] = values
        else:
            sums = np.bincount(self.index, weights=values, minlength=len(self._count))
            image = (sums / self._count).astype(dtype)
        return image.reshape(self.shape)

"""Pixels to an image, by their coordinates."""

import numpy as np


class Assembly:
    """Puts pixels with centres `x`, `y` (um) into an image of pixels of `size` um, of those that are `good`. Its first
    axis is x; pixel i holds the centres within half a pixel of min(x) + i * size."""

    def __init__(self, x: np.ndarray, y: np.ndarray, size: float, good: np.ndarray) -> None:
        rows, columns = (np.floor((c - c.min()) / size + 0.5).astype(np.int64).ravel() for c in (x, y))
        self.shape = (int(rows.max()) + 1, int(columns.max()) + 1)
        self.index = rows * self.shape[1] + columns
        self._good = None if good.all() else np.flatnonzero(good)
        if self._good is not None:
            self.index = self.index[self._good]
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

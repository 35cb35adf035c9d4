"""Pixels that count as 0."""

from typing import Optional

import numpy as np


class Cleaner:
    """Sets pixels to 0 that are below `low` (a number, or an array of one for each pixel), above `high`, or not
    `good`, in a copy: a frame is never changed. NaN stays NaN where it is good."""

    def __init__(
        self, low: Optional[object] = None, high: Optional[float] = None, good: Optional[np.ndarray] = None
    ) -> None:
        self._low, self._high = low, high
        self._bad = None if good is None or good.all() else np.flatnonzero(~good)

    def __call__(self, pixels: np.ndarray) -> np.ndarray:
        """The pixels themselves when there is nothing to do."""
        given = pixels
        if self._low is not None or self._high is not None:
            keep = np.ones(pixels.shape, bool) if self._low is None else ~(pixels < self._low)
            if self._high is not None:
                keep &= ~(pixels > self._high)
            with np.errstate(invalid="ignore"):
                pixels = np.multiply(pixels, keep, dtype=given.dtype)  # a tenth of the time of np.where
            if given.dtype.kind == "f" and not np.isfinite(pixels.sum()):  # perhaps infinity times 0
                pixels = np.where(keep, given, np.zeros((), given.dtype))
        if self._bad is not None:
            if pixels is given:
                pixels = np.array(pixels, order="C")
            pixels.reshape(-1)[self._bad] = 0
        return pixels

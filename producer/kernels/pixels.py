"""Pixels that count as 0."""

import math
from typing import Any, Callable, Optional

import numpy as np

PIECE = 1 << 15  # pixels taken at a time: what is made of them stays in the processor's cache


class Cleaner:
    """Sets pixels to 0 that are below `low` (a number, or an array of one for each pixel), above `high`, or not
    `good`, in a copy: a frame is never changed. NaN stays NaN where it is good."""

    def __init__(self, low: Any = None, high: Optional[float] = None, good: Optional[np.ndarray] = None) -> None:
        self._low = low if low is None or np.ndim(low) == 0 else np.ravel(low)
        self._high = high
        self._bad = None if good is None or good.all() else np.flatnonzero(~good)

    def __call__(self, pixels: np.ndarray) -> np.ndarray:
        """The pixels themselves when there is nothing to do."""
        given = pixels
        if self._low is not None or self._high is not None:
            pixels = self._limited(np.ascontiguousarray(pixels))
        if self._bad is not None:
            if pixels is given:
                pixels = np.array(pixels, order="C")
            pixels.reshape(-1)[self._bad] = 0
        return pixels

    def _limited(self, pixels: np.ndarray) -> np.ndarray:
        """Keeps all bits of a pixel or none: as exact as np.where, in a tenth of its time."""
        integers = np.dtype(f"i{pixels.dtype.itemsize}")
        limited = np.empty_like(pixels)
        flat, into = pixels.reshape(-1), limited.reshape(-1).view(integers)
        beyond, above = np.empty((2, min(PIECE, flat.size)), bool)
        low, high = _as_integer(self._low, math.ceil, flat.dtype), _as_integer(self._high, math.floor, flat.dtype)
        for start in range(0, flat.size, PIECE):
            part = flat[start : start + PIECE]
            out, leave = beyond[: part.size], above[: part.size]
            if low is not None:
                np.less(part, low if np.ndim(low) == 0 else low[start : start + PIECE], out=out)
            if high is not None:
                np.greater(part, high, out=leave if low is not None else out)
                if low is not None:
                    np.logical_or(out, leave, out=out)
            keep, bits = out.view(np.int8), into[start : start + PIECE]
            np.copyto(bits, np.subtract(keep, 1, out=keep))
            np.bitwise_and(bits, part.view(integers), out=bits)
        return limited


def _as_integer(limit: Any, rounded: Callable[[float], int], dtype: np.dtype) -> Any:
    """A limit for integers as one of them, with which they are compared in a third of the time."""
    if dtype.kind not in "iu" or limit is None or np.ndim(limit) or not math.isfinite(limit):
        return limit
    whole, about = rounded(limit), np.iinfo(dtype)
    return dtype.type(whole) if about.min <= whole <= about.max else limit

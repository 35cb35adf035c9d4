"""Common mode: what the pixels of a readout bank, a row or a column have in common is taken from each of them."""

from dataclasses import dataclass
from typing import Annotated, List, Optional, Tuple

import numpy as np

from producer.detector_context import Context, Lacking
from producer.parameters import Meta

NAME = "common_mode"
MANY = False
PREPARES = 1


@dataclass(frozen=True)
class Parameters:
    banks: Annotated[bool, Meta("subtract the median of each bank")] = False
    rows: Annotated[bool, Meta("subtract the median of each row of a bank")] = True
    columns: Annotated[bool, Meta("subtract the median of each column of a bank")] = True
    bank_grid: Annotated[
        Tuple[int, int], Meta("banks of a tile: down and across; (2, 8) for an epix100, (1, 1) = the tile", minimum=1)
    ] = (2, 8)
    maximum: Annotated[
        Optional[float], Meta("a correction as large as this is not made", unit="detector units", minimum=0)
    ] = None
    minimum_pixels: Annotated[int, Meta("a correction needs more good pixels than this", unit="pixels", minimum=0)] = 10

    def misfit(self, shape: Tuple[int, ...]) -> str:
        if len(shape) < 2:
            return "common mode needs rows and columns, the detector has one axis"
        down, across = self.bank_grid
        if shape[-2] % down or shape[-1] % across:
            return f"{down} x {across} banks do not divide tiles of {shape[-2]} x {shape[-1]} pixels"
        return ""


def prepare(parameters: Parameters, context: Context, shape: Tuple[int, ...]) -> None:
    """The medians of the good pixels: of each bank, then of the rows of banks, then of the columns of banks, each taken
    from the good pixels that they are of. (psana's order in UtilsCommonMode; it takes them from the values in ADU,
    before the gain, and takes the rows through both banks of a column of banks, as is done here.)"""
    if not (parameters.banks or parameters.rows or parameters.columns):
        raise Lacking("none of banks, rows and columns is to be corrected")
    context.add(CommonMode(parameters, context.mask(shape)))


class CommonMode:
    """Frames of the shape of `good` -> float32 frames with the common mode taken off."""

    def __init__(self, parameters: Parameters, good: np.ndarray) -> None:
        self._maximum = parameters.maximum
        height, width = good.shape[-2:]
        down, across = parameters.bank_grid
        tiles = good.size // (height * width)
        grid = (tiles, down, height // down, across, width // across)
        self._steps: List[Tuple[_Medians, Tuple[int, ...]]] = []
        if parameters.banks:
            self._steps.append((_Medians(good.reshape(grid), (2, 4), parameters.minimum_pixels), grid))
        if parameters.rows:
            rows = (tiles, 1, height, across, width // across)
            self._steps.append((_Medians(good.reshape(rows), (4,), parameters.minimum_pixels), rows))
        if parameters.columns:
            columns = (tiles, down, height // down, 1, width)
            self._steps.append((_Medians(good.reshape(columns), (2,), parameters.minimum_pixels), columns))

    def __call__(self, frame: np.ndarray) -> np.ndarray:
        corrected = np.array(frame, np.float32, order="C")
        for medians, shape in self._steps:
            values = corrected.reshape(shape)
            level = medians(values)
            if self._maximum is not None:
                level = np.where(np.abs(level) < self._maximum, level, 0)
            np.subtract(values, level, out=values, where=medians.good)
        return corrected


class _Medians:
    """Medians of the good pixels along `axes`, 0 where there are not more than `least` of them. A pixel that is NaN in
    a frame is not good in it."""

    def __init__(self, good: np.ndarray, axes: Tuple[int, ...], least: int) -> None:
        self.good, self._axes = good, axes
        self._order = [axis for axis in range(good.ndim) if axis not in axes] + list(axes)
        self._kept = tuple(good.shape[axis] for axis in self._order[: good.ndim - len(axes)])
        last = np.transpose(good, self._order).reshape(*self._kept, -1)
        self._bad = ~last
        self._least, self._count = least, last.sum(axis=-1, keepdims=True)

    def __call__(self, values: np.ndarray) -> np.ndarray:
        """float32, broadcastable to `values`."""
        last = np.transpose(values, self._order).reshape(self._bad.shape)
        last = np.where(self._bad, np.float32(np.inf), last)
        last.sort(axis=-1)
        count = self._count
        if np.isnan(last[..., -1]).any():  # they come last
            count = count - np.isnan(last).sum(axis=-1, keepdims=True)
        places = np.maximum((count - 1) // 2, 0), count // 2
        low, high = (np.take_along_axis(last, at, axis=-1)[..., 0] for at in places)
        with np.errstate(invalid="ignore"):
            middle = np.where(count[..., 0] > self._least, (low + high) / 2, np.float32(0))
        return np.expand_dims(middle, self._axes)

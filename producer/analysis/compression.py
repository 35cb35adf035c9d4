"""Lossy compression: each frame is compressed and restored before the other functions see it, to learn what it does to
their results."""

from dataclasses import dataclass
from typing import Annotated, Any, Dict, List, Optional, Tuple

import numpy as np

from producer.analysis.names import within
from producer.detector_context import Context, Lacking
from producer.parameters import Meta
from producer.schema import Total, column

NAME = "compression"
MANY = False
PREPARES = 0  # before common mode and masks


@dataclass(frozen=True)
class Parameters:
    error_bound: Annotated[
        float, Meta("no pixel may change by more than this; 0 = lossless", unit="detector units", minimum=0)
    ]


RECORDED: Dict[str, str] = {}
_RESULTS = ("ratio", "max_error")


def promises(parameters: Parameters, owner: str) -> Dict[str, Optional[Tuple[int, ...]]]:
    return {f"{within(owner, NAME)}_{what}": () for what in _RESULTS}


def prepare(parameters: Parameters, context: Context, shape: Tuple[int, ...]) -> None:
    """Raises `Lacking` when zfpy is not installed."""
    lossy = Lossy(parameters.error_bound)
    context.add(lossy)
    context.prepared[NAME] = lossy


class Lossy:
    """Compresses and restores frames with zfp (P. Lindstrom, IEEE TVCG 20 (2014) 2674), in its mode of fixed accuracy,
    or losslessly for a bound of 0. `ratio` and `max_error` are those of the last frame."""

    def __init__(self, error_bound: float) -> None:
        try:
            import zfpy
        except ImportError:
            raise Lacking("it needs the package zfpy, which is not installed") from None
        self._library, self._bound = zfpy, error_bound
        self.ratio = self.max_error = 0.0

    def __call__(self, frame: np.ndarray) -> np.ndarray:
        """A frame of the same type. What is not finite, which zfp cannot hold, stays as it is. Integers are rounded
        after restoring, which never takes them further away than the bound rounded up."""
        floats = frame.dtype if frame.dtype.kind == "f" else np.dtype(np.float64)
        values = np.ascontiguousarray(np.squeeze(frame), dtype=floats)
        finite = np.isfinite(values)
        if not finite.all():
            values = np.where(finite, values, 0)
        # A frame of more than 4 axes, zfp's most, does not exist; one of none neither.
        data = self._library.compress_numpy(values, tolerance=self._bound if self._bound else -1)
        restored = self._library.decompress_numpy(data)
        if frame.dtype.kind != "f":
            restored = np.rint(restored)
        self.ratio = frame.nbytes / len(data)
        self.max_error = float(np.abs(restored - values).max())
        if self.max_error > self._bound:
            raise ArithmeticError(f"zfp changed a pixel by {self.max_error:g}, more than {self._bound:g}")
        result = restored.reshape(frame.shape).astype(frame.dtype)
        return result if finite.all() else np.where(finite.reshape(frame.shape), result, frame)


class Computation:
    """``compression_ratio`` float64: bytes of the frame over bytes of the compressed one; ``compression_max_error``
    float64: by how much a pixel changed at most. An event in which a pixel changed by more than the bound is a problem,
    and no function gets its frame. The bound is recorded with the parameters."""

    def __init__(
        self, parameters: Parameters, owner: str, shape: Tuple[int, ...], dtype: np.dtype, context: Context
    ) -> None:
        self._lossy: Lossy = context.prepared[NAME]
        start = within(owner, NAME)
        self._ratio, self._error = (f"{start}_{what}" for what in _RESULTS)
        bound = f"largest change of a pixel by compression; allowed are {parameters.error_bound:g}"
        self.columns = [
            column(self._ratio, np.float64, (), "", "size of the frame over that of the compressed one"),
            column(self._error, np.float64, (), "detector units", bound),
        ]

    def event(self, frame: np.ndarray, timestamp: int) -> Dict[str, Any]:
        return {self._ratio: self._lossy.ratio, self._error: self._lossy.max_error}

    def totals(self) -> List[Tuple[Total, np.ndarray, int]]:
        return []

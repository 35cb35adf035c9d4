"""A detector, or a region of it, in fewer and larger pixels."""

from dataclasses import dataclass
from typing import Annotated, Any, Dict, List, Optional, Tuple

import numpy as np

from producer.analysis.names import dataset_name, within
from producer.detector_context import Context, Lacking
from producer.parameters import Meta
from producer.schema import Total, column

NAME = "rebin"
MANY = True


@dataclass(frozen=True)
class Parameters:
    shape: Annotated[
        Tuple[int, ...],
        Meta(
            "size of the result in each axis, not counting axes of a single pixel",
            unit="pixels",
            minimum=1,
            lengths=(1, 2, 3),
        ),
    ]
    name: Annotated[str, Meta("begins the name of the dataset: <name>_data", check=dataset_name)] = "rebin"


def promises(parameters: Parameters, owner: str) -> Dict[str, Optional[Tuple[int, ...]]]:
    return {f"{within(owner, parameters.name)}_data": tuple(parameters.shape)}


class Computation:
    """``_data``: float64 of `shape`: the mean of the good pixels in each larger pixel. Where sizes do not divide, a
    pixel counts for several larger ones by the share of it that lies in each, so the mean is by area; NaN where a
    larger pixel has no good pixel. (smalldata_tools' rebin instead fits splines through the pixels then.)

    On each axis the weights are a sparse matrix W, so that data = W0 pixels W1^T over W0 good W1^T. Raises `Lacking`
    when the axes do not go together or a size is above that of the data."""

    def __init__(
        self,
        parameters: Parameters,
        owner: str,
        shape: Tuple[int, ...],
        dtype: np.dtype,
        context: Optional[Context] = None,
    ) -> None:
        self._shape = tuple(n for n in shape if n != 1)
        wanted = tuple(parameters.shape)
        if len(wanted) != len(self._shape):
            raise Lacking(f"shape has {len(wanted)} axes, the pixels {len(self._shape)} of more than one pixel")
        for axis, (new, old) in enumerate(zip(wanted, self._shape)):
            if new > old:
                raise Lacking(f"axis {axis} has only {old} pixels, which cannot become {new}")
        self._weights = [_shares(old, new) for old, new in zip(self._shape, wanted)]
        good = (context or Context(owner)).mask(shape).reshape(self._shape)
        self._bad = None if good.all() else np.flatnonzero(~good)
        self._area = self._summed(good.astype(np.float64))
        self._name = f"{within(owner, parameters.name)}_data"
        words = "mean of the good pixels in each larger pixel"
        self.columns = [column(self._name, np.float64, wanted, "detector units", words)]

    def _summed(self, pixels: np.ndarray) -> np.ndarray:
        for axis, weights in enumerate(self._weights):
            first = np.moveaxis(pixels, axis, 0)
            rows = weights @ first.reshape(len(first), -1)
            pixels = np.moveaxis(rows.reshape(-1, *first.shape[1:]), 0, axis)
        return pixels

    def event(self, frame: np.ndarray, timestamp: int) -> Dict[str, Any]:
        pixels = frame.reshape(self._shape)
        if self._bad is not None:
            pixels = np.array(pixels)
            pixels.reshape(-1)[self._bad] = 0
        with np.errstate(invalid="ignore", divide="ignore"):
            return {self._name: self._summed(pixels) / self._area}

    def totals(self) -> List[Tuple[Total, np.ndarray, int]]:
        return []


def _shares(old: int, new: int) -> Any:
    """float64[new, old], sparse: the share of each old pixel that lies in each new one."""
    from scipy.sparse import csr_matrix

    width = old / new
    at = np.arange(old)
    first = np.minimum((at / width).astype(np.int64), new - 1)
    edge = (first + 1) * width
    inside = np.clip(edge - at, 0, 1)
    rows = np.concatenate([first, np.minimum(first + 1, new - 1)])
    values = np.concatenate([inside, 1 - inside])
    kept = values > 1e-12
    return csr_matrix((values[kept], (rows[kept], np.concatenate([at, at])[kept])), shape=(new, old))

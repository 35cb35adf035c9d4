"""One line of pixels of a detector, or of a region of it."""

from dataclasses import dataclass
from typing import Annotated, Any, Dict, List, Optional, Tuple

import numpy as np

from producer.analysis.names import dataset_name, within
from producer.detector_context import Lacking
from producer.parameters import Meta
from producer.schema import Total, column

NAME = "lineout"
MANY = True


@dataclass(frozen=True)
class Parameters:
    name: Annotated[str, Meta("begins the name of the dataset: <name>_data", check=dataset_name)] = "lineout"
    axis: Annotated[
        int, Meta("axis in which one position is taken, not counting axes of a single pixel", minimum=0)
    ] = 0
    index: Annotated[
        Optional[int],
        Meta("the position; left out = that of the brightest pixel of the event", unit="pixels", minimum=0),
    ] = None


RECORDED = {"index": "idx"}


def promises(parameters: Parameters, owner: str) -> Dict[str, Optional[Tuple[int, ...]]]:
    return {f"{within(owner, parameters.name)}_data": None}


class Computation:
    """``_data``: the pixels, without axes of one pixel, at the position `index` of `axis`, or at that of the largest
    pixel of the event (the first of several; NaN is none); type of the frame. Raises `Lacking` for an axis or position
    that is not there."""

    def __init__(self, parameters: Parameters, owner: str, shape: Tuple[int, ...], dtype: np.dtype) -> None:
        self._shape = tuple(n for n in shape if n != 1)
        self._axis, self._index = parameters.axis, parameters.index
        if self._axis >= len(self._shape):
            words = f"there is no axis {self._axis}: the pixels have {len(self._shape)} axes of more than one pixel"
            raise Lacking(words)
        if self._index is not None and self._index >= self._shape[self._axis]:
            raise Lacking(f"position {self._index} is beyond the {self._shape[self._axis]} pixels of axis {self._axis}")
        self._name = f"{within(owner, parameters.name)}_data"
        line = self._shape[: self._axis] + self._shape[self._axis + 1 :]
        words = "of the largest pixel" if self._index is None else str(self._index)
        self.columns = [
            column(self._name, dtype, line, "detector units", f"pixels at position {words} of axis {self._axis}")
        ]

    def event(self, frame: np.ndarray, timestamp: int) -> Dict[str, Any]:
        pixels, index = frame.reshape(self._shape), self._index
        if index is None:
            if pixels.dtype.kind == "f" and np.isnan(pixels.max()):
                largest = np.argmax(np.where(np.isnan(pixels), -np.inf, pixels))
            else:
                largest = np.argmax(pixels)
            index = int(np.unravel_index(largest, self._shape)[self._axis])
        return {self._name: np.take(pixels, index, axis=self._axis)}

    def totals(self) -> List[Tuple[Total, np.ndarray, int]]:
        return []

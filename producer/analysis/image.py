"""The detector as one image: its tiles where the geometry puts them."""

from dataclasses import dataclass
from typing import Annotated, Any, Dict, List, Optional, Tuple

import numpy as np

from producer.analysis.names import dataset_name, within
from producer.detector_context import Context
from producer.kernels.assembly import Assembly
from producer.parameters import Meta
from producer.schema import Total, column

NAME = "image"
MANY = False


@dataclass(frozen=True)
class Parameters:
    pixel_size_um: Annotated[
        Optional[float], Meta("size of the image's pixels; left out = the detector's own", unit="um", minimum=1e-3)
    ] = None
    name: Annotated[str, Meta("begins the name of the dataset: <name>_img", check=dataset_name)] = "image"


def promises(parameters: Parameters, owner: str) -> Dict[str, Optional[Tuple[int, ...]]]:
    return {f"{within(owner, parameters.name)}_img": None}


class Computation:
    """``_img``: float32, the mean of the good pixels whose centre is in each pixel of the image, NaN where there is
    none; the first axis is x, the second y of psana's geometry, from the smallest coordinate of any pixel on. Raises
    `Lacking` for a detector without geometry."""

    def __init__(
        self, parameters: Parameters, owner: str, shape: Tuple[int, ...], dtype: np.dtype, context: Context
    ) -> None:
        size = context.pixel_size() if parameters.pixel_size_um is None else parameters.pixel_size_um
        x, y, _ = context.coordinates(shape)
        self._assembly = Assembly(x, y, size, context.mask(shape))
        self._name = f"{within(owner, parameters.name)}_img"
        words = "the detector's pixels where its geometry puts them: first axis x, second y"
        self.columns = [column(self._name, np.float32, self._assembly.shape, "detector units", words)]

    def event(self, frame: np.ndarray, timestamp: int) -> Dict[str, Any]:
        return {self._name: self._assembly(frame)}

    def totals(self) -> List[Tuple[Total, np.ndarray, int]]:
        return []

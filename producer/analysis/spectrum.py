"""Histogram of the pixel values of a detector, or of a region of it."""

from dataclasses import dataclass
from typing import Annotated, Any, Dict, Iterator, List, Optional, Tuple

import numpy as np

from producer.analysis.names import dataset_name, within
from producer.detector_context import Context
from producer.kernels.histogram import Histogram
from producer.parameters import Meta
from producer.schema import Total, column

NAME = "spectrum"
MANY = True


@dataclass(frozen=True)
class Parameters:
    name: Annotated[str, Meta("begins the name of the dataset: <name>_histogram", check=dataset_name)] = "spectrum"
    low: Annotated[float, Meta("lower edge of the first bin", unit="detector units")] = 0.0
    high: Annotated[float, Meta("upper edge of the last bin, which it belongs to", unit="detector units")] = 100.0
    bins: Annotated[int, Meta("how many bins of equal width", minimum=1, maximum=1_000_000)] = 100
    edges: Annotated[
        Optional[Tuple[float, ...]],
        Meta("edges of bins of any width, rising, instead of low, high and bins", unit="detector units"),
    ] = None

    def check(self) -> Iterator[Tuple[Tuple[object, ...], str, str]]:
        if self.edges is not None:
            if len(self.edges) < 2:
                yield ("edges",), "edges needs at least 2 numbers for one bin", ""
            elif any(b <= a for a, b in zip(self.edges, self.edges[1:])):
                yield ("edges",), "edges must rise from one to the next", ""
        elif self.low >= self.high:
            yield ("high",), f"high must be above low, {self.high:g} is not above {self.low:g}", ""


def promises(parameters: Parameters, owner: str) -> Dict[str, Optional[Tuple[int, ...]]]:
    bins = parameters.bins if parameters.edges is None else len(parameters.edges) - 1
    return {f"{within(owner, parameters.name)}_histogram": (bins,)}


class Computation:
    """``_histogram``: int64[bins], how many good pixels have edges[i] <= value < edges[i+1], in the last bin also
    value = edges[i+1]. Pixels outside all bins, and NaN, count nowhere. The edges are written once as
    ``UserDataCfg/.../<name>_bins``."""

    def __init__(
        self,
        parameters: Parameters,
        owner: str,
        shape: Tuple[int, ...],
        dtype: np.dtype,
        context: Optional[Context] = None,
    ) -> None:
        p = parameters
        edges = np.linspace(p.low, p.high, p.bins + 1) if p.edges is None else np.array(p.edges)
        good = (context or Context(owner)).mask(shape)
        self._good = None if good.all() else np.flatnonzero(good)
        self._histogram = Histogram(edges, uniform=p.edges is None)
        start = within(owner, p.name)
        self._name = f"{start}_histogram"
        self.columns = [
            column(self._name, np.int64, (len(edges) - 1,), "pixels", "good pixels with a value in each bin")
        ]
        about = column(f"UserDataCfg/{start}_bins", np.float64, edges.shape, "detector units", "edges of the bins")
        self.once = [(about, edges)]

    def event(self, frame: np.ndarray, timestamp: int) -> Dict[str, Any]:
        flat = frame.reshape(-1)
        return {self._name: self._histogram(flat if self._good is None else flat[self._good])}

    def totals(self) -> List[Tuple[Total, np.ndarray, int]]:
        return []

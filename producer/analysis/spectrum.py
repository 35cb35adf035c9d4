"""Histogram of the pixel values of a detector, or of a region of it."""

from dataclasses import dataclass
from typing import Annotated, Iterator, Optional, Tuple

from producer.analysis.names import dataset_name
from producer.parameters import Meta

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

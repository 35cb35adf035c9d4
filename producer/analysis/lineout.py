"""One line of pixels of a detector, or of a region of it."""

from dataclasses import dataclass
from typing import Annotated, Optional

from producer.analysis.names import dataset_name
from producer.parameters import Meta

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

"""Projection of a detector, or of a region of it: the pixels added up along one axis."""

from dataclasses import dataclass
from typing import Annotated, Optional

from producer.analysis.names import dataset_name
from producer.parameters import Meta

NAME = "projection"
MANY = True


@dataclass(frozen=True)
class Parameters:
    name: Annotated[str, Meta("begins the name of the dataset: <name>_data", check=dataset_name)] = "projection"
    axis: Annotated[
        int,
        Meta(
            "axis that is added up, not counting axes of a single pixel; -1 = all, which gives one number", minimum=-1
        ),
    ] = 0
    threshold: Annotated[Optional[float], Meta("pixels below count as 0", unit="detector units")] = None
    threshold_rms: Annotated[
        Optional[float], Meta("pixels below this many times their noise count as 0", unit="sigma", minimum=0)
    ] = None
    single_photon: Annotated[bool, Meta("count the pixels above 0 instead of adding them up")] = False
    mean: Annotated[bool, Meta("divide by the number of good pixels that were added up")] = False


RECORDED = {"threshold": "thresADU", "threshold_rms": "thresRms", "single_photon": "singlePhoton"}

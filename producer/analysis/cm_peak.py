"""The leftmost of the highest peaks of a trace or histogram, and its centre of mass."""

from dataclasses import dataclass
from typing import Annotated, Tuple

from producer.analysis.names import dataset_name
from producer.parameters import Meta

NAME = "cm_peak"
MANY = True


@dataclass(frozen=True)
class Parameters:
    name: Annotated[str, Meta("begins the names of the datasets", check=dataset_name)] = "cmPeak"
    peaks: Annotated[int, Meta("of how many of the highest peaks the leftmost is taken", minimum=1)] = 2
    minimum_sum: Annotated[float, Meta("a peak has more than this in 5 samples")] = 0.0

    def misfit(self, shape: Tuple[int, ...]) -> str:
        return "" if len(shape) == 1 else f"it works on one trace, the detector has {len(shape)} axes"


RECORDED = {"peaks": "nPeak", "minimum_sum": "minPeakNum"}

"""Only what is not zero of a detector, or of the droplets or photons found in it, as lists of positions and values."""

from dataclasses import dataclass
from typing import Annotated, Optional

from producer.analysis.names import dataset_name
from producer.parameters import Meta

NAME = "sparsify"
MANY = False


@dataclass(frozen=True)
class Parameters:
    entries: Annotated[
        Optional[int],
        Meta(
            "length of the lists: longer ones are cut, shorter ones filled up; left out = as long as each event needs",
            minimum=1,
            maximum=10_000_000,
        ),
    ] = None
    threshold: Annotated[Optional[float], Meta("values below are left out", unit="detector units")] = None
    name: Annotated[str, Meta("begins the names of the datasets: <name>_data, _row, ...", check=dataset_name)] = (
        "sparse"
    )


RECORDED = {"entries": "nData"}

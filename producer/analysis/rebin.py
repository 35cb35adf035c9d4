"""A detector, or a region of it, in fewer and larger pixels."""

from dataclasses import dataclass
from typing import Annotated, Tuple

from producer.analysis.names import dataset_name
from producer.parameters import Meta

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

"""The detector as one image: its tiles where the geometry puts them."""

from dataclasses import dataclass
from typing import Annotated, Optional

from producer.analysis.names import dataset_name
from producer.parameters import Meta

NAME = "image"
MANY = False


@dataclass(frozen=True)
class Parameters:
    pixel_size_um: Annotated[
        Optional[float], Meta("size of the image's pixels; left out = the detector's own", unit="um", minimum=1e-3)
    ] = None
    name: Annotated[str, Meta("begins the name of the dataset: <name>_img", check=dataset_name)] = "image"

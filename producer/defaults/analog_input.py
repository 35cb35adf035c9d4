"""Analog inputs: chosen channels under names of their own, converted linearly."""

from dataclasses import dataclass
from typing import Annotated

from producer.analysis.roi import dataset_name
from producer.parameters import Meta

SECTION = "analog_input"
MANY = True


@dataclass(frozen=True)
class Parameters:
    """value = volts * scale + offset"""

    channel: Annotated[int, Meta("channel of the analog input", minimum=0, maximum=15)]
    name: Annotated[str, Meta("names the dataset", check=dataset_name)]
    scale: Annotated[float, Meta("value = volts*scale + offset", unit="1/V")] = 1.0
    offset: Annotated[float, Meta("value = volts*scale + offset")] = 0.0

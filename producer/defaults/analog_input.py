"""Analog inputs: chosen channels under names of their own, converted linearly."""

from dataclasses import dataclass
from typing import Annotated, Optional

from producer.analysis.names import dataset_name
from producer.parameters import Meta

SECTION = "analog_input"
MANY = True


@dataclass(frozen=True)
class Parameters:
    """value = reading * scale + offset, the reading being what the DAQ recorded (counts of the ADC from a usdusb)"""

    channel: Annotated[int, Meta("channel of the analog input", minimum=0, maximum=15)]
    name: Annotated[str, Meta("names the dataset", check=dataset_name)]
    scale: Annotated[float, Meta("value = reading*scale + offset")] = 1.0
    offset: Annotated[float, Meta("value = reading*scale + offset")] = 0.0
    detector: Annotated[Optional[str], Meta("the box with the inputs; left out = the only one there is")] = None

"""Analog inputs: chosen channels under names of their own, converted linearly."""

from dataclasses import dataclass
from typing import Annotated, Any, List, Mapping, Optional, Sequence

import numpy as np

from producer.analysis.names import dataset_name
from producer.data_source import Interface, OpenRun
from producer.defaults.source import About, Source
from producer.parameters import Meta
from producer.schema import Column, column

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


TYPES = ("usdusb",)  # kinds of detectors with analog inputs
CHANNELS = 4  # of a usdusb


class AnalogInputs(Source):
    """``ai/<name>`` float64: the reading of the channel * scale + offset."""

    function = "analog_input"

    def __init__(self, interface: Interface, inputs: Sequence[Parameters]) -> None:
        self.detector = interface.detector
        self._interface = interface
        self._inputs = {f"ai/{one.name}": one for one in inputs}

    def columns(self) -> List[Column]:
        return [column(path, np.float64, (), *self.about(path)) for path in self._inputs]

    def event(self, event: Any) -> Optional[Mapping[str, Any]]:
        parts = self._interface.parts(event)
        if parts is None:
            return None
        readings = parts[self._interface.segments[0]]._ain
        return {path: float(readings[one.channel]) * one.scale + one.offset for path, one in self._inputs.items()}

    def about(self, path: str) -> About:
        one = self._inputs[path]
        linear = f"{one.scale:g} * reading + {one.offset:g}"
        return "", f"channel {one.channel} of {self.detector}: {linear}; the reading is in counts of the ADC"


def sources(run: OpenRun, inputs: Sequence[Parameters]) -> List[Source]:
    boxes = {i.detector: i for i in run.interfaces.values() if i.type in TYPES and i.name == "raw"}
    chosen = {name: [one for one in inputs if (one.detector or next(iter(boxes))) == name] for name in boxes}
    return [AnalogInputs(boxes[name], found) for name, found in chosen.items() if found]

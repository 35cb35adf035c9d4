"""Wave8 and FIM: the integral and baseline of each channel, as the DAQ computed them."""

from typing import List

from producer.data_source import OpenRun
from producer.defaults.source import Fields, Source, of_types, public

ABOUT = {
    "intensity": ("", "sum of the channels, by the DAQ"),
    "posX": ("", "beam position x, by the DAQ"),
    "posY": ("", "beam position y, by the DAQ"),
    "integral_all": ("", "integral of each channel"),
    "base_all": ("", "baseline of each channel"),
}
for _channel in range(8):
    ABOUT[f"integral_{_channel}"] = ("", f"integral of channel {_channel}, by the DAQ")
    ABOUT[f"base_{_channel}"] = ("", f"baseline of channel {_channel}, by the DAQ")


def sources(run: OpenRun) -> List[Source]:
    found: List[Source] = []
    for interface in of_types(run, ["wave8"], "fex"):
        fields = public(interface)
        methods = [m for m in run.methods(interface.detector, "fex") if m not in fields]
        reader = run.reader(interface.detector, "fex")
        found.append(Fields(interface, interface.detector, fields, ABOUT, reader=reader, methods=methods))
    return found

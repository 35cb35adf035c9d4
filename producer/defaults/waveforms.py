"""Full waveforms of each event."""

from dataclasses import dataclass
from typing import Annotated, Any, Dict, Iterator, List, Mapping, Tuple

from producer.data_source import OpenRun
from producer.defaults.source import Fields, Source, public
from producer.parameters import Meta

SECTION = "waveforms"
MANY = False


@dataclass(frozen=True)
class Parameters:
    traces: Annotated[Tuple[str, ...], Meta("detectors whose full waveform is written with each event")] = ()

    def check(self) -> Iterator[Tuple[Tuple[object, ...], str, str]]:
        seen: Dict[str, int] = {}
        for i, name in enumerate(self.traces):
            if name in seen:
                yield ("traces", i), f"{name!r} is already there as traces[{seen[name]}]", ""
            seen.setdefault(name, i)


def can_write(detectors: Mapping[Tuple[str, str], Any], name: str) -> bool:
    """Whether the detector (of a run's, keys: detector, interface) has waveforms of a fixed place in the data."""
    interface = detectors.get((name, "raw"))
    return interface is not None and any(interface.fields[field].rank == 1 for field in public(interface))


def sources(run: OpenRun, parameters: Parameters) -> List[Source]:
    """``<detector>/raw_0`` ...: the samples of each channel, as recorded."""
    found: List[Source] = []
    for detector in parameters.traces:
        interface = run.interfaces[detector, "raw"]
        traces = [field for field in public(interface) if interface.fields[field].rank == 1]
        about = {field: ("digitizer counts", "samples of the waveform, as recorded") for field in traces}
        found.append(Fields(interface, detector, traces, about, function="waveforms"))
    return found

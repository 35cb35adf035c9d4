"""Full waveforms of each event."""

from dataclasses import dataclass
from typing import Annotated, Any, Dict, Iterator, List, Mapping, Optional, Tuple

from producer.data_source import Interface, OpenRun
from producer.defaults.source import About, Fields, Source, public
from producer.parameters import Meta
from producer.waveform_frames import Digitizer

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


class DigitizerTraces(Source):
    """``<detector>/full_hsd_<channel>``: the samples of each channel of a high-speed digitizer."""

    function = "waveforms"

    def __init__(self, interface: Interface, reader: Any) -> None:
        self.detector = interface.detector
        self._interface = interface
        self._digitizer = Digitizer(interface.detector, reader, interface.segments)
        self._channels = {f"{self.detector}/full_hsd_{number}": number for number in interface.segments}

    def event(self, event: Any) -> Optional[Mapping[str, Any]]:
        frame = None if self._interface.parts(event) is None else self._digitizer.read(event)
        if frame is None:
            return None
        return {path: frame[self._digitizer.channel(number)] for path, number in self._channels.items()}

    def about(self, path: str) -> About:
        times = self._digitizer.times(self._channels[path])
        apart = f", {1e12 * (times[1] - times[0]):.6g} ps apart" if len(times) > 1 else ""
        return "digitizer counts", f"samples of channel {self._channels[path]}{apart}"


def sources(run: OpenRun, parameters: Parameters) -> List[Source]:
    """``<detector>/raw_0`` ...: the samples of each channel, as recorded."""
    found: List[Source] = []
    for detector in parameters.traces:
        interface = run.interfaces[detector, "raw"]
        if interface.type == "hsd":
            found.append(DigitizerTraces(interface, run.reader(detector, "raw")))
            continue
        traces = [field for field in public(interface) if interface.fields[field].rank == 1]
        about = {field: ("digitizer counts", "samples of the waveform, as recorded") for field in traces}
        found.append(Fields(interface, detector, traces, about, function="waveforms"))
    return found

"""Full waveforms of each event, and what digitizers kept of them."""

from dataclasses import dataclass
from typing import Annotated, Any, Dict, Iterator, List, Mapping, Optional, Sequence, Tuple

import numpy as np

from producer.data_source import Interface, OpenRun
from producer.defaults.source import About, Fields, Source, public
from producer.parameters import Meta
from producer.schema import Variable, column
from producer.waveform_frames import Digitizer

SECTION = "waveforms"
MANY = False


@dataclass(frozen=True)
class Parameters:
    traces: Annotated[Tuple[str, ...], Meta("detectors whose full waveform is written with each event")] = ()
    peaks: Annotated[
        Tuple[str, ...],
        Meta("high-speed digitizers (hsd) of which the samples that they kept around peaks (FEX) are written"),
    ] = ()

    def check(self) -> Iterator[Tuple[Tuple[object, ...], str, str]]:
        for field in ("traces", "peaks"):
            seen: Dict[str, int] = {}
            for i, name in enumerate(getattr(self, field)):
                if name in seen:
                    yield (field, i), f"{name!r} is already there as {field}[{seen[name]}]", ""
                seen.setdefault(name, i)


def has_peaks(detectors: Mapping[Tuple[str, str], Any], name: str) -> bool:
    """Whether the detector is a high-speed digitizer."""
    interface = detectors.get((name, "raw"))
    return interface is not None and interface.type == "hsd"


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


PEAK_FIELDS = {
    "peak": "which of the event's peaks it belongs to, from 0",
    "sample": "its place in the waveform, from 0",
    "value": "digitizer counts, as recorded",
}


class DigitizerPeaks(Source):
    """``<detector>/var_fex_<channel>/{peak,sample,value}`` int32: one entry for each sample that the digitizer itself
    kept, whether or not the whole waveform was recorded, too."""

    function = "peaks"

    def __init__(self, interface: Interface, reader: Any) -> None:
        self.detector = interface.detector
        self._interface, self._peaks = interface, reader.peaks
        self._paths = {number: f"{self.detector}/var_fex_{number}" for number in interface.segments}

    def columns(self) -> List[Any]:
        units = {"sample": "samples", "value": "digitizer counts"}
        return [
            Variable(
                path,
                tuple(column(f"{path}/{f}", np.int32, (), units.get(f, ""), about) for f, about in PEAK_FIELDS.items()),
                f"samples kept around the peaks of channel {number}",
            )
            for number, path in self._paths.items()
        ]

    def event(self, event: Any) -> Optional[Mapping[str, Any]]:
        found = None if self._interface.parts(event) is None else self._peaks(event)
        if found is None or any(number not in found for number in self._paths):
            return None
        return {path: listed(*next(iter(found[number].values()))) for number, path in self._paths.items()}


def listed(starts: Sequence[int], kept: Sequence[np.ndarray]) -> Dict[str, np.ndarray]:
    """The entries for peaks that begin at samples `starts` with these samples, int32."""
    lengths = [len(samples) for samples in kept]
    none = np.empty(0, np.int32)
    return {
        "peak": np.repeat(np.arange(len(lengths), dtype=np.int32), lengths),
        "sample": np.concatenate([none, *(s + np.arange(n, dtype=np.int32) for s, n in zip(starts, lengths))]),
        "value": np.concatenate([none, *(np.asarray(samples, np.int32) for samples in kept)]),
    }


def sources(run: OpenRun, parameters: Parameters) -> List[Source]:
    """``<detector>/raw_0`` ...: the samples of each channel, as recorded."""
    found: List[Source] = [
        DigitizerPeaks(run.interfaces[detector, "raw"], run.reader(detector, "raw")) for detector in parameters.peaks
    ]
    for detector in parameters.traces:
        interface = run.interfaces[detector, "raw"]
        if interface.type == "hsd":
            found.append(DigitizerTraces(interface, run.reader(detector, "raw")))
            continue
        traces = [field for field in public(interface) if interface.fields[field].rank == 1]
        about = {field: ("digitizer counts", "samples of the waveform, as recorded") for field in traces}
        found.append(Fields(interface, detector, traces, about, function="waveforms"))
    return found

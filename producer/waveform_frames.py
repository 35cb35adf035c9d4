"""The frames of digitizers: their channels' waveforms."""

import re
from typing import Any, Callable, Dict, List, Optional, Tuple

import numpy as np

from producer.data_source import Interface
from producer.detector_context import Context, Lacking

_CHANNEL = re.compile(r"raw_(\d+)")


class UnequalTraces(ValueError):
    """Channels that make no rectangular frame; the message is for people."""


class Digitizer(Context):
    """What is known of a high-speed digitizer (hsd). Its channels, one for each of psana's segments, differ in length,
    so they stand one after the other in a frame of one axis; where, is known from the first frame on."""

    def __init__(self, detector: str, reader: Any, segments: Tuple[int, ...]) -> None:
        super().__init__(detector)
        self._waveforms, self._segments = reader.waveforms, segments
        self._slices: Dict[int, slice] = {}
        self._times: Dict[int, np.ndarray] = {}

    def read(self, event: Any) -> Optional[np.ndarray]:
        """uint16[samples of all channels], or None unless every channel has a waveform."""
        found = self._waveforms(event)
        if found is None or any(segment not in found for segment in self._segments):
            return None
        traces = []
        for segment in self._segments:
            [trace] = (trace for name, trace in found[segment].items() if name != "times")
            traces.append(trace)
        if not self._slices:
            ends = np.cumsum([len(trace) for trace in traces]).tolist()
            self._slices = {s: slice(end - len(t), end) for s, t, end in zip(self._segments, traces, ends)}
            self._times = {segment: np.array(found[segment]["times"]) for segment in self._segments}
        for segment, trace in zip(self._segments, traces):
            place = self._slices[segment]
            if len(trace) != place.stop - place.start:
                length = place.stop - place.start
                raise UnequalTraces(f"channel {segment} has {len(trace)} samples, {length} in the events before")
        return traces[0] if len(traces) == 1 else np.concatenate(traces)

    def channel(self, number: int) -> slice:
        """Where a channel is in the frame. Raises `Lacking`."""
        if number not in self._slices:
            there = ", ".join(str(n) for n in self._slices) or "none"
            raise Lacking(f"there is no channel {number}; its channels are {there}")
        return self._slices[number]

    def slices(self) -> List[slice]:
        """Where each channel is in the frame, once there was one."""
        return list(self._slices.values())

    def times(self, number: int) -> np.ndarray:
        """When each sample of a channel was taken, s, float64."""
        return self._times[number]


def waveforms(interface: Interface, reader: Any) -> Optional[Tuple[Callable[[Any], Any], Optional[Context]]]:
    """(what gives the frame of an event, the context of the detector) where a detector has waveforms, or None."""
    if callable(getattr(reader, "waveforms", None)):
        digitizer = Digitizer(interface.detector, reader, interface.segments)
        return digitizer.read, digitizer
    numbered = sorted((int(match[1]), match[0]) for match in map(_CHANNEL.fullmatch, interface.fields) if match)
    channels = [name for _, name in numbered if interface.fields[name].rank == 1]
    if channels:
        return _stacked(interface, channels), None
    whole = getattr(reader, "raw_all", None) or getattr(reader, "value", None)
    return (whole, None) if callable(whole) else None


def _stacked(interface: Interface, channels: Any) -> Callable[[Any], np.ndarray]:
    """[channels, samples] as recorded, for wave8."""
    segment = interface.segments[0]

    def read(event: Any) -> np.ndarray:
        part = event._det_segments[interface.detector, interface.name][segment]
        traces = [getattr(part, channel) for channel in channels]
        lengths = {len(trace) for trace in traces}
        if len(lengths) > 1:
            raise UnequalTraces(
                f"its channels have {', '.join(str(n) for n in sorted(lengths))} samples, not equally many"
            )
        return np.stack(traces)

    return read

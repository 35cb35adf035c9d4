"""Timing: the event codes of each event, and what the timing system says of the beam."""

from typing import Any, Dict, List, Mapping, Optional

import numpy as np

from producer.data_source import Interface, OpenRun
from producer.defaults.source import About, Source, of_types
from producer.schema import Column, column

CODES = 288
# psana's name of each -> the field as recorded
_MORE = {
    "destination": "ebeamDestn",
    "pulseId": "pulseId",
    "timestamp": "timeStamp",
    "inhibitCounts": "inhibitCounts",
}
_ABOUT = {
    "eventcodes": ("", "1 where the event has the event code that is the index, else 0"),
    "destination": ("", "destination of the electron beam"),
    "pulseId": ("", "pulse identifier"),
    "timestamp": ("", "time stamp of the timing system"),
    "inhibitCounts": ("", "triggers inhibited, by cause"),
}
_LCLS1 = 1 << 63  # marks a pulse identifier of LCLS-I


class Timing(Source):
    def __init__(self, interface: Interface) -> None:
        self.detector = interface.detector
        self._interface = interface
        there = [(name, field) for name, field in _MORE.items() if field in interface.fields]
        self._more = [(name, f"{self.detector}/{name}", field) for name, field in there]

    def columns(self) -> List[Column]:
        found = [column(f"{self.detector}/eventcodes", np.int32, (CODES,), *_ABOUT["eventcodes"])]
        for name, path, field in self._more:
            type = self._interface.fields[field]
            if type.rank == 0 and type.dtype is not None:
                found.append(column(path, type.dtype, (), *_ABOUT[name]))
        return found

    def event(self, event: Any) -> Optional[Mapping[str, Any]]:
        parts = self._interface.parts(event)
        if parts is None:
            return None
        part = parts[self._interface.segments[0]]
        words = np.ascontiguousarray(part.sequenceValues)  # 18 of 16 bits; code 16*i + k is bit k of word i
        values: Dict[str, Any] = {
            f"{self.detector}/eventcodes": np.unpackbits(words.view(np.uint8), bitorder="little")[:CODES]
        }
        for name, path, field in self._more:
            value = getattr(part, field)
            values[path] = int(value) & ~_LCLS1 if name == "pulseId" else value
        return values

    def about(self, path: str) -> About:
        return _ABOUT[path.rsplit("/", 1)[1]]


def sources(run: OpenRun) -> List[Source]:
    return [Timing(i) for i in of_types(run, ["ts"], "raw") if "sequenceValues" in i.fields]

"""Damage: whether each detector gave all of itself to an event, undamaged."""

from typing import Any, Dict, List, Mapping, Optional, Tuple

import numpy as np

from producer.data_source import Interface, OpenRun
from producer.defaults.source import About, Source
from producer.schema import Column, column

_NOT_DETECTORS = {"epicsinfo", "pvdetinfo", "triginfo"}


class Damage(Source):
    detector = "damage"

    def __init__(self, interfaces: Dict[str, List[Interface]]) -> None:
        self._checked = [
            (f"damage/{detector}", [((i.detector, i.name), (i.detector, "_xtc"), i.segments) for i in found])
            for detector, found in sorted(interfaces.items())
        ]

    def columns(self) -> List[Column]:
        return [column(path, np.int32, (), *self.about(path)) for path, _ in self._checked]

    def event(self, event: Any) -> Optional[Mapping[str, Any]]:
        there = event._det_segments
        values = {}
        for path, found in self._checked:
            fine = _fine(there, *found[0])
            for other in found[1:]:
                fine = fine and _fine(there, *other)
            values[path] = int(fine)
        return values

    def about(self, path: str) -> About:
        return "", "1: every segment of the detector is in the event and none is marked damaged; 0: not so"


def _fine(there: Mapping[Any, Any], key: Tuple[str, str], whole: Tuple[str, str], segments: Tuple[int, ...]) -> bool:
    """Of an event's contributions by (detector, name). In every event, so without a call that is not needed."""
    parts = there.get(key)
    if parts is None or len(parts) != len(segments):
        return False
    for segment in segments:
        part = parts.get(segment)
        if part is None or part._xtc.damage:
            return False
    wholes = there.get(whole)
    return not wholes or not any(part.damage for part in wholes.values())


def sources(run: OpenRun) -> List[Source]:
    """Of a detector only what it calls raw counts, where there is such a thing: results that the DAQ computes may
    lawfully be absent."""
    interfaces: Dict[str, List[Interface]] = {}
    for interface in run.interfaces.values():
        if interface.type not in _NOT_DETECTORS:
            interfaces.setdefault(interface.detector, []).append(interface)
    for detector, found in interfaces.items():
        raw = [interface for interface in found if interface.name == "raw"]
        interfaces[detector] = raw or found
    return [Damage(interfaces)]

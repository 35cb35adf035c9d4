"""Damage: whether each detector gave all of itself to an event, undamaged."""

from typing import Any, Dict, List, Mapping, Optional

import numpy as np

from producer.data_source import Interface, OpenRun
from producer.defaults.source import About, Source
from producer.schema import Column, column

_NOT_DETECTORS = {"epicsinfo", "pvdetinfo", "triginfo"}


class Damage(Source):
    detector = "damage"

    def __init__(self, interfaces: Dict[str, List[Interface]]) -> None:
        self._checked = [(f"damage/{detector}", found) for detector, found in sorted(interfaces.items())]

    def columns(self) -> List[Column]:
        return [column(path, np.int32, (), *self.about(path)) for path, _ in self._checked]

    def event(self, event: Any) -> Optional[Mapping[str, Any]]:
        return {
            path: int(_fine(found[0], event) and all(_fine(other, event) for other in found[1:]))
            for path, found in self._checked
        }

    def about(self, path: str) -> About:
        return "", "1: every segment of the detector is in the event and none is marked damaged; 0: not so"


def _fine(interface: Interface, event: Any) -> bool:
    parts = interface.parts(event)
    if parts is None:
        return False
    for part in parts.values():
        if part._xtc.damage:
            return False
    whole = event._det_segments.get((interface.detector, "_xtc"))
    return not whole or not any(part.damage for part in whole.values())


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

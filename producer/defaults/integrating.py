"""Integrating detectors: slow ones whose frame belongs to all fast events since the frame before."""

from dataclasses import dataclass
from typing import Annotated, Any, Iterator, List, Mapping, Optional, Tuple

import numpy as np

from producer.data_source import Interface, OpenRun
from producer.defaults.source import About, Source
from producer.parameters import Meta
from producer.schema import Column, column

SECTION = "integrating"
MANY = False

# Groups of default data that are not called as their detector is
GROUPS = ("scan", "tt", "ttRaw", "lightStatus", "ai", "epicsUser", "epicsAll", "damage")


@dataclass(frozen=True)
class Parameters:
    detectors: Annotated[
        Tuple[str, ...], Meta("slow detectors, for each of whose frames the fast data are added up")
    ] = ()
    fast: Annotated[
        Tuple[str, ...],
        Meta("detectors or groups of the file (scan, tt, ai, ...) whose numbers are added up; [] = all"),
    ] = ()

    def check(self) -> Iterator[Tuple[Tuple[object, ...], str, str]]:
        for field in ("detectors", "fast"):
            given = getattr(self, field)
            for i, name in enumerate(given):
                if name in given[:i]:
                    yield (field, i), f"{name!r} is there twice", ""
        for i, name in enumerate(self.fast):
            if name in self.detectors:
                yield ("fast", i), f"{name!r} is a slow detector already", ""


def marker(detector: str) -> str:
    """The dataset that says in which events a slow detector gave a frame."""
    return f"intg/{detector}/in_event"


class Frames(Source):
    """Marks the events that end an integration."""

    function = "integrating"

    def __init__(self, interface: Interface) -> None:
        self.detector = interface.detector
        self._interface, self._path = interface, marker(interface.detector)

    def columns(self) -> List[Column]:
        return [column(self._path, np.int32, (), *self.about(self._path))]

    def event(self, event: Any) -> Optional[Mapping[str, Any]]:
        return {self._path: int(self._interface.parts(event) is not None)}

    def about(self, path: str) -> About:
        return "", f"1: {self.detector} gave a frame in this event, which ends an integration; 0: not so"


def sources(run: OpenRun, parameters: Parameters) -> List[Source]:
    return [Frames(run.interfaces[detector, "raw"]) for detector in parameters.detectors]

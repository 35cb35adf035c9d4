"""Encoders: position of motors in the unit that the DAQ was told."""

import re
from typing import Any, Dict, List, Mapping, Optional

from producer.data_source import Interface, OpenRun
from producer.defaults.source import About, Source, of_types


class Encoder(Source):
    """psana's `value` of each interface; with an interpolated one beside it, the raw one is called so."""

    def __init__(self, detector: str, readers: Dict[str, Any], interfaces: List[Interface]) -> None:
        self.detector = detector
        self._interfaces = interfaces
        both = "interpolated" in readers
        self._values = [
            (reader.value, f"{detector}/{f'{name}_value' if both else 'value'}") for name, reader in readers.items()
        ]

    def event(self, event: Any) -> Optional[Mapping[str, Any]]:
        if all(interface.parts(event) is None for interface in self._interfaces):
            return None
        return {path: value(event) for value, path in self._values}

    def about(self, path: str) -> About:
        return "", "position: count * scale / denominator, in the unit configured in the DAQ"


class UsbEncoder(Source):
    """Four channels, those that have a description under it, or all as ch0..ch3 when none has."""

    def __init__(self, interface: Interface, reader: Any) -> None:
        self.detector = interface.detector
        self._interface, self._reader = interface, reader
        self._paths: Optional[List[Optional[str]]] = None

    def event(self, event: Any) -> Optional[Mapping[str, Any]]:
        if self._interface.parts(event) is None:
            return None
        if self._paths is None:
            names = [re.sub(r"[^A-Za-z0-9_.:-]+", "_", name.strip()) for name in self._reader.descriptions(event)]
            if not any(names) or len(set(filter(None, names))) < len(list(filter(None, names))):
                names = [f"ch{channel}" for channel in range(4)]
            self._paths = [f"{self.detector}/{name}" if name else None for name in names]
        values = self._reader.encoder_values(event)
        return {path: float(value) for path, value in zip(self._paths, values) if path}

    def about(self, path: str) -> About:
        return "", "position: (count + offset) * scale, in the unit configured in the DAQ"


def sources(run: OpenRun) -> List[Source]:
    found: List[Source] = []
    for interface in of_types(run, ["encoder", "hrencoder"], "raw"):
        detector = interface.detector
        interfaces = [
            i for i in run.interfaces.values() if i.detector == detector and i.name in ("raw", "interpolated")
        ]
        readers = {i.name: run.reader(detector, i.name) for i in interfaces}
        found.append(Encoder(detector, readers, interfaces))
    for interface in of_types(run, ["usdusb"], "raw"):
        found.append(UsbEncoder(interface, run.reader(interface.detector, "raw")))
    return found

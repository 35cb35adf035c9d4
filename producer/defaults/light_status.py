"""Light status: whether there were X-rays and whether the laser fired, from event codes or the beam's destination."""

from dataclasses import dataclass
from typing import Annotated, Any, Dict, Iterator, List, Mapping, Optional, Tuple

import numpy as np

from producer.data_source import Interface, OpenRun
from producer.defaults.source import About, Source, of_types
from producer.parameters import Meta
from producer.schema import Column, column

SECTION = "light_status"
MANY = False

# Superconducting linac, https://confluence.slac.stanford.edu "Destinations SC agreement MPS and Timing"
DESTINATIONS = {"SC_DIAG0": 1, "SC_BSYD": 2, "SC_HXR": 3, "SC_SXR": 4, "SC_LESA": 5}
_CODE = {"minimum": 0, "maximum": 287}


@dataclass(frozen=True)
class Parameters:
    """Nothing is written of a light of which nothing is said."""

    xray_destination: Annotated[
        Optional[str], Meta("X-rays are there when the beam goes to it", choices=tuple(DESTINATIONS))
    ] = None
    xray_on_codes: Annotated[Tuple[int, ...], Meta("event codes of which one must be there for X-rays", **_CODE)] = ()
    xray_off_codes: Annotated[Tuple[int, ...], Meta("event codes that mean no X-rays", **_CODE)] = ()
    laser_on_codes: Annotated[
        Tuple[int, ...], Meta("event codes of which one must be there for the laser", **_CODE)
    ] = ()
    laser_off_codes: Annotated[Tuple[int, ...], Meta("event codes that mean no laser", **_CODE)] = ()

    def check(self) -> Iterator[Tuple[Tuple[object, ...], str, str]]:
        for light in ("xray", "laser"):
            on, off = getattr(self, f"{light}_on_codes"), getattr(self, f"{light}_off_codes")
            for i, code in enumerate(off):
                if code in on:
                    yield (f"{light}_off_codes", i), f"{code} cannot mean both on and off for the {light}", ""

    @property
    def lights(self) -> Tuple[str, ...]:
        """Those of which something is said."""
        xray = self.xray_destination or self.xray_on_codes or self.xray_off_codes
        laser = self.laser_on_codes or self.laser_off_codes
        return tuple(name for name, said in (("xray", xray), ("laser", laser)) if said)


class LightStatus(Source):
    """``lightStatus/xray`` and ``lightStatus/laser``, int32: 1 when the beam goes to the destination (if one is given),
    one of the codes for on is there (if any are given), and none of those for off is; else 0."""

    function = "light_status"

    def __init__(self, interface: Interface, parameters: Parameters) -> None:
        self.detector = interface.detector
        self._interface = interface
        self._lights: Dict[str, Tuple[Optional[int], Tuple[int, ...], Tuple[int, ...]]] = {}
        for light in parameters.lights:
            wanted = parameters.xray_destination if light == "xray" else None
            on, off = getattr(parameters, f"{light}_on_codes"), getattr(parameters, f"{light}_off_codes")
            self._lights[f"lightStatus/{light}"] = (DESTINATIONS[wanted] if wanted else None, on, off)

    def columns(self) -> List[Column]:
        return [column(path, np.int32, (), *self.about(path)) for path in self._lights]

    def event(self, event: Any) -> Optional[Mapping[str, Any]]:
        parts = self._interface.parts(event)
        if parts is None:
            return None
        part = parts[self._interface.segments[0]]
        words = part.sequenceValues  # 18 of 16 bits; code 16*i + k is bit k of word i

        def there(codes: Tuple[int, ...]) -> bool:
            return any(int(words[code >> 4]) >> (code & 15) & 1 for code in codes)

        return {
            path: int(
                (destination is None or int(part.ebeamDestn) == destination)
                and (not on or there(on))
                and not there(off)
            )
            for path, (destination, on, off) in self._lights.items()
        }

    def about(self, path: str) -> About:
        destination, on, off = self._lights[path]
        light = "X-rays" if path.endswith("xray") else "the laser"
        rules = [f"the beam goes to destination {destination}"] if destination is not None else []
        rules += [f"one of the event codes {', '.join(map(str, on))} is there"] if on else []
        rules += [f"none of the event codes {', '.join(map(str, off))} is there"] if off else []
        return "", f"1: there is light from {light}, that is {' and '.join(rules)}; 0: not so"


def sources(run: OpenRun, parameters: Parameters) -> List[Source]:
    if not parameters.lights:
        return []
    needed = {"sequenceValues"} | ({"ebeamDestn"} if parameters.xray_destination else set())
    timing = [i for i in of_types(run, ["ts"], "raw") if needed <= set(i.fields)]
    return [LightStatus(timing[0], parameters)] if timing else []

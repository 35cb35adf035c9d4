"""Light status: whether there were X-rays and whether the laser fired, from event codes or the beam's destination."""

from dataclasses import dataclass
from typing import Annotated, Iterator, Optional, Tuple

from producer.parameters import Meta

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

"""The time tool: the edge position of each event and its time in ps."""

from dataclasses import dataclass
from typing import Annotated, Any, List, Mapping, Optional, Tuple

import numpy as np

from producer.data_source import OpenRun
from producer.defaults.edge import Parameters as Edge
from producer.defaults.source import Fields, Source, public
from producer.parameters import Meta
from producer.schema import Column, column

SECTION = "timetool"
MANY = False


@dataclass(frozen=True)
class Parameters:
    """ps = p0 + p1*px [+ p2*px**2], with px the edge position in pixels."""

    detector: Annotated[Optional[str], Meta("the time tool's camera; left out = the only one there is")] = None
    calibration: Annotated[
        Tuple[float, ...],
        Meta("[p0, p1] or [p0, p1, p2]; [] = the calibration recorded in the data", unit="ps", lengths=(0, 2, 3)),
    ] = ()
    traces: Annotated[bool, Meta("also write the camera's projection with each event")] = False
    refit: Annotated[Optional[Edge], Meta("fit the edge again from the traces")] = None


ABOUT = {
    "fltpos": ("pixels", "position of the edge"),
    "fltpos_ps": ("ps", "position of the edge in time, by the calibration of the DAQ"),
    "fltposfwhm": ("pixels", "width of the edge's peak after filtering, full at half maximum"),
    "ampl": ("", "amplitude of the edge"),
    "amplnxt": ("", "amplitude of the second best edge"),
    "refampl": ("", "amplitude of the reference"),
    "proj_sig": ("", "projection of the signal"),
    "proj_ref": ("", "projection of the reference"),
}


class Calibrated(Fields):
    """Adds ``ttCorr`` = p0 + p1*px [+ p2*px**2] ps by the profile's calibration; 0 where px is 0: no edge was found."""

    def __init__(self, polynomial: Tuple[float, ...], *arguments: Any, **more: Any) -> None:
        super().__init__(*arguments, **more)
        self._polynomial = polynomial

    def columns(self) -> List[Column]:
        about = ("ps", f"edge in time: polynomial {list(self._polynomial)} of fltpos, 0 where no edge was found")
        return [*super().columns(), column(f"{self._start}ttCorr", np.float64, (), *about)]

    def event(self, event: Any) -> Optional[Mapping[str, Any]]:
        values = super().event(event)
        if values is None:
            return None
        pixel = float(values[f"{self._start}fltpos"])
        corrected = sum(p * pixel**power for power, p in enumerate(self._polynomial)) if pixel else 0.0
        return {**values, f"{self._start}ttCorr": corrected}


def candidates(detectors: Mapping[Tuple[str, str], Any]) -> List[str]:
    """The detectors of a run (keys: detector, interface) that have time-tool results."""
    return sorted({detector for detector, name in detectors if name == "ttfex"})


def sources(run: OpenRun, parameters: Parameters) -> List[Source]:
    """In group ``tt``; of several time tools of which none was chosen, each in ``tt_<detector>``."""
    there = candidates(run.interfaces)
    chosen = [parameters.detector] if parameters.detector else there
    found: List[Source] = []
    for detector in chosen:
        interface = run.interfaces[detector, "ttfex"]
        group = "tt" if len(chosen) == 1 else f"tt_{detector}"
        if parameters.calibration and "fltpos" in interface.fields:
            found.append(
                Calibrated(parameters.calibration, interface, group, public(interface), ABOUT, function="timetool")
            )
        else:
            found.append(Fields(interface, group, public(interface), ABOUT, function="timetool"))
        projection = run.interfaces.get((detector, "ttproj"))
        if parameters.traces and projection is not None:
            found.append(Fields(projection, group, public(projection), ABOUT, function="timetool"))
    return found

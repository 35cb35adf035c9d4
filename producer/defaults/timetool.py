"""The time tool: the edge position of each event and its time in ps."""

from dataclasses import dataclass
from typing import Annotated, Any, List, Mapping, Optional, Tuple

import numpy as np

from producer.data_source import Interface, OpenRun
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
        return [*super().columns(), corrected_column(self._start, self._polynomial)]

    def event(self, event: Any) -> Optional[Mapping[str, Any]]:
        values = super().event(event)
        if values is None:
            return None
        pixel = float(values[f"{self._start}fltpos"])
        return {**values, f"{self._start}ttCorr": corrected(pixel, self._polynomial)}


class Traces(Source):
    """``ttRaw/tt_signal``, ``tt_sideband`` and ``tt_reference_shot``: means over the rows of regions of the camera's
    image, float32."""

    function = "timetool"

    def __init__(self, interface: Interface, reader: Any, edge: Edge) -> None:
        self.detector = interface.detector
        self._interface, self._raw = interface, reader.raw
        regions = {"tt_signal": edge.signal, "tt_sideband": edge.sideband, "tt_reference_shot": edge.reference}
        self._regions = {f"ttRaw/{name}": region for name, region in regions.items() if region}
        self._edge = edge
        self._shape: Tuple[int, ...] = ()  # of an image that all regions are inside of

    def columns(self) -> List[Column]:
        widths = {path: region[1][1] - region[1][0] for path, region in self._regions.items()}
        return [column(path, np.float32, (width,), *self.about(path)) for path, width in widths.items()]

    def _image(self, event: Any) -> Optional[np.ndarray]:
        return None if self._interface.parts(event) is None else self._raw(event)

    def unfit(self, event: Any) -> Optional[List[Tuple[str, str]]]:
        image = self._image(event)
        if image is None:
            return None
        return [
            (f"timetool.refit.{field}", f"{self.detector}: {words}") for field, words in self._edge.misfits(image.shape)
        ]

    def event(self, event: Any) -> Optional[Mapping[str, Any]]:
        image = self._image(event)
        if image is None:
            return None
        if image.shape != self._shape:
            wrong = self._edge.misfits(image.shape)
            if wrong:
                raise ValueError("; ".join(f"{field}: {words}" for field, words in wrong))
            self._shape = image.shape
        return {
            path: image[rows[0] : rows[1], columns[0] : columns[1]].mean(axis=0, dtype=np.float64).astype(np.float32)
            for path, (rows, columns) in self._regions.items()
        }

    def about(self, path: str) -> Tuple[str, str]:
        rows, columns = self._regions[path]
        return "detector units", f"mean over rows {list(rows)} of columns {list(columns)} of {self.detector}"


# What the time tool of a camera's IOC puts into one array, in this order
IOC = ("fltpos", "fltpos_ps", "fltposfwhm", "ampl", "amplnxt", "refampl")


class FromIoc(Source):
    """The results that the camera's IOC computes and the DAQ records as a PV: an array of 6 numbers."""

    function = "timetool"

    def __init__(self, interface: Interface, polynomial: Tuple[float, ...]) -> None:
        self.detector = interface.detector
        self._interface, self._polynomial = interface, polynomial

    def columns(self) -> List[Column]:
        found = [column(f"tt/{name}", np.float64, (), *ABOUT[name]) for name in IOC]
        return [*found, corrected_column("tt/", self._polynomial)] if self._polynomial else found

    def event(self, event: Any) -> Optional[Mapping[str, Any]]:
        parts = self._interface.parts(event)
        if parts is None:
            return None
        numbers = np.ravel(parts[self._interface.segments[0]].value)
        if len(numbers) < len(IOC):
            raise ValueError(f"the PV has {len(numbers)} numbers, a time tool gives {len(IOC)}")
        values = {f"tt/{name}": float(number) for name, number in zip(IOC, numbers)}
        if self._polynomial:
            values["tt/ttCorr"] = corrected(values["tt/fltpos"], self._polynomial)
        return values


def corrected(pixel: float, polynomial: Tuple[float, ...]) -> float:
    """p0 + p1*px [+ p2*px**2] in ps; 0 where px is 0."""
    return sum(p * pixel**power for power, p in enumerate(polynomial)) if pixel else 0.0


def corrected_column(start: str, polynomial: Tuple[float, ...]) -> Column:
    about = ("ps", f"edge in time: polynomial {list(polynomial)} of fltpos, 0 where no edge was found")
    return column(f"{start}ttCorr", np.float64, (), *about)


def candidates(detectors: Mapping[Tuple[str, str], Any]) -> List[str]:
    """The detectors of a run (keys: detector, interface) that have time-tool results."""
    return sorted({detector for detector, name in detectors if name == "ttfex"})


def sources(run: OpenRun, parameters: Parameters) -> List[Source]:
    """In group ``tt``; of several time tools of which none was chosen, each in ``tt_<detector>``."""
    there = candidates(run.interfaces)
    chosen = [parameters.detector] if parameters.detector else there
    found: List[Source] = []
    for detector in chosen:
        if (detector, "ttfex") not in run.interfaces:  # checked before: the PV of an IOC
            found.append(FromIoc(run.interfaces[detector, "raw"], parameters.calibration))
            continue
        interface = run.interfaces[detector, "ttfex"]
        group = "tt" if len(chosen) == 1 else f"tt_{detector}"
        if parameters.calibration and "fltpos" in interface.fields:
            found.append(
                Calibrated(parameters.calibration, interface, group, public(interface), ABOUT, function="timetool")
            )
        else:
            found.append(Fields(interface, group, public(interface), ABOUT, function="timetool"))
        edge = parameters.refit
        if edge is not None and edge.signal is not None and (detector, "raw") in run.interfaces:
            found.append(Traces(run.interfaces[detector, "raw"], run.reader(detector, "raw"), edge))
        projection = run.interfaces.get((detector, "ttproj"))
        needed = parameters.traces or (edge is not None and edge.signal is None)
        if needed and projection is not None:
            found.append(Fields(projection, group, public(projection), ABOUT, function="timetool"))
    return found

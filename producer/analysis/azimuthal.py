"""Azimuthal integration: the mean of the pixels in bins of momentum transfer q and of azimuth phi."""

from dataclasses import dataclass
from typing import Annotated, Iterator, Optional, Tuple

from producer.analysis.names import dataset_name, file_path
from producer.parameters import Meta

NAME = "azimuthal"
MANY = False


@dataclass(frozen=True)
class Parameters:
    center_um: Annotated[
        Tuple[float, float], Meta("where the beam hits the detector: x and y of psana's geometry", unit="um")
    ]
    photon_energy_kev: Annotated[float, Meta("photon energy", unit="keV", minimum=1e-3, maximum=1000)] = 9.5
    distance_mm: Annotated[float, Meta("from the sample to the detector", unit="mm", minimum=1e-3)] = 100.0
    q_step: Annotated[float, Meta("width of the q bins", unit="1/angstrom", minimum=1e-9)] = 5e-3
    q_edges: Annotated[
        Optional[Tuple[float, ...]], Meta("edges of the q bins instead of q_step", unit="1/angstrom")
    ] = None
    r_step_mm: Annotated[
        Optional[float],
        Meta("bins of this width in the radius on the detector instead of in q", unit="mm", minimum=1e-9),
    ] = None
    phi_bins: Annotated[int, Meta("how many bins in azimuth", minimum=1, maximum=3600)] = 1
    phi_edges_rad: Annotated[
        Optional[Tuple[float, ...]], Meta("edges of the phi bins instead of phi_bins", unit="rad")
    ] = None
    tilt_x_deg: Annotated[
        float, Meta("tilt of the detector's normal against the beam, about x", unit="deg", minimum=-89, maximum=89)
    ] = 0.0
    tilt_y_deg: Annotated[
        float, Meta("tilt of the detector's normal against the beam, about y", unit="deg", minimum=-89, maximum=89)
    ] = 0.0
    polarization: Annotated[
        str, Meta("plane of the X-rays' polarisation; none = no correction", choices=("vertical", "horizontal", "none"))
    ] = "vertical"
    geometry_correction: Annotated[bool, Meta("correct for the solid angle that each pixel covers")] = True
    threshold: Annotated[Optional[float], Meta("pixels below count as 0", unit="detector units")] = None
    threshold_high: Annotated[Optional[float], Meta("pixels above count as 0", unit="detector units")] = None
    threshold_rms: Annotated[
        Optional[float], Meta("pixels below this many times their noise count as 0", unit="sigma", minimum=0)
    ] = None
    square: Annotated[bool, Meta("square each pixel before the mean is taken")] = False
    dark: Annotated[Optional[str], Meta("file of an image to subtract: .npy, .npz or text", check=file_path)] = None
    gain: Annotated[Optional[str], Meta("file of an image to divide by: .npy, .npz or text", check=file_path)] = None
    mask: Annotated[
        Optional[str], Meta("file of a mask of the detector's shape, 1 = good: .npy, .npz or text", check=file_path)
    ] = None
    name: Annotated[str, Meta("begins the names of the datasets", check=dataset_name)] = "azav"

    def check(self) -> Iterator[Tuple[Tuple[object, ...], str, str]]:
        for field in ("q_edges", "phi_edges_rad"):
            edges = getattr(self, field)
            if edges is not None and (len(edges) < 2 or any(b <= a for a, b in zip(edges, edges[1:]))):
                yield (field,), f"{field} must be at least 2 numbers, each larger than the one before", ""
        if self.q_edges is not None and self.r_step_mm is not None:
            yield ("r_step_mm",), "r_step_mm makes bins in the radius and q_edges bins in q: give one of them", ""
        low, high = self.threshold, self.threshold_high
        if low is not None and high is not None and low >= high:
            yield ("threshold_high",), f"threshold_high must be above threshold, {high:g} is not above {low:g}", ""


RECORDED = {
    "center_um": "center",
    "photon_energy_kev": "eBeam",
    "distance_mm": "dis_to_sam",
    "q_step": "qbin",
    "r_step_mm": "rbin",
    "phi_bins": "phiBins",
    "tilt_x_deg": "tx",
    "tilt_y_deg": "ty",
    "geometry_correction": "geomCorr",
    "threshold": "thresADU",
    "threshold_high": "thresADUhigh",
    "threshold_rms": "thresRms",
    "dark": "darkImg",
    "gain": "gainImg",
    "mask": "userMask",
}

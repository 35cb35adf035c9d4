"""Azimuthal integration with pyFAI's geometry, pixel splitting and corrections."""

from dataclasses import dataclass
from typing import Annotated, Iterator, Optional, Tuple

from producer.analysis.names import dataset_name, file_path
from producer.parameters import Meta

NAME = "azav_pyfai"
MANY = False


@dataclass(frozen=True)
class Parameters:
    poni: Annotated[
        Optional[str], Meta("pyFAI's file of the geometry of the assembled image; or give the values", check=file_path)
    ] = None
    dist_m: Annotated[Optional[float], Meta("pyFAI's dist: from the sample to the detector", unit="m")] = None
    poni1_m: Annotated[float, Meta("pyFAI's poni1: point of normal incidence along the rows' axis", unit="m")] = 0.0
    poni2_m: Annotated[float, Meta("pyFAI's poni2: point of normal incidence along the columns' axis", unit="m")] = 0.0
    rot1_rad: Annotated[float, Meta("pyFAI's first rotation", unit="rad")] = 0.0
    rot2_rad: Annotated[float, Meta("pyFAI's second rotation", unit="rad")] = 0.0
    rot3_rad: Annotated[float, Meta("pyFAI's third rotation", unit="rad")] = 0.0
    wavelength_m: Annotated[Optional[float], Meta("wavelength of the X-rays", unit="m", minimum=0)] = None
    pixel_size_um: Annotated[
        Optional[float], Meta("size of a pixel; left out = from psana's geometry", unit="um", minimum=1e-3)
    ] = None
    points: Annotated[int, Meta("radial bins", minimum=1, maximum=100_000)] = 256
    azimuthal_points: Annotated[int, Meta("azimuthal bins of a two-dimensional result", minimum=1, maximum=36_000)] = (
        360
    )
    unit: Annotated[
        str,
        Meta("of the radial axis", choices=("2th_deg", "2th_rad", "q_A^-1", "q_nm^-1", "r_mm")),
    ] = "2th_deg"
    two_dimensional: Annotated[bool, Meta("integrate in radius and azimuth instead of radius alone")] = False
    polarization_factor: Annotated[
        Optional[float],
        Meta("1 = horizontal, -1 = vertical, 0 = unpolarised; left out = no correction", minimum=-1, maximum=1),
    ] = 1.0
    solid_angle: Annotated[bool, Meta("correct for the solid angle that each pixel covers")] = True
    threshold: Annotated[Optional[float], Meta("pixels below count as 0", unit="detector units")] = None
    mask: Annotated[
        Optional[str], Meta("file of a mask of the detector's shape, 1 = good: .npy, .npz or text", check=file_path)
    ] = None
    name: Annotated[str, Meta("begins the names of the datasets", check=dataset_name)] = "pyfai"

    def check(self) -> Iterator[Tuple[Tuple[object, ...], str, str]]:
        if (self.poni is None) == (self.dist_m is None):
            said = "both are given" if self.poni is not None else "neither is given"
            yield ((), f"the geometry comes from the file poni or from dist_m and the values beside it; {said}", "")
        elif self.poni is None and self.wavelength_m is None and self.unit.startswith("q"):
            yield ("unit",), f"{self.unit} needs wavelength_m", ""


RECORDED = {
    "poni": "poni_file",
    "points": "npts",
    "azimuthal_points": "npts_az",
    "unit": "int_units",
    "two_dimensional": "return2d",
    "threshold": "thres",
    "mask": "userMask",
}

"""Azimuthal integration with pyFAI's geometry, pixel splitting and corrections."""

import os
from dataclasses import dataclass
from typing import Annotated, Any, Dict, Iterator, List, Optional, Tuple

import numpy as np

from producer.analysis.names import dataset_name, file_path, within
from producer.detector_context import Context, Lacking, good_pixels
from producer.kernels.assembly import Assembly
from producer.kernels.binning import BinSums
from producer.kernels.pixels import Cleaner
from producer.parameters import Meta
from producer.schema import Total, column

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
    splitting: Annotated[
        str, Meta("of pixels over bins: none, or by the box that each covers", choices=("no", "bbox"))
    ] = "no"
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


def promises(parameters: Parameters, owner: str) -> Dict[str, Optional[Tuple[int, ...]]]:
    return {f"{within(owner, parameters.name)}_azav": _shape(parameters)}


def _shape(parameters: Parameters) -> Tuple[int, ...]:
    return (parameters.azimuthal_points, parameters.points) if parameters.two_dimensional else (parameters.points,)


class Computation:
    """``_azav``: float32[points] or float32[azimuthal_points, points], what pyFAI's integrate1d / integrate2d give:

        sum_i(c_i value_i) / sum_i(c_i solid_angle_i polarisation_i)

    over the good pixels i of each bin, c_i being the share of the pixel in the bin; NaN where pyFAI says 0 because
    there is no pixel. The geometry is that of the assembled image for a detector in tiles, else that of the frame.
    pyFAI is asked once for its sparse matrix c, joined with the assembly; each event is one product with it.

    Written once, below ``UserDataCfg/<detector>``: ``pyfai__pyfai_q`` (bins in `unit`), ``pyfai__pyfai_az`` (degrees,
    two-dimensional).

    (Source: pyFAI, J. Kieffer et al., J. Appl. Cryst. 58, 138 (2025); smalldata_tools, azav_pyfai, where results are
    two-dimensional unless asked otherwise and the axes are repeated in each event.) Raises `Lacking` when pyFAI is not
    installed, or the geometry cannot be read.
    """

    def __init__(
        self, parameters: Parameters, owner: str, shape: Tuple[int, ...], dtype: np.dtype, context: Context
    ) -> None:
        from scipy.sparse import csr_matrix

        p = parameters
        good = good_pixels(context, shape, p.mask)
        self._clean = Cleaner(p.threshold)
        if len(shape) == 2:
            image, index, pixels = tuple(shape), np.arange(good.size), np.flatnonzero(good)
            index = index[pixels]
        else:
            x, y, _ = context.coordinates(shape)
            assembly = Assembly(x, y, context.pixel_size(), good)
            image, index, pixels = assembly.shape, assembly.index, np.flatnonzero(good)
        size = image[0] * image[1]
        count = np.bincount(index, minlength=size)
        integrator = _integrator(p, context)
        mask = (count == 0).reshape(image)
        method = (p.splitting, "csr", "cython")
        more = {"unit": p.unit, "mask": mask, "method": method, "correctSolidAngle": False}
        if p.splitting == "no" and not p.two_dimensional:
            # As pyFAI's histogram has it, which smalldata_tools uses: bins over all pixels, good or not.
            radius = integrator.center_array(image, unit=p.unit)
            more["radial_range"] = (float(radius.min()), float(radius.max()) * (1 + 1e-9))
        empty = np.zeros(image, np.float32)
        if p.two_dimensional:
            result = integrator.integrate2d_ng(empty, p.points, p.azimuthal_points, **more)
        else:
            result = integrator.integrate1d_ng(empty, p.points, **more)
        (engine,) = (record.engine for record in integrator.engines.values() if hasattr(record.engine, "indptr"))
        shape_of = (len(engine.indptr) - 1, size)
        shares = csr_matrix((np.asarray(engine.data, np.float64), engine.indices, engine.indptr), shape=shape_of)
        norm = np.ones(image)
        if p.solid_angle:
            norm = norm * integrator.solidAngleArray(image)
        if p.polarization_factor is not None:
            norm = norm * integrator.polarization(image, factor=p.polarization_factor)
        below = shares @ norm.ravel()
        self._norm = np.where(below > 0, below, np.nan)
        mean = csr_matrix((1 / count[index], (index, pixels)), shape=(size, good.size))
        together = (shares @ mean).tocoo()
        self._sums = BinSums(together.row, together.col, together.data, len(below), good.size)
        self._flat = not p.two_dimensional
        self._grid = (p.points, p.azimuthal_points)
        start = within(owner, p.name)
        self._name = f"{start}_azav"
        self.columns = [column(self._name, np.float32, _shape(p), "detector units", "pyFAI's mean of each bin")]
        detector, _, name = start.partition("/")
        axes = [("q", np.asarray(result.radial, np.float64), p.unit, f"centres of the radial bins in {p.unit}")]
        if p.two_dimensional:
            axes.append(("az", np.asarray(result.azimuthal, np.float64), "deg", "centres of the azimuthal bins"))
        self.once = [
            (column(f"UserDataCfg/{detector}/{name}__{name}_{axis}", np.float64, values.shape, unit, words), values)
            for axis, values, unit, words in axes
        ]

    def event(self, frame: np.ndarray, timestamp: int) -> Dict[str, Any]:
        mean = (self._sums(self._clean(frame).reshape(-1)) / self._norm).astype(np.float32)
        return {self._name: mean if self._flat else mean.reshape(self._grid).T}

    def totals(self) -> List[Tuple[Total, np.ndarray, int]]:
        return []


def _integrator(p: Parameters, context: Context) -> Any:
    try:
        import pyFAI
        from pyFAI.integrator.azimuthal import AzimuthalIntegrator
    except ImportError as error:
        raise Lacking(f"pyFAI is not in the environment of the producer ({error})") from None
    if p.poni is not None:
        file = os.path.expanduser(p.poni)
        if not os.path.isfile(file):
            raise Lacking(f"the geometry {file} is not there")
        try:
            return pyFAI.load(file)
        except Exception as error:  # pyFAI raises what its parser comes across
            raise Lacking(f"pyFAI cannot read the geometry {file}: {type(error).__name__}: {error}") from None
    size = (p.pixel_size_um if p.pixel_size_um is not None else context.pixel_size()) * 1e-6
    rotations = {"rot1": p.rot1_rad, "rot2": p.rot2_rad, "rot3": p.rot3_rad}
    place = {"dist": p.dist_m, "poni1": p.poni1_m, "poni2": p.poni2_m}
    return AzimuthalIntegrator(**place, **rotations, pixel1=size, pixel2=size, wavelength=p.wavelength_m)

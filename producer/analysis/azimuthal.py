"""Azimuthal integration: the mean of the pixels in bins of momentum transfer q and of azimuth phi."""

from dataclasses import dataclass
from typing import Annotated, Any, Dict, Iterator, List, Optional, Tuple

import numpy as np

from producer.analysis.names import dataset_name, file_path, within
from producer.detector_context import Context, Lacking, good_pixels, read_array
from producer.kernels.binning import BinSums
from producer.kernels.pixels import Cleaner
from producer.kernels.scattering import HC_KEV_ANGSTROM, Scattering
from producer.parameters import Meta
from producer.schema import Total, column

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


def promises(parameters: Parameters, owner: str) -> Dict[str, Optional[Tuple[int, ...]]]:
    return {f"{within(owner, parameters.name)}_azav": None}


class Computation:
    """``_azav``: float64[phi bins, q bins], the mean over the good pixels of a bin of

        (value - dark) / gain / (geometry * polarisation)

    and NaN in a bin without pixels. Angles, q and the corrections are those of `producer.kernels.scattering`. Values
    below or above the thresholds count as 0 (before dark and gain), with `square` they are squared. q bins begin one
    q_step below the smallest q of a good pixel, as in smalldata_tools; of n phi bins, bin k is centred at 2 pi k / n.
    With phi_edges_rad and q_edges, pixels outside them count nowhere.

    Written once, below ``UserDataCfg/<detector>``: ``azav__azav_q`` (centres) and ``_qbins`` (edges), 1/angstrom (or
    ``_r``, ``_rbins`` in mm), ``_phiVec`` (edges, rad), ``_norm`` (good pixels of each bin).

    (Source: smalldata_tools, azimuthalBinning, after J. Chem. Phys. 113, 9140 (2000). There the bin [0, 0] is wrong, as
    all masked pixels are in its norm, and threshold_rms does not work.) Raises `Lacking` for a detector without
    geometry and for files that do not fit.
    """

    def __init__(
        self, parameters: Parameters, owner: str, shape: Tuple[int, ...], dtype: np.dtype, context: Context
    ) -> None:
        p = parameters
        good = good_pixels(context, shape, p.mask).ravel()
        if not good.any():
            raise Lacking("the mask leaves no pixel")
        low: Any = p.threshold
        if p.threshold_rms is not None:
            sigma = context.noise(shape) * p.threshold_rms
            low = sigma if low is None else np.maximum(sigma, low)
        self._clean = Cleaner(low, p.threshold_high)
        self._square = p.square
        self._dark = None if p.dark is None else read_array(p.dark, shape, "dark image").astype(np.float64)
        gain = None if p.gain is None else read_array(p.gain, shape, "gain image").astype(np.float64)
        centre = (p.center_um[0] / 1e3, p.center_um[1] / 1e3)
        x, y, z = (c.ravel() / 1e3 for c in context.coordinates(shape))
        seen = Scattering(x, y, z, centre, p.distance_mm, p.tilt_x_deg, p.tilt_y_deg)
        self.correction = np.ones(good.size)
        if p.geometry_correction:
            self.correction = self.correction * seen.solid_angle
        if p.polarization != "none":
            self.correction = self.correction * seen.polarisation(p.polarization == "horizontal")
        if p.r_step_mm is not None:
            at = np.hypot(x - centre[0], y - centre[1])
            edges = _steps(at[good], p.r_step_mm)
        else:
            at = 4 * np.pi / (HC_KEV_ANGSTROM / p.photon_energy_kev) * np.sin(seen.theta / 2)
            edges = np.array(p.q_edges) if p.q_edges is not None else _steps(at[good], p.q_step)
        if p.phi_edges_rad is None:
            phi_edges = (np.arange(p.phi_bins + 1) - 0.5) * 2 * np.pi / p.phi_bins
        else:
            phi_edges = np.array(p.phi_edges_rad)
        turned = phi_edges[0] + np.mod(seen.phi - phi_edges[0], 2 * np.pi)
        radial, azimuth = np.digitize(at, edges) - 1, np.digitize(turned, phi_edges) - 1
        if p.phi_edges_rad is None:
            azimuth = np.minimum(azimuth, p.phi_bins - 1)  # where rounding meets the full turn
        self.shape = (len(phi_edges) - 1, len(edges) - 1)
        inside = good & (radial >= 0) & (radial < self.shape[1]) & (azimuth >= 0) & (azimuth < self.shape[0])
        inside &= np.isfinite(self.correction) & (self.correction > 0)
        pixels = np.flatnonzero(inside)
        if not pixels.size:
            raise Lacking("no good pixel is in any of the bins")
        bins = azimuth[pixels] * self.shape[1] + radial[pixels]
        weights = 1 / self.correction[pixels]
        if gain is not None:
            # With square, the gain is squared with the value.
            weights = weights / gain.ravel()[pixels] ** (2 if p.square else 1)
        count = self.shape[0] * self.shape[1]
        norm = np.bincount(bins, minlength=count)
        self._norm = np.where(norm > 0, norm, np.nan)
        self._sums = BinSums(bins, pixels, weights, count, good.size)
        start = within(owner, p.name)
        self._name = f"{start}_azav"
        words = "mean of the good pixels, phi by q" if p.r_step_mm is None else "mean of the good pixels, phi by radius"
        self.columns = [column(self._name, np.float64, self.shape, "detector units", words)]
        detector, _, name = start.partition("/")
        axis, unit = ("q", "1/angstrom") if p.r_step_mm is None else ("r", "mm")
        self.once = [
            (column(f"UserDataCfg/{detector}/{name}__{name}_{what}", value.dtype, value.shape, unit, words), value)
            for what, value, unit, words in (
                (axis, (edges[1:] + edges[:-1]) / 2, unit, "centres of the bins"),
                (f"{axis}bins", edges, unit, "edges of the bins"),
                ("phiVec", phi_edges, "rad", "edges of the bins in azimuth"),
                ("norm", norm.reshape(self.shape), "pixels", "good pixels of each bin"),
            )
        ]

    def event(self, frame: np.ndarray, timestamp: int) -> Dict[str, Any]:
        values = self._clean(frame)
        if self._dark is not None:
            values = values - self._dark
        if self._square:
            values = np.square(values, dtype=np.float64)
        return {self._name: (self._sums(values.reshape(-1)) / self._norm).reshape(self.shape)}

    def totals(self) -> List[Tuple[Total, np.ndarray, int]]:
        return []


def _steps(values: np.ndarray, step: float) -> np.ndarray:
    """Edges of bins over all values, from one step below the smallest on."""
    most = 10_000_000
    if (values.max() - values.min()) / step > most:
        raise Lacking(f"steps of {step:g} would make more than {most} bins")
    return np.arange(values.min() - step, values.max() + step, step)

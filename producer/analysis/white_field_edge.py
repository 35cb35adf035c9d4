"""Edge of a time tool camera in its image over that of a white field (MEC): a Gaussian fitted to the step's slope."""

from dataclasses import dataclass
from typing import Annotated, Any, Dict, Iterator, List, Optional, Tuple

import numpy as np

from producer.analysis.names import dataset_name, file_path, within
from producer.detector_context import Context, Lacking, read_array
from producer.parameters import Meta
from producer.schema import Total, column

NAME = "white_field_edge"
MANY = True

RESULTS = {
    "time_px": ("pixels", "where the edge is, from the first row of the region; NaN: there is none"),
    "ampl_px": ("1/pixel", "height of the Gaussian in the falling slope"),
    "width_px": ("pixels", "its standard deviation"),
    "bkg_const": ("1/pixel", "constant of the line below it"),
    "bkg_slope": ("1/pixel^2", "slope of the line below it"),
}
REACH = 4.0  # of the smoothing, in standard deviations
Region = Tuple[Tuple[int, int], Tuple[int, int]]


@dataclass(frozen=True)
class Parameters:
    white_field: Annotated[
        str,
        Meta("file of the image without the pump laser, of the camera's shape: .npy, .npz or text", check=file_path),
    ]
    norm_region: Annotated[
        Region, Meta("[[row, end], [column, end]] where both images are as bright", unit="pixels", minimum=0)
    ]
    signal_region: Annotated[
        Region, Meta("[[row, end], [column, end]] of the edge, in the turned image", unit="pixels", minimum=0)
    ]
    tilt_deg: Annotated[
        float,
        Meta("the image is turned by this, as scipy.ndimage.rotate does", unit="deg", minimum=-180, maximum=180),
    ] = 0.0
    smoothing: Annotated[float, Meta("standard deviation of the filter of the trace", unit="pixels", minimum=0.1)] = 5.0
    width: Annotated[
        float, Meta("standard deviation of the slope to begin the fit with", unit="pixels", minimum=0.1)
    ] = 18.0
    contrast: Annotated[float, Meta("a trace that differs by less has no edge", minimum=0)] = 0.03
    save_trace: Annotated[bool, Meta("also write the trace with each event")] = True
    name: Annotated[str, Meta("begins the names of the datasets", check=dataset_name)] = "mectt"

    def check(self) -> Iterator[Tuple[Tuple[object, ...], str, str]]:
        for field in ("norm_region", "signal_region"):
            for axis, (start, end) in enumerate(getattr(self, field)):
                if start >= end:
                    yield (field, axis), f"{field}[{axis}] is empty: it starts at {start} and ends before {end}", ""
        if self.signal_region[0][1] - self.signal_region[0][0] in range(1, 8):
            yield ("signal_region", 0), "the region of the edge needs 8 rows or more for a fit", ""

    def misfit(self, shape: Tuple[int, ...]) -> str:
        if len(shape) != 2:
            return f"it works on a camera's rows and columns, the detector has {len(shape)} axes"
        for field in ("norm_region", "signal_region"):
            for (_, end), size, axis in zip(getattr(self, field), shape, ("rows", "columns")):
                if end > size:
                    return f"{field} ends at {end}, beyond the {size} {axis}"
        return ""


RECORDED = {
    "white_field": "bkgfile",
    "norm_region": "roi_n",
    "signal_region": "roi_s",
    "tilt_deg": "tilt",
    "smoothing": "sm",
    "width": "sigma_TT",
}


def promises(parameters: Parameters, owner: str) -> Dict[str, Optional[Tuple[int, ...]]]:
    start = within(owner, parameters.name)
    found: Dict[str, Optional[Tuple[int, ...]]] = {f"{start}_{what}": () for what in RESULTS}
    if parameters.save_trace:
        first, end = parameters.signal_region[0]
        found[f"{start}_sig_pj"] = (end - first,)
    return found


class Computation:
    """With I the image, B the white field, and means over `norm_region`, all float64:

    1. T = I/B * mean(B)/mean(I), NaN where B is 0;
    2. T turned about its middle, between pixels linear: what comes to row r and column c was at
       r' = R + cos(a)(r-R) + sin(a)(c-C), c' = C - sin(a)(r-R) + cos(a)(c-C); outside of the image T is 0;
    3. ``<name>_sig_pj``: p, the sum over the columns of `signal_region`, one number for each of its rows;
    4. g = minus the gradient (numpy.gradient) of p convolved with a Gaussian to 4 sigma, the ends mirrored;
    5. least squares for g(x) = ampl exp(-((x-time)/width)^2/2) + const + slope x, from the highest g above the line
       through its two ends on, by Levenberg and Marquardt.

    ``<name>_time_px``, ``_ampl_px``, ``_width_px``, ``_bkg_const``, ``_bkg_slope``: NaN where max(p)-min(p) is below
    `contrast`, a pixel in the region is NaN, or the fit does not end. As mecttFunc of smalldata_tools
    (ana_funcs/mecttFunc.py), which rounds them. Raises `Lacking` for a file that is no image of this camera."""

    def __init__(
        self, parameters: Parameters, owner: str, shape: Tuple[int, ...], dtype: np.dtype, context: Context
    ) -> None:
        from scipy.optimize import leastsq

        self._leastsq, self._parameters = leastsq, parameters
        white = read_array(parameters.white_field, shape, "white field").astype(np.float64)
        self._norm = tuple(slice(*pair) for pair in parameters.norm_region)
        level = white[self._norm].mean()
        if not (np.isfinite(level) and level > 0):
            raise Lacking(f"the white field {parameters.white_field} has no light in norm_region")
        with np.errstate(divide="ignore"):
            over = np.where(white != 0, level / white, np.nan)
        self._taken = [(at, weight * over.ravel()[at]) for at, weight in _turned(parameters, shape)]
        start = within(owner, parameters.name)
        self._names = [f"{start}_{what}" for what in RESULTS]
        self._trace = f"{start}_sig_pj" if parameters.save_trace else ""
        self.columns: List[Any] = [column(n, np.float64, (), *about) for n, about in zip(self._names, RESULTS.values())]
        rows = parameters.signal_region[0][1] - parameters.signal_region[0][0]
        if self._trace:
            self.columns.append(column(self._trace, np.float64, (rows,), "", "image over white field, along the rows"))
        reach = int(REACH * parameters.smoothing + 0.5)
        bell = np.exp(-0.5 * (np.arange(-reach, reach + 1) / parameters.smoothing) ** 2)
        self._filter, self._places = bell / bell.sum(), np.arange(rows, dtype=np.float64)

    def event(self, frame: np.ndarray, timestamp: int) -> Dict[str, Any]:
        trace = self.trace(frame)
        values: Dict[str, Any] = dict(zip(self._names, self.edge(trace)))
        if self._trace:
            values[self._trace] = trace
        return values

    def trace(self, frame: np.ndarray) -> np.ndarray:
        """float64[rows of the region]"""
        flat = frame.reshape(-1)
        level = frame[self._norm].mean(dtype=np.float64)
        if not level > 0:
            return np.full(len(self._places), np.nan)
        return sum((flat[at] * weight).sum(axis=1) for at, weight in self._taken) / level

    def edge(self, trace: np.ndarray) -> Tuple[float, ...]:
        """In the order of RESULTS."""
        none = (np.nan,) * len(RESULTS)
        if not np.isfinite(trace).all() or trace.max() - trace.min() < self._parameters.contrast:
            return none
        mirrored = np.pad(trace, len(self._filter) // 2, mode="symmetric")
        slope = -np.gradient(np.convolve(mirrored, self._filter, mode="valid"))
        x = self._places
        rise = (slope[-1] - slope[0]) / (len(slope) - 1)
        above = slope - (slope[0] + rise * x)
        begin = [above.max(), float(above.argmax()), self._parameters.width, slope[0], rise]

        def off(p: np.ndarray) -> np.ndarray:
            return np.asarray(p[0] * np.exp(-0.5 * ((x - p[1]) / p[2]) ** 2) + p[3] + p[4] * x - slope)

        def change(p: np.ndarray) -> np.ndarray:
            u = (x - p[1]) / p[2]
            bell = np.exp(-0.5 * u * u)
            inner = p[0] * bell * u / p[2]
            return np.array([bell, inner, inner * u, np.ones_like(x), x])

        found, status = self._leastsq(off, begin, Dfun=change, col_deriv=True)
        if status not in (1, 2, 3, 4) or not np.isfinite(found).all():
            return none
        amplitude, place, width, const, slope_of_line = (float(value) for value in found)
        return place, amplitude, abs(width), const, slope_of_line

    def totals(self) -> List[Tuple[Total, np.ndarray, int]]:
        return []


def _turned(parameters: Parameters, shape: Tuple[int, ...]) -> List[Tuple[np.ndarray, np.ndarray]]:
    """(flat index, weight) [rows, columns] of the four pixels around where each of the region's comes from."""
    angle = np.deg2rad(parameters.tilt_deg)
    middle_row, middle_column = (shape[0] - 1) / 2, (shape[1] - 1) / 2
    (first, end), (left, right) = parameters.signal_region
    rows, columns = np.mgrid[first:end, left:right].astype(np.float64)
    rows, columns = rows - middle_row, columns - middle_column
    row = middle_row + np.cos(angle) * rows + np.sin(angle) * columns
    across = middle_column - np.sin(angle) * rows + np.cos(angle) * columns
    if not parameters.tilt_deg:
        row, across = np.rint(row), np.rint(across)
    found = []
    top, side = np.floor(row).astype(np.int64), np.floor(across).astype(np.int64)
    for down in (0, 1):
        for beside in (0, 1):
            r, c = top + down, side + beside
            weight = (1 - np.abs(row - r)) * (1 - np.abs(across - c))
            inside = (r >= 0) & (r < shape[0]) & (c >= 0) & (c < shape[1])
            weight = np.where(inside, weight, 0.0)
            if weight.any():
                found.append((np.where(inside, r * shape[1] + c, 0), weight))
    return found

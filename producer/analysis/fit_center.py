"""Centre of a ring: the circle that fits the brightest pixels."""

from dataclasses import dataclass
from typing import Annotated, Any, Dict, List, Optional, Tuple

import numpy as np

from producer.analysis.names import dataset_name, file_path, within
from producer.detector_context import Context, good_pixels
from producer.parameters import Meta
from producer.schema import Total, column

NAME = "fit_center"
MANY = True

PIXELS, GEOMETRY = "pixels", "geometry"
STEPS, CLOSE = 100, 1e-10  # of the fit; it has arrived when a step is this share of the radius
RESULTS = ("xCen", "yCen", "R", "residu")


@dataclass(frozen=True)
class Parameters:
    name: Annotated[str, Meta("begins the names of the datasets", check=dataset_name)] = "center"
    percentile: Annotated[
        float, Meta("of the good pixels; those above it are the ring", unit="%", minimum=0, maximum=100)
    ] = 90.0
    coordinates: Annotated[
        str, Meta("in which the circle is: columns (x) and rows (y), or um by the geometry", choices=(PIXELS, GEOMETRY))
    ] = PIXELS
    mask: Annotated[
        Optional[str], Meta("file of a mask of the detector's shape, 1 = good: .npy, .npz or text", check=file_path)
    ] = None

    def misfit(self, shape: Tuple[int, ...]) -> str:
        if self.coordinates == PIXELS and len(shape) != 2:
            return f'a ring in pixels needs rows and columns, the detector has {len(shape)} axes: use "{GEOMETRY}"'
        return ""


RECORDED = {"percentile": "threshold"}


def promises(parameters: Parameters, owner: str) -> Dict[str, Optional[Tuple[int, ...]]]:
    return {f"{within(owner, parameters.name)}_{what}": () for what in RESULTS}


class Computation:
    """Of the n good pixels above the percentile, at (x_i, y_i), with d_i their distance from (xCen, yCen), all float64,
    in pixels or um:

    * ``<name>_xCen``, ``_yCen``: where sum((d_i - R)^2) is smallest
    * ``<name>_R``: mean(d_i)
    * ``<name>_residu``: sum((d_i - R)^2)

    NaN where there are fewer than 4 such pixels, or they have no such circle (all in a line). NaN pixels are not good.
    As fitCenter of smalldata_tools (ana_funcs/fitCenter.py). Raises `Lacking` where a geometry is asked for and there
    is none."""

    def __init__(
        self, parameters: Parameters, owner: str, shape: Tuple[int, ...], dtype: np.dtype, context: Context
    ) -> None:
        self._percentile = parameters.percentile
        if parameters.coordinates == GEOMETRY:
            x, y, _ = context.coordinates(shape)
        else:
            y, x = np.indices(shape, dtype=np.float64)
        self._good = np.flatnonzero(good_pixels(context, shape, parameters.mask))
        self._x, self._y = x.ravel()[self._good], y.ravel()[self._good]
        unit = "um" if parameters.coordinates == GEOMETRY else "pixels"
        start = within(owner, parameters.name)
        self._names = [f"{start}_{what}" for what in RESULTS]
        words = ("x of the ring's centre", "y of the ring's centre", "radius of the ring", "sum of squared distances")
        units = (unit, unit, unit, f"{unit}^2")
        self.columns = tuple(column(n, np.float64, (), u, w) for n, u, w in zip(self._names, units, words))

    def event(self, frame: np.ndarray, timestamp: int) -> Dict[str, Any]:
        values = frame.reshape(-1)[self._good]
        known = values[~np.isnan(values)]
        level = np.percentile(known, self._percentile) if len(known) else np.nan
        ring = np.flatnonzero(values > level)
        return dict(zip(self._names, circle(self._x[ring], self._y[ring])))

    def totals(self) -> List[Tuple[Total, np.ndarray, int]]:
        return []


def circle(x: np.ndarray, y: np.ndarray) -> Tuple[float, float, float, float]:
    """(x, y, radius, sum of the squared distances from it) of the circle through the points, or NaN.

    It starts from the algebraic fit of x^2 + y^2 = 2 a x + 2 b y + c (Kasa, IEEE Trans. Instrum. Meas. 25, 8, 1976) and
    goes on by steps of Levenberg and Marquardt for (a, b), the radius being the mean distance."""
    none = (np.nan,) * 4
    if len(x) < 4:
        return none
    middle = x.mean(), y.mean()
    u, v = x - middle[0], y - middle[1]
    square = u * u + v * v
    a, b = _solve(u @ u, u @ v, v @ v, u @ square / 2, v @ square / 2)
    across, up, off, radius = _from(u, v, a, b)
    damping = 0.0
    for _ in range(STEPS):
        xx, xy, yy, along = across @ across, across @ up, up @ up, (across @ off, up @ off)
        step = _solve(xx * (1 + damping), xy, yy * (1 + damping), *along)
        if not np.isfinite(step[0] + step[1]):
            return none
        further = _from(u, v, a + step[0], b + step[1])
        arrived = np.hypot(*step) <= CLOSE * radius
        if further[2] @ further[2] <= off @ off:
            (across, up, off, radius), a, b = further, a + step[0], b + step[1]
            damping = damping / 10
        else:
            damping = max(10 * damping, 1e-3)
        if arrived:
            return a + middle[0], b + middle[1], radius, float(off @ off)
    return none


def _from(u: np.ndarray, v: np.ndarray, a: float, b: float) -> Tuple[np.ndarray, np.ndarray, np.ndarray, float]:
    """Of points seen from (a, b): how their distances, less the mean distance, change with a and b, these differences,
    and the mean distance."""
    across, up = u - a, v - b
    distance = np.maximum(np.hypot(across, up), np.finfo(np.float64).tiny)
    across, up = across / distance, up / distance
    radius = distance.mean()
    return across - across.mean(), up - up.mean(), distance - radius, float(radius)


def _solve(xx: float, xy: float, yy: float, x: float, y: float) -> Tuple[float, float]:
    """Of ((xx, xy), (xy, yy)) (a, b) = (x, y); NaN for points in a line."""
    size = xx * yy - xy * xy
    if size <= 1e-12 * xx * yy:
        return np.nan, np.nan
    return (x * yy - y * xy) / size, (y * xx - x * xy) / size

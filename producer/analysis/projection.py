"""Projection of a detector, or of a region of it: the pixels added up along one axis."""

from dataclasses import dataclass
from typing import Annotated, Any, Dict, List, Optional, Tuple

import numpy as np

from producer.analysis.names import dataset_name, within
from producer.detector_context import Context, Lacking
from producer.kernels.pixels import Cleaner
from producer.parameters import Meta
from producer.schema import Total, column

NAME = "projection"
MANY = True


@dataclass(frozen=True)
class Parameters:
    name: Annotated[str, Meta("begins the name of the dataset: <name>_data", check=dataset_name)] = "projection"
    axis: Annotated[
        int,
        Meta(
            "axis that is added up, not counting axes of a single pixel; -1 = all, which gives one number", minimum=-1
        ),
    ] = 0
    threshold: Annotated[Optional[float], Meta("pixels below count as 0", unit="detector units")] = None
    threshold_rms: Annotated[
        Optional[float], Meta("pixels below this many times their noise count as 0", unit="sigma", minimum=0)
    ] = None
    single_photon: Annotated[bool, Meta("count the pixels above 0 instead of adding them up")] = False
    mean: Annotated[bool, Meta("divide by the number of good pixels that were added up")] = False


RECORDED = {"threshold": "thresADU", "threshold_rms": "thresRms", "single_photon": "singlePhoton"}


def promises(parameters: Parameters, owner: str) -> Dict[str, Optional[Tuple[int, ...]]]:
    return {f"{within(owner, parameters.name)}_data": () if parameters.axis < 0 else None}


class Computation:
    """``_data``: of the pixels without axes of one pixel, those below a threshold counted as 0, the sum along `axis`
    (of all with -1); with `mean` over the number of good pixels added up, NaN where there is none. With single_photon
    each pixel above 0 counts 1. Integers are summed exactly as int64, floats as float64; a mean is float64.

    (Source: smalldata_tools, projectionFunc; its threshold in sigma never worked.) Raises `Lacking` for an axis that
    is not there, and for threshold_rms where the noise is not known."""

    def __init__(
        self,
        parameters: Parameters,
        owner: str,
        shape: Tuple[int, ...],
        dtype: np.dtype,
        context: Optional[Context] = None,
    ) -> None:
        context = context or Context(owner)
        self._shape = tuple(n for n in shape if n != 1)
        if parameters.axis >= len(self._shape):
            words = (
                f"there is no axis {parameters.axis}: the pixels have {len(self._shape)} axes of more than one pixel"
            )
            raise Lacking(words)
        self._axis = None if parameters.axis < 0 else parameters.axis
        low: Any = parameters.threshold
        if parameters.threshold_rms is not None:
            sigma = (context.noise(shape) * parameters.threshold_rms).reshape(self._shape)
            low = sigma if low is None else np.maximum(sigma, low)
        self._clean = Cleaner(low)
        self._single, self._mean = parameters.single_photon, parameters.mean
        integers = dtype.kind in "iub" or parameters.single_photon
        self._wide = np.dtype(np.int64) if integers else np.dtype(np.float64)
        # Integers of 16 bits add up in 32 without overflow, in half the time.
        length_of = int(np.prod(shape)) if self._axis is None else self._shape[self._axis]
        short = dtype.kind in "iu" and dtype.itemsize <= 2 and length_of <= 1 << 15
        self._narrow = np.dtype(np.int32 if dtype.kind == "i" else np.uint32) if short else self._wide
        self._good = context.mask(shape).reshape(self._shape).sum(axis=self._axis)
        self._name = f"{within(owner, parameters.name)}_data"
        length = () if self._axis is None else np.shape(self._good)
        how = "mean" if self._mean else "sum"
        what = "of all pixels" if self._axis is None else f"of the pixels along axis {self._axis}"
        unit = "detector units" if not self._single else "pixels"
        kind = np.float64 if self._mean else self._wide
        self.columns = [column(self._name, kind, length, unit, f"{how} {what}")]

    def event(self, frame: np.ndarray, timestamp: int) -> Dict[str, Any]:
        pixels = self._clean(frame.reshape(self._shape))
        if self._single:
            pixels = pixels > 0
        total = pixels.sum(axis=self._axis, dtype=self._wide if self._single else self._narrow)
        if self._mean:
            with np.errstate(invalid="ignore", divide="ignore"):
                total = np.true_divide(total, self._good)
        return {self._name: total}

    def totals(self) -> List[Tuple[Total, np.ndarray, int]]:
        return []

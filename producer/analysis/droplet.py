"""Droplets: neighbouring pixels above a threshold, as photons spread over several pixels make them."""

from dataclasses import dataclass
from typing import Annotated, Any, Dict, Iterator, List, Optional, Tuple

import numpy as np

from producer.analysis import photons as to_photons
from producer.analysis import sparsify as lists
from producer.analysis.names import dataset_name, file_path, within
from producer.analysis.photons import Parameters as Photons
from producer.analysis.sparsify import Parameters as Sparsify
from producer.detector_context import Context, good_pixels
from producer.kernels.droplets import Droplets, Finder
from producer.parameters import Meta
from producer.schema import Total, column

NAME = "droplet"
MANY = False


@dataclass(frozen=True)
class Parameters:
    threshold: Annotated[
        float, Meta("a droplet has a pixel of at least this: sigma with use_rms, else detector units", minimum=0)
    ] = 5.0
    threshold_low: Annotated[
        Optional[float],
        Meta("pixels beside it belong to it from here on, in the unit of threshold; left out = threshold", minimum=0),
    ] = None
    use_rms: Annotated[bool, Meta("thresholds are multiples of each pixel's noise")] = True
    minimum_sum: Annotated[
        Optional[float], Meta("droplets with less in all their pixels are left out", unit="detector units")
    ] = None
    maximum_pixel: Annotated[Optional[float], Meta("pixels above count as 0", unit="detector units")] = None
    relabel: Annotated[bool, Meta("droplets that touch through pixels above threshold_low become one")] = True
    mask: Annotated[
        Optional[str], Meta("file of a mask of the detector's shape, 1 = good: .npy, .npz or text", check=file_path)
    ] = None
    photons: Annotated[Optional[Photons], Meta("go on to the photons in the droplets")] = None
    sparsify: Annotated[Optional[Sparsify], Meta("write the droplets as lists of positions")] = None
    name: Annotated[str, Meta("begins the names of the datasets", check=dataset_name)] = "droplet"

    def check(self) -> Iterator[Tuple[Tuple[object, ...], str, str]]:
        if self.threshold_low is not None and self.threshold_low > self.threshold:
            words = f"threshold_low must not be above threshold, {self.threshold_low:g} is above {self.threshold:g}"
            yield ("threshold_low",), words, f"{self.threshold:g}"

    def misfit(self, shape: Tuple[int, ...]) -> str:
        return "" if len(shape) in (2, 3) else "droplets need rows and columns, the detector has one axis"


RECORDED = {
    "threshold_low": "thresholdLow",
    "use_rms": "useRms",
    "minimum_sum": "thresADU",
    "maximum_pixel": "pixmax",
}


def promises(parameters: Parameters, owner: str) -> Dict[str, Optional[Tuple[int, ...]]]:
    start = within(owner, parameters.name)
    found: Dict[str, Optional[Tuple[int, ...]]] = {f"{start}_nDroplets": (), f"{start}_nDroplets_all": ()}
    if parameters.sparsify is not None:
        found.update(lists.promises(parameters.sparsify, start))
    if parameters.photons is not None:
        found.update(to_photons.promises(parameters.photons, start))
    return found


class Computation:
    """Of droplets as `producer.kernels.droplets.Finder` defines them, thresholds times the pixel's noise with use_rms:

    * ``_nDroplets_all``: int32, how many there are
    * ``_nDroplets``: int32, how many are left without those below minimum_sum; only these go on
    * with sparsify, one entry for each droplet: ``data`` float32, the sum of its pixels; ``npix`` int32; ``row``,
      ``col`` float32, its centre of mass sum(v*i)/sum(v) in pixels; ``tile`` int32

    (Source: smalldata_tools, dropletFunc.) Raises `Lacking` for use_rms where the noise is not known.
    """

    def __init__(
        self, parameters: Parameters, owner: str, shape: Tuple[int, ...], dtype: np.dtype, context: Context
    ) -> None:
        self._shape, self._minimum = tuple(shape), parameters.minimum_sum
        good = good_pixels(context, shape, parameters.mask)
        noise = context.noise(shape) if parameters.use_rms else np.ones(shape, np.float32)
        lower = parameters.threshold if parameters.threshold_low is None else parameters.threshold_low
        high, low = (np.where(good, noise * times, np.inf) for times in (parameters.threshold, lower))
        most = np.inf if parameters.maximum_pixel is None else parameters.maximum_pixel
        self._finder = Finder(self._shape, high, low, parameters.relabel, most)
        start = within(owner, parameters.name)
        self._names = (f"{start}_nDroplets_all", f"{start}_nDroplets")
        words = "droplets of at least minimum_sum" if self._minimum is not None else "droplets"
        self.columns: List[Any] = [
            column(self._names[0], np.int32, (), "", "droplets"),
            column(self._names[1], np.int32, (), "", words),
        ]
        self._lists = self._photons = None
        if parameters.sparsify is not None:
            at = (np.float32, "pixels", "centre of mass")
            fields = {
                "data": (np.float32, "detector units", "sum of the droplet's pixels"),
                "npix": (np.int32, "pixels", "pixels of the droplet"),
                "row": at,
                "col": at,
                "tile": (np.int32, "", "its tile"),
            }
            self._lists = lists.Lists(parameters.sparsify, start, fields)
            self.columns += self._lists.columns
        if parameters.photons is not None:
            self._photons = to_photons.Computation(parameters.photons, start, self._shape, good)
            self.columns += self._photons.columns

    def droplets(self, frame: np.ndarray) -> Tuple[int, Droplets]:
        """How many there are, and those of at least the minimum sum."""
        found = self._finder.find(frame)
        count = len(found.sums)
        if self._minimum is not None:
            keep = found.sums >= self._minimum
            if not keep.all():
                found = found.kept(keep)
        return count, found

    def event(self, frame: np.ndarray, timestamp: int) -> Dict[str, Any]:
        count, found = self.droplets(frame)
        values: Dict[str, Any] = {self._names[0]: np.int32(count), self._names[1]: np.int32(len(found.sums))}
        if self._lists is not None:
            tile, row, col = found.places(self._shape)
            entries = {"data": found.sums, "npix": found.counts, "row": row, "col": col, "tile": tile}
            values.update(self._lists.event(entries))
        if self._photons is not None:
            values.update(self._photons.of(found))
        return values

    def totals(self) -> List[Tuple[Total, np.ndarray, int]]:
        return []

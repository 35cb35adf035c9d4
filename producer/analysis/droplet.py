"""Droplets: neighbouring pixels above a threshold, as photons spread over several pixels make them."""

from dataclasses import dataclass
from typing import Annotated, Iterator, Optional, Tuple

from producer.analysis.names import dataset_name, file_path
from producer.analysis.photons import Parameters as Photons
from producer.analysis.sparsify import Parameters as Sparsify
from producer.parameters import Meta

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


RECORDED = {
    "threshold_low": "thresholdLow",
    "use_rms": "useRms",
    "minimum_sum": "thresADU",
    "maximum_pixel": "pixmax",
}

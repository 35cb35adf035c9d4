"""Spatial autocorrelation of an image: size and contrast of speckles."""

from dataclasses import dataclass
from typing import Annotated, Iterator, Optional, Tuple

from producer.analysis.names import dataset_name, file_path
from producer.parameters import Meta

NAME = "autocorrelation"
MANY = True


@dataclass(frozen=True)
class Parameters:
    name: Annotated[str, Meta("begins the names of the datasets", check=dataset_name)] = "autocorr"
    region: Annotated[
        Optional[Tuple[Tuple[int, int], Tuple[int, int]]],
        Meta("[start, end) of rows and columns; left out = the whole image", unit="pixels", minimum=0),
    ] = None
    mask: Annotated[
        Optional[str],
        Meta("file of masks instead of a region, 1 = good: .npy, one image or several of them", check=file_path),
    ] = None
    threshold: Annotated[Optional[float], Meta("pixels below count as 0", unit="detector units")] = None
    threshold_high: Annotated[Optional[float], Meta("pixels above count as 0", unit="detector units")] = None
    half_size: Annotated[
        Tuple[int, int], Meta("how far from the centre it is written, in rows and columns", unit="pixels", minimum=1)
    ] = (50, 50)
    lineouts: Annotated[bool, Meta("write only the lines through the centre")] = False
    illumination: Annotated[
        Optional[str], Meta("file of the mean image, which each image is divided by: .npy", check=file_path)
    ] = None
    profile_step: Annotated[
        Optional[float], Meta("also write the mean over rings of this width", unit="pixels", minimum=1e-3)
    ] = None

    def check(self) -> Iterator[Tuple[Tuple[object, ...], str, str]]:
        if self.region is not None and self.mask is not None:
            yield ("mask",), "region and mask both say what is correlated: give one of them", ""
        for axis, (start, end) in enumerate(self.region or ()):
            if start >= end:
                swapped = f"[{end}, {start}]" if start > end else ""
                yield ("region", axis), f"region[{axis}] is empty: it starts at {start} and ends before {end}", swapped
        low, high = self.threshold, self.threshold_high
        if low is not None and high is not None and low >= high:
            yield ("threshold_high",), f"threshold_high must be above threshold, {high:g} is not above {low:g}", ""

    def misfit(self, shape: Tuple[int, ...]) -> str:
        sides = tuple(n for n in shape if n != 1)
        if len(sides) != 2:
            return f"it works on one image, the detector has {len(sides)} axes"
        outside = [
            f"[{start}, {end}) on axis {axis} ends beyond its {side} pixels"
            for axis, ((start, end), side) in enumerate(zip(self.region or (), sides))
            if end > side
        ]
        return "; ".join(outside)


RECORDED = {"region": "roi", "half_size": "save_range", "lineouts": "save_lineout", "profile_step": "resolution"}

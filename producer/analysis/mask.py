"""Pixels of a detector that count for nothing, in all of its functions."""

from dataclasses import dataclass
from typing import Annotated, Any, Iterator, Optional, Tuple

import numpy as np

from producer.analysis.names import file_path
from producer.detector_context import Context, read_array
from producer.kernels.pixels import Cleaner
from producer.parameters import Meta

NAME = "mask"
MANY = False
PREPARES = 0


@dataclass(frozen=True)
class Parameters:
    file: Annotated[
        Optional[str], Meta("a mask of the detector's shape, 1 = good: .npy, .npz or text", check=file_path)
    ] = None
    edges: Annotated[
        int, Meta("mask this many rows and columns at the edges of each tile", unit="pixels", minimum=0)
    ] = 0
    regions: Annotated[
        Tuple[Tuple[Tuple[int, int], ...], ...],
        Meta("regions to mask, each with [start, end) for each axis", unit="pixels", minimum=0),
    ] = ()

    def check(self) -> Iterator[Tuple[Tuple[object, ...], str, str]]:
        for i, region in enumerate(self.regions):
            for axis, (start, end) in enumerate(region):
                if start >= end:
                    words = f"regions[{i}][{axis}] is empty: it starts at {start} and ends before {end}"
                    yield ("regions", i, axis), words, f"[{end}, {start}]" if start > end else ""

    def misfit(self, shape: Tuple[int, ...]) -> str:
        """Why it cannot be the mask of calibrated data of `shape`, in words; "" when it can."""
        wrong = []
        for i, region in enumerate(self.regions):
            if len(region) != len(shape):
                wrong.append(f"regions[{i}] has {len(region)} axes, the detector has {len(shape)}")
            else:
                outside = [end for (_, end), size in zip(region, shape) if end > size]
                wrong += [f"regions[{i}] ends at {end}, beyond the detector" for end in outside]
        return "; ".join(wrong)


def prepare(parameters: Parameters, context: Context, shape: Tuple[int, ...]) -> None:
    """Masked pixels are 0 in every frame that functions get, and no good pixels in the means they take. The pixels that
    the calibration calls bad are 0 without this. Raises `Lacking` for a file that is no mask of this detector."""
    good = np.ones(shape, bool)
    if parameters.file is not None:
        good &= read_array(parameters.file, shape, "mask") > 0
    for region in parameters.regions:
        good[tuple(slice(start, end) for start, end in region)] = False
    if parameters.edges:
        edges = parameters.edges
        inner = np.zeros(shape, bool)
        within: Tuple[Any, ...] = (..., *(slice(edges, max(size - edges, edges)) for size in shape[-2:]))
        inner[within] = True
        good &= inner
    context.add_mask(good)
    context.add(Cleaner(good=good))

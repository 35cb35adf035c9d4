"""A region of a detector: its pixels if wanted, and always sum, mean, maximum and centre of mass of each event."""

import re
from dataclasses import dataclass
from typing import Annotated, Iterator, Optional, Tuple

from producer.parameters import Meta, Wrong

NAME = "roi"
MANY = True

_DATASET = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")


def dataset_name(text: str) -> None:
    """Raise `Wrong` unless `text` can begin the name of a dataset in an HDF5 file."""
    if not _DATASET.fullmatch(text):
        better = re.sub(r"[^A-Za-z0-9_.-]+", "_", text).lstrip(".-")
        raise Wrong(f"names datasets, so only letters, digits, '_', '.' and '-' are possible, not {text!r}", better)


@dataclass(frozen=True)
class Parameters:
    """`region` is ((start, end), ...) in pixels, one pair for each axis of the calibrated array, end exclusive."""

    name: Annotated[str, Meta("begins the name of each dataset: ROI_sum, ROI_max, ...", check=dataset_name)] = "ROI"
    region: Annotated[
        Optional[Tuple[Tuple[int, int], ...]],
        Meta(
            "[start, end) for each axis: one pair for a trace, rows and columns for an image, tiles, rows and columns "
            "for a detector in tiles; left out = the whole detector",
            unit="pixels",
            minimum=0,
            lengths=(1, 2, 3),
        ),
    ] = None
    threshold: Annotated[Optional[float], Meta("pixels below count as 0", unit="detector units")] = None
    save_pixels: Annotated[bool, Meta("also write the pixels of the region with each event")] = False

    def check(self) -> Iterator[Tuple[Tuple[object, ...], str, str]]:
        for axis, (start, end) in enumerate(self.region or ()):
            if start >= end:
                swapped = f"[{end}, {start}]" if start > end else ""
                yield ("region", axis), f"region[{axis}] is empty: it starts at {start} and ends before {end}", swapped

    def misfit(self, shape: Tuple[int, ...]) -> str:
        """Why the region cannot be cut from calibrated data of `shape`, in words; "" when it fits."""
        if self.region is None:
            return ""
        if len(self.region) != len(shape):
            return (
                f"the region has {_axes(len(self.region))}, the detector has {_axes(len(shape))} "
                f"of {' x '.join(str(n) for n in shape)} pixels"
            )
        outside = [
            f"[{start}, {end}) on axis {axis} ends beyond its {size} pixels"
            for axis, ((start, end), size) in enumerate(zip(self.region, shape))
            if end > size
        ]
        return "; ".join(outside)


def _axes(count: int) -> str:
    return f"{count} axis" if count == 1 else f"{count} axes"

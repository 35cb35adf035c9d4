"""Pixels of a detector that count for nothing, in all of its functions."""

from dataclasses import dataclass
from typing import Annotated, Optional, Tuple

from producer.analysis.names import file_path
from producer.parameters import Meta

NAME = "mask"
MANY = False


@dataclass(frozen=True)
class Parameters:
    file: Annotated[
        Optional[str], Meta("a mask of the detector's shape, 1 = good: .npy, .npz or text", check=file_path)
    ] = None
    calibration: Annotated[bool, Meta("mask the pixels that the calibration calls bad")] = True
    edges: Annotated[
        int, Meta("mask this many rows and columns at the edges of each tile", unit="pixels", minimum=0)
    ] = 0
    regions: Annotated[
        Tuple[Tuple[Tuple[int, int], ...], ...],
        Meta("regions to mask, each with [start, end) for each axis", unit="pixels", minimum=0),
    ] = ()

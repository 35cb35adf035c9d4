"""Common mode: what the pixels of a readout bank, a row or a column have in common is taken from each of them."""

from dataclasses import dataclass
from typing import Annotated, Optional, Tuple

from producer.parameters import Meta

NAME = "common_mode"
MANY = False


@dataclass(frozen=True)
class Parameters:
    banks: Annotated[bool, Meta("subtract the median of each bank")] = False
    rows: Annotated[bool, Meta("subtract the median of each row of a bank")] = True
    columns: Annotated[bool, Meta("subtract the median of each column of a bank")] = True
    bank_grid: Annotated[
        Tuple[int, int], Meta("banks of a tile: down and across; (2, 8) for an epix100, (1, 1) = the tile", minimum=1)
    ] = (2, 8)
    maximum: Annotated[
        Optional[float], Meta("a correction as large as this is not made", unit="detector units", minimum=0)
    ] = None
    minimum_pixels: Annotated[int, Meta("a correction needs more good pixels than this", unit="pixels", minimum=0)] = 10

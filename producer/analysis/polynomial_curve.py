"""Curve correction: columns or rows of an image shifted along a polynomial, so that a curved line becomes straight."""

from dataclasses import dataclass
from typing import Annotated, Iterator, Optional, Tuple

from producer.analysis.droplet import Parameters as Droplet
from producer.analysis.names import dataset_name, names_twice
from producer.analysis.projection import Parameters as Projection
from producer.parameters import Meta

NAME = "polynomial_curve"
MANY = False


@dataclass(frozen=True)
class Parameters:
    coefficients: Annotated[
        Tuple[float, ...], Meta("shift along the curve: a polynomial of the pixel, highest power first", unit="pixels")
    ]
    axis: Annotated[
        int,
        Meta("1: columns are shifted up by the polynomial of their number; 0: rows to the left", minimum=0, maximum=1),
    ] = 0
    method: Annotated[
        str,
        Meta(
            "roll: by whole pixels, what leaves at one end comes in at the other; linear: by fractions of pixels, what "
            "comes in is 0",
            choices=("roll", "linear"),
        ),
    ] = "roll"
    save_image: Annotated[bool, Meta("also write the corrected image with each event")] = False
    droplet: Annotated[Optional[Droplet], Meta("droplets of the corrected image")] = None
    projection: Annotated[Tuple[Projection, ...], Meta("projections of the corrected image")] = ()
    name: Annotated[str, Meta("begins the names of the datasets", check=dataset_name)] = "curve_corr"

    def check(self) -> Iterator[Tuple[Tuple[object, ...], str, str]]:
        if not self.coefficients:
            yield ("coefficients",), "coefficients must hold at least one number", "[0.0]"
        yield from names_twice(self, ("projection",))

    def misfit(self, shape: Tuple[int, ...]) -> str:
        sides = [n for n in shape if n != 1]
        return "" if len(sides) == 2 else f"it works on one image, the detector has {len(sides)} axes"


RECORDED = {"coefficients": "polynomial_coefficients"}

"""Curve correction: columns or rows of an image shifted along a polynomial, so that a curved line becomes straight."""

from dataclasses import dataclass
from typing import Annotated, Any, Dict, Iterator, List, Optional, Tuple

import numpy as np

from producer.analysis import droplet as droplets
from producer.analysis import projection as projections
from producer.analysis.droplet import Parameters as Droplet
from producer.analysis.names import dataset_name, names_twice, within
from producer.computation import call_event, make
from producer.detector_context import Context, Lacking
from producer.parameters import Meta
from producer.schema import Total, column
from producer.shot import UNKNOWN, Shot

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
    projection: Annotated[Tuple[projections.Parameters, ...], Meta("projections of the corrected image")] = ()
    name: Annotated[str, Meta("begins the names of the datasets", check=dataset_name)] = "curve_corr"

    def check(self) -> Iterator[Tuple[Tuple[object, ...], str, str]]:
        if not self.coefficients:
            yield ("coefficients",), "coefficients must hold at least one number", "[0.0]"
        yield from names_twice(self, ("projection",))

    def misfit(self, shape: Tuple[int, ...]) -> str:
        sides = [n for n in shape if n != 1]
        return "" if len(sides) == 2 else f"it works on one image, the detector has {len(sides)} axes"


RECORDED = {"coefficients": "polynomial_coefficients"}


def promises(parameters: Parameters, owner: str) -> Dict[str, Optional[Tuple[int, ...]]]:
    start = within(owner, parameters.name)
    found: Dict[str, Optional[Tuple[int, ...]]] = {f"{start}_corrected_image": None} if parameters.save_image else {}
    for module, following in _following(parameters):
        found.update(module.promises(following, start))
    return found


def _following(parameters: Parameters) -> List[Tuple[Any, Any]]:
    """(module, parameters) of the functions that go on from the corrected image."""
    found: List[Tuple[Any, Any]] = [(projections, one) for one in parameters.projection]
    return found + ([(droplets, parameters.droplet)] if parameters.droplet is not None else [])


class Computation:
    """With p the polynomial of `coefficients` and s(j) = p(j) - min p over the columns j of the image (axis 1; rows of
    it: axis 0), the corrected image is c[i, j] = image[i + s(j), j]:

    * ``roll``: s rounded to whole pixels (halves to even), i + s modulo the size;
    * ``linear``: between the two pixels beside i + s, and 0 beyond the image.

    ``<name>_corrected_image``: c, in the type of the frame (float32 at least for linear), and what the functions after
    it make of c. As PolynomialCurveCorrection of smalldata_tools (ana_funcs/detector_corrections.py), whose method
    "vectorized" shifts the other way than its "roll"."""

    def __init__(
        self,
        parameters: Parameters,
        owner: str,
        shape: Tuple[int, ...],
        dtype: np.dtype,
        context: Optional[Context] = None,
    ) -> None:
        rows, columns = (n for n in shape if n != 1)
        self._axis, self._linear = parameters.axis, parameters.method == "linear"
        lines, length = (columns, rows) if parameters.axis == 1 else (rows, columns)
        shift = np.polyval(np.asarray(parameters.coefficients, np.float64), np.arange(lines))
        shift -= shift.min()
        whole = np.floor(shift) if self._linear else np.round(shift) % length
        if self._linear and whole.max() >= length:
            raise Lacking(f"the curve spans {shift.max():.6g} pixels, the image only {length}")
        starts = np.concatenate(([0], np.flatnonzero(np.diff(whole)) + 1, [lines]))
        # Neighbouring lines that are shifted alike are copied together.
        self._blocks = [(int(whole[a]), a, b) for a, b in zip(starts[:-1].tolist(), starts[1:].tolist())]
        self._fraction = shift - whole
        self._size = (rows, columns)
        image = self.corrected(np.zeros(shape, dtype))
        start = within(owner, parameters.name)
        self._path = f"{start}_corrected_image" if parameters.save_image else ""
        words = "image straightened along its curve"
        straight = None if context is None else Straightened(context, shape, self)
        self._following = [make(module, one, start, image, straight) for module, one in _following(parameters)]
        self.columns: List[Any] = [c for following in self._following for c in following.columns]
        self.once = [pair for following in self._following for pair in getattr(following, "once", ())]
        if self._path:
            self.columns.append(column(self._path, image.dtype, self._size, "detector units", words))

    WANTS_SHOT = True

    def event(self, frame: np.ndarray, timestamp: int, shot: Shot = UNKNOWN) -> Dict[str, Any]:
        image = self.corrected(frame)
        image.setflags(write=False)
        values: Dict[str, Any] = {self._path: image} if self._path else {}
        for following in self._following:
            values.update(call_event(following, image, timestamp, shot))
        return values

    def corrected(self, frame: np.ndarray) -> np.ndarray:
        image = frame.reshape(self._size)
        result = np.zeros(self._size, np.result_type(frame.dtype, np.float32) if self._linear else frame.dtype)
        source, target = (image, result) if self._axis == 1 else (image.T, result.T)
        length = len(source)
        for shift, a, b in self._blocks:
            kept = length - shift
            if not self._linear:
                target[:kept, a:b] = source[shift:, a:b]
                target[kept:, a:b] = source[:shift, a:b]
                continue
            share = self._fraction[a:b].astype(result.dtype)
            target[:kept, a:b] = (1 - share) * source[shift:, a:b]
            target[: kept - 1, a:b] += share * source[shift + 1 :, a:b]
        return result

    def totals(self) -> List[Tuple[Total, np.ndarray, int]]:
        return [total for following in self._following for total in following.totals()]


class Straightened(Context):
    """What is known of the corrected image: masks and noise of the detector, shifted as its frames are."""

    def __init__(self, context: Context, shape: Tuple[int, ...], correction: Computation) -> None:
        super().__init__(context.detector)
        self._context, self._shape, self._correction = context, shape, correction

    def calibration_mask(self, shape: Tuple[int, ...]) -> np.ndarray:
        return self._shifted(self._context.calibration_mask(self._shape)) > 0.999

    def mask(self, shape: Tuple[int, ...]) -> np.ndarray:
        return self._shifted(self._context.mask(self._shape)) > 0.999

    def noise(self, shape: Tuple[int, ...]) -> np.ndarray:
        return self._shifted(self._context.noise(self._shape))

    def _shifted(self, values: np.ndarray) -> np.ndarray:
        return self._correction.corrected(values.astype(np.float32)).astype(np.float32)

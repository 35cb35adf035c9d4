"""The edge on the time tool's camera, fitted again from its traces."""

from dataclasses import dataclass
from typing import Annotated, Iterator, List, Optional, Tuple

from producer.analysis.names import file_path
from producer.analysis.roi import outside
from producer.parameters import Meta

Region = Tuple[Tuple[int, int], Tuple[int, int]]


@dataclass(frozen=True)
class Parameters:
    """With `signal` the traces are cut from the camera's images, without it they are the projections of the DAQ."""

    weights: Annotated[str, Meta("file of the filter's weights, one number each: .npy or text", check=file_path)]
    signal: Annotated[
        Optional[Region], Meta("[start, end) of rows and columns whose mean over rows is the signal", "pixels", 0)
    ] = None
    sideband: Annotated[
        Optional[Region], Meta("[start, end) of rows and columns without light, subtracted", "pixels", 0)
    ] = None
    reference: Annotated[
        Optional[Region], Meta("[start, end) of rows and columns of the reference; left out = signal", "pixels", 0)
    ] = None
    reference_share: Annotated[
        float, Meta("how much each shot without X-rays adds to the running reference", minimum=1e-6, maximum=1)
    ] = 1.0
    rising: Annotated[bool, Meta("the filtered trace peaks upwards at the edge, not downwards")] = False

    def check(self) -> Iterator[Tuple[Tuple[object, ...], str, str]]:
        for field in ("signal", "sideband", "reference"):
            for axis, (start, end) in enumerate(getattr(self, field) or ()):
                if start >= end:
                    swapped = f"[{end}, {start}]" if start > end else ""
                    words = f"{field}[{axis}] is empty: it starts at {start} and ends before {end}"
                    yield (field, axis), words, swapped
        if self.signal is None and (self.sideband or self.reference):
            yield ((), "sideband and reference are regions beside signal, which is missing", "")
        widths = {field: _width(getattr(self, field)) for field in ("signal", "sideband", "reference")}
        for field in ("sideband", "reference"):
            if widths[field] not in (None, widths["signal"]) and widths["signal"] is not None:
                words = f"{field} is {widths[field]} columns wide, signal {widths['signal']}"
                yield (field, 1), words, ""

    def misfits(self, shape: Tuple[int, ...]) -> List[Tuple[str, str]]:
        """(field, why in words) of the regions that cannot be cut from an image of `shape`."""
        found = []
        for field in ("signal", "sideband", "reference"):
            region = getattr(self, field)
            words = outside(region, shape) if region else ""
            if words:
                found.append((field, words))
        return found


def _width(region: Optional[Region]) -> Optional[int]:
    return None if region is None else region[1][1] - region[1][0]

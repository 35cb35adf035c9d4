"""A region of a detector: its pixels if wanted, and always sum, mean, maximum and centre of mass of each event."""

from dataclasses import dataclass
from types import ModuleType
from typing import Annotated, Any, Dict, Iterator, List, Optional, Sequence, Tuple

import numpy as np

from producer.analysis import lineout, projection, rebin, spectrum
from producer.analysis.lineout import Parameters as Lineout
from producer.analysis.names import dataset_name, file_path, names_twice
from producer.analysis.projection import Parameters as Projection
from producer.analysis.rebin import Parameters as Rebin
from producer.analysis.spectrum import Parameters as Spectrum
from producer.detector_context import Context, Part, read_array
from producer.kernels.pixels import Cleaner
from producer.parameters import Meta
from producer.schema import Column, Total, column

NAME = "roi"
MANY = True


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
    threshold_high: Annotated[Optional[float], Meta("pixels above count as 0", unit="detector units")] = None
    save_pixels: Annotated[bool, Meta("also write the pixels of the region with each event")] = False
    mask: Annotated[
        Optional[str], Meta("file of a mask of the detector's shape, 1 = good: .npy, .npz or text", check=file_path)
    ] = None
    projection: Annotated[Tuple[Projection, ...], Meta("projections of the region")] = ()
    lineout: Annotated[Tuple[Lineout, ...], Meta("lines of pixels of the region")] = ()
    spectrum: Annotated[Tuple[Spectrum, ...], Meta("histograms of the pixels of the region")] = ()
    rebin: Annotated[Tuple[Rebin, ...], Meta("the region in larger pixels")] = ()

    def check(self) -> Iterator[Tuple[Tuple[object, ...], str, str]]:
        for axis, (start, end) in enumerate(self.region or ()):
            if start >= end:
                swapped = f"[{end}, {start}]" if start > end else ""
                yield ("region", axis), f"region[{axis}] is empty: it starts at {start} and ends before {end}", swapped
        low, high = self.threshold, self.threshold_high
        if low is not None and high is not None and low >= high:
            yield ("threshold_high",), f"threshold_high must be above threshold, {high:g} is not above {low:g}", ""
        yield from names_twice(self, ("projection", "lineout", "spectrum", "rebin"))

    def misfit(self, shape: Tuple[int, ...]) -> str:
        """Why the region cannot be cut from calibrated data of `shape`, in words; "" when it fits."""
        return "" if self.region is None else outside(self.region, shape)


def outside(region: Sequence[Tuple[int, int]], shape: Tuple[int, ...]) -> str:
    """Why the region, [start, end) of each axis, cannot be cut from data of `shape`, in words; "" when it fits."""
    if len(region) != len(shape):
        return (
            f"the region has {_axes(len(region))}, the detector has {_axes(len(shape))} "
            f"of {' x '.join(str(n) for n in shape)} pixels"
        )
    beyond = [
        f"[{start}, {end}) on axis {axis} ends beyond its {size} pixels"
        for axis, ((start, end), size) in enumerate(zip(region, shape))
        if end > size
    ]
    return "; ".join(beyond)


def _axes(count: int) -> str:
    return f"{count} axis" if count == 1 else f"{count} axes"


RECORDED = {"region": "ROI", "save_pixels": "writeArea", "threshold": "thresADU", "mask": "userMask"}


def promises(parameters: Parameters, detector: str) -> Dict[str, Optional[Tuple[int, ...]]]:
    start = f"{detector}/{parameters.name}"
    region = parameters.region
    found: Dict[str, Optional[Tuple[int, ...]]] = {f"{start}_sum": (), f"{start}_mean": (), f"{start}_max": ()}
    found[f"{start}_com"] = None if region is None else (len(region),)
    if parameters.save_pixels:
        found[f"{start}_area"] = None if region is None else tuple(end - begin for begin, end in region)
    for module, one in _following(parameters):
        found.update(module.promises(one, start))
    return found


def _following(parameters: Parameters) -> Iterator[Tuple[ModuleType, Any]]:
    """The functions that go on from the region."""
    for module in (projection, lineout, spectrum, rebin):
        for one in getattr(parameters, module.NAME):
            yield module, one


class Computation:
    """Of the pixels p of the region, those below or above the thresholds and those that are masked counted as 0:

    * ``_sum``: their sum; integers are summed exactly as int64, floats as float64
    * ``_mean``: the sum divided by the number of good pixels of the region, float64; NaN when there is none
    * ``_max``: the largest; type of the frame
    * ``_com``: (axes,) float64, the centre of mass sum(p*i)/sum(p) on each axis, in pixels from the first of the
      region; NaN where the pixels sum to 0
    * ``_area``: the pixels, if asked for; type of the frame

    Projections, lines, histograms and the like of the region get these pixels too, and begin with its name.
    """

    def __init__(
        self,
        parameters: Parameters,
        detector: str,
        shape: Tuple[int, ...],
        dtype: np.dtype,
        context: Optional[Context] = None,
    ) -> None:
        context = context or Context(detector)
        region = parameters.region or tuple((0, size) for size in shape)
        self._cut = tuple(slice(start, end) for start, end in region)
        sides = tuple(end - start for start, end in region)
        good = context.mask(shape)[self._cut]
        own = None  # psana and the detector's mask have set the others to 0 already
        if parameters.mask is not None:
            own = read_array(parameters.mask, shape, "mask")[self._cut] > 0
            good = good & own
        self._clean = Cleaner(parameters.threshold, parameters.threshold_high, own)
        self._pixels = int(good.sum())
        self._wide = np.dtype(np.int64) if dtype.kind in "iub" else np.dtype(np.float64)
        self._positions = [np.arange(side, dtype=np.float64) for side in sides]
        start = f"{detector}/{parameters.name}"
        self._names = [f"{start}_{what}" for what in ("sum", "mean", "max", "com")]
        unit = "detector units"
        self.columns: List[Column] = [
            column(self._names[0], self._wide, (), unit, "sum of the pixels of the region"),
            column(self._names[1], np.float64, (), unit, "mean of the pixels of the region"),
            column(self._names[2], dtype, (), unit, "largest pixel of the region"),
            column(
                self._names[3],
                np.float64,
                (len(sides),),
                "pixels",
                "centre of mass, from the first pixel of the region",
            ),
        ]
        self._area = f"{start}_area" if parameters.save_pixels else ""
        if self._area:
            self.columns.append(
                column(
                    self._area,
                    dtype,
                    sides,
                    unit,
                    "pixels of the region",
                    mostly_constant=parameters.threshold is not None,
                )
            )
        inner = Part(context, shape, self._cut, good)
        self._following = []
        self.once: List[Tuple[Column, np.ndarray]] = []
        for module, one in _following(parameters):
            wants = {"context": inner} if module is not lineout else {}
            self._following.append(module.Computation(one, start, sides, dtype, **wants))
            self.columns += self._following[-1].columns
            self.once += getattr(self._following[-1], "once", [])

    def event(self, frame: np.ndarray, timestamp: int) -> Dict[str, Any]:
        pixels = self._clean(frame[self._cut])
        lines = self._lines(pixels)
        total = lines[0].sum()
        if total != 0:
            centre = np.array([line @ at for line, at in zip(lines, self._positions)], dtype=np.float64) / total
        else:
            centre = np.full(len(lines), np.nan)
        values = {
            self._names[0]: total,
            self._names[1]: total / self._pixels if self._pixels else np.nan,
            self._names[2]: pixels.max(),
            self._names[3]: centre,
        }
        if self._area:
            values[self._area] = pixels
        for following in self._following:
            values.update(following.event(pixels, timestamp))
        return values

    def _lines(self, pixels: np.ndarray) -> List[np.ndarray]:
        """The sum over all other axes, for each axis."""
        if pixels.ndim == 1:
            return [pixels.astype(self._wide, copy=False)]
        last = pixels.reshape(-1, pixels.shape[-1]).sum(axis=0, dtype=self._wide)
        return [*self._lines(pixels.sum(axis=-1, dtype=self._wide)), last]

    def totals(self) -> List[Tuple[Total, np.ndarray, int]]:
        return []

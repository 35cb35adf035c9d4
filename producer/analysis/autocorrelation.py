"""Spatial autocorrelation of an image: size and contrast of speckles."""

from dataclasses import dataclass
from typing import Annotated, Any, Dict, Iterator, List, Optional, Tuple

import numpy as np

from producer.analysis.names import dataset_name, file_path, within
from producer.detector_context import Lacking, read_array, read_numbers
from producer.parameters import Meta
from producer.schema import Total, column

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


def promises(parameters: Parameters, owner: str) -> Dict[str, Optional[Tuple[int, ...]]]:
    start = within(owner, parameters.name)
    names = ("lineout_h", "lineout_v") if parameters.lineouts else ("autocorr",)
    found: Dict[str, Optional[Tuple[int, ...]]] = {f"{start}_{name}": None for name in (*names, "cr")}
    if parameters.profile_step is not None:
        found[f"{start}_profile_1"] = None
    return found


class Computation:
    """For each mask m (1 = good; the region is a mask of ones) and the image I, pixels beyond the thresholds counted as
    0, divided by the illumination,

    C(d) = [sum_x I(x)m(x) I(x+d)m(x+d)] [sum_x m(x)m(x+d)] / ([sum_x I(x)m(x) m(x+d)] [sum_x m(x) I(x+d)m(x+d)])

    over the pixels x of the mask that have a partner in it, NaN where there is none (or their sums are 0); by Fourier
    transforms padded with zeros, so that nothing comes round from the other side. 1: not correlated.

    * ``<name>_autocorr`` float64[masks, 2*rows, 2*columns], d from -half_size to half_size - 1; or with `lineouts`
      ``<name>_lineout_h`` and ``_lineout_v``, the row and the column through d = 0
    * ``<name>_cr`` float64[masks]: the mean of the good pixels
    * ``<name>_profile_1`` float64[masks, rings], with `profile_step`: the mean of C over k <= |d|/step < k+1, and once
      ``UserDataCfg/<detector>/<name>__<name>_profile_0``: the middle of each ring in pixels

    With one mask the axis of masks is left out. As Autocorrelation of smalldata_tools (ana_funcs/correlations) and,
    for the profile, acf; see docs/differences.md."""

    def __init__(self, parameters: Parameters, owner: str, shape: Tuple[int, ...], dtype: np.dtype) -> None:
        from scipy import fft

        self._fft, self._parameters = fft, parameters
        self._size = tuple(n for n in shape if n != 1)
        self._light = None
        if parameters.illumination is not None:
            light = read_array(parameters.illumination, self._size, "illumination").astype(np.float64)
            self._light = np.where(light != 0, light, np.nan)
        self._half = parameters.half_size
        self._masks: List[Tuple[Tuple[slice, slice], np.ndarray, Tuple[int, int], Any, np.ndarray]] = []
        for mask in self._read_masks():
            if not mask.any():
                raise Lacking(f"a mask of {parameters.mask} has no good pixel")
            lines = [np.flatnonzero(mask.any(axis=axis)) for axis in (1, 0)]
            box = (slice(int(lines[0][0]), int(lines[0][-1]) + 1), slice(int(lines[1][0]), int(lines[1][-1]) + 1))
            good = mask[box]
            if any(half >= side for half, side in zip(self._half, good.shape)):
                sides = " x ".join(str(n) for n in good.shape)
                raise Lacking(f"half_size {list(self._half)} reaches beyond the {sides} pixels that are correlated")
            padded = tuple(fft.next_fast_len(n + half, real=True) for n, half in zip(good.shape, self._half))
            transform = self._fft.rfft2(good.astype(np.float64), padded)
            pairs = np.rint(self._centre(self._fft.irfft2(np.abs(transform) ** 2, padded)))
            self._masks.append((box, good, padded, transform, pairs))
        start = within(owner, parameters.name)
        several = () if len(self._masks) == 1 else (len(self._masks),)
        rows, columns = (2 * half for half in self._half)
        shapes = (
            {"lineout_h": (columns,), "lineout_v": (rows,)} if parameters.lineouts else {"autocorr": (rows, columns)}
        )
        words = "autocorrelation, 1 = not correlated; the middle is no shift"
        self.columns = [column(f"{start}_{n}", np.float64, (*several, *s), "", words) for n, s in shapes.items()]
        self.columns.append(column(f"{start}_cr", np.float64, several, "detector units", "mean of the good pixels"))
        self._start = start
        self.once: List[Any] = []
        if parameters.profile_step is not None:
            self._rings(parameters.profile_step, owner, several)

    def _rings(self, step: float, owner: str, several: Tuple[int, ...]) -> None:
        rows, columns = (np.arange(-half, half) for half in self._half)
        ring = np.floor(np.hypot(rows[:, None], columns) / step).astype(np.int64)
        count = min(int(ring[0, self._half[1]]), int(ring[self._half[0], 0]))  # whole rings only
        self._ring, self._count = np.minimum(ring, count).ravel(), count
        words = "autocorrelation, mean over rings"
        self.columns.append(column(f"{self._start}_profile_1", np.float64, (*several, count), "", words))
        name = self._parameters.name
        path = f"UserDataCfg/{owner.split('/')[0]}/{name}__{name}_profile_0"
        middle = step * (np.arange(count) + 0.5)
        self.once.append((column(path, np.float64, (count,), "pixels", "middle of each ring"), middle))

    def _read_masks(self) -> np.ndarray:
        if self._parameters.mask is None:
            mask = np.zeros(self._size, bool)
            mask[tuple(slice(*pair) for pair in self._parameters.region or ((0, n) for n in self._size))] = True
            return mask[None]
        masks = read_numbers(self._parameters.mask, "mask") > 0
        masks = masks[None] if masks.ndim == 2 else masks
        if masks.ndim != 3 or masks.shape[1:] != self._size:
            sides = " x ".join(str(n) for n in masks.shape)
            wanted = " x ".join(str(n) for n in self._size)
            raise Lacking(f"the mask {self._parameters.mask} has {sides} pixels, the image {wanted}")
        return np.asarray(masks)

    def _centre(self, correlation: np.ndarray) -> np.ndarray:
        """The part written, no shift in the middle."""
        rows, columns = (np.arange(-half, half) for half in self._half)
        return correlation[np.ix_(rows, columns)]

    def event(self, frame: np.ndarray, timestamp: int) -> Dict[str, Any]:
        image = frame.reshape(self._size)
        results = [self._correlate(image, *mask) for mask in self._masks]
        correlations, means = (np.array(found) for found in zip(*results))
        values = {f"{self._start}_cr": means}
        if self._parameters.lineouts:
            values[f"{self._start}_lineout_h"] = correlations[:, self._half[0], :]
            values[f"{self._start}_lineout_v"] = correlations[:, :, self._half[1]]
        else:
            values[f"{self._start}_autocorr"] = correlations
        if self._parameters.profile_step is not None:
            values[f"{self._start}_profile_1"] = np.array([self._profile(one) for one in correlations])
        return values if len(self._masks) > 1 else {path: value[0] for path, value in values.items()}

    def _correlate(
        self,
        image: np.ndarray,
        box: Tuple[slice, slice],
        good: np.ndarray,
        padded: Tuple[int, int],
        mask: np.ndarray,
        pairs: np.ndarray,
    ) -> Tuple[np.ndarray, float]:
        pixels = image[box].astype(np.float64)
        low, high = self._parameters.threshold, self._parameters.threshold_high
        if low is not None:
            pixels[pixels < low] = 0
        if high is not None:
            pixels[pixels > high] = 0
        if self._light is not None:
            pixels /= self._light[box]
        pixels[~good] = 0
        transform = self._fft.rfft2(pixels, padded)
        own = self._centre(self._fft.irfft2(np.abs(transform) ** 2, padded))
        right = self._centre(self._fft.irfft2(np.conj(transform) * mask, padded))
        left = self._centre(self._fft.irfft2(np.conj(mask) * transform, padded))
        norm = left * right
        found = np.full(own.shape, np.nan)
        np.divide(own * pairs, norm, out=found, where=(pairs > 0) & (norm != 0))
        return found, float(pixels.sum() / good.sum())

    def _profile(self, correlation: np.ndarray) -> np.ndarray:
        flat = correlation.ravel()
        known = np.isfinite(flat)
        counts = np.bincount(self._ring[known], minlength=self._count + 1)[: self._count]
        sums = np.bincount(self._ring[known], flat[known], self._count + 1)[: self._count]
        return np.divide(sums, counts, out=np.full(self._count, np.nan), where=counts > 0)

    def totals(self) -> List[Tuple[Total, np.ndarray, int]]:
        return []

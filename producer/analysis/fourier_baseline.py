"""Baseline of digitizers that interleave several converters: the lines of its spectrum taken out of each waveform."""

from dataclasses import dataclass
from typing import Annotated, Any, Dict, Iterator, List, Optional, Tuple

import numpy as np

from producer.analysis import traces
from producer.detector_context import Context, Lacking
from producer.parameters import Meta
from producer.waveform_frames import Digitizer

NAME = "fourier_baseline"
MANY = False
PREPARES = 5

APART, AROUND = 2, 4  # bins: the neighbours of a line begin so far from it, and are as many at each side
SEARCH = 2  # bins around where a line should be, in which the highest is taken for it


@dataclass(frozen=True)
class Parameters:
    strong: Annotated[
        Tuple[float, ...],
        Meta("broad lines, as shares of half the sampling rate", minimum=0, maximum=1),
    ] = (0.125, 0.2, 0.25, 0.4, 0.5, 0.6, 0.8, 1.0)
    strong_width: Annotated[int, Meta("of a broad line to each side", unit="bins", minimum=0, maximum=100)] = 5
    divisions: Annotated[
        int,
        Meta("narrow lines at each multiple of half the sampling rate over this; 0 = none", minimum=0, maximum=4096),
    ] = 64
    width: Annotated[int, Meta("of a narrow line to each side", unit="bins", minimum=0, maximum=100)] = 1

    def check(self) -> Iterator[Tuple[Tuple[object, ...], str, str]]:
        if not self.strong and not self.divisions:
            yield (), "neither broad nor narrow lines are given, so nothing would be done", ""

    def misfit(self, shape: Tuple[int, ...]) -> str:
        return traces.misfit(shape)


RECORDED = {"strong": "strong_lines", "divisions": "weak_lines"}


def promises(parameters: Parameters, owner: str) -> Dict[str, Optional[Tuple[int, ...]]]:
    return {}


def prepare(parameters: Parameters, context: Context, shape: Tuple[int, ...]) -> None:
    """Each waveform w of n samples becomes the one whose spectrum X (numpy.fft.rfft) has no such lines: broad ones
    first, then narrow ones. A line at the share s of half the sampling rate is at the bin k with the largest abs(X[k])
    of those up to 2 from s*n/2; X[k-width] ... X[k+width] all become the mean of 8 bins around: k-width-5 ... k-width-2
    and k+width+2 ... k+width+5, of which those that do not exist are left out. The mean of w (bin 0) stays. Frames are
    float32 then. A pulse loses these bins as well, so that it rings by about 1 % of its height. After
    hsdBaselineFourierEliminate of smalldata_tools (utilities_waveforms.py), where every bin of a line has other
    neighbours, some of them replaced already. Raises `Lacking` for waveforms too short for so many lines."""
    parts = context.slices() if isinstance(context, Digitizer) else [slice(None)]
    shortest = min(len(range(*part.indices(shape[-1]))) for part in parts)
    most = shortest // (2 * (2 * parameters.width + AROUND))
    if parameters.divisions > max(most, 1):
        words = f"{parameters.divisions} divisions leave too little of the spectrum of {shortest} samples"
        raise Lacking(f"{words}: at most {most} are possible, or 0 for none")

    def change(frame: np.ndarray) -> np.ndarray:
        corrected = np.empty(frame.shape, np.float32)
        for part in parts:
            corrected[..., part] = without_lines(parameters, frame[..., part])
        return corrected

    context.add(change)


def without_lines(parameters: Parameters, waves: np.ndarray) -> np.ndarray:
    """float64, the waveforms (along the last axis) without the lines."""
    size = waves.shape[-1]
    spectrum = np.fft.rfft(waves, axis=-1).reshape(-1, size // 2 + 1)
    narrow = [i / parameters.divisions for i in range(1, parameters.divisions)]
    for shares, width in ((parameters.strong, parameters.strong_width), (narrow, parameters.width)):
        for one in spectrum:
            _cut(one, shares, width, size)
    return np.fft.irfft(spectrum.reshape(*waves.shape[:-1], -1), size, axis=-1)


def _cut(spectrum: np.ndarray, shares: Any, width: int, size: int) -> None:
    strength = np.abs(spectrum)
    around: List[int] = [*range(-width - APART - AROUND + 1, -width - APART + 1)]
    around += [-offset for offset in around]
    for share in shares:
        middle = round(share * size / 2)
        first = max(1, middle - SEARCH)
        near = strength[first : middle + SEARCH + 1]
        if not len(near):
            continue
        line = first + int(np.argmax(near))
        bins = np.array([line + offset for offset in around])
        bins = bins[(bins > 0) & (bins < len(spectrum))]
        spectrum[max(1, line - width) : line + width + 1] = spectrum[bins].mean() if len(bins) else 0

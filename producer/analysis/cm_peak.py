"""The leftmost of the highest peaks of a trace or histogram, and its centre of mass."""

from dataclasses import dataclass
from typing import Annotated, Any, Dict, List, Optional, Tuple

import numpy as np

from producer.analysis.names import dataset_name, within
from producer.parameters import Meta
from producer.schema import MISSING, Total, column

NAME = "cm_peak"
MANY = True


@dataclass(frozen=True)
class Parameters:
    name: Annotated[str, Meta("begins the names of the datasets", check=dataset_name)] = "cmPeak"
    peaks: Annotated[int, Meta("of how many of the highest peaks the leftmost is taken", minimum=1)] = 2
    minimum_sum: Annotated[float, Meta("a peak has more than this in 5 samples")] = 0.0

    def misfit(self, shape: Tuple[int, ...]) -> str:
        return "" if len(shape) == 1 else f"it works on one trace, the detector has {len(shape)} axes"


RECORDED = {"peaks": "nPeak", "minimum_sum": "minPeakNum"}

_WIDTH = 3  # samples; of the wavelet
_RESULTS = ("peak", "peakCom", "zeroPeak")


def promises(parameters: Parameters, owner: str) -> Dict[str, Optional[Tuple[int, ...]]]:
    return {f"{within(owner, parameters.name)}_{what}": () for what in _RESULTS}


class Computation:
    """Peaks are where the trace x, convolved with a Ricker wavelet of width 3, has a local maximum at least as large as
    the noise there, which is the 10th percentile of the convolved trace over 1/20 of it: what
    scipy.signal.find_peaks_cwt(x, widths=[3]) finds. Of those with sum(x[p-2:p+3]) > `minimum_sum`, the `peaks` with
    the largest x[p] are taken, and the leftmost of them is the result:

    * ``<name>_peak`` int64: p, -99999 when there is none
    * ``<name>_peakCom`` float64: sum(i*x[i]) / sum(x[i]) over p-2 <= i <= p+2 within the trace; NaN when there is none
    * ``<name>_zeroPeak`` float64: x[p]; NaN when there is none

    As getCMPeakFunc of smalldata_tools (ana_funcs/waveformFunc.py), which writes 0 when there is none."""

    def __init__(self, parameters: Parameters, owner: str, shape: Tuple[int, ...], dtype: np.dtype) -> None:
        self._parameters = parameters
        points = min(10 * _WIDTH, shape[0])
        places = np.arange(points) - (points - 1) / 2
        scale = 2 / (np.sqrt(3 * _WIDTH) * np.pi**0.25)
        self._wavelet = scale * (1 - (places / _WIDTH) ** 2) * np.exp(-(places**2) / (2 * _WIDTH**2))
        start = within(owner, parameters.name)
        self._names = [f"{start}_{what}" for what in _RESULTS]
        self.columns = (
            column(self._names[0], np.int64, (), "samples", "position of the leftmost of the highest peaks"),
            column(self._names[1], np.float64, (), "samples", "its centre of mass over 5 samples"),
            column(self._names[2], np.float64, (), "detector units", "its height"),
        )

    def event(self, frame: np.ndarray, timestamp: int) -> Dict[str, Any]:
        trace = np.asarray(frame, np.float64)
        smooth = np.convolve(trace, self._wavelet, mode="same")
        found = 1 + np.flatnonzero((smooth[1:-1] > smooth[:-2]) & (smooth[1:-1] > smooth[2:]))
        chosen: List[int] = []
        for p in found[np.argsort(-trace[found], kind="stable")].tolist():
            strong = trace[max(0, p - 2) : p + 3].sum() > self._parameters.minimum_sum
            if strong and abs(smooth[p]) >= abs(_noise(smooth, p)):
                chosen.append(p)
                if len(chosen) == self._parameters.peaks:
                    break
        if not chosen:
            return dict(zip(self._names, (MISSING, np.nan, np.nan)))
        peak = min(chosen)
        near = np.arange(max(0, peak - 2), min(peak + 3, len(trace)))
        weight = trace[near].sum()
        com = near @ trace[near] / weight if weight else np.nan
        return dict(zip(self._names, (peak, com, trace[peak])))

    def totals(self) -> List[Tuple[Total, np.ndarray, int]]:
        return []


def _noise(smooth: np.ndarray, place: int) -> float:
    """The 10th percentile (between values linear) of 1/20 of the trace around `place`."""
    half, odd = divmod(-(-len(smooth) // 20), 2)
    near = np.sort(smooth[max(0, place - half) : place + half + odd])
    whole, share = divmod(0.1 * (len(near) - 1), 1)
    low = near[int(whole)]
    return float(low + share * (near[int(whole) + 1] - low)) if share else float(low)

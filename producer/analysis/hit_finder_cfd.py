"""Hit finder with a constant-fraction discriminator: when peaks of any height arrive."""

from dataclasses import dataclass
from typing import Annotated, Any, Dict, Iterator, List, Optional, Tuple

import numpy as np

from producer.analysis import traces
from producer.analysis.names import dataset_name, within
from producer.parameters import Meta
from producer.schema import MISSING, Total, column

NAME = "hit_finder_cfd"
MANY = True


@dataclass(frozen=True)
class Parameters:
    name: Annotated[str, Meta("begins the names of the datasets", check=dataset_name)] = "hitFinderCFD"
    filter_length: Annotated[int, Meta("length of the smoothing filter", unit="samples", minimum=1)] = 35
    offset: Annotated[int, Meta("delay of the inverted copy of the trace", unit="samples", minimum=1)] = 25
    inverse_multiplier: Annotated[float, Meta("factor of the delayed copy, below 0", maximum=0)] = -0.75
    threshold: Annotated[
        float, Meta("a peak must stand out of the trace by this", unit="standard deviations of the trace", minimum=0)
    ] = 4.0
    maximum_hits: Annotated[int, Meta("of how many hits the samples are written", minimum=1, maximum=100_000)] = 100

    def check(self) -> Iterator[Tuple[Tuple[object, ...], str, str]]:
        if self.inverse_multiplier == 0:
            yield ("inverse_multiplier",), "inverse_multiplier must be below 0: the copy is inverted", "-0.75"

    def misfit(self, shape: Tuple[int, ...]) -> str:
        words = traces.misfit(shape)
        if words or shape[-1] > max(self.filter_length, self.offset):
            return words
        longest = max(self.filter_length, self.offset)
        return f"the traces have {shape[-1]} samples, too few for a filter and an offset of {longest}"


RECORDED = {
    "filter_length": "convFilterLength",
    "offset": "CFDOffset",
    "inverse_multiplier": "inverseMultiplier",
    "maximum_hits": "nmax_hits",
}


def promises(parameters: Parameters, owner: str) -> Dict[str, Optional[Tuple[int, ...]]]:
    start = within(owner, parameters.name)
    return {f"{start}_nHits": None, f"{start}_hitIndices": None}


class Computation:
    """A constant-fraction discriminator, for each channel:

    1. w = trace - median(trace), its sign changed if it reaches further below 0 than above;
    2. regions: neighbouring samples with w > `threshold` * standard deviation of w;
    3. s = w convolved with a Gaussian of `filter_length` samples that reaches to 3 sigma;
    4. d[i] = s[i] + `inverse_multiplier` * s[i + `offset`];
    5. a region shifted by -round(offset * (1 + inverse_multiplier)) holds a hit where d goes from below 0 to above 0
       once and never back; its sample is the last below 0, shifted back.

    ``<name>_nHits`` int64: how many hits; ``<name>_hitIndices`` int64[maximum_hits]: their samples, ascending, -99999
    after the last. Both for each channel. As hitFinder_CFD of smalldata_tools (utilities_waveforms.py) but for what
    docs/differences.md lists."""

    def __init__(self, parameters: Parameters, owner: str, shape: Tuple[int, ...], dtype: np.dtype) -> None:
        self._parameters = parameters
        self._shift = round(parameters.offset * (1 + parameters.inverse_multiplier))
        places = np.linspace(-3, 3, parameters.filter_length + 2)[1:-1]
        self._filter = np.exp(-0.5 * places**2) / np.exp(-0.5 * places**2).sum()
        start, most = within(owner, parameters.name), parameters.maximum_hits
        self._names = (f"{start}_nHits", f"{start}_hitIndices")
        self._channels = shape[:-1]
        self.columns = (
            column(self._names[0], np.int64, self._channels, "", "hits in the waveform"),
            column(
                self._names[1], np.int64, (*self._channels, most), "samples", "when they are; -99999 after the last"
            ),
        )

    def event(self, frame: np.ndarray, timestamp: int) -> Dict[str, Any]:
        counts = np.zeros(self._channels, np.int64)
        samples = np.full((*self._channels, self._parameters.maximum_hits), MISSING, np.int64)
        for channel in np.ndindex(*self._channels):
            hits = self.hits(frame[channel])
            counts[channel] = len(hits)
            samples[channel][: len(hits)] = hits[: self._parameters.maximum_hits]
        return {self._names[0]: counts, self._names[1]: samples}

    def hits(self, trace: np.ndarray) -> np.ndarray:
        """The samples of the hits in one trace, int64."""
        wave = trace - traces.median(trace)
        if -wave.min() >= wave.max():
            wave = -wave
        offset = self._parameters.offset
        above = np.flatnonzero(wave > self._parameters.threshold * wave.std())
        if not len(above):
            return above
        smooth = np.convolve(wave, self._filter, mode="same")
        difference = smooth[:-offset] + self._parameters.inverse_multiplier * smooth[offset:]
        breaks = np.flatnonzero(np.diff(above) > 1)
        first = above[np.concatenate(([0], breaks + 1))] - self._shift
        last = above[np.concatenate((breaks, [len(above) - 1]))] - self._shift
        inside = (first > 0) & (last + 1 < len(difference)) & (last > first)
        first, last = first[inside], last[inside]
        negative = np.concatenate(([0], np.cumsum(difference < 0)))  # how many before each sample
        positive = np.concatenate(([0], np.cumsum(difference > 0)))
        below = negative[last + 1] - negative[first]
        beyond = positive[last + 1] - positive[first]
        hit = first + below - 1
        # Once from below to above: the negative ones are the first, all others are positive.
        once = (below > 0) & (beyond > 0) & (below + beyond == last + 1 - first)
        once &= negative[np.minimum(hit, last) + 1] - negative[first] == below
        return np.asarray(hit[once] + self._shift)

    def totals(self) -> List[Tuple[Total, np.ndarray, int]]:
        return []

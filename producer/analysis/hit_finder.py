"""Hit finder: which samples of a waveform are above a threshold."""

from dataclasses import dataclass
from typing import Annotated, Any, Dict, Iterator, List, Optional, Tuple

import numpy as np

from producer.analysis import traces
from producer.analysis.names import dataset_name, within
from producer.parameters import Meta
from producer.schema import Total, column

NAME = "hit_finder"
MANY = True


@dataclass(frozen=True)
class Parameters:
    name: Annotated[str, Meta("names the dataset", check=dataset_name)] = "hitfinder"
    threshold: Annotated[
        float, Meta("samples above are hits; with use_rms in sigma above the mean, else in detector units")
    ] = 1.0
    threshold_max: Annotated[float, Meta("samples above are no hits but spikes", unit="detector units")] = 1e6
    use_rms: Annotated[bool, Meta("threshold counts from the mean of `baseline`, in its standard deviations")] = False
    baseline: Annotated[
        Optional[Tuple[int, int]],
        Meta("[start, end) for use_rms; left out = the whole trace", unit="samples", minimum=0),
    ] = None

    def check(self) -> Iterator[Tuple[Tuple[object, ...], str, str]]:
        yield from traces.empty_ranges(self, "baseline")
        if not self.use_rms and self.threshold >= self.threshold_max:
            low, high = self.threshold, self.threshold_max
            yield ("threshold_max",), f"threshold_max must be above threshold, {high:g} is not above {low:g}", ""

    def misfit(self, shape: Tuple[int, ...]) -> str:
        return traces.misfit(shape, baseline=self.baseline)


RECORDED = {"baseline": "bkg_roi"}


def promises(parameters: Parameters, owner: str) -> Dict[str, Optional[Tuple[int, ...]]]:
    return {within(owner, parameters.name): None}


class Computation:
    """``<name>``, int32 of the shape of the waveforms: 1 for each sample w with t < w <= `threshold_max`, else 0. t is
    `threshold`, or with `use_rms` mean + threshold * standard deviation over the samples of `baseline` that are
    not above `threshold_max`, for each channel by itself. As SimpleHitFinder of smalldata_tools
    (ana_funcs/waveformFunc.py), where channels share one t."""

    def __init__(self, parameters: Parameters, owner: str, shape: Tuple[int, ...], dtype: np.dtype) -> None:
        self._parameters = parameters
        self._baseline = traces.cut(parameters.baseline)
        self._path = within(owner, parameters.name)
        words = "1 for the samples above the threshold"
        self.columns = (column(self._path, np.int32, shape, "", words, mostly_constant=True),)

    def event(self, frame: np.ndarray, timestamp: int) -> Dict[str, Any]:
        limit: Any = self._parameters.threshold
        if self._parameters.use_rms:
            quiet = frame[..., self._baseline]
            sane: Any = quiet <= self._parameters.threshold_max
            sane = bool(sane.all()) or sane  # numpy is faster without a choice
            mean, rms = (f(quiet, axis=-1, dtype=np.float64, keepdims=True, where=sane) for f in (np.mean, np.std))
            limit = mean + limit * rms
        return {self._path: (frame > limit) & (frame <= self._parameters.threshold_max)}

    def totals(self) -> List[Tuple[Total, np.ndarray, int]]:
        return []

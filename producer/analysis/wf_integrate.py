"""Waveform integration: the sum of the samples of a signal above its baseline, for each channel."""

from dataclasses import dataclass
from typing import Annotated, Any, Dict, Iterator, List, Optional, Tuple

import numpy as np

from producer.analysis import traces
from producer.analysis.names import dataset_name, within
from producer.parameters import Meta
from producer.schema import Total, column

NAME = "wf_integrate"
MANY = True


@dataclass(frozen=True)
class Parameters:
    name: Annotated[str, Meta("names the dataset", check=dataset_name)] = "wfintegrate"
    signal: Annotated[
        Optional[Tuple[int, int]],
        Meta("[start, end) of what is integrated; left out = the whole trace", unit="samples", minimum=0),
    ] = None
    baseline: Annotated[
        Optional[Tuple[int, int]],
        Meta("[start, end) whose median is the baseline; left out = none is subtracted", unit="samples", minimum=0),
    ] = None
    negative: Annotated[bool, Meta("the signal points down: change its sign")] = False

    def check(self) -> Iterator[Tuple[Tuple[object, ...], str, str]]:
        yield from traces.empty_ranges(self, "signal", "baseline")

    def misfit(self, shape: Tuple[int, ...]) -> str:
        return traces.misfit(shape, signal=self.signal, baseline=self.baseline)


RECORDED = {"signal": "sig_roi", "baseline": "bkg_roi", "negative": "negative_signal"}


def promises(parameters: Parameters, owner: str) -> Dict[str, Optional[Tuple[int, ...]]]:
    return {within(owner, parameters.name): None}


class Computation:
    """``<name>``, float64, for each channel (a single number for a detector of one trace): sum(w_i - b) over the
    samples i of `signal`, b being the median of w over `baseline` (0 without); with the opposite sign when `negative`.
    Unit: that of the samples, times samples. As WfIntegration of smalldata_tools (ana_funcs/waveformFunc.py)."""

    def __init__(self, parameters: Parameters, owner: str, shape: Tuple[int, ...], dtype: np.dtype) -> None:
        self._signal = traces.cut(parameters.signal)
        self._baseline = None if parameters.baseline is None else traces.cut(parameters.baseline)
        self._count = len(range(*self._signal.indices(shape[-1])))
        self._sign = -1.0 if parameters.negative else 1.0
        self._wide = np.dtype(np.int64) if dtype.kind in "iub" else np.dtype(np.float64)  # integers add up exactly
        self._path = within(owner, parameters.name)
        words = "integral of the waveform" + (" above its baseline" if parameters.baseline else "")
        self.columns = (column(self._path, np.float64, shape[:-1], "detector units * samples", words),)

    def event(self, frame: np.ndarray, timestamp: int) -> Dict[str, Any]:
        total = frame[..., self._signal].sum(axis=-1, dtype=self._wide)
        if self._baseline is not None:
            total = total - self._count * traces.median(frame[..., self._baseline])
        return {self._path: self._sign * total}

    def totals(self) -> List[Tuple[Total, np.ndarray, int]]:
        return []

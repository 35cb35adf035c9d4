"""Waveform integration: the sum of the samples of a signal above its baseline, for each channel."""

from dataclasses import dataclass
from typing import Annotated, Iterator, Optional, Tuple

from producer.analysis import traces
from producer.analysis.names import dataset_name
from producer.parameters import Meta

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

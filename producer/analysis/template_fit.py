"""Fit of a waveform with copies of a measured pulse: position and height of each."""

from dataclasses import dataclass
from typing import Annotated, Iterator, Optional, Tuple

from producer.analysis import traces
from producer.analysis.names import dataset_name, file_path
from producer.parameters import Meta

NAME = "template_fit"
MANY = True


@dataclass(frozen=True)
class Parameters:
    template: Annotated[str, Meta("file of the waveform of one pulse: .npy, .npz or text", check=file_path)]
    name: Annotated[str, Meta("begins the names of the datasets", check=dataset_name)] = "peak_1"
    peaks: Annotated[int, Meta("how many pulses are fitted", minimum=1, maximum=20)] = 1
    channel: Annotated[int, Meta("channel of a detector with several", minimum=0)] = 0
    invert: Annotated[bool, Meta("pulses point down: change the sign of the trace")] = False
    baseline: Annotated[
        Optional[Tuple[int, int]],
        Meta("[start, end) whose median is the baseline; left out = none is subtracted", unit="samples", minimum=0),
    ] = None
    saturation: Annotated[
        float, Meta("samples above this share of the largest may be clipped", minimum=0, maximum=1)
    ] = 0.98
    saturated_samples: Annotated[
        int, Meta("so many samples may be there and yet nothing is clipped", unit="samples", minimum=0)
    ] = 2
    clipped: Annotated[
        str,
        Meta("what clipped samples count: only where the fit stays below them, or not at all", choices=("below", "no")),
    ] = "below"
    solver: Annotated[str, Meta("scipy's method of least squares", choices=("trf", "dogbox", "lm"))] = "trf"
    save_residuals: Annotated[bool, Meta("also write the difference of fit and trace with each event")] = False

    def check(self) -> Iterator[Tuple[Tuple[object, ...], str, str]]:
        yield from traces.empty_ranges(self, "baseline")

    def misfit(self, shape: Tuple[int, ...]) -> str:
        words = traces.misfit(shape, baseline=self.baseline)
        channels = 1 if len(shape) == 1 else shape[0]
        if not words and self.channel >= channels:
            words = f"there is no channel {self.channel}, only {channels}, counted from 0"
        return words


RECORDED = {"peaks": "nPeaks", "saturation": "saturationFraction", "saturated_samples": "nMax"}

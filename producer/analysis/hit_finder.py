"""Hit finder: which samples of a waveform are above a threshold."""

from dataclasses import dataclass
from typing import Annotated, Iterator, Optional, Tuple

from producer.analysis import traces
from producer.analysis.names import dataset_name
from producer.parameters import Meta

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

"""Hit finder with a constant-fraction discriminator: when peaks of any height arrive."""

from dataclasses import dataclass
from typing import Annotated, Iterator, Tuple

from producer.analysis import traces
from producer.analysis.names import dataset_name
from producer.parameters import Meta

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

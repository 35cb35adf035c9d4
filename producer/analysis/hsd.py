"""High-speed digitizer: ranges of its channels' waveforms; their times once per file."""

from dataclasses import dataclass
from typing import Annotated, Iterator, Optional, Tuple

from producer.analysis import traces
from producer.analysis.hit_finder_cfd import Parameters as HitFinderCfd
from producer.analysis.names import dataset_name
from producer.parameters import Meta

NAME = "hsd"
MANY = True


@dataclass(frozen=True)
class Parameters:
    name: Annotated[str, Meta("names the datasets: full_<name>_sum, full_<name>_wf, ...", check=dataset_name)] = (
        "hsd_0__ROI"
    )
    channel: Annotated[int, Meta("the digitizer: psana's segment number", minimum=0)] = 0
    region: Annotated[
        Optional[Tuple[int, int]],
        Meta("[start, end) of the waveform; left out = all of it", unit="samples", minimum=0),
    ] = None
    save_samples: Annotated[bool, Meta("also write the waveform in the range with each event")] = True
    hits: Annotated[Optional[HitFinderCfd], Meta("find the peaks in the range")] = None

    def check(self) -> Iterator[Tuple[Tuple[object, ...], str, str]]:
        yield from traces.empty_ranges(self, "region")


RECORDED = {"region": "ROI", "save_samples": "writeArea"}

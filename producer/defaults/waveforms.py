"""Full waveforms of each event."""

from dataclasses import dataclass
from typing import Annotated, Dict, Iterator, Tuple

from producer.parameters import Meta

SECTION = "waveforms"
MANY = False


@dataclass(frozen=True)
class Parameters:
    traces: Annotated[Tuple[str, ...], Meta("detectors whose full waveform is written with each event")] = ()

    def check(self) -> Iterator[Tuple[Tuple[object, ...], str, str]]:
        seen: Dict[str, int] = {}
        for i, name in enumerate(self.traces):
            if name in seen:
                yield ("traces", i), f"{name!r} is already there as traces[{seen[name]}]", ""
            seen.setdefault(name, i)

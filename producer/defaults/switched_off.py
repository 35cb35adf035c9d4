"""Default data that are not wanted: the others are written wherever the run has them."""

from dataclasses import dataclass
from typing import Annotated, Iterator, Tuple

from producer.parameters import Meta

SECTION = "defaults"
MANY = False

# As the modules beside this one that need no setting. The time of each event is no such group: it is always written.
GROUPS = ("beam", "damage", "encoders", "pv", "scan", "timetool", "timing", "wave8")
# Groups of the file that are not called as a detector -> what writes them
WRITTEN = {"damage": "damage", "scan": "scan", "tt": "timetool", "ttRaw": "timetool"}


@dataclass(frozen=True)
class Parameters:
    off: Annotated[
        Tuple[str, ...],
        Meta(f"default data not to be written, of {', '.join(GROUPS)}; events always have their time", choices=GROUPS),
    ] = ()

    def check(self) -> Iterator[Tuple[Tuple[object, ...], str, str]]:
        for i, name in enumerate(self.off):
            if name in self.off[:i]:
                yield ("off", i), f"{name!r} is there twice", ""

"""Integrating detectors: slow ones whose frame belongs to all fast events since the frame before."""

from dataclasses import dataclass
from typing import Annotated, Iterator, Tuple

from producer.parameters import Meta

SECTION = "integrating"
MANY = False


@dataclass(frozen=True)
class Parameters:
    detectors: Annotated[
        Tuple[str, ...], Meta("slow detectors, for each of whose frames the fast data are added up")
    ] = ()
    fast: Annotated[
        Tuple[str, ...],
        Meta("detectors whose numbers are added up; [] = every detector that is analysed or among the default data"),
    ] = ()

    def check(self) -> Iterator[Tuple[Tuple[object, ...], str, str]]:
        for field in ("detectors", "fast"):
            given = getattr(self, field)
            for i, name in enumerate(given):
                if name in given[:i]:
                    yield (field, i), f"{name!r} is there twice", ""
        for i, name in enumerate(self.fast):
            if name in self.detectors:
                yield ("fast", i), f"{name!r} is a slow detector already", ""

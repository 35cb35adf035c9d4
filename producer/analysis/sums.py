"""Sums of a detector over all events of the run, pixel by pixel."""

from dataclasses import dataclass
from typing import Annotated, ClassVar, Iterator, List, Optional, Tuple

from producer.parameters import Meta, Wrong
from producer.problem import nearest

NAME = "sums"
MANY = False


@dataclass(frozen=True)
class Algorithm:
    """One sum over the calibrated frames. The steps in their order: pixels below `threshold` become 0, with `hits`
    those above 0 become 1, with `square` each is squared; then frames are added up, or with `maximum` the largest of
    each pixel is kept."""

    name: str
    threshold: Optional[float] = None  # detector units
    hits: bool = False
    square: bool = False
    maximum: bool = False

    @classmethod
    def parse(cls, name: str) -> "Algorithm":
        """``calib`` followed by any of ``_thresADU<number>``, ``_nhits``, ``_square``, ``_max``, each once.

        Raises `Wrong` with the nearest valid name."""
        first, *steps = name.split("_")
        threshold, seen = None, set()
        for step in steps:
            kind = "thresADU" if step.startswith("thresADU") else step
            if kind not in _STEPS or kind in seen:
                raise _unknown(name)
            seen.add(kind)
            if kind == "thresADU":
                try:
                    threshold = float(step[len("thresADU") :])
                except ValueError:
                    raise Wrong(f"has thresADU without a number in {name!r}, as in calib_thresADU1.5") from None
                if threshold != threshold or abs(threshold) == float("inf"):
                    raise Wrong(f"needs a finite number after thresADU, not {name!r}")
        if first != "calib":
            raise _unknown(name)
        return cls(name, threshold, "nhits" in seen, "square" in seen, "max" in seen)


_STEPS = ("thresADU", "nhits", "square", "max")


def algorithms() -> List[str]:
    """The names to offer; a number is to be put after thresADU."""
    return ["calib", "calib_max", "calib_square", "calib_nhits", "calib_thresADU1", "calib_thresADU1_max"]


def _unknown(name: str) -> Wrong:
    close = nearest(name, algorithms(), most=1)
    return Wrong(
        f"has no sum called {name!r}; there are calib and any of _thresADU<number>, _nhits, _square, _max after it",
        close[0] if close else "",
    )


@dataclass(frozen=True)
class Parameters:
    SHORT: ClassVar[str] = "algorithms"

    algorithms: Annotated[
        Tuple[str, ...],
        Meta("sums over the run: calib and any of _thresADU<number>, _nhits, _square, _max", check=Algorithm.parse),
    ] = ()

    @property
    def parsed(self) -> Tuple[Algorithm, ...]:
        return tuple(Algorithm.parse(name) for name in self.algorithms)

    def check(self) -> Iterator[Tuple[Tuple[object, ...], str, str]]:
        for i, name in enumerate(self.algorithms):
            if name in self.algorithms[:i]:
                yield ("algorithms", i), f"{name!r} is there twice", ""

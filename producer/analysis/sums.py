"""Sums of a detector over all events of the run, pixel by pixel."""

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Dict, Iterator, List, Optional, Tuple, Union

import numpy as np

from producer.parameters import Meta, Wrong
from producer.problem import nearest
from producer.schema import Column, Total

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


def promises(parameters: Parameters, detector: str) -> Dict[str, Optional[Tuple[int, ...]]]:
    return {f"Sums/{detector}_{name}": None for name in parameters.algorithms}


class Computation:
    """``Sums/<detector>_<algorithm>``, of the frame's shape: float64, or int64 for integers (exact: 2**31 frames of
    32 bits fit). A pixel that is NaN in one event is NaN in the end."""

    columns: Tuple[Column, ...] = ()

    def __init__(self, parameters: Parameters, detector: str, shape: Tuple[int, ...], dtype: np.dtype) -> None:
        self._wide = np.dtype(np.int64) if dtype.kind in "iub" else np.dtype(np.float64)
        self._detector = detector
        self._algorithms = parameters.parsed
        self._sums: Dict[str, np.ndarray] = {}
        self._counts = dict.fromkeys(parameters.algorithms, 0)
        self._scratch = np.empty(shape, self._wide)
        for algorithm in self._algorithms:
            start: Union[int, float] = 0
            if algorithm.maximum:
                start = np.iinfo(np.int64).min if self._wide.kind == "i" else -np.inf
            self._sums[algorithm.name] = np.full(shape, start, self._wide)

    def event(self, frame: np.ndarray, timestamp: int) -> Dict[str, Any]:
        for algorithm in self._algorithms:
            total = self._sums[algorithm.name]
            values = self._steps(algorithm, frame)
            (np.maximum if algorithm.maximum else np.add)(total, values, out=total)
            self._counts[algorithm.name] += 1
        return {}

    def _steps(self, algorithm: Algorithm, frame: np.ndarray) -> np.ndarray:
        """The frame itself or the scratch array; the frame is never changed."""
        if algorithm.threshold is None and not algorithm.hits and not algorithm.square:
            return frame
        work = self._scratch
        np.copyto(work, frame)
        if algorithm.threshold is not None:
            work[work < algorithm.threshold] = 0
        if algorithm.hits:
            np.greater(work, 0, out=work, casting="unsafe")
        if algorithm.square:
            np.multiply(work, work, out=work)
        return work

    def totals(self) -> List[Tuple[Total, np.ndarray, int]]:
        return [
            (
                Total(
                    f"Sums/{self._detector}_{algorithm.name}",
                    self._wide,
                    self._sums[algorithm.name].shape,
                    "max" if algorithm.maximum else "sum",
                    "detector units",
                    "largest value of each pixel" if algorithm.maximum else "sum over the events of the run",
                ),
                self._sums[algorithm.name],
                self._counts[algorithm.name],
            )
            for algorithm in self._algorithms
        ]

"""Sums of a detector over all events of the run, pixel by pixel."""

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Dict, Iterator, List, Optional, Tuple, Union

import numpy as np

from producer.detector_context import Context, Lacking
from producer.kernels.assembly import Assembly
from producer.parameters import Meta, Wrong
from producer.problem import nearest
from producer.schema import Column, Total
from producer.shot import UNKNOWN, Shot

NAME = "sums"
MANY = False
PIECE = 1 << 15  # pixels taken at a time: they, and what is made of them, stay in the processor's cache


@dataclass(frozen=True)
class Algorithm:
    """One sum over the calibrated frames, with `dropped` over those of shots without X-rays. The steps in their order:
    pixels below `threshold` become 0, with `hits` those above 0 become 1, with `square` each is squared; then frames
    are added up, or with `maximum` the largest of each pixel is kept; with `image` the result is assembled."""

    name: str
    threshold: Optional[float] = None  # detector units
    hits: bool = False
    square: bool = False
    maximum: bool = False
    dropped: bool = False
    image: bool = False

    @property
    def changes(self) -> bool:
        """Whether pixels are changed before they are added up."""
        return self.threshold is not None or self.hits or self.square

    @classmethod
    def parse(cls, name: str) -> "Algorithm":
        """``calib`` followed by any of ``_dropped``, ``_thresADU<number>``, ``_nhits``, ``_square``, ``_max``,
        ``_img``, each once.

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
        return cls(name, threshold, *(step in seen for step in ("nhits", "square", "max", "dropped", "img")))


_STEPS = ("dropped", "thresADU", "nhits", "square", "max", "img")


def algorithms() -> List[str]:
    """The names to offer; a number is to be put after thresADU."""
    offered = ["", "_dropped", "_square", "_dropped_square", "_max", "_nhits", "_thresADU1", "_thresADU1_max", "_img"]
    return [f"calib{steps}" for steps in offered]


def _unknown(name: str) -> Wrong:
    close = nearest(name, algorithms(), most=1)
    return Wrong(
        f"has no sum called {name!r}; there are calib and any of _dropped, _thresADU<number>, _nhits, _square, _max, "
        "_img after it",
        close[0] if close else "",
    )


@dataclass(frozen=True)
class Parameters:
    SHORT: ClassVar[str] = "algorithms"

    algorithms: Annotated[
        Tuple[str, ...],
        Meta(
            "sums over the run: calib and any of _dropped (shots without X-rays), _thresADU<number>, _nhits, _square, "
            "_max, _img (assembled) after it",
            check=Algorithm.parse,
        ),
    ] = ()

    @property
    def parsed(self) -> Tuple[Algorithm, ...]:
        return tuple(Algorithm.parse(name) for name in self.algorithms)

    def unmet(self, plan: Any) -> str:
        """What else the plan would have to say, in words, or ""."""
        if any(algorithm.dropped for algorithm in self.parsed) and "xray" not in plan.light_status.lights:
            return "sums of dropped shots need [light_status] in the profile, which says when there are X-rays"
        return ""

    def check(self) -> Iterator[Tuple[Tuple[object, ...], str, str]]:
        for i, name in enumerate(self.algorithms):
            if name in self.algorithms[:i]:
                yield ("algorithms", i), f"{name!r} is there twice", ""


def promises(parameters: Parameters, detector: str) -> Dict[str, Optional[Tuple[int, ...]]]:
    return {f"Sums/{detector}_{name}": None for name in parameters.algorithms}


def _lowest(dtype: np.dtype) -> Union[int, float]:
    """What the maximum begins with."""
    return -np.inf if dtype.kind == "f" else int(np.iinfo(dtype).min)


class Piece:
    """What is made of a piece of a frame, in arrays that are used again; the frame is never changed."""

    def __init__(self, size: int, wide: np.dtype) -> None:
        self._wide, self._steps = np.empty(size, wide), np.empty(size, wide)
        self._bits = self._steps.view(np.int64)
        self._keep = np.empty(size, np.int8)

    def widened(self, pixels: np.ndarray) -> np.ndarray:
        """In the type of the sums: once for all of them."""
        wide = self._wide[: len(pixels)]
        np.copyto(wide, pixels)
        return wide

    def changed(self, algorithm: Algorithm, pixels: np.ndarray) -> np.ndarray:
        """The steps before the sum."""
        size = len(pixels)
        steps = self._steps[:size]
        if algorithm.threshold is not None:
            # Keeping all bits of a pixel or none takes a tenth of the time of steps[pixels < threshold] = 0.
            bits, keep = self._bits[:size], self._keep[:size]
            np.less(pixels, algorithm.threshold, out=keep.view(bool))
            np.subtract(keep, 1, out=keep)
            np.copyto(bits, keep)
            np.bitwise_and(bits, pixels.view(np.int64), out=bits)
            pixels = steps
        if algorithm.hits:
            np.greater(pixels, 0, out=steps, casting="unsafe")
            pixels = steps
        if algorithm.square:
            np.multiply(pixels, pixels, out=steps)
        return steps


class Computation:
    """``Sums/<detector>_<algorithm>``, of the frame's shape: float64, or int64 for integers (exact: 2**31 frames of
    32 bits fit). A pixel that is NaN in one event is NaN in the end. With ``_img``, of the image's shape, see
    `producer.kernels.assembly`: float64, the mean where several pixels fall on one, NaN in the gaps. The largest of no
    event is a missing value.

    Raises `Lacking` for ``_img`` of a detector without geometry, and in an event for ``_dropped`` when it is not known
    whether the shot had X-rays."""

    columns: Tuple[Column, ...] = ()
    WANTS_SHOT = True

    def __init__(
        self,
        parameters: Parameters,
        detector: str,
        shape: Tuple[int, ...],
        dtype: np.dtype,
        context: Optional[Context] = None,
    ) -> None:
        self._wide = np.dtype(np.int64) if dtype.kind in "iub" else np.dtype(np.float64)
        self._detector = detector
        self._algorithms = parameters.parsed
        self._sums: Dict[str, np.ndarray] = {}
        self._counts = dict.fromkeys(parameters.algorithms, 0)
        size = int(np.prod(shape))
        self._pieces = [slice(start, start + PIECE) for start in range(0, size, PIECE)]
        self._piece = Piece(min(size, PIECE), self._wide)
        self._shape = shape
        for algorithm in self._algorithms:
            # The largest of unchanged pixels is one of them, so it is kept as they are.
            kept = dtype if algorithm.maximum and not algorithm.changes and dtype.kind in "iuf" else self._wide
            self._sums[algorithm.name] = np.full(size, _lowest(kept) if algorithm.maximum else 0, kept)
        self._assembly: Optional[Assembly] = None
        if any(algorithm.image for algorithm in self._algorithms):
            context = context or Context(detector)
            x, y, _ = context.coordinates(shape)
            self._assembly = Assembly(x, y, context.pixel_size(), context.mask(shape))

    def event(self, frame: np.ndarray, timestamp: int, shot: Shot = UNKNOWN) -> Dict[str, Any]:
        lacking = False
        wanted = []
        for algorithm in self._algorithms:
            if algorithm.dropped and shot.xray is not False:
                lacking = lacking or shot.xray is None
                continue
            add = np.maximum if algorithm.maximum else np.add
            wanted.append((algorithm, add, self._sums[algorithm.name]))
            self._counts[algorithm.name] += 1
        pixels, work = frame.reshape(-1), self._piece
        if len(wanted) == 1 and not wanted[0][0].changes:
            _, add, total = wanted.pop()
            add(total, pixels, out=total)  # alone, numpy's own widening on the way is a fifth faster
        widen = any(algorithm.changes or not algorithm.maximum for algorithm, _, _ in wanted)
        for piece in self._pieces if wanted else ():
            part = pixels[piece]
            wide = work.widened(part) if widen else part
            for algorithm, add, total in wanted:
                sums = total[piece]
                if algorithm.changes:
                    add(sums, work.changed(algorithm, wide), out=sums)
                else:
                    add(sums, part if algorithm.maximum else wide, out=sums)
        if lacking:
            raise Lacking("it is not known whether the shot had X-rays, so it is in no sum of dropped shots")
        return {}

    def totals(self) -> List[Tuple[Total, np.ndarray, int]]:
        found = []
        for algorithm in self._algorithms:
            value = self._sums[algorithm.name].reshape(self._shape).astype(self._wide, copy=False)
            if algorithm.maximum and not self._counts[algorithm.name]:
                value = np.full(self._shape, _lowest(self._wide), self._wide)
            events = "shots without X-rays" if algorithm.dropped else "events of the run"
            total = Total(
                f"Sums/{self._detector}_{algorithm.name}",
                value.dtype,
                value.shape,
                "max" if algorithm.maximum else "sum",
                "detector units",
                f"{'largest value of each pixel in' if algorithm.maximum else 'sum over'} the {events}",
                image=self._assembly if algorithm.image else None,
            )
            found.append((total, value, self._counts[algorithm.name]))
        return found

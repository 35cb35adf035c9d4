"""Fit of a waveform with copies of a measured pulse: position and height of each."""

from dataclasses import dataclass
from typing import Annotated, Any, Dict, Iterator, List, Optional, Tuple

import numpy as np

from producer.analysis import traces
from producer.analysis.names import dataset_name, file_path, within
from producer.detector_context import Lacking, read_numbers
from producer.parameters import Meta
from producer.schema import Total, column

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

_RESULTS = ("initialGuess", "x", "success", "cost", "base", "maxTrace", "nmaxTrace")


def promises(parameters: Parameters, owner: str) -> Dict[str, Optional[Tuple[int, ...]]]:
    start = within(owner, parameters.name)
    found: Dict[str, Optional[Tuple[int, ...]]] = {f"{start}_{what}": () for what in _RESULTS}
    found[f"{start}_initialGuess"] = found[f"{start}_x"] = (2 * parameters.peaks,)
    if parameters.save_residuals:
        found[f"{start}_fun"] = None
    return found


class Computation:
    """The template T (its maximum scaled to 1, at its sample m; between its samples linear, 0 beyond them) is fitted to
    the trace w (its baseline subtracted) as sum over k of h_k * T(i - p_k + m), by least squares in p and h:

    * ``<name>_x`` float64[2 * peaks]: p_1 < p_2 < ... in samples, then h_1, h_2, ...
    * ``<name>_initialGuess`` float64[2 * peaks]: where the fit began: pulse after pulse, the place where what is left
      of w correlates most with T, and the best heights of all pulses so far
    * ``<name>_success`` int32: 1 when the fit converged; ``<name>_cost`` float64: half the sum of squares
    * ``<name>_base`` float64: the baseline (of -w with `invert`)
    * ``<name>_maxTrace`` float64: `saturation` * max w; ``<name>_nmaxTrace`` int64: how many samples are above it; if
      more than `saturated_samples`, these are taken for clipped
    * ``<name>_fun`` float64[samples]: fit - w, if asked for (0 where clipped samples do not count)

    As templateFitFunc of smalldata_tools (ana_funcs/waveformFunc.py) is meant; that does not run."""

    def __init__(self, parameters: Parameters, owner: str, shape: Tuple[int, ...], dtype: np.dtype) -> None:
        self._parameters = parameters
        template = np.squeeze(read_numbers(parameters.template, "template")).astype(np.float64)
        if template.ndim != 1 or len(template) < 3 or not template.max() > 0:
            raise Lacking(
                f"the template {parameters.template} must be one trace of 3 samples or more with a maximum > 0"
            )
        self._template = template / template.max()
        self._top = int(np.argmax(self._template))
        self._slope = np.diff(self._template)
        self._trace = (parameters.channel,) if len(shape) == 2 else ()
        self._samples = np.arange(shape[-1], dtype=np.float64)
        start, count = within(owner, parameters.name), 2 * parameters.peaks
        self._names = [f"{start}_{what}" for what in _RESULTS]
        self._residuals = f"{start}_fun" if parameters.save_residuals else ""
        unit = "samples, then detector units"
        self.columns = [
            column(self._names[0], np.float64, (count,), unit, "positions and heights that the fit began with"),
            column(self._names[1], np.float64, (count,), unit, "fitted positions and heights"),
            column(self._names[2], np.int32, (), "", "1: the fit converged"),
            column(self._names[3], np.float64, (), "detector units**2", "half the sum of the squared residuals"),
            column(self._names[4], np.float64, (), "detector units", "baseline"),
            column(self._names[5], np.float64, (), "detector units", "height above which samples may be clipped"),
            column(self._names[6], np.int64, (), "samples", "how many samples are above it"),
        ]
        if self._residuals:
            self.columns.append(column(self._residuals, np.float64, shape[-1:], "detector units", "fit - trace"))

    def event(self, frame: np.ndarray, timestamp: int) -> Dict[str, Any]:
        from scipy.optimize import least_squares

        given = self._parameters
        trace = np.asarray(frame[self._trace], np.float64)
        if given.invert:
            trace = -trace
        base = 0.0 if given.baseline is None else float(traces.median(trace[traces.cut(given.baseline)]))
        trace = trace - base
        ceiling = float(trace.max()) * given.saturation
        above = trace > ceiling
        clipped = above if above.sum() > given.saturated_samples else np.zeros_like(above)
        first = self._guess(trace)

        def counts(difference: np.ndarray) -> np.ndarray:
            return ~clipped | ((difference < 0) if given.clipped == "below" else False)

        def residuals(x: np.ndarray) -> np.ndarray:
            difference = self.model(x) - trace
            return np.asarray(np.where(counts(difference), difference, 0.0))

        def jacobian(x: np.ndarray) -> np.ndarray:
            return self._jacobian(x) * counts(self.model(x) - trace)[:, None]

        fit = least_squares(residuals, first, jacobian, method=given.solver)
        values = dict(
            zip(
                self._names,
                (_in_order(first), _in_order(fit.x), int(fit.success), fit.cost, base, ceiling, int(above.sum())),
            )
        )
        if self._residuals:
            values[self._residuals] = fit.fun
        return values

    def model(self, x: np.ndarray) -> np.ndarray:
        """The sum of the pulses of `x` (positions, then heights), float64[samples]."""
        positions, heights = np.split(x, 2)
        return np.asarray(sum(h * self._pulse(p) for p, h in zip(positions, heights)))

    def _pulse(self, position: float) -> np.ndarray:
        places = self._samples - position + self._top
        return np.interp(places, np.arange(len(self._template)), self._template, left=0.0, right=0.0)

    def _jacobian(self, x: np.ndarray) -> np.ndarray:
        positions, heights = np.split(x, 2)
        found = []
        for position, height in zip(positions, heights):
            places = np.floor(self._samples - position + self._top).astype(np.int64)
            inside = (places >= 0) & (places < len(self._slope))
            found.append(-height * np.where(inside, self._slope[np.where(inside, places, 0)], 0.0))
        return np.column_stack(found + [self._pulse(position) for position in positions])

    def _guess(self, trace: np.ndarray) -> np.ndarray:
        positions: List[float] = []
        heights = np.zeros(0)
        left = trace
        for _ in range(self._parameters.peaks):
            alike = np.correlate(left, self._template, mode="full")
            positions.append(float(np.argmax(alike) - (len(self._template) - 1) + self._top))
            pulses = np.column_stack([self._pulse(position) for position in positions])
            heights = np.linalg.lstsq(pulses, trace, rcond=None)[0]
            left = trace - pulses @ heights
        return np.concatenate((positions, heights))

    def totals(self) -> List[Tuple[Total, np.ndarray, int]]:
        return []


def _in_order(x: np.ndarray) -> np.ndarray:
    """Positions ascending, their heights in the same order."""
    positions, heights = np.split(x, 2)
    order = np.argsort(positions, kind="stable")
    return np.concatenate((positions[order], heights[order]))

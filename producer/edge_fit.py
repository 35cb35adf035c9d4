"""The time tool's edge, fitted again from the camera's traces in a merged file, in the order of time: the running
reference is then the same whatever the number of ranks. Some events are in memory at a time."""

from dataclasses import dataclass
from typing import Any, Callable, Dict, Iterator, List, Optional, Tuple

import h5py
import numpy as np

from producer.defaults import timetool
from producer.defaults.edge import Parameters
from producer.detector_context import Lacking, read_numbers
from producer.event_problems import EventProblem
from producer.merge import attributes

GROUP = "ttRaw"
CHUNK_BYTES = 1 << 18
BATCH_BYTES = 1 << 23  # of one trace of some events
ABOUT = {
    "pos": ("pixels", "position of the edge, fitted again; 0: no edge was found"),
    "amp": ("", "amplitude of the edge in the filtered trace"),
    "fwhm": ("pixels", "width of the edge's peak in the filtered trace, full at half maximum"),
    "pos_ps": ("ps", "position of the edge in time, by the profile's calibration; 0: no edge was found"),
}


def refit(
    file: h5py.File, parameters: timetool.Parameters, alive: Callable[[], None] = lambda: None
) -> List[EventProblem]:
    """Write ``ttRaw/{pos,amp,fwhm}`` (and ``pos_ps`` with a calibration, ``tt_reference`` with a running one): 0 where
    there is no edge, NaN where there is no trace. `alive` is called all the while."""
    given = parameters.refit
    if given is None:
        return []
    try:
        weights = read_weights(given)
        traces = _traces(file, given)
        if len(weights) > traces.signal.shape[1] - 4:
            raise Lacking(f"{len(weights)} weights are too many for traces of {traces.signal.shape[1]} pixels")
    except Lacking as lacking:
        return [EventProblem("timetool", "refit", "lacking", "error", 0, 1, str(lacking))]
    found = {name: np.zeros(len(traces.signal)) for name in ("pos", "amp", "fwhm")}
    for first, signal, reference, sideband in _batches(file, traces, given.reference_share):
        for row, (trace, light, below) in enumerate(zip(signal, reference, sideband), first):
            alive()
            if traces.dark[row]:
                continue
            if np.isnan(trace).all():
                for values in found.values():
                    values[row] = np.nan
                continue
            with np.errstate(divide="ignore", invalid="ignore"):
                normalised = (trace - below) / (light - below)
            if np.isfinite(normalised).all():
                edge = fit(normalised, weights, given.rising)
                for name, value in zip(found, edge):
                    found[name][row] = value
    if parameters.calibration:
        ps = sum(p * found["pos"] ** power for power, p in enumerate(parameters.calibration))
        found["pos_ps"] = np.where(found["pos"] == 0, 0.0, ps)
    for name, values in found.items():
        attributes(file.create_dataset(f"{GROUP}/{name}", data=values), *ABOUT[name])
    return []


def read_weights(given: Parameters) -> np.ndarray:
    """float64[length]. Raises `Lacking`."""
    weights = np.ravel(read_numbers(given.weights, "file of weights")).astype(np.float64)
    if len(weights) < 2 or not np.isfinite(weights).all():
        raise Lacking(f"the file of weights {given.weights} must hold 2 numbers or more, all finite")
    return weights


def fit(trace: np.ndarray, weights: np.ndarray, rising: bool) -> Tuple[float, float, float]:
    """(position, amplitude, full width at half maximum) of the edge in a trace that was divided by its reference.

    f = trace convolved with the weights, without half their length at both ends. The edge is the vertex of the parabola
    through f within 1/10 of the number of weights around its minimum (maximum where `rising`); (0, 0, 0) where the
    parabola is not open to the right side or its vertex is not in the trace. The amplitude of a minimum counts from the
    mean of the last 25 of f. As ttRawDetector of smalldata_tools (lcls1/default_detectors.py)."""
    length = len(weights)
    whole = np.convolve(weights, trace, "same") if length <= len(trace) else trace
    filtered = whole[length // 2 : len(whole) - length // 2 - 1]
    reach = max(2, round(length / 10))
    top = int(np.argmax(filtered) if rising else np.argmin(filtered))
    first, last = max(0, top - reach), min(top + reach, len(filtered) - 1)
    if last - first < 3:
        return 0.0, 0.0, 0.0
    places = np.arange(first, last, dtype=np.float64) - top
    square, linear, constant = np.polyfit(places, filtered[first:last], 2)
    if square == 0 or (square > 0) == rising:
        return 0.0, 0.0, 0.0
    vertex = -linear / (2 * square)
    position = top + vertex
    if not 0 <= position < len(filtered):
        return 0.0, 0.0, 0.0
    height = constant + linear * vertex + square * vertex**2
    level = 0.0 if rising else float(filtered[-25:].mean())
    beyond = np.flatnonzero(filtered < (level + height) / 2 if rising else filtered > (level + height) / 2)
    left, right = beyond[beyond < top], beyond[beyond > top]
    width = float(right[0] - left[-1]) if len(left) and len(right) else 0.0
    return float(position + length // 2), float(height if rising else abs(level - height)), width


@dataclass(frozen=True)
class _Traces:
    """Datasets of events x pixels. `dark` bool[events]: shots known to have no edge, as they had no X-rays or no laser.
    With `fresh`, bool[events], `reference` has the shots of which these make the running one."""

    signal: Any
    reference: Any
    sideband: Optional[Any]
    dark: np.ndarray
    fresh: Optional[np.ndarray]

    def steps(self) -> Iterator[slice]:
        """Of whole chunks of the file."""
        events, rows = len(self.signal), self.chunk
        step = rows * max(1, BATCH_BYTES // (8 * self.signal.shape[1] * rows))
        for first in range(0, events, step):
            yield slice(first, min(first + step, events))

    @property
    def chunk(self) -> int:
        """Events in a chunk."""
        return max(1, min(len(self.signal), CHUNK_BYTES // (8 * self.signal.shape[1])))


def _traces(file: h5py.File, given: Parameters) -> _Traces:
    """Raises `Lacking`."""
    if given.signal is None:
        needed = ("tt/proj_sig", "tt/proj_ref")
        if any(name not in file for name in needed):
            raise Lacking("the DAQ recorded no projections of the time tool: give the region of its signal")
        signal, reference = (file[name] for name in needed)
        return _Traces(signal, reference, None, np.zeros(len(signal), bool), None)
    lights: Dict[str, Optional[Any]] = {
        name: file[f"lightStatus/{name}"][:] if f"lightStatus/{name}" in file else None for name in ("xray", "laser")
    }
    if lights["xray"] is None:
        raise Lacking("which shots had no X-rays, and are references, is not known: say it in [light_status]")
    if f"{GROUP}/tt_signal" not in file:
        raise Lacking("the time tool's camera gave no image in any event")
    signal = file[f"{GROUP}/tt_signal"]
    shots = file[f"{GROUP}/tt_reference_shot"] if given.reference else signal
    dark = lights["xray"] == 0
    fresh = dark.copy()
    if lights["laser"] is not None:
        fresh &= lights["laser"] == 1
        dark |= lights["laser"] == 0
    traces = _Traces(signal, shots, file[f"{GROUP}/tt_sideband"] if given.sideband else None, dark, fresh)
    for step in traces.steps():
        fresh[step] &= np.isfinite(shots[step]).all(axis=1)
    if not fresh.any():
        raise Lacking("there is no shot with the laser and without X-rays, so no reference")
    return traces


def _batches(
    file: h5py.File, traces: _Traces, share: float
) -> Iterator[Tuple[int, np.ndarray, np.ndarray, np.ndarray]]:
    """(first event, signal, reference and sideband of it and those after, float64[some events, pixels]); the running
    reference is written on the way."""
    node, now = None, np.empty(0)
    if traces.fresh is not None:
        events, pixels = traces.reference.shape
        how = {"chunks": (traces.chunk, pixels), "compression": "gzip", "compression_opts": 1}
        node = file.create_dataset(f"{GROUP}/tt_reference", (events, pixels), np.float64, **how)
        attributes(node, "detector units", "reference of the event: running mean of the shots without X-rays")
        now = traces.reference[int(np.flatnonzero(traces.fresh)[0])].astype(np.float64)
    for step in traces.steps():
        signal, reference = (trace[step].astype(np.float64) for trace in (traces.signal, traces.reference))
        below = np.zeros((len(signal), 1)) if traces.sideband is None else traces.sideband[step].astype(np.float64)
        if node is not None and traces.fresh is not None:
            reference = running(reference, traces.fresh[step], share, now)
            node[step], now = reference, reference[-1]
        yield step.start, signal, reference, below


def running(shots: np.ndarray, fresh: np.ndarray, share: float, now: np.ndarray) -> np.ndarray:
    """For each event r = s * share + r * (1 - share) over the `fresh` shots s up to it; `now` is r before them."""
    reference = np.empty_like(shots)
    for row in range(len(shots)):
        if fresh[row]:
            now = shots[row] * share + now * (1 - share)
        reference[row] = now
    return reference

"""Fit of waveforms with a basis of single pulses, which was made by singular value decomposition: how strong each of
several overlapping pulses is."""

import os
from dataclasses import dataclass
from typing import Annotated, Any, Dict, Iterator, List, Optional, Tuple

import numpy as np

from producer.analysis.names import dataset_name, file_path, within
from producer.detector_context import Lacking
from producer.parameters import Meta
from producer.schema import Total, column

NAME = "svd"
MANY = True


@dataclass(frozen=True)
class Parameters:
    basis_file: Annotated[str, Meta("HDF5 file of the basis, see `python -m producer.svd_basis`", check=file_path)]
    name: Annotated[str, Meta("begins the names of the datasets", check=dataset_name)] = "svdFit"
    channel: Annotated[
        Optional[int], Meta("channel of the detector; left out = the one the basis was made of", minimum=0)
    ] = None
    components: Annotated[int, Meta("how many components of the basis make a pulse", minimum=1, maximum=25)] = 2
    pulses: Annotated[int, Meta("how many pulses are in the waveform", minimum=1, maximum=100)] = 1
    delays: Annotated[
        Tuple[float, ...],
        Meta("when each pulse comes, or each but the first, after that of the basis; in the unit of sampling"),
    ] = ()
    sampling: Annotated[float, Meta("time between two samples, in the unit of delays", minimum=1e-30)] = 1.0
    mode: Annotated[
        str,
        Meta("a pulse is as strong as its maximum, or the norm of its coefficients", choices=("max", "norm", "both")),
    ] = "max"
    save_reconstructed: Annotated[bool, Meta("also write the fitted waveform with each event")] = False

    def check(self) -> Iterator[Tuple[Tuple[object, ...], str, str]]:
        allowed = {self.pulses, self.pulses - 1}
        if len(self.delays) not in allowed:
            wanted = " or ".join(str(n) for n in sorted(allowed))
            yield ("delays",), f"{self.pulses} pulses need {wanted} delays, not {len(self.delays)}", ""


RECORDED = {
    "components": "n_components",
    "pulses": "n_pulse",
    "delays": "delay",
    "save_reconstructed": "return_reconstructed",
}


def promises(parameters: Parameters, owner: str) -> Dict[str, Optional[Tuple[int, ...]]]:
    start = within(owner, parameters.name)
    found: Dict[str, Optional[Tuple[int, ...]]] = {f"{start}_{what}": None for what in _RESULTS[:3]}
    if parameters.save_reconstructed:
        found[f"{start}_reconstructed"] = None
    return found


_RESULTS = ("intensities", "coefficients", "score", "reconstructed")


class Computation:
    """With w the samples of the basis' region (the mean of the first `background` samples subtracted, if the basis was
    made so), A the matrix whose columns are the `components` of the basis, once for each pulse and shifted by its delay
    (0 comes in), c = pinv(A) w and r = A c:

    * ``<name>_coefficients`` float64[pulses * components]: c, pulse after pulse
    * ``<name>_intensities`` float64[pulses] (a single number for one pulse): the maximum of the part of r that belongs
      to the pulse (``max``), or the norm of its coefficients (``norm``); with ``both`` float64[2, pulses]: norm, max
    * ``<name>_score`` float64: 1 - sum (w - r)**2 / sum (w - mean w)**2; NaN for a constant w
    * ``<name>_reconstructed`` float64[samples]: r, if asked for

    As SvdFit of smalldata_tools (ana_funcs/smd_svd.py, svd_waveform/svd_waveform_processing.py)."""

    def __init__(self, parameters: Parameters, owner: str, shape: Tuple[int, ...], dtype: np.dtype) -> None:
        basis = read_basis(parameters.basis_file)
        channel = basis.channel if parameters.channel is None else parameters.channel
        self._trace = _channel(shape, channel)
        self._region = slice(basis.region[0], min(basis.region[1], shape[-1]))
        self._background = basis.background
        length = len(range(*self._region.indices(shape[-1])))
        if basis.components.shape[1] != length:
            made = basis.components.shape[1]
            raise Lacking(
                f"the basis {parameters.basis_file} is of {made} samples, the waveforms have {length} in its region"
            )
        if len(basis.components) < parameters.components:
            words = f"the basis {parameters.basis_file} has {len(basis.components)} components"
            raise Lacking(f"{words}, {parameters.components} are wanted")
        single = basis.components[: parameters.components].astype(np.float64)
        delays = parameters.delays if len(parameters.delays) == parameters.pulses else (0.0, *parameters.delays)
        shifts = [round(delay / parameters.sampling) for delay in delays]
        self._rows = np.concatenate([_shifted(single, shift) for shift in shifts])  # A transposed
        self._projector = np.linalg.pinv(self._rows.T)
        self._mode, self._pulses = parameters.mode, parameters.pulses
        self._reconstructed = parameters.save_reconstructed
        start = within(owner, parameters.name)
        self._names = [f"{start}_{what}" for what in _RESULTS]
        pulses = () if self._pulses == 1 else (self._pulses,)
        pulses = (2, *pulses) if self._mode == "both" else pulses
        unit = "detector units"
        self.columns = [
            column(self._names[0], np.float64, pulses, unit, "how strong each pulse is"),
            column(self._names[1], np.float64, (len(self._rows),), unit, "coefficients of the basis, pulse by pulse"),
            column(self._names[2], np.float64, (), "", "how well it fits: 1 - residual / variance"),
        ]
        if self._reconstructed:
            self.columns.append(column(self._names[3], np.float64, (length,), unit, "the fitted waveform"))

    def event(self, frame: np.ndarray, timestamp: int) -> Dict[str, Any]:
        trace = frame[self._trace]
        wave = trace[self._region].astype(np.float64)
        if self._background > 0:
            wave -= trace[: self._background].mean(dtype=np.float64)
        coefficients = self._projector @ wave
        fit = coefficients @ self._rows
        rest, centred = wave - fit, wave - wave.mean()
        variance = centred @ centred
        values = {
            self._names[0]: self._intensities(coefficients),
            self._names[1]: coefficients,
            self._names[2]: 1 - (rest @ rest) / variance if variance else np.nan,
        }
        if self._reconstructed:
            values[self._names[3]] = fit
        return values

    def _intensities(self, coefficients: np.ndarray) -> np.ndarray:
        by_pulse = coefficients.reshape(self._pulses, -1)
        found = []
        if self._mode != "max":
            found.append(np.linalg.norm(by_pulse, axis=1))
        if self._mode != "norm":
            rows = self._rows.reshape(*by_pulse.shape, -1)
            found.append(np.einsum("pc,pcs->ps", by_pulse, rows).max(axis=1))
        result = np.array(found)
        if self._pulses == 1:
            result = result[:, 0]
        return result if self._mode == "both" else result[0]

    def totals(self) -> List[Tuple[Total, np.ndarray, int]]:
        return []


def _channel(shape: Tuple[int, ...], channel: Optional[int]) -> Tuple[int, ...]:
    """The index of the trace to fit; raises `Lacking`."""
    if len(shape) == 1:
        if channel:
            raise Lacking(f"channel {channel} is wanted, but the detector has a single trace")
        return ()
    if len(shape) != 2:
        raise Lacking(f"it works on waveforms, the detector has {len(shape)} axes")
    if channel is None:
        raise Lacking(f"the detector has {shape[0]} channels: say which with channel")
    if channel >= shape[0]:
        raise Lacking(f"there is no channel {channel}, only {shape[0]}, counted from 0")
    return (channel,)


def _shifted(rows: np.ndarray, shift: int) -> np.ndarray:
    """Each row `shift` samples later; 0 where nothing was."""
    result = np.zeros_like(rows)
    length = rows.shape[1]
    if shift >= 0:
        result[:, shift:] = rows[:, : max(length - shift, 0)]
    else:
        result[:, :shift] = rows[:, -shift:]
    return result


@dataclass(frozen=True)
class Basis:
    """`components` float[components, samples]; `region` [start, end); `background`: how many of the first samples
    are averaged to a baseline, none below 1."""

    components: np.ndarray
    region: Tuple[int, int]
    background: int
    channel: Optional[int]


def read_basis(path: str) -> Basis:
    """Of a file as smalldata_tools or `producer.svd_basis` make it. Raises `Lacking`."""
    import h5py

    file = os.path.expanduser(path)
    if not os.path.isfile(file):
        raise Lacking(f"the basis {file} is not there")
    try:
        with h5py.File(file, "r", locking=False) as basis:
            components, region = basis["components"][()], basis["region" if "region" in basis else "roi"][()]
            background = int(basis["background_roi"][()]) if "background_roi" in basis else -1
            channel = basis["channel"][()] if "channel" in basis else None
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise Lacking(f"the basis {file} cannot be read: {error}") from None
    number = None if channel is None or not np.issubdtype(np.asarray(channel).dtype, np.integer) else int(channel)
    start, end = (int(n) for n in region)
    return Basis(components, (start, end), background, number)

"""What the functions of waveforms have in common: ranges of samples and baselines."""

from typing import Any, Iterator, Optional, Tuple

import numpy as np

Range = Optional[Tuple[int, int]]


def empty_ranges(parameters: Any, *fields: str) -> Iterator[Tuple[Tuple[object, ...], str, str]]:
    """For `Parameters.check`: those of the ranges that hold no sample."""
    for field in fields:
        given = getattr(parameters, field)
        if given is not None and given[0] >= given[1]:
            swapped = f"[{given[1]}, {given[0]}]" if given[0] > given[1] else ""
            yield (field,), f"{field} is empty: it starts at {given[0]} and ends before {given[1]}", swapped


def misfit(shape: Tuple[int, ...], **ranges: Range) -> str:
    """Why data of `shape` are no waveforms with samples in all of these ranges, in words; "" when they are."""
    if len(shape) not in (1, 2):
        sides = " x ".join(str(n) for n in shape)
        return f"it works on waveforms: one trace, or channels of equal length; the detector gives {sides}"
    outside = [
        f"{name} [{given[0]}, {given[1]}) ends beyond the {shape[-1]} samples"
        for name, given in ranges.items()
        if given is not None and given[1] > shape[-1]
    ]
    return "; ".join(outside)


def cut(given: Range) -> slice:
    return slice(None) if given is None else slice(*given)


def median(samples: np.ndarray) -> np.ndarray:
    """As numpy.median(samples, axis=-1), float64[...], NaN where any sample is NaN; half its time for short traces."""
    count = samples.shape[-1]
    low, high = (count - 1) // 2, count // 2
    if samples.dtype.kind != "f":
        ordered = np.partition(samples, sorted({low, high}), axis=-1)
        return (ordered[..., low].astype(np.float64) + ordered[..., high]) / 2
    ordered = np.partition(samples, sorted({low, high, count - 1}), axis=-1)  # NaN comes last
    middle = (ordered[..., low].astype(np.float64) + ordered[..., high]) / 2
    return np.asarray(np.where(np.isnan(ordered[..., -1]), np.nan, middle))

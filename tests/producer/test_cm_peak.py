"""The leftmost high peak against scipy's find_peaks_cwt."""

import numpy as np
import pytest
from scipy.signal import find_peaks_cwt

from producer.analysis import cm_peak
from producer.schema import MISSING

RNG = np.random.default_rng(48)


def slow(trace, peaks, minimum):
    found = [int(p) for p in find_peaks_cwt(trace, widths=[3])]
    found = [p for p in found if sum(trace[max(0, p - 2) : p + 3]) > minimum]
    if not found:
        return MISSING, np.nan, np.nan
    peak = min(sorted(found, key=lambda p: -trace[p])[:peaks])
    near = [i for i in range(peak - 2, peak + 3) if 0 <= i < len(trace)]
    return peak, sum(i * trace[i] for i in near) / sum(trace[i] for i in near), trace[peak]


@pytest.mark.parametrize("size", [25, 100, 200, 511])
@pytest.mark.parametrize("peaks", [1, 3])
def test_equals_scipys_peaks(size, peaks):
    parameters = cm_peak.Parameters(peaks=peaks, minimum_sum=20)
    computation = cm_peak.Computation(parameters, "d", (size,), np.dtype(np.int64))
    places = np.arange(size)
    seen = set()
    for _ in range(40):
        light = sum(
            h * np.exp(-(((places - p) / 2.5) ** 2)) for h, p in zip(RNG.uniform(0, 60, 4), RNG.uniform(0, size, 4))
        )
        trace = RNG.poisson(light + 0.5)
        values = list(computation.event(trace, 1).values())
        assert values == pytest.approx(slow(trace, peaks, 20), nan_ok=True)
        seen.add(values[0])
    assert len(seen) > 10


def test_an_empty_trace_has_no_peak():
    computation = cm_peak.Computation(cm_peak.Parameters(), "d", (50,), np.dtype(float))
    peak, com, height = computation.event(np.zeros(50), 1).values()
    assert peak == MISSING and np.isnan([com, height]).all()
    assert set(cm_peak.promises(cm_peak.Parameters(), "d")) == {c.path for c in computation.columns}
    assert "one trace" in cm_peak.Parameters().misfit((8, 50))

"""Hit finders against sample-by-sample Python."""

import math

import numpy as np
import pytest

from producer.analysis import hit_finder, hit_finder_cfd
from producer.schema import MISSING

RNG = np.random.default_rng(18)


@pytest.mark.parametrize("dtype", ["u2", "f4"])
@pytest.mark.parametrize("shape", [(60,), (4, 60)])
@pytest.mark.parametrize("baseline", [None, (0, 20)])
@pytest.mark.parametrize("use_rms", [False, True])
def test_hits_are_the_samples_above_the_threshold_of_their_channel(dtype, shape, baseline, use_rms):
    frame = RNG.normal(100, 20, shape).astype(dtype)
    frame[..., 33] = 5000
    frame.setflags(write=False)
    parameters = hit_finder.Parameters(
        threshold=1.5 if use_rms else 110, threshold_max=200, use_rms=use_rms, baseline=baseline
    )
    computation = hit_finder.Computation(parameters, "w8", shape, frame.dtype)
    values = computation.event(frame, 1)["w8/hitfinder"]
    assert values.shape == computation.columns[0].shape == shape
    for trace, found in zip(frame.reshape(-1, 60), values.reshape(-1, 60)):
        quiet = [float(v) for v in trace[slice(*(baseline or (0, 60)))] if v <= 200]
        mean = sum(quiet) / len(quiet)
        rms = math.sqrt(sum((v - mean) ** 2 for v in quiet) / len(quiet))
        limit = mean + 1.5 * rms if use_rms else 110
        assert found.tolist() == [limit < float(v) <= 200 for v in trace]
    assert values.any() and not values[..., 33].any()


def slow_cfd(trace, p):
    """The steps of the docstring, with loops."""
    wave = np.asarray(trace, float) - np.median(trace)
    if -min(wave) >= max(wave):
        wave = -wave
    sigma = math.sqrt(sum((wave - wave.mean()) ** 2) / len(wave))
    length = p.filter_length
    kernel = [math.exp(-0.5 * (-3 + 6 * (k + 1) / (length + 1)) ** 2) for k in range(length)]
    kernel = [k / sum(kernel) for k in kernel]
    smooth = []
    for i in range(len(wave)):
        total = 0.0
        for k in range(length):
            j = i + (length - 1) // 2 - k
            if 0 <= j < len(wave):
                total += kernel[k] * wave[j]
        smooth.append(total)
    d = [smooth[i] + p.inverse_multiplier * smooth[i + p.offset] for i in range(len(wave) - p.offset)]
    shift = round(p.offset * (1 + p.inverse_multiplier))
    hits, i = [], 0
    while i < len(wave):
        if not wave[i] > p.threshold * sigma:
            i += 1
            continue
        j = i
        while j + 1 < len(wave) and wave[j + 1] > p.threshold * sigma:
            j += 1
        a, b = i - shift, j - shift
        if a > 0 and b + 1 < len(d) and b > a:
            signs = [d[k] > 0 for k in range(a, b + 1)]
            if all(d[k] != 0 for k in range(a, b + 1)) and signs == sorted(signs) and any(signs) and not all(signs):
                hits.append(a + signs.index(True) - 1 + shift)
        i = j + 1
    return hits


def pulses(count, places, noise=3.0, sign=1, width=12.0):
    time = np.arange(count)
    return RNG.normal(0, noise, count) + sign * sum(900 * np.exp(-(((time - p) / width) ** 2)) for p in places)


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("length", [35, 20])
def test_cfd_equals_the_steps_one_by_one(sign, length):
    parameters = hit_finder_cfd.Parameters(filter_length=length, threshold=2, maximum_hits=6)
    computation = hit_finder_cfd.Computation(parameters, "d", (700,), np.dtype(float))
    found = 0
    for _ in range(30):
        trace = pulses(700, RNG.uniform(60, 640, 4), sign=sign)
        values = computation.event(trace, 1)
        hits = slow_cfd(trace, parameters)
        found += len(hits)
        assert values["d/hitFinderCFD_nHits"] == len(hits)
        assert values["d/hitFinderCFD_hitIndices"].tolist() == (hits + [MISSING] * 6)[:6]
    assert found > 20


def test_cfd_finds_the_same_point_of_a_pulse_whatever_its_height():
    computation = hit_finder_cfd.Computation(hit_finder_cfd.Parameters(threshold=2), "d", (3, 500), np.dtype(float))
    time = np.arange(500)
    pulse = np.exp(-(((time - 250) / 12.0) ** 2))
    values = computation.event(np.array([100 * pulse, 5000 * pulse + 7, -300 * pulse]), 1)
    assert values["d/hitFinderCFD_nHits"].tolist() == [1, 1, 1]
    indices = values["d/hitFinderCFD_hitIndices"]
    assert indices.shape == (3, 100) and len(set(indices[:, 0].tolist())) == 1
    assert (indices[:, 1:] == MISSING).all()


@pytest.mark.parametrize("trace", [np.zeros(200), np.full(200, 7, np.uint16), RNG.normal(0, 1, 200)])
def test_a_trace_without_hits_has_none(trace):
    parameters = hit_finder_cfd.Parameters(threshold=8)
    computation = hit_finder_cfd.Computation(parameters, "d", trace.shape, trace.dtype)
    values = computation.event(trace, 1)
    assert values["d/hitFinderCFD_nHits"] == 0
    assert set(hit_finder_cfd.promises(parameters, "d")) == set(values) == {c.path for c in computation.columns}


def test_a_region_without_a_crossing_is_no_hit():
    """d stays below 0 on a plateau whose end is not in the region; the incumbent reports its last sample."""
    parameters = hit_finder_cfd.Parameters(threshold=0.5, filter_length=1, offset=4)
    trace = np.concatenate([np.zeros(40), np.linspace(0, 100, 60) ** 2, np.zeros(3)])
    computation = hit_finder_cfd.Computation(parameters, "d", trace.shape, trace.dtype)
    assert computation.hits(trace).tolist() == slow_cfd(trace, parameters)


def test_short_traces_are_refused():
    assert "too few" in hit_finder_cfd.Parameters().misfit((30,))
    assert not hit_finder_cfd.Parameters().misfit((8, 500))

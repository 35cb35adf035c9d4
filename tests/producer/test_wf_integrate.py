"""Waveform integration against sample-by-sample Python."""

import statistics

import numpy as np
import pytest

from producer.analysis import traces, wf_integrate

RNG = np.random.default_rng(8)


def waveforms(dtype, shape):
    values = RNG.normal(1000, 300, shape)
    return values.astype(dtype)


def slow(trace, signal, baseline, negative):
    samples = [value.item() for value in trace]
    level = statistics.median(samples[slice(*baseline)]) if baseline else 0
    total = sum(value - level for value in samples[slice(*(signal or (0, len(samples))))])
    return -total if negative else total


@pytest.mark.parametrize("dtype", ["u2", "i4", "f4", "f8"])
@pytest.mark.parametrize("shape", [(120,), (8, 120), (1, 33)])
@pytest.mark.parametrize("signal", [None, (5, 31)])
@pytest.mark.parametrize("baseline", [None, (0, 4), (2, 9)])
@pytest.mark.parametrize("negative", [False, True])
def test_equals_the_sum_sample_by_sample(dtype, shape, signal, baseline, negative):
    parameters = wf_integrate.Parameters("w", signal, baseline, negative)
    assert not parameters.misfit(shape)
    computation = wf_integrate.Computation(parameters, "fim", shape, np.dtype(dtype))
    frame = waveforms(dtype, shape)
    frame.setflags(write=False)
    value = computation.event(frame, 1)["fim/w"]
    assert np.shape(value) == computation.columns[0].shape == shape[:-1]
    expected = [slow(trace, signal, baseline, negative) for trace in frame.reshape(-1, shape[-1])]
    assert np.ravel(value) == pytest.approx(expected, rel=1e-12, abs=1e-9)
    assert set(wf_integrate.promises(parameters, "fim")) == {"fim/w"}


def test_16_bits_do_not_wrap_and_nan_is_not_hidden():
    full = np.full((2, 70_000), 65535, np.uint16)
    computation = wf_integrate.Computation(wf_integrate.Parameters(), "fim", full.shape, full.dtype)
    assert computation.event(full, 1)["fim/wfintegrate"].tolist() == [65535 * 70_000] * 2
    hurt = np.ones(50, np.float32)
    hurt[3] = np.nan
    parameters = wf_integrate.Parameters(signal=(20, 30), baseline=(0, 10))
    computation = wf_integrate.Computation(parameters, "fim", hurt.shape, hurt.dtype)
    assert np.isnan(computation.event(hurt, 1)["fim/wfintegrate"])


@pytest.mark.parametrize("count", [1, 2, 3, 8, 51])
@pytest.mark.parametrize("dtype", ["u2", "f4"])
def test_median_is_numpys(count, dtype):
    samples = waveforms(dtype, (5, count))
    assert traces.median(samples) == pytest.approx(np.median(samples.astype(float), axis=-1))
    if dtype == "f4":
        samples[2, -1] = np.nan
        assert np.isnan(traces.median(samples)).tolist() == [False, False, True, False, False]


def test_what_does_not_fit_is_said():
    assert "beyond the 100 samples" in wf_integrate.Parameters(signal=(50, 101)).misfit((8, 100))
    assert "waveforms" in wf_integrate.Parameters().misfit((2, 512, 1024))
    [(path, words, suggestion)] = wf_integrate.Parameters(baseline=(9, 3)).check()
    assert path == ("baseline",) and "empty" in words and suggestion == "[3, 9]"

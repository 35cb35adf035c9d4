"""Lines taken out of spectra, against a slow discrete Fourier transform; a pattern of interleaved converters."""

import cmath
import math

import numpy as np
import pytest

from producer.analysis import fourier_baseline
from producer.detector_context import Context, Lacking

RNG = np.random.default_rng(64)


def transform(values, sign):
    """Of its definition, sum by sum."""
    n = len(values)
    return [sum(v * cmath.exp(sign * 2j * math.pi * k * i / n) for i, v in enumerate(values)) for k in range(n)]


def slow(wave, strong, strong_width, divisions, width):
    n, half = len(wave), len(wave) // 2
    found = transform([float(v) for v in wave], -1)
    steps = [(strong, strong_width), ([i / divisions for i in range(1, divisions)], width)]
    for shares, w in steps:
        before = [abs(v) for v in found]
        for share in shares:
            middle = round(share * n / 2)
            candidates = [k for k in range(middle - 2, middle + 3) if 1 <= k <= half]
            if not candidates:
                continue
            line = max(candidates, key=lambda k: (before[k], -k))
            beside = [line + s * (w + d) for s in (-1, 1) for d in (2, 3, 4, 5)]
            beside = [found[k] for k in beside if 1 <= k <= half]
            mean = sum(beside) / len(beside) if beside else 0
            for k in range(max(1, line - w), min(half, line + w) + 1):
                found[k] = mean
    if n % 2 == 0:
        found[half] = found[half].real
    for k in range(1, (n + 1) // 2):
        found[n - k] = found[k].conjugate()
    return [(v / n).real for v in transform(found, 1)]


@pytest.mark.parametrize("size", [101, 160, 240])
@pytest.mark.parametrize("settings", [((0.25, 0.5, 1.0), 5, 0, 1), ((), 0, 8, 1), ((0.2, 0.02), 2, 5, 0)])
def test_equals_the_slow_transform(size, settings):
    wave = RNG.normal(2048, 30, size)
    parameters = fourier_baseline.Parameters(*settings)
    expected = slow(wave, *settings)
    assert fourier_baseline.without_lines(parameters, wave) == pytest.approx(expected, rel=1e-9, abs=1e-7)
    both = fourier_baseline.without_lines(parameters, np.array([wave, wave[::-1]]))
    assert both[0] == pytest.approx(expected, rel=1e-9, abs=1e-7)
    assert both[1] == pytest.approx(slow(wave[::-1], *settings), rel=1e-9, abs=1e-7)


def prepared(frame, **more):
    parameters, context = fourier_baseline.Parameters(**more), Context("d")
    assert not parameters.misfit(frame.shape) and not list(parameters.check())
    fourier_baseline.prepare(parameters, context, frame.shape)
    frame.setflags(write=False)
    return context.prepare(frame)


@pytest.mark.parametrize(("size", "left"), [(6400, 0.02), (6403, 0.45)])  # lines between two bins are broader
def test_the_pattern_of_interleaved_converters_goes_and_the_pulse_stays(size, left):
    place = np.arange(size)
    pulse = 800 * np.exp(-(((place - 2500) / 12) ** 2))
    pattern = RNG.normal(0, 20, 16)[place % 16]
    pattern -= pattern.mean()
    wave = np.rint(2048 + pulse + pattern).astype(np.uint16)
    found = prepared(wave)
    assert found.dtype == np.float32 and found.shape == wave.shape and not found.flags.writeable
    alone = prepared(2048 + pulse)
    assert (found - alone).std() < left * pattern.std() + 0.5
    assert (alone - pulse)[
        np.abs(place - 2500) > 200
    ].std() < 0.015 * 800  # it rings: its own spectrum has the lines, too
    assert found.max() - 2048 == pytest.approx(800, rel=0.1) and abs(int(found.argmax()) - 2500) <= 3
    assert found.mean() == pytest.approx(wave.mean(), rel=1e-6)


def test_a_constant_and_short_traces_survive():
    for size in (1, 2, 7, 30):
        assert prepared(np.full((2, size), 7, np.int32), divisions=0).tolist() == [[7.0] * size] * 2


def test_settings_that_do_nothing_are_refused():
    problems = list(fourier_baseline.Parameters(strong=(), divisions=0).check())
    assert len(problems) == 1 and "nothing would be done" in problems[0][1]
    assert "waveforms" in fourier_baseline.Parameters().misfit((2, 3, 4))


def test_more_lines_than_the_spectrum_has_room_for_are_refused():
    with pytest.raises(Lacking, match="64 divisions leave too little of the spectrum of 200 samples: at most 16"):
        prepared(np.ones((8, 200)))
    assert prepared(np.ones((8, 200)), divisions=16).tolist() == np.ones((8, 200)).tolist()

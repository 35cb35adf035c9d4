"""The edge over a white field, against scipy's rotation, filter and fit of the whole image."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter1d, rotate
from scipy.optimize import curve_fit

from producer.analysis import white_field_edge
from producer.detector_context import Context, Lacking

RNG = np.random.default_rng(63)
SHAPE = (160, 90)
ROWS, COLUMNS = np.indices(SHAPE)
WHITE = 800 + 3.0 * COLUMNS + 200 * np.sin(ROWS / 30)
NORM, SIGNAL = ((2, 20), (10, 80)), ((25, 140), (30, 60))


def image(place, tilt=0.0, brightness=0.7, depth=0.3, noise=2.0):
    """The white field, less bright, with a step in transmission at a row of the image turned by `tilt`."""
    angle = np.deg2rad(tilt)
    along = np.cos(angle) * (ROWS - 79.5) - np.sin(angle) * (COLUMNS - 44.5) + 79.5
    step = 1 - depth / (1 + np.exp(-(along - place) / 3))
    return np.rint(brightness * WHITE * step + RNG.normal(0, noise, SHAPE)).astype(np.uint16)


def made(tmp_path, white=WHITE, **more):
    np.save(tmp_path / "white.npy", white)
    parameters = white_field_edge.Parameters(str(tmp_path / "white.npy"), NORM, SIGNAL, **more)
    assert not parameters.misfit(SHAPE) and not list(parameters.check())
    computation = white_field_edge.Computation(parameters, "tt", SHAPE, np.dtype(np.uint16), Context("tt"))
    assert {c.path: c.shape for c in computation.columns} == white_field_edge.promises(parameters, "tt")
    return computation


def slow(frame, tilt, smoothing, width):
    norm, signal = (tuple(slice(*pair) for pair in region) for region in (NORM, SIGNAL))
    over = frame / WHITE * (WHITE[norm].mean() / frame[norm].mean())
    turned = rotate(over, angle=tilt, reshape=False, order=1)
    trace = turned[signal].sum(axis=1)
    slope = -np.gradient(gaussian_filter1d(trace, smoothing))
    x = np.arange(len(slope))

    def model(x, ampl, place, width, const, rise):
        return ampl * np.exp(-(((x - place) / width) ** 2) / 2) + const + rise * x

    line = slope[0] + (slope[-1] - slope[0]) / (len(slope) - 1) * x
    begin = [(slope - line).max(), (slope - line).argmax(), width, slope[0], 0]
    ampl, place, width, const, rise = curve_fit(model, x, slope, begin, ftol=1e-12, xtol=1e-12)[0]
    return trace, [place, ampl, abs(width), const, rise]


@pytest.mark.parametrize("tilt", [0.0, 4.0, -7.5, 90.0])
@pytest.mark.parametrize("place", [60.0, 98.4])
def test_equals_scipys_rotation_filter_and_fit(tmp_path, tilt, place):
    computation = made(tmp_path, tilt_deg=tilt, smoothing=4.0, width=10.0)
    frame = image(place, tilt)
    frame.setflags(write=False)
    found = computation.event(frame, 1)
    trace, expected = slow(frame, tilt, 4.0, 10.0)
    assert found["tt/mectt_sig_pj"] == pytest.approx(trace, rel=1e-9)
    got = [found[f"tt/mectt_{name}"] for name in white_field_edge.RESULTS]
    assert got == pytest.approx(expected, rel=1e-4, abs=1e-5)
    if tilt != 90:
        assert got[0] == pytest.approx(place - SIGNAL[0][0], abs=0.5)


def test_no_edge_no_light_and_dead_pixels_are_nan(tmp_path):
    computation = made(tmp_path, contrast=1.0)
    for frame in (image(80, depth=0.0, noise=0.0), np.zeros(SHAPE, np.uint16)):
        found = computation.event(frame, 1)
        assert all(np.isnan(found[f"tt/mectt_{name}"]) for name in white_field_edge.RESULTS)
    white = WHITE.copy()
    white[50, 40] = 0
    found = made(tmp_path, white, save_trace=False).event(image(80), 1)
    assert len(found) == 5 and np.isnan(list(found.values())).all()


def test_wrong_settings_are_refused(tmp_path):
    with pytest.raises(Lacking, match="no light in norm_region"):
        made(tmp_path, np.zeros(SHAPE))
    with pytest.raises(Lacking, match="pixels"):
        made(tmp_path, np.ones((3, 4)))
    parameters = white_field_edge.Parameters("/x.npy", ((5, 5), (0, 9)), ((0, 4), (0, 9)))
    assert [path for path, _, _ in parameters.check()] == [("norm_region", 0), ("signal_region", 0)]
    assert "3 axes" in parameters.misfit((1, 9, 9)) and "beyond the 8 columns" in parameters.misfit((9, 8))

"""The fit with a template: pulses put into a trace are found again."""

import numpy as np
import pytest
from scipy.optimize import curve_fit

from producer.analysis import template_fit
from producer.detector_context import Lacking

RNG = np.random.default_rng(38)
SHAPE = np.concatenate([np.linspace(0, 1, 6), np.exp(-np.arange(1, 60) / 12.0)])  # its maximum at 5
TOP = 5


@pytest.fixture
def template(tmp_path):
    np.save(tmp_path / "template.npy", 37 * SHAPE)
    return str(tmp_path / "template.npy")


def slow_model(i, position, height):
    """One sample after the other."""
    values = []
    for sample in np.atleast_1d(i):
        place = sample - position + TOP
        whole = int(np.floor(place))
        if 0 <= whole < len(SHAPE) - 1:
            values.append(height * (SHAPE[whole] + (place - whole) * (SHAPE[whole + 1] - SHAPE[whole])))
        else:
            values.append(0.0)
    return np.array(values)


def fit(parameters, frame):
    computation = template_fit.Computation(parameters, "acq", frame.shape, frame.dtype)
    frame.setflags(write=False)
    values = computation.event(frame, 1)
    promised = template_fit.promises(parameters, "acq")
    assert set(values) == set(promised) == {c.path for c in computation.columns}
    for column in computation.columns:
        assert np.shape(values[column.path]) == column.shape
    return {path[len(f"acq/{parameters.name}_") :]: value for path, value in values.items()}


@pytest.mark.parametrize("solver", ["trf", "dogbox", "lm"])
@pytest.mark.parametrize("invert", [False, True])
def test_two_pulses_are_found_again(template, solver, invert):
    samples = np.arange(400)
    for first, second in [(100.3, 180.8), (60.5, 90.25)]:
        trace = slow_model(samples, first, 500) + slow_model(samples, second, 320) + 40
        trace = (-1 if invert else 1) * trace + RNG.normal(0, 0.5, 400)
        parameters = template_fit.Parameters(
            template, "peak_2", 2, invert=invert, baseline=(0, 40), solver=solver, save_residuals=True
        )
        values = fit(parameters, trace.copy())
        assert values["success"] == 1
        assert values["x"] == pytest.approx([first, second, 500, 320], rel=0.004, abs=0.1)
        assert values["base"] == pytest.approx(40, abs=0.5)
        signed = (-trace if invert else trace) - values["base"]
        again = sum(slow_model(samples, p, h) for p, h in zip(values["x"][:2], values["x"][2:]))
        assert values["fun"] == pytest.approx(again - signed, abs=1e-6)
        assert values["cost"] == pytest.approx(0.5 * ((again - signed) ** 2).sum(), rel=1e-6)


def test_agrees_with_another_solver(template):
    samples = np.arange(200)
    trace = slow_model(samples, 70.4, 100) + RNG.normal(0, 3, 200)
    values = fit(template_fit.Parameters(template), np.stack([trace * 0, trace])[1:2].copy())
    other = curve_fit(slow_model, samples, trace, p0=[70.0, 90.0], epsfcn=1e-6)[0]
    assert values["x"] == pytest.approx(other, rel=1e-3)


@pytest.mark.parametrize("clipped", ["below", "no"])
def test_a_clipped_pulse_keeps_its_height(template, clipped):
    samples = np.arange(300)
    trace = np.minimum(slow_model(samples, 150.0, 1000), 600)
    values = fit(template_fit.Parameters(template, clipped=clipped), trace.copy())
    assert values["nmaxTrace"] > 2
    assert values["x"] == pytest.approx([150, 1000], rel=0.02)
    unaware = fit(template_fit.Parameters(template, saturated_samples=300), trace.copy())
    assert unaware["x"][1] < 900


def test_what_is_wrong_is_said(template, tmp_path):
    with pytest.raises(Lacking, match="is not there"):
        template_fit.Computation(template_fit.Parameters("/nowhere.npy"), "a", (100,), np.dtype(float))
    np.save(tmp_path / "dark.npy", np.zeros(50))
    with pytest.raises(Lacking, match="maximum > 0"):
        template_fit.Computation(template_fit.Parameters(str(tmp_path / "dark.npy")), "a", (100,), np.dtype(float))
    assert "no channel 2" in template_fit.Parameters(template, channel=2).misfit((2, 100))

"""Curve correction against moving pixel by pixel."""

import numpy as np
import pytest

from producer.analysis import droplet, polynomial_curve, projection
from producer.computation import call_event, make
from producer.detector_context import Context, Lacking
from producer.shot import UNKNOWN

RNG = np.random.default_rng(68)


def slow(image, coefficients, axis, method):
    if axis == 0:
        return slow(image.T, coefficients, 1, method).T
    rows, columns = image.shape
    shifts = []
    for j in range(columns):
        value = 0.0
        for c in coefficients:
            value = value * j + c
        shifts.append(value)
    result = np.zeros(image.shape, float)
    for j in range(columns):
        shift = shifts[j] - min(shifts)
        for i in range(rows):
            if method == "roll":
                result[i, j] = image[(i + int(np.round(shift))) % rows, j]
            else:
                whole = int(np.floor(i + shift))
                share = i + shift - whole
                low = image[whole, j] if whole < rows else 0.0
                high = image[whole + 1, j] if whole + 1 < rows else 0.0
                result[i, j] = (1 - share) * low + share * high
    return result


@pytest.mark.parametrize("method", ["roll", "linear"])
@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("shape", [(30, 22), (1, 22, 30)])
@pytest.mark.parametrize("coefficients", [(0.0,), (0.03, -0.5, 4.0), (-0.011, 0.2), (2.0, 0.0)])
@pytest.mark.parametrize("dtype", ["u2", "f4"])
def test_equals_moving_each_pixel(method, axis, shape, coefficients, dtype):
    if method == "linear" and coefficients[0] == 2.0:
        pytest.skip("spans more than the image")
    frame = RNG.uniform(0, 1000, shape).astype(dtype)
    frame.setflags(write=False)
    parameters = polynomial_curve.Parameters(coefficients, axis, method, save_image=True)
    computation = polynomial_curve.Computation(parameters, "rixs", shape, frame.dtype)
    value = computation.event(frame, 1)["rixs/curve_corr_corrected_image"]
    wanted = slow(frame.reshape(shape[-2:]), coefficients, axis, method)
    assert value == pytest.approx(wanted, rel=1e-4, abs=1e-2 if method == "linear" else 0)
    assert computation.columns[0].shape == value.shape
    if method == "roll":
        assert value.dtype == frame.dtype and np.array_equal(value, wanted)


def test_a_curved_line_becomes_straight():
    columns = np.arange(200)
    curve = 0.001 * columns**2 + 20
    image = np.zeros((100, 200), np.float32)
    image[np.round(curve).astype(int), columns] = 1
    computation = polynomial_curve.Computation(
        polynomial_curve.Parameters((0.001, 0.0, 20.0), 1), "d", image.shape, image.dtype
    )
    assert (computation.corrected(image).sum(axis=1) > 0).sum() == 1


def test_the_mask_and_noise_move_with_the_pixels():
    parameters = polynomial_curve.Parameters((0.5, 0.0), 1)
    computation = polynomial_curve.Computation(parameters, "d", (20, 8), np.dtype(np.float32))
    context = Context("d")
    good = RNG.random((20, 8)) < 0.8
    context.add_mask(good)
    moved = polynomial_curve.Straightened(context, (20, 8), computation)
    assert np.array_equal(moved.mask((20, 8)), slow(good.astype(float), (0.5, 0.0), 1, "roll") > 0.5)


def test_what_does_not_fit_is_said():
    with pytest.raises(Lacking, match="spans"):
        polynomial_curve.Computation(
            polynomial_curve.Parameters((9.0, 0.0), 1, "linear"), "d", (20, 8), np.dtype(np.float32)
        )
    assert "one image" in polynomial_curve.Parameters((1.0,)).misfit((2, 20, 8))
    [(path, _, _)] = polynomial_curve.Parameters(()).check()
    assert path == ("coefficients",)


def test_projections_and_droplets_are_those_of_the_corrected_image():
    image = RNG.normal(0, 1, (60, 50)).astype(np.float32)
    image[20:22, 30] = 90
    image[40, 5] = 70
    given = polynomial_curve.Parameters(
        (0.01, 0.0),
        1,
        projection=(projection.Parameters(axis=1),),
        droplet=droplet.Parameters(threshold=10, use_rms=False),
    )
    computation = make(polynomial_curve, given, "rixs", image, Context("rixs"))
    values = call_event(computation, image, 1, UNKNOWN)
    wanted = slow(image, (0.01, 0.0), 1, "roll")
    assert values["rixs/curve_corr_projection_data"] == pytest.approx(wanted.sum(axis=1), rel=1e-4, abs=1e-3)
    assert values["rixs/curve_corr_droplet_nDroplets"] == 2
    assert set(polynomial_curve.promises(given, "rixs")) == set(values) == {c.path for c in computation.columns}

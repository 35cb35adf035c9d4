"""The circle through the brightest pixels against scipy's least squares of the same distances, and rings that are
known."""

import math

import numpy as np
import pytest
from scipy.optimize import least_squares

from producer.analysis import fit_center
from producer.detector_context import Context, Lacking

RNG = np.random.default_rng(90)


def ring(shape, x, y, radius, width=2.0, noise=0.2, cut=None):
    rows, columns = np.indices(shape)
    image = 10 * np.exp(-(((np.hypot(columns - x, rows - y) - radius) / width) ** 2)) + RNG.normal(0, noise, shape)
    if cut is not None:
        image[:, :cut] = 0
    return image.astype(np.float32)


def slow(image, percentile, good):
    """Pixel by pixel; the fit by scipy from the mean of the points, as smalldata_tools does it."""
    values = sorted(float(v) for v, g in zip(image.ravel(), good.ravel()) if g)
    at = percentile / 100 * (len(values) - 1)
    low = math.floor(at)
    level = values[low] + (at - low) * (values[min(low + 1, len(values) - 1)] - values[low])
    bright = [(c, r) for (r, c), v in np.ndenumerate(image) if good[r, c] and v > level]

    def off(centre):
        distance = np.array([math.hypot(x - centre[0], y - centre[1]) for x, y in bright])
        return distance - distance.mean()

    start = np.mean(bright, axis=0)
    found = least_squares(off, start, method="lm", xtol=1e-14, ftol=1e-14, gtol=1e-14).x
    distance = np.array([math.hypot(x - found[0], y - found[1]) for x, y in bright])
    return [*found, distance.mean(), (off(found) ** 2).sum()]


def fitted(image, **more):
    parameters = fit_center.Parameters(**more)
    computation = fit_center.Computation(parameters, "cam", image.shape, image.dtype, Context("cam"))
    image.setflags(write=False)
    found = computation.event(image, 1)
    assert list(found) == [c.path for c in computation.columns] == list(fit_center.promises(parameters, "cam"))
    return list(found.values())


@pytest.mark.parametrize(("cut", "percentile"), [(None, 90.0), (None, 95.0), (30, 95.0), (50, 97.5)])
def test_equals_the_least_squares_pixel_by_pixel(percentile, cut):
    image = ring((60, 80), 41.3, 28.6, 19.7, cut=cut)
    expected = slow(image, percentile, np.ones(image.shape, bool))
    assert fitted(image, percentile=percentile) == pytest.approx(expected, rel=1e-6)
    assert expected[:3] == pytest.approx([41.3, 28.6, 19.7], abs=0.7)


def test_a_centre_beyond_the_detector_and_masked_pixels(tmp_path):
    image = ring((60, 80), -25.0, 30.0, 70.0, noise=0)
    assert fitted(image, percentile=96.0)[:3] == pytest.approx(
        [-25.0, 30.0, 70.0], abs=2.5
    )  # its ends are cut at a slant
    image = ring((60, 80), 41.3, 28.6, 19.7)
    good = np.ones(image.shape, bool)
    good[:, 50:] = False
    image[~good] = 1000
    image[3, 4] = np.nan
    np.save(tmp_path / "mask.npy", good)
    good[3, 4] = False
    found = fitted(image, mask=str(tmp_path / "mask.npy"))
    assert found == pytest.approx(slow(image, 90.0, good), rel=1e-6)


@pytest.mark.parametrize("kind", ["flat", "line", "nan", "one"])
def test_what_has_no_circle_is_nan(kind):
    image = np.zeros((10, 12), np.float32)
    if kind == "line":
        image[4] = np.arange(12) + 1
    if kind == "nan":
        image[:] = np.nan
    if kind == "one":
        image[4, 4] = 5
    with np.errstate(all="ignore"):
        assert np.isnan(fitted(image, percentile=89.0)).all()


def test_points_on_a_circle_are_fitted_exactly():
    angle = np.linspace(0, 1.1, 40)
    found = fit_center.circle(1e4 + 300 * np.cos(angle), -500 + 300 * np.sin(angle))
    assert found == pytest.approx((1e4, -500, 300, 0), abs=1e-6)


def test_tiles_need_a_geometry():
    assert 'use "geometry"' in fit_center.Parameters().misfit((2, 512, 1024))
    parameters = fit_center.Parameters(coordinates="geometry")
    assert not parameters.misfit((2, 512, 1024))
    with pytest.raises(Lacking, match="no geometry"):
        fit_center.Computation(parameters, "cam", (2, 8, 8), np.dtype("f4"), Context("cam"))


class Placed(Context):
    def coordinates(self, shape):
        rows, columns = np.indices(shape[-2:])
        return 100.0 * columns[None] - 4000, 100.0 * rows[None] - 3000, np.zeros(shape)


def test_a_ring_in_the_geometry_is_in_um():
    image = ring((60, 80), 41.3, 28.6, 19.7)
    parameters = fit_center.Parameters(coordinates="geometry")
    computation = fit_center.Computation(parameters, "cam", (1, 60, 80), image.dtype, Placed("cam"))
    x, y, radius, _ = computation.event(image[None], 1).values()
    pixels = fitted(image)
    assert [x, y, radius] == pytest.approx([100 * pixels[0] - 4000, 100 * pixels[1] - 3000, 100 * pixels[2]])
    assert [c.unit for c in computation.columns] == ["um", "um", "um", "um^2"]


def test_points_that_are_hardly_a_circle_have_the_best_one_too():
    seen = 0
    for _ in range(20):
        x, y = RNG.normal(0, 30, (2, 50))

        def off(centre, x=x, y=y):
            distance = np.hypot(x - centre[0], y - centre[1])
            return distance - distance.mean()

        *found, _, rest = fit_center.circle(x, y)
        if np.isfinite(rest):
            best = least_squares(off, found, method="lm", xtol=1e-14, ftol=1e-14, gtol=1e-14)
            assert rest == pytest.approx(2 * best.cost, rel=1e-6)
            seen += 1
    assert seen > 10

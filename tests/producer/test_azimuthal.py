"""Azimuthal integration against a pixel-by-pixel computation in Python, and against pyFAI itself."""

import math

import numpy as np
import pytest

from producer.analysis import azav_pyfai, azimuthal
from producer.detector_context import Context, Lacking


class Placed(Context):
    """Two tiles beside each other, pixels of 100 um."""

    def __init__(self, shape, good=None, shift=0.0):
        super().__init__("det")
        tiles, rows, columns = shape
        tile, row, column = np.mgrid[0:tiles, 0:rows, 0:columns].astype(float)
        self._xyz = (100 * row, 100 * column + tile * (columns + 3) * 100, shift * tile)
        self._good = np.ones(shape, bool) if good is None else good

    def coordinates(self, shape):
        return tuple(values.reshape(shape) for values in self._xyz)

    def calibration_mask(self, shape):
        return self._good

    def noise(self, shape):
        return np.full(shape, 2.0, np.float32)

    def pixel_size(self):
        return 100.0


SHAPE = (2, 24, 20)
RNG = np.random.default_rng(4)
GOOD = RNG.uniform(size=SHAPE) > 0.1
FRAME = RNG.gamma(2, 20, SHAPE).astype(np.float32)
CENTRE = (1130.0, 2317.0)


@pytest.mark.parametrize(
    "more", [{}, {"phi_bins": 7}, {"q_edges": (0.5, 1.0, 1.3, 2.5), "phi_edges_rad": (0.1, 0.9, 2.0)}]
)
@pytest.mark.parametrize("polarization", ["none", "vertical", "horizontal"])
@pytest.mark.parametrize("corrected", [True, False])
def test_each_bin_is_the_mean_over_its_pixels(more, polarization, corrected):
    p = azimuthal.Parameters(
        center_um=CENTRE,
        distance_mm=4.0,
        photon_energy_kev=9.0,
        q_step=0.05,
        polarization=polarization,
        geometry_correction=corrected,
        threshold=5.0,
        threshold_high=120.0,
        **more,
    )
    context = Placed(SHAPE, GOOD, shift=150.0)
    computation = azimuthal.Computation(p, "det", SHAPE, FRAME.dtype, context)
    x, y, z = (values / 1e3 for values in context.coordinates(SHAPE))
    level = z.mean()
    found = []
    for at in np.ndindex(*SHAPE):
        if not GOOD[at]:
            continue
        u, v = x[at] - CENTRE[0] / 1e3, y[at] - CENTRE[1] / 1e3
        away = p.distance_mm + level - z[at]
        distance = math.sqrt(u * u + v * v + away * away)
        theta = math.acos(away / distance)
        phi = math.atan2(u, v) % (2 * math.pi)
        q = 4 * math.pi / (12.39841984332 / p.photon_energy_kev) * math.sin(theta / 2)
        correction = (away / distance) ** 3 if corrected else 1.0
        across = {"none": 0.0, "vertical": u / distance, "horizontal": v / distance}[polarization]
        value = float(FRAME[at])
        value = 0.0 if value < 5 or value > 120 else value
        found.append((q, phi, value / (correction * (1 - across**2))))
    smallest, largest = min(q for q, _, _ in found), max(q for q, _, _ in found)
    edges = list(p.q_edges) if p.q_edges else list(np.arange(smallest - 0.05, largest + 0.05, 0.05))
    if p.phi_edges_rad:
        sectors = list(zip(p.phi_edges_rad, p.phi_edges_rad[1:]))
    else:
        half = math.pi / p.phi_bins
        sectors = [(2 * k * half - half, 2 * k * half + half) for k in range(p.phi_bins)]
    wanted = np.full((len(sectors), len(edges) - 1), np.nan)
    norm = np.zeros(wanted.shape)
    for k, (start, end) in enumerate(sectors):
        for b in range(len(edges) - 1):
            inside = [
                value
                for q, phi, value in found
                if edges[b] <= q < edges[b + 1] and (start <= phi < end or start <= phi - 2 * math.pi < end)
            ]
            norm[k, b] = len(inside)
            if inside:
                wanted[k, b] = sum(inside) / len(inside)
    got = computation.event(FRAME, 1)["det/azav_azav"]
    assert got.shape == wanted.shape
    assert np.allclose(got, wanted, rtol=5e-7, equal_nan=True)
    once = {about.path: value for about, value in computation.once}
    assert np.array_equal(once["UserDataCfg/det/azav__azav_norm"], norm)
    assert np.allclose(once["UserDataCfg/det/azav__azav_qbins"], edges)
    assert computation.columns[0].shape == wanted.shape


def test_the_first_bin_is_right_whatever_is_masked():
    """The incumbent counts all masked pixels into the norm of bin [0, 0]."""
    p = azimuthal.Parameters(center_um=CENTRE, distance_mm=4.0, polarization="none", geometry_correction=False)
    ones = np.ones(SHAPE, np.float32)
    got = azimuthal.Computation(p, "det", SHAPE, ones.dtype, Placed(SHAPE, GOOD)).event(ones, 1)["det/azav_azav"]
    assert np.nanmin(got) == np.nanmax(got) == 1.0


def test_a_tilted_detector_sees_the_angles_of_the_published_vectors():
    """theta by the scalar product of vectors built from the published A, B, C, a, b, c."""
    p = azimuthal.Parameters(center_um=CENTRE, distance_mm=30.0, tilt_x_deg=12.0, tilt_y_deg=-20.0)
    x, y, z = (values.ravel() / 1e3 for values in Placed(SHAPE).coordinates(SHAPE))
    seen = azimuthal.Scattering(x, y, z, (1.13, 2.317), 30.0, 12.0, -20.0)
    tx, ty = math.radians(12.0), math.radians(-20.0)
    beam = np.array([-math.sin(ty) * math.cos(tx), -math.sin(tx), -math.cos(ty) * math.cos(tx)])
    sample = np.array([1.13 + 30 * math.tan(ty), 2.317 - 30 * math.tan(tx), 30.0])
    to = np.stack([x - sample[0], y - sample[1], np.full(len(x), -1.0) * -sample[2]], axis=1)
    cosine = (to * beam * [1, 1, -1]).sum(axis=1) / np.linalg.norm(to, axis=1)
    assert np.allclose(np.cos(seen.theta), np.clip(cosine, -1, 1), atol=1e-12)
    assert ((seen.phi >= 0) & (seen.phi <= 2 * np.pi)).all() and p.tilt_x_deg


def test_dark_gain_square_noise_and_radius(tmp_path):
    dark, gain = RNG.uniform(0, 3, SHAPE), RNG.uniform(0.5, 2, SHAPE)
    np.save(tmp_path / "dark.npy", dark)
    np.save(tmp_path / "gain.npy", gain)
    p = azimuthal.Parameters(
        center_um=CENTRE,
        polarization="none",
        geometry_correction=False,
        r_step_mm=0.4,
        threshold_rms=6.0,
        square=True,
        dark=str(tmp_path / "dark.npy"),
        gain=str(tmp_path / "gain.npy"),
    )
    computation = azimuthal.Computation(p, "det", SHAPE, FRAME.dtype, Placed(SHAPE, GOOD))
    x, y, _ = Placed(SHAPE).coordinates(SHAPE)
    radius = np.hypot(x - CENTRE[0], y - CENTRE[1])[GOOD] / 1e3
    values = (((np.where(FRAME < 12, 0, FRAME) - dark) / gain) ** 2)[GOOD]
    edges = np.arange(radius.min() - 0.4, radius.max() + 0.4, 0.4)
    norm, sums = np.histogram(radius, edges)[0], np.histogram(radius, edges, weights=values)[0]
    with np.errstate(invalid="ignore"):
        expected = (sums / norm)[None]
    assert np.allclose(computation.event(FRAME, 1)["det/azav_azav"], expected, rtol=1e-9, equal_nan=True)


def test_files_that_do_not_fit_are_refused_in_words(tmp_path):
    np.save(tmp_path / "dark.npy", np.zeros((3, 3)))
    for file, words in (("dark.npy", "has 3 x 3 pixels, the frames have 2 x 24 x 20"), ("no.npy", "is not there")):
        p = azimuthal.Parameters(center_um=CENTRE, dark=str(tmp_path / file))
        with pytest.raises(Lacking, match=words):
            azimuthal.Computation(p, "det", SHAPE, FRAME.dtype, Placed(SHAPE))
    with pytest.raises(Lacking, match="psana knows no geometry"):
        azimuthal.Computation(azimuthal.Parameters(center_um=CENTRE), "det", SHAPE, FRAME.dtype, Context("det"))


GEOMETRY = {"dist_m": 0.004, "poni1_m": 0.0011, "poni2_m": 0.0023, "rot1_rad": 0.1, "wavelength_m": 1.3e-10}


@pytest.mark.parametrize("splitting", ["no", "bbox"])
@pytest.mark.parametrize("two", [False, True], ids=["1d", "2d"])
@pytest.mark.parametrize("tiled", [False, True], ids=["flat", "tiles"])
def test_pyfai_path_equals_pyfai(splitting, two, tiled):
    pytest.importorskip("pyFAI", reason="pyFAI is not installed")
    from pyFAI.integrator.azimuthal import AzimuthalIntegrator

    p = azav_pyfai.Parameters(
        **GEOMETRY,
        pixel_size_um=100.0,
        points=40,
        azimuthal_points=12,
        unit="q_A^-1",
        two_dimensional=two,
        splitting=splitting,
        threshold=10.0,
    )
    context = Placed(SHAPE, GOOD)
    if tiled:
        shape, frame, good = SHAPE, FRAME, GOOD
        image, seen = np.zeros((24, 43), np.float32), np.zeros((24, 43), bool)
        for tile in range(2):
            image[:, tile * 23 : tile * 23 + 20], seen[:, tile * 23 : tile * 23 + 20] = frame[tile], good[tile]
    else:
        shape, frame, good = SHAPE[1:], FRAME[0], GOOD[0]
        context = Placed((1, *shape), good)
        image, seen = frame, good
    computation = azav_pyfai.Computation(p, "det", shape, frame.dtype, context)
    got = computation.event(frame, 1)["det/pyfai_azav"]
    names = {"dist_m": "dist", "poni1_m": "poni1", "poni2_m": "poni2", "rot1_rad": "rot1", "wavelength_m": "wavelength"}
    ai = AzimuthalIntegrator(**{names[k]: v for k, v in GEOMETRY.items()}, pixel1=1e-4, pixel2=1e-4)
    image = np.where(image < 10, 0, image)
    how = {
        "unit": "q_A^-1",
        "mask": ~seen,
        "polarization_factor": 1.0,
        "method": (splitting, "histogram", "cython"),
        "dummy": -1e9,
    }
    wanted = ai.integrate2d_ng(image, 40, 12, **how) if two else ai.integrate1d_ng(image, 40, **how)
    intensity = np.where(wanted.count == 0, np.nan, wanted.intensity)
    assert got.shape == intensity.shape == computation.columns[0].shape
    assert np.allclose(got, intensity, rtol=2e-5, equal_nan=True)
    once = {about.path: value for about, value in computation.once}
    assert np.allclose(once["UserDataCfg/det/pyfai__pyfai_q"], wanted.radial)
    if two:
        assert np.allclose(once["UserDataCfg/det/pyfai__pyfai_az"], wanted.azimuthal)


def test_without_pyfai_the_profile_is_refused_in_words(monkeypatch, tmp_path):
    monkeypatch.setitem(__import__("sys").modules, "pyFAI", None)
    p = azav_pyfai.Parameters(dist_m=0.1, pixel_size_um=100.0)
    with pytest.raises(Lacking, match="pyFAI is not in the environment"):
        azav_pyfai.Computation(p, "det", (4, 4), np.dtype("f4"), Context("det"))

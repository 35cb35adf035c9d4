"""The functions of area detectors in whole productions: against scipy and numpy on the frames of a plain psana loop,
and serial against MPI."""

import h5py
import numpy as np
import pytest
from producing import plain_loop, produce
from scipy import ndimage

from producer.synthetic import physics

PROFILE = """
format = 1
hutch = "tmo"
[light_status]
xray_on_codes = [90]  # of the laser, so that half of the few shots count as dropped
[runs.all.epix100_0]
sums = ["calib", "calib_dropped", "calib_img"]
[runs.all.epix100_0.droplet]
threshold = 5.0
use_rms = true
[runs.all.epix100_0.droplet.sparsify]
[runs.all.epix100_0.droplet.photons]
photon = 1.8
save_image = true
[runs.all.epix100_0.droplet.photons.sparsify]
[runs.all.epix100_0.azimuthal]
center_um = [0.0, 0.0]
distance_mm = 60.0
photon_energy_kev = 1.8
polarization = "none"
geometry_correction = false
phi_bins = 4
[[runs.all.epix100_0.roi]]
name = "ring"
region = [[100, 600], [150, 610]]
[[runs.all.epix100_0.roi.projection]]
name = "columns"
axis = 0
[[runs.all.epix100_0.roi.spectrum]]
low = -2.0
high = 12.0
bins = 70
[runs.14.jungfrau1M.mask]
edges = 2
[runs.14.jungfrau1M.common_mode]
bank_grid = [1, 4]
columns = false
[[runs.14.jungfrau1M.projection]]
axis = 2
[runs.14.jungfrau1M.sparsify]
threshold = 2.0
"""
RUN = 14


@pytest.fixture(scope="module")
def files(small_experiment, tmp_path_factory):
    """(serial file, file of 4 ranks, rows of the plain loop)"""
    home = small_experiment / "tmo" / "tmoc00126"
    folder = tmp_path_factory.mktemp("functions")
    (folder / "p.toml").write_text(PROFILE)
    made = []
    for ranks in (1, 4):
        more = ["--calib", home / "calib", "--job", folder / f"job{ranks}"]
        output = folder / f"ranks{ranks}.h5"
        done = produce("tmoc00126", RUN, home / "xtc", folder / "p.toml", output, *more, ranks=ranks)
        assert done.status == 0, done.said
        assert "verdict: verified" in done.said
        made.append(output)
    rows = plain_loop(folder, "tmoc00126", RUN, home / "xtc", home / "calib", ["epix100_0", "jungfrau1M"], [])
    with h5py.File(made[0], "r") as serial, h5py.File(made[1], "r") as parallel:
        yield serial, parallel, rows


def test_mpi_gives_the_same_file_as_one_rank(files):
    serial, parallel, _ = files
    names = []
    serial.visititems(lambda name, node: names.append(name) if isinstance(node, h5py.Dataset) else None)
    for name in names:
        x, y = serial[name][()], parallel[name][()]
        if name.startswith("UserDataCfg") and name.count("/") < 2:
            continue  # begin, end, ranks, command
        if name.startswith("Sums/"):
            assert np.allclose(x, y, rtol=1e-12, equal_nan=True), name
        elif isinstance(x, np.ndarray) and x.dtype.kind == "f":
            assert np.array_equal(x, y, equal_nan=True), name
        else:
            assert np.array_equal(x, y), name
    assert {"epix100_0/var_droplet_droplet2phot_sparse/row", "UserDataCfg/epix100_0/azav__azav_q"} <= set(names)


def test_droplets_are_those_that_scipy_labels(files):
    serial, _, rows = files
    noise = serial["epix100_0/droplet_nDroplets"]
    assert noise.shape == (len(rows),)
    ends = np.cumsum(serial["epix100_0/var_droplet_sparse_len"][:])
    sums = np.split(serial["epix100_0/var_droplet_sparse/data"][:], ends[:-1])
    gain = physics.Epix100(0).gain
    for i, row in enumerate(rows):
        frame = np.squeeze(row["frames"]["epix100_0"])
        lit = np.where(frame >= physics.NOISE_ADU / gain * 5, frame, 0)
        label, count = ndimage.label(lit)
        assert noise[i] == pytest.approx(count, abs=2)  # float32 against float64 at the threshold
        if noise[i] == count:
            assert np.allclose(
                np.sort(sums[i]), np.sort(ndimage.sum_labels(lit, label, range(1, count + 1))), rtol=1e-5
            )


def test_photons_are_as_many_as_the_droplets_hold(files):
    serial, _, rows = files
    ends = np.cumsum(serial["epix100_0/var_droplet_sparse_len"][:])
    sums = np.split(serial["epix100_0/var_droplet_sparse/data"][:].astype(float), ends[:-1])
    expected = [int(np.floor(event / 1.8 + 0.5).sum()) for event in sums]
    assert serial["epix100_0/droplet_droplet2phot_nPhotons"][:].tolist() == pytest.approx(expected, abs=1)
    assert serial["epix100_0/var_droplet_droplet2phot_sparse_len"][:].sum() == pytest.approx(sum(expected), abs=2)
    image = serial["epix100_0/droplet_droplet2phot_img"]
    totals = [image[i].sum() for i in range(len(rows))]
    assert totals == serial["epix100_0/droplet_droplet2phot_nPhotons"][:].tolist()
    assert max(totals) > 10_000


def test_azimuthal_means_weigh_to_the_mean_of_the_frame(files):
    serial, _, rows = files
    norm = serial["UserDataCfg/epix100_0/azav__azav_norm"][:]
    good = norm.sum()
    for got, row in zip(serial["epix100_0/azav_azav"][:], rows):
        total = np.nansum(got * norm)
        assert total == pytest.approx(row["frames"]["epix100_0"].sum(dtype=float), rel=1e-6)
    assert 704 * 768 * 0.9 < good <= 704 * 768 and norm.shape[0] == 4


def test_projection_spectrum_and_sums(files):
    serial, _, rows = files
    frames = [np.squeeze(row["frames"]["epix100_0"]).astype(float) for row in rows]
    cuts = [frame[100:600, 150:610] for frame in frames]
    assert np.allclose(serial["epix100_0/ring_columns_data"][:], [cut.sum(axis=0) for cut in cuts], rtol=1e-9)
    edges = np.linspace(-2, 12, 71)
    assert serial["epix100_0/ring_spectrum_histogram"][:].tolist() == [np.histogram(c, edges)[0].tolist() for c in cuts]
    dark = serial["lightStatus/xray"][:] == 0
    assert 0 < dark.sum() < len(rows) and serial["Sums/epix100_0_calib_dropped"].attrs["events"] == dark.sum()
    wanted = np.sum([frame for frame, off in zip(frames, dark) if off], axis=0)
    assert np.allclose(np.squeeze(serial["Sums/epix100_0_calib_dropped"][:]), wanted, atol=1e-9)
    assert np.nansum(serial["Sums/epix100_0_calib_img"][:]) == pytest.approx(np.sum(frames), rel=1e-6)


def test_masked_and_corrected_tiles(files):
    serial, _, rows = files
    got = serial["jungfrau1M/projection_data"][:]
    lengths = serial["jungfrau1M/var_sparse_len"][:]
    seen = 0
    for i, row in enumerate(rows):
        frame = row["frames"]["jungfrau1M"]
        if frame is None:
            assert np.isnan(got[i]).all() and lengths[i] == 0
            continue
        inner = np.zeros(frame.shape, bool)
        inner[:, 2:-2, 2:-2] = True
        clean = np.where(inner, frame, 0).astype(np.float32)
        for bank in range(4):
            part = (slice(None), slice(2, -2), slice(max(256 * bank, 2), min(256 * bank + 256, 1022)))
            clean[part] -= np.median(frame[part], axis=2, keepdims=True)
        assert np.allclose(got[i], clean.sum(axis=2, dtype=float), atol=1e-3)
        assert lengths[i] == pytest.approx((clean >= 2).sum(), abs=2)
        seen += 1
    assert 0 < seen < len(rows)


def test_dropped_shots_without_a_light_status_are_refused(small_experiment, tmp_path):
    home = small_experiment / "tmo" / "tmoc00126"
    (tmp_path / "p.toml").write_text('format = 1\n[runs.all.epix100_0]\nsums = ["calib_dropped"]\n')
    done = produce("tmoc00126", RUN, home / "xtc", tmp_path / "p.toml", tmp_path / "o.h5", "--calib", home / "calib")
    assert done.status == 1
    assert "need [light_status] in the profile" in done.said and "p.toml:3" in done.said

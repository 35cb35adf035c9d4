"""Every function at once: the file is the same whatever the number of ranks."""

import importlib.util

import h5py
import numpy as np
import pytest
import tomllib
from producing import produce

from producer.analysis import FUNCTIONS

PROFILE = """
format = 1
[light_status]
xray_on_codes = [90]
[waveforms]
traces = ["tmo_fim0"]
[timetool]
calibration = [0.0, 1.0, 0.1]
[epics]
all = true
[integrating]
detectors = ["jungfrau1M"]
[runs.all.epix100_0]
sums = ["calib", "calib_max", "calib_square", "calib_thresADU2", "calib_dropped", "calib_img"]
[runs.all.epix100_0.droplet]
threshold = 5.0
use_rms = true
[runs.all.epix100_0.droplet.sparsify]
[runs.all.epix100_0.droplet.photons]
photon = 1.8
[runs.all.epix100_0.droplet.photons.sparsify]
[runs.all.epix100_0.photon_counting]
photon = 1.8
[runs.all.epix100_0.azimuthal]
center_um = [0.0, 0.0]
phi_bins = 4
[[runs.all.epix100_0.roi]]
region = [[100, 600], [150, 610]]
save_pixels = true
[[runs.all.epix100_0.lineout]]
[[runs.all.epix100_0.rebin]]
shape = [88, 96]
[[runs.all.epix100_0.spectrum]]
low = -2.0
high = 12.0
bins = 70
[runs.all.jungfrau1M]
sums = ["calib"]
[runs.all.jungfrau1M.mask]
edges = 2
[runs.all.jungfrau1M.common_mode]
bank_grid = [1, 4]
columns = false
[runs.all.jungfrau1M.image]
[[runs.all.jungfrau1M.projection]]
axis = 2
[runs.all.jungfrau1M.sparsify]
threshold = 2.0
[[runs.all.tmo_fim0.wf_integrate]]
signal = [50, 120]
baseline = [0, 40]
[[runs.all.tmo_fim0.hit_finder]]
threshold = 1500
[[runs.all.tmo_fim0.hit_finder_cfd]]
threshold = 2
[[runs.all.tmo_fim0.svd]]
basis_file = "{basis}"
[[runs.all.tmo_fim0.template_fit]]
template = "{template}"
channel = 0
[[runs.all.hsd.hsd]]
[runs.all.tmo_atmopal.polynomial_curve]
coefficients = [0.002, -0.1, 3.0]
[[runs.all.tmo_atmopal.autocorrelation]]
half_size = [20, 30]
"""
PYFAI = """
[runs.all.epix100_0.azav_pyfai]
dist_m = 0.1
poni1_m = 0.02
poni2_m = 0.02
wavelength_m = 1e-10
"""
ZFP = """
[runs.all.tmo_atmopal.compression]
error_bound = 1.0
"""
NOT_HERE = {"cm_peak"}  # works on detectors of one axis, which the demo does not have; see test_cm_peak.py


@pytest.fixture(scope="module")
def home(small_experiment):
    return small_experiment / "tmo" / "tmoc00126"


def profile(folder):
    pulse = np.exp(-(((np.arange(60) - 30) / 8) ** 2))
    np.save(folder / "pulse.npy", pulse)
    with h5py.File(folder / "basis.h5", "w") as file:
        file["components"] = np.array([pulse, np.gradient(pulse)])
        file["region"] = [50, 110]
        file["background_roi"] = 40
        file["channel"] = 0
    text = PROFILE.format(basis=folder / "basis.h5", template=folder / "pulse.npy")
    optional = {"azav_pyfai": ("pyFAI", PYFAI), "compression": ("zfpy", ZFP)}
    there = {name for name, (package, _) in optional.items() if importlib.util.find_spec(package)}
    text += "".join(optional[name][1] for name in sorted(there))
    used = {function for found in tomllib.loads(text)["runs"]["all"].values() for function in found}
    assert used == set(FUNCTIONS) - NOT_HERE - (set(optional) - there)
    (folder / "p.toml").write_text(text)
    return folder / "p.toml"


def everything(path):
    """What a file holds, without what tells who made it and when."""
    found = {}

    def take(name, node):
        if isinstance(node, h5py.Dataset) and not (name.startswith("UserDataCfg") and name.count("/") < 2):
            found[name] = node[()]

    with h5py.File(path, "r") as file:
        file.visititems(take)
    return found


def test_one_rank_and_three_make_the_same_file(home, tmp_path):
    text = profile(tmp_path)
    files = {}
    for ranks in (1, 3):
        output = tmp_path / f"{ranks}.h5"
        done = produce("tmoc00126", 14, home / "xtc", text, output, "--calib", home / "calib", ranks=ranks)
        assert done.status == 0, done.said
        files[ranks] = everything(output)
    one = files.pop(1)
    assert len(one) > 250 and {"tmo_fim0/svdFit_score", "Sums/epix100_0_calib_max"} <= set(one)
    for ranks, other in files.items():
        assert set(one) == set(other)
        for name, x in one.items():
            y = other[name]
            if name.startswith("Sums/"):
                assert np.allclose(x, y, rtol=1e-12, atol=0, equal_nan=True), (ranks, name)
            else:
                numbers = isinstance(x, np.ndarray) and x.dtype.kind in "fc"
                assert np.array_equal(x, y, equal_nan=numbers), (ranks, name)

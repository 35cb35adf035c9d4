"""Every function at once: the file is the same whatever the number of ranks."""

import importlib.util
import os
import sys
import time
from dataclasses import is_dataclass
from pathlib import Path
from typing import get_args

import h5py
import numpy as np
import pytest
import tomllib
from producing import produce, run

from producer.analysis import FUNCTIONS, PLUGINS
from producer.parameters import describe

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
sums = ["calib", "calib_max", "calib_square", "calib_thresADU2", "calib_dropped", "calib_img", "calib_max_img"]
[runs.all.epix100_0.droplet]
threshold = 5.0
use_rms = true
[runs.all.epix100_0.droplet.sparsify]
[runs.all.epix100_0.droplet.photons]
photon = 1.8
[runs.all.epix100_0.droplet.photons.sparsify]
[runs.all.epix100_0.photon_counting]
photon = 1.8
[runs.all.epix100_0.photon_counting.sparsify]
[runs.all.epix100_0.azimuthal]
center_um = [0.0, 0.0]
phi_bins = 4
[[runs.all.epix100_0.roi]]
region = [[100, 600], [150, 610]]
save_pixels = true
[[runs.all.epix100_0.roi.projection]]
[[runs.all.epix100_0.roi.lineout]]
name = "line"
[[runs.all.epix100_0.roi.rebin]]
name = "coarse"
shape = [50, 46]
[[runs.all.epix100_0.roi.spectrum]]
name = "counts"
low = -2.0
high = 12.0
bins = 70
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
[runs.all.hsd.hsd.hits]
[[runs.all.hsd.cm_peak]]
[runs.all.hsd.fourier_baseline]
[runs.all.tmo_atmopal.polynomial_curve]
coefficients = [0.002, -0.1, 3.0]
[[runs.all.tmo_atmopal.polynomial_curve.projection]]
[runs.all.tmo_atmopal.polynomial_curve.droplet]
threshold = 30.0
use_rms = false
[runs.all.tmo_atmopal.polynomial_curve.droplet.sparsify]
[runs.all.tmo_atmopal.polynomial_curve.droplet.photons]
photon = 60.0
[runs.all.tmo_atmopal.polynomial_curve.droplet.photons.sparsify]
[[runs.all.tmo_atmopal.autocorrelation]]
half_size = [20, 30]
[[runs.all.tmo_atmopal.fit_center]]
[[runs.all.tmo_atmopal.white_field_edge]]
white_field = "{white}"
norm_region = [[0, 128], [0, 100]]
signal_region = [[10, 110], [100, 400]]
tilt_deg = 3.0
contrast = 0.0
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
OPTIONAL = {"azav_pyfai": ("pyFAI", PYFAI), "compression": ("zfpy", ZFP)}


@pytest.fixture(scope="module")
def home(small_experiment):
    return small_experiment / "tmo" / "tmoc00126"


def following(parameters):
    """The functions that can go on from one: key -> their Parameters."""
    kinds = [(field.name, kind) for field in describe(parameters) for kind in (field.type, *get_args(field.type))]
    return {name: kind for name, kind in kinds if is_dataclass(kind)}


def unused(parameters, given, path):
    """What goes on from a function but not in the profile."""
    tables = given if isinstance(given, list) else [given]
    for key, kind in following(parameters).items():
        values = [table[key] for table in tables if isinstance(table, dict) and key in table]
        if not values and kind.__module__.startswith("producer.analysis"):
            yield f"{path}.{key}"
        for value in values:
            yield from unused(kind, value, f"{path}.{key}")


def profile(folder):
    pulse = np.exp(-(((np.arange(60) - 30) / 8) ** 2))
    np.save(folder / "pulse.npy", pulse)
    np.save(folder / "white.npy", np.full((128, 512), 100.0))
    with h5py.File(folder / "basis.h5", "w") as file:
        file["components"] = np.array([pulse, np.gradient(pulse)])
        file["region"] = [50, 110]
        file["background_roi"] = 40
        file["channel"] = 0
    text = PROFILE.format(basis=folder / "basis.h5", template=folder / "pulse.npy", white=folder / "white.npy")
    there = {name for name, (package, _) in OPTIONAL.items() if importlib.util.find_spec(package)}
    text += "".join(OPTIONAL[name][1] for name in sorted(there))
    (folder / "p.toml").write_text(text)
    return folder / "p.toml"


def test_every_function_is_in_the_profile(tmp_path):
    """Also those that go on from others. A new one must be added."""
    detectors = tomllib.loads(profile(tmp_path).read_text())["runs"]["all"].values()
    used = {name for found in detectors for name in found}
    there = {name for name, (package, _) in OPTIONAL.items() if importlib.util.find_spec(package)}
    assert used == set(FUNCTIONS) - set(PLUGINS) - (set(OPTIONAL) - there)
    for found in detectors:
        for name, given in found.items():
            assert not list(unused(FUNCTIONS[name].Parameters, given, name))


def everything(path):
    """What a file holds, without what tells who made it and when."""
    found = {}

    def take(name, node):
        if isinstance(node, h5py.Dataset) and not (name.startswith("UserDataCfg") and name.count("/") < 2):
            found[name] = node[()]

    with h5py.File(path, "r") as file:
        file.visititems(take)
    return found


def same(one, other, ranks):
    """Rows are in the order of time already."""
    assert set(one) == set(other)
    for name, x in one.items():
        y = other[name]
        numbers = isinstance(x, np.ndarray) and x.dtype.kind in "fc"
        if name.startswith("Sums/") and numbers:  # each rank adds up its own events, in double precision
            assert np.allclose(x, y, rtol=1e-12, atol=0, equal_nan=True), (ranks, name)
        else:
            assert np.array_equal(x, y, equal_nan=numbers), (ranks, name)


def produced(folder, name, number, directory, text, many, *more):
    """The number of ranks -> what the file holds; all that must be the same is."""
    files = {}
    for ranks in many:
        output = folder / f"{ranks}.h5"
        done = produce(name, number, directory, text, output, *more, ranks=ranks)
        assert done.status == 0, done.said
        files[ranks] = everything(output)
        output.unlink()
        same(files[many[0]], files[ranks], ranks)
    return files[many[0]]


@pytest.fixture(scope="module")
def alone(home, tmp_path_factory):
    """(what one rank makes of the demo's damaged run, the profile)"""
    folder = tmp_path_factory.mktemp("alone")
    text = profile(folder)
    one = produced(folder, "tmoc00126", 14, home / "xtc", text, (1,), "--calib", home / "calib")
    assert len(one) > 250 and {"tmo_fim0/svdFit_score", "Sums/epix100_0_calib_max", "hsd/cmPeak_peak"} <= set(one)
    return one, text


@pytest.mark.timeout(600)  # for a machine with much else to do
@pytest.mark.parametrize("ranks", [pytest.param(3, marks=pytest.mark.long), 4])  # 4: two workers share the events
def test_several_ranks_make_the_same_file_as_one(home, alone, tmp_path, ranks):
    one, text = alone
    calibrated = ("--calib", home / "calib")
    same(one, produced(tmp_path, "tmoc00126", 14, home / "xtc", text, (ranks,), *calibrated), ranks)


@pytest.mark.long
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("kind", ["damaged", "scan", "plain"])
def test_every_number_of_ranks_on_the_demo(tmp_path, kind):
    code = "import sys; from pathlib import Path; from producer.synthetic import write_run; "
    code += "from producer.synthetic.experiment import write_constants; root = Path(sys.argv[1]); "
    code += "write_constants(root / 'calib'); "
    code += f"write_run(root / 'xtc', run=14, events=96, pvs=200, kind={kind!r}, "
    code += "detectors=['tmo_atmopal', 'epix100_0', 'archon', 'jungfrau1M'])"
    status, said = run([sys.executable, "-c", code, tmp_path], PS_PARALLEL="none")
    assert status == 0, said
    calibrated = ("--calib", tmp_path / "calib")
    text = profile(tmp_path)
    text.write_text(text.read_text().replace('detectors = ["jungfrau1M"]', 'detectors = ["jungfrau1M", "archon"]'))
    one = produced(tmp_path, "tmoc00126", 14, tmp_path / "xtc", text, (1, 3, 4, 6), *calibrated)
    assert len(one) > 450 and len(one["timestamp"]) == 96


# Settings that fit detectors of 2 x 2 pixels, as the real runs have them.
TINY = {
    "autocorrelation": "half_size = [1, 1]",
    "common_mode": "bank_grid = [1, 1]",
    "compression": "error_bound = 1.0",
    "droplet": "threshold = 5.0\nuse_rms = false",
    "hit_finder": "threshold = 5.0",
    "lineout": "",
    "mask": "",
    "photon_counting": "photon = 10.0",
    "polynomial_curve": "coefficients = [0.1, 1.0]",
    "projection": "",
    "rebin": "shape = [2, 2]",
    "roi": "save_pixels = true",
    "sparsify": "threshold = 5.0",
    "spectrum": "low = 0.0\nhigh = 100.0\nbins = 10",
    "sums": "algorithms = ['calib', 'calib_max', 'calib_square']",
    "svd": "basis_file = '{basis}'",
    "template_fit": "template = '{template}'",
    "wf_integrate": "",
}
FLAT = ["cm_peak", "hit_finder", "lineout", "mask", "projection", "roi", "sparsify", "spectrum", "sums", "template_fit"]
TILES = ["droplet", "lineout", "mask", "photon_counting", "projection", "roi", "sparsify", "spectrum", "sums"]
REAL = {
    "chunking": {"xppcspad": TILES, "xpphsd": [*FLAT, "wf_integrate"]},
    "fakesteps": {"hsd": list(TINY), "andor": list(TINY)},
    "multi-seg-epics": {"hsd": list(TINY), "andor": list(TINY)},
}


@pytest.mark.long
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("name", REAL)
def test_every_number_of_ranks_on_real_runs(real_runs, tmp_path, name):
    """With all functions that can work on their detectors; they have no geometry and no constants."""
    np.save(tmp_path / "pulse.npy", np.array([0.2, 1.0, 0.3]))
    with h5py.File(tmp_path / "basis.h5", "w") as file:
        file["components"], file["region"] = np.array([[0.2, 1.0], [1.0, -0.2]]), [0, 2]
        file["background_roi"], file["channel"] = 1, 0
    lines = ["format = 1", "[epics]", "all = true"]
    for detector, functions in REAL[name].items():
        for function in functions:
            section = f"runs.all.{detector}.{function}"
            settings = TINY.get(function, "").format(basis=tmp_path / "basis.h5", template=tmp_path / "pulse.npy")
            if function == "sums":
                lines += [f"[runs.all.{detector}]", settings.replace("algorithms", "sums")]
            elif importlib.util.find_spec("zfpy") or function != "compression":
                lines += [f"[[{section}]]" if FUNCTIONS[function].MANY else f"[{section}]", settings]
    (tmp_path / "p.toml").write_text("\n".join(lines))
    one = produced(tmp_path, "xpptut15", 14, real_runs / name, tmp_path / "p.toml", (1, 3, 4, 6))
    assert len(one) > 60


@pytest.mark.long
@pytest.mark.timeout(1800)
@pytest.mark.parametrize(("name", "experiment"), [("test_ts", "xppc00117"), ("test_timetool_psana", "tmoc00118")])
def test_every_number_of_ranks_on_single_real_files(real_runs, tmp_path, name, experiment):
    """psana's smdwriter makes their smd files, of old recordings without an end."""
    writer = next((Path(p) for p in Path(sys.prefix).rglob("site-packages/bin/smdwriter")), None)
    if writer is None:
        pytest.skip("psana's smdwriter is not there")
    start, single = tmp_path / "xtc", real_runs / "single" / f"{name}.xtc2"
    (start / "smalldata").mkdir(parents=True)
    data, smd = start / f"{experiment}-r0001-s000-c000.xtc2", f"{experiment}-r0001-s000-c000.smd.xtc2"
    data.write_bytes(single.read_bytes())
    status, said = run([writer, "-f", data, "-o", start / "smalldata" / smd])
    assert status == 0, said
    for path in start.rglob("*.xtc2"):
        os.utime(path, (time.time() - 600,) * 2)
    (tmp_path / "p.toml").write_text("format = 1\n[epics]\nall = true\n")
    one = produced(tmp_path, experiment, 1, start, tmp_path / "p.toml", (1, 3, 4, 6))
    assert len(one["timestamp"]) == {"test_ts": 2, "test_timetool_psana": 1325}[name]

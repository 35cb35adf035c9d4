"""Waveform functions in whole productions, against what was authored into the data; serial against MPI."""

import h5py
import numpy as np
import pytest
from producing import produce
from test_hit_finders import slow_cfd
from test_polynomial_curve import slow as slow_curve

from producer import svd_basis
from producer.analysis import hit_finder_cfd
from producer.schema import MISSING
from producer.synthetic import experiment, physics

FIRST = """
format = 1
[waveforms]
traces = ["tmo_fim0"]
[[runs.all.tmo_fim0.wf_integrate]]
signal = [50, 120]
baseline = [0, 40]
[[runs.all.tmo_fim0.wf_integrate]]
name = "whole"
[[runs.all.tmo_fim0.hit_finder]]
threshold = 1500
[[runs.all.tmo_fim0.hit_finder_cfd]]
threshold = 2
offset = 10
filter_length = 9
maximum_hits = 5
[[runs.all.hsd.hsd]]
[[runs.all.hsd.hsd]]
name = "line"
region = [390, 460]
save_samples = false
[runs.all.hsd.hsd.hits]
threshold = 1
maximum_hits = 3
[runs.all.tmo_atmopal.polynomial_curve]
coefficients = [0.002, -0.1, 3.0]
save_image = true
[[runs.all.tmo_atmopal.autocorrelation]]
half_size = [20, 30]
lineouts = true
"""
SECOND = """
format = 1
[[runs.all.tmo_fim0.svd]]
basis_file = "{basis}"
[[runs.all.tmo_fim0.template_fit]]
template = "{template}"
baseline = [0, 40]
"""


@pytest.fixture(scope="module")
def place(small_experiment, tmp_path_factory):
    home = small_experiment / "tmo" / "tmoc00126"
    return home / "xtc", tmp_path_factory.mktemp("waveforms")


def production(place, name, profile, ranks=1, run=13):
    xtc, folder = place
    path = folder / f"{name}.toml"
    path.write_text(profile)
    return produce("tmoc00126", run, xtc, path, folder / f"{name}.h5", ranks=ranks)


@pytest.fixture(scope="module")
def first(place):
    done = production(place, "first", FIRST)
    assert done.status == 0, done.said
    with h5py.File(done.output, "r", locking=False) as file:
        yield file


def shots(file):
    return experiment.shots_of(13, experiment.SCAN, len(file["timestamp"]), 0)


def test_wave8_results_are_those_of_the_authored_waveforms(first):
    authored = shots(first)
    parameters = hit_finder_cfd.Parameters(threshold=2, offset=10, filter_length=9, maximum_hits=5)
    seen = 0
    for i in range(len(authored)):
        traces, _ = physics.wave8(authored, i)
        waves = np.array([traces[f"raw_{c}"] for c in range(8)]).astype(float)
        levels = np.array([np.median(wave[:40]) for wave in waves])
        assert first["tmo_fim0/wfintegrate"][i] == pytest.approx(waves[:, 50:120].sum(axis=1) - 70 * levels)
        assert first["tmo_fim0/whole"][i] == pytest.approx(waves.sum(axis=1))
        assert np.array_equal(first["tmo_fim0/hitfinder"][i], waves > 1500)
        for c in range(8):
            hits = slow_cfd(waves[c], parameters)
            seen += len(hits)
            assert first["tmo_fim0/hitFinderCFD_nHits"][i, c] == len(hits)
            assert first["tmo_fim0/hitFinderCFD_hitIndices"][i, c].tolist() == (hits + [MISSING] * 5)[:5]
    assert seen > len(authored)


def test_hsd_results_are_those_of_the_authored_samples(first):
    authored = shots(first)
    for i in range(len(authored)):
        samples = physics.digitiser(authored, i).astype(int)
        assert first["hsd/full_hsd_0__ROI_wf"][i].tolist() == samples.tolist()
        assert first["hsd/full_hsd_0__ROI_sum"][i] == samples.sum()
        assert first["hsd/full_line_sum"][i] == samples[390:460].sum()
        hits = slow_cfd(samples[390:460], hit_finder_cfd.Parameters(threshold=1))
        assert first["hsd/full_line_hitFinderCFD_nHits"][i] == len(hits)
    assert "hsd/full_line_wf" not in first
    times = first["UserDataCfg/hsd/full__full_times_0"]
    assert times.shape == (physics.HSD_SAMPLES,) and times.attrs["units"] == "s"
    assert np.diff(times[:]) == pytest.approx(1 / (6.4e9 * 13 / 14))


def test_the_camera_is_straightened_and_correlated(first):
    authored = shots(first)
    for i in (0, 7):
        image, _ = physics.opal(authored, i)
        wanted = slow_curve(image, (0.002, -0.1, 3.0), 0, "roll")
        assert np.array_equal(first["tmo_atmopal/curve_corr_corrected_image"][i], wanted)
        assert first["tmo_atmopal/autocorr_lineout_h"].shape[1:] == (60,)
        shifted = image[:, :-5].astype(float), image[:, 5:].astype(float)
        own = (shifted[0] * shifted[1]).mean() / (shifted[0].mean() * shifted[1].mean())
        assert first["tmo_atmopal/autocorr_lineout_h"][i, 35] == pytest.approx(own, rel=1e-9)
        assert first["tmo_atmopal/autocorr_cr"][i] == pytest.approx(image.mean())


def test_pulses_are_fitted_with_what_an_earlier_file_gives(first, place):
    _, folder = place
    basis, template = folder / "basis.h5", folder / "pulse.npy"
    words = ["--background", "40", "--region", "0", "200"]
    assert svd_basis.main([str(folder / "first.h5"), "tmo_fim0/raw_0", "-o", str(basis), *words]) == 0
    pulse = np.exp(-(((np.arange(60) - 30) / 8) ** 2))
    np.save(template, pulse)
    done = production(place, "second", SECOND.format(basis=basis, template=template))
    assert "say which with channel" in done.said and done.status == 1
    text = SECOND.format(basis=basis, template=template).replace(
        "[[runs.all.tmo_fim0.t", "channel = 0\n[[runs.all.tmo_fim0.t"
    )
    done = production(place, "second", text)
    assert done.status == 0, done.said
    authored = shots(first)
    with done.file() as file:
        for i in np.flatnonzero(authored.xray):
            height = physics.wave8(authored, i)[0]["raw_0"].max() - physics.WAVE8_BASE
            assert file["tmo_fim0/svdFit_intensities"][i] == pytest.approx(height, rel=0.02, abs=15)
            assert file["tmo_fim0/svdFit_score"][i] > 0.99
            assert file["tmo_fim0/peak_1_x"][i] == pytest.approx([80, height], rel=0.02, abs=15)
            assert file["tmo_fim0/peak_1_success"][i] == 1


def test_four_ranks_give_the_same_as_one(first, place):
    done = production(place, "parallel", FIRST, ranks=4)
    assert done.status == 0, done.said
    compared = []

    def compare(name, node):
        if isinstance(node, h5py.Dataset) and name.startswith(("tmo_", "hsd", "UserDataCfg/hsd/full")):
            assert np.array_equal(node[()], file[name][()], equal_nan=node.dtype.kind == "f"), name
            compared.append(name)

    with done.file() as file:
        first.visititems(compare)
    assert len(compared) > 30

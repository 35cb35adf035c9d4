"""Configurations as profiles: names, units, ranges, lines, and the report of what is not there."""

import re
from pathlib import Path

import pytest

from producer.plan import check, effective
from smdtui.profile.importing.items import FAILS, IGNORED, LOST, NOTE
from smdtui.profile.importing.known_names import FUNCTIONS, SETTINGS
from smdtui.profile.importing.read import read
from smdtui.profile.importing.run_number import range_text
from smdtui.profile.importing.translate import Translation, translate
from smdtui.profile.importing.write import profile_text

CONFIGS = Path(__file__).parent / "configs"
FILES = sorted(CONFIGS.glob("*.py"))


def translated(name: str) -> Translation:
    return translate(read(CONFIGS / name))


def plan_of(name: str, run: int):
    profile, problems = check("profile.toml", profile_text(translated(name)))
    assert problems == [] and profile is not None
    return effective(profile, run)


def said(name: str, kind: str) -> set[tuple[int, str, str]]:
    """(line, what it is about, runs) of the items of a kind."""
    return {(i.line, " ".join(i.path), range_text(i.spans)) for i in translated(name).items if i.kind == kind}


def test_the_configurations_here_have_every_name_there_is():
    text = "".join(path.read_text() for path in FILES)
    missing = [n for n in (*FUNCTIONS, *SETTINGS) if not re.search(rf"^(def {n}\(|{n} = )", text, re.M)]
    assert sorted(missing) == ["getDetImages", "getmectt", "integrating_detectors", "slow_detectors", "ttCalib"][:4]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_profiles_have_no_problems_and_name_the_right_lines(path):
    source = path.read_text().split("\n")
    text = profile_text(translate(read(path)))
    assert check("profile.toml", text)[1] == []
    checked = 0
    for line in text.split("\n"):
        match = re.match(r'#? ?\w+ = "?([\w./-]+?)"?  # line (\d+)$', line)
        if match and re.search(r"[./]", match[1]) and f"{match[1]}" in path.read_text():  # not every value is literal
            window = "\n".join(source[int(match[2]) - 1 : int(match[2]) + 6])
            assert match[1] in window, line
            checked += 1
    assert checked >= 1


def test_lcls2_at_run_30():
    plan = plan_of("prod_config_xpp.py", 30)
    assert plan.hutch == "xpp"
    spot, line = plan.detectors["jungfrau1M"]["roi"]
    assert (spot.name, spot.region, spot.threshold, spot.threshold_high, spot.save_pixels) == (
        "spot", ((1, 2), (100, 200), (294, 598)), 2.5, 30.0, False)  # fmt: skip
    assert (line.mask, [(p.name, p.axis) for p in line.projection]) == ("/data/mask.npy", [("pj_ax_1", 1)])
    azimuthal = plan.detectors["jungfrau1M"]["azimuthal"]
    assert (azimuthal.center_um, azimuthal.distance_mm, azimuthal.photon_energy_kev) == ((87526.8, 92773.3), 80.0, 9.5)
    assert (azimuthal.phi_bins, azimuthal.q_step, azimuthal.tilt_y_deg) == (11, 0.025, 0.5)
    droplet = plan.detectors["epix_1"]["droplet"]
    assert (droplet.threshold, droplet.use_rms, droplet.sparsify.entries, droplet.photons) == (
        110.0 / 32, False, 10_000, None)  # fmt: skip
    pyfai = plan.detectors["epix_1"]["azav_pyfai"]
    assert (pyfai.dist_m, pyfai.poni2_m, pyfai.points, pyfai.unit, pyfai.two_dimensional) == (
        0.12, 0.05, 512, "q_A^-1", False)  # fmt: skip
    assert [(h.name, h.channel, h.region) for h in plan.detectors["hsd"]["hsd"]] == [
        ("hsd_0__ROI", 0, None), ("hsd_3__ROI", 3, (3000, 8000))]  # fmt: skip
    assert "sums" not in plan.detectors["hsd"]
    fim = plan.detectors["fim0"]
    assert [(w.signal, w.baseline, w.negative) for w in fim["wf_integrate"]] == [((104, 113), (0, 80), True)]
    assert [(h.threshold, h.threshold_max, h.use_rms, h.baseline) for h in fim["hit_finder"]] == [
        (4.0, 1e6, True, (10, 50))]  # fmt: skip
    assert [(s.name, s.basis_file, s.components, s.mode) for s in fim["svd"]] == [
        (f"svdFit_ch{c}", f"/data/results/wave_basis_fim0_ch{c}_r0146.h5", 3, "both") for c in (0, 1)]  # fmt: skip
    assert plan.detectors["opal"]["compression"].error_bound == 2.0
    assert plan.detectors["andor_dir"]["sums"].algorithms == ("calib", "calib_max")
    assert "polynomial_curve" not in plan.detectors["axis_svls"]  # only a comment, see below
    assert [(pv.pv, pv.alias) for pv in plan.epics.per_event] == [("s1h_w", None), ("SIOC:SYS0:ML00:AO627", "energy")]
    assert [pv.pv for pv in plan.epics.once] == ["M1:VOLT", "M2:VOLT"]
    assert [pv.name for pv in plan.archiver.pvs] == ["XPP:USR:MMS:01.RBV", "sam_y"]
    assert plan.integrating.detectors == ("axis_svls", "andor_dir")


def test_lcls2_at_other_runs():
    early, late = plan_of("prod_config_xpp.py", 5), plan_of("prod_config_xpp.py", 101)
    droplet = early.detectors["epix_1"]["droplet"]
    assert (droplet.threshold, droplet.threshold_low, droplet.minimum_sum, droplet.use_rms) == (65, 20, 0, False)
    assert (droplet.photons.photon, droplet.photons.edges) == (400, (-200.0, 200.0, 600.0, 1000.0))
    assert droplet.photons.sparsify.entries is None and droplet.sparsify is None
    assert "azav_pyfai" not in early.detectors["epix_1"] and "andor_dir" not in early.detectors
    assert [(r.name, r.region, r.save_pixels) for r in late.detectors["jungfrau1M"]["roi"]] == [("full", None, True)]
    azimuthal = late.detectors["jungfrau1M"]["azimuthal"]
    assert (azimuthal.photon_energy_kev, azimuthal.polarization) == (18.0, "horizontal")
    assert late.detectors["jungfrau1M"]["sums"].algorithms == ("calib", "calib_max", "calib_thresADU5")
    for run, name in ((7, "full"), (8, None), (9, "full"), (10, None), (12, "full"), (13, "ROI"), (20, "ROI"),
                      (21, None), (50, "full"), (51, None)):  # fmt: skip
        roi = plan_of("prod_config_xpp.py", run).detectors["opal"].get("roi", ())
        assert [one.name for one in roi] == ([name] if name else []), run
    assert "droplet" not in plan_of("prod_config_xpp.py", 8).detectors["epix_1"]


def test_lcls2_report():
    name = "prod_config_xpp.py"
    assert said(name, LOST) == {
        (52, "get_droplet2photon epix_1 d2p cputime", "1-5"),
        (74, "get_azav_pyfai epix_1 azav_kwargs", "10-"),
        (99, "get_polynomial_correction axis_svls", "all"),
        (104, "get_polynomial_correction axis_svls droplet", "all"),
        (117, "get_sum_algos epix_1 calib_median", "61-"),
        (122, "get_psplot_configs fim0", "all"),
        (132, "xdetectors", "all"),
    }
    assert said(name, IGNORED) == {
        (35, "getROIs not_listed", "all"),
        (44, "get_droplet epix_1 thresholdADU", "6-7,9-"),
        (84, "get_wf_hitfinder fim0 treshold_max", "all"),
        (125, "get_ROIs", "all"),
        (130, "epicsArchFilePV s1h_w", "all"),
    }
    assert said(name, FAILS) == set()
    assert said(name, NOTE) == {
        (11, "get_intg", "all"),
        (33, "getROIs opal calcPars", "13-20"),
        (34, "getROIs hsd hsd_0", "all"),
        (110, "get_pressio_compression opal pressio_config", "all"),
    }
    words = next(i.message for i in translated(name).items if "thresholdADU" in i.path)
    assert "20.0" in words and "thresADU" in words


def test_lcls1():
    plan = plan_of("prod_config_mec.py", 5)
    assert plan.timetool.calibration == (1.860828, -0.00295)
    assert [pv.name for pv in plan.epics.per_event] == ["las_time", "dccm_th1"]
    assert [(r.name, r.region) for r in plan.detectors["Zyla"]["roi"]] == [("ROI_0", ((157, 487), (294, 598)))]
    first, second = plan.detectors["epix100a_1"]["roi"]
    assert [(p.name, p.axis, p.threshold) for p in first.projection] == [("pj1", 0, 0.0)]
    assert [(p.name, p.axis, p.mean, p.single_photon) for p in second.projection] == [
        ("pj_ax_1_0", 1, True, False), ("pj_ax_1", -1, False, True)]  # fmt: skip
    assert (second.name, second.threshold) == ("ROI", 7.0)
    azimuthal = plan.detectors["Epix10kaQuad2"]["azimuthal"]
    assert azimuthal.q_edges == (0.5, 0.75, 1.0, 1.25, 1.5)
    assert (azimuthal.mask, azimuthal.threshold_rms, azimuthal.phi_bins) == ("/data/quad_mask.npy", 3.0, 1)
    pyfai = plan.detectors["Epix10kaQuad2"]["azav_pyfai"]
    assert (pyfai.poni, pyfai.polarization_factor, pyfai.two_dimensional) == ("/data/run175.poni", -1.0, True)
    assert plan.detectors["Epix10kaQuad2"]["sums"].algorithms == ("calib",)
    late = plan_of("prod_config_mec.py", 200).detectors["Epix10kaQuad2"]
    assert (late["azimuthal"].phi_edges_rad, late["azimuthal"].polarization) == ((0.0, 1.5, 3.0), "none")
    assert late["sums"].algorithms == ("calib", "calib_max") and "azav_pyfai" not in late


def test_template():
    plan = plan_of("template_producer.py", 4)
    assert [(r.name, r.region, r.save_pixels) for r in plan.detectors["jungfrau1M"]["roi"]] == [
        ("ROI_0", ((1, 2), (157, 487), (294, 598)), True), ("ROI_1", ((0, 1), (0, 50), (10, 20)), True)]  # fmt: skip
    for roi in plan.detectors["jungfrau1M"]["roi"]:
        assert [(p.name, p.axis, p.mean, p.threshold_rms) for p in roi.projection] == [
            ("pj_ax_0", 0, False, 1.5), ("pj_ax_1", 1, True, None)]  # fmt: skip
    photons = plan.detectors["jungfrau1M"]["photon_counting"]
    assert (photons.photon, photons.threshold, photons.fraction) == (9.5, 0.8, 0.9)
    droplet = plan.detectors["epix_alc1"]["droplet"]
    assert (droplet.threshold, droplet.photons.photon, droplet.photons.sparsify.entries) == (10, 162, 30_000)
    assert plan.detectors["epix_alc1"]["azav_pyfai"].poni1_m == pytest.approx(960 * 176e-6)
    assert plan.detectors["epix_1"]["droplet"].threshold == 5.0  # "theshold" is ignored
    correlation = plan.detectors["epix_1"]["autocorrelation"][0]
    assert (correlation.mask, correlation.threshold, correlation.threshold_high) == ("/data/mask_epix.npy", 72.0, 1e6)
    assert (correlation.half_size, correlation.lineouts) == ((70, 50), True)
    assert [(p.name, p.axis) for p in plan.detectors["epix_1"]["projection"]] == [("pj_ax_1", 1)]
    assert [s.basis_file for s in plan.detectors["acq_1"]["svd"]] == ["/data/basis.h5"]
    assert [(a.channel, a.name, a.scale, a.offset) for a in plan.analog_input] == [
        (1, "laser", 1.0, 0.0), (3, "diode", 2.5, -1.0)]  # fmt: skip
    assert plan.timetool.calibration == (0.0, 2.0, 0.0)
    assert plan.detectors["acq_0"]["sums"].algorithms == ("calib",)


def test_what_goes_wrong():
    name = "prod_config_ued.py"
    assert said(name, FAILS) == {(21, "getROIs", "10-19"), (56, "get_wf_hitfinder", "1-3,5-")}
    assert said(name, LOST) == {
        (26, "get_droplet", "all"),
        (33, "get_azav epixquad", "all"),
        (33, "get_azav epixquad dis_to_sam", "all"),
        (38, "get_wf_svd opal", "all"),
        (38, "get_wf_svd opal basis_file", "all"),
        (71, "get_polynomial_correction andor", "50-60"),
        (71, "get_polynomial_correction andor axis", "50-60"),
    }
    assert "roi" not in plan_of(name, 10).detectors["andor"]
    early, late = plan_of(name, 9).detectors, plan_of(name, 20).detectors
    for detector in ("andor", "epixquad"):  # one and the same dict of the configuration, changed after it was put in
        assert [(r.name, r.threshold) for r in early[detector]["roi"]] == [("ROI", None)]
        assert [(r.name, r.threshold) for r in late[detector]["roi"]] == [("late", 5.0)]
    assert early["opal"]["sums"].algorithms == ("calib", "calib_square")
    assert plan_of(name, 3).detectors["opal"]["sums"].algorithms == ("calib", "calib_square", "calib_max")
    assert early["andor"]["polynomial_curve"].coefficients == (6.0, 2.0)


def test_an_entry_that_lacks_something_is_a_comment():
    """Never a profile that quietly does something else: a distance of 100 mm, say, where the real one is not known."""
    text = profile_text(translated("prod_config_ued.py"))
    at = text.index("# To be completed, see the report: without dis_to_sam\n")
    block = text[at:].split("\n\n")[0].split("\n")
    assert block[1].startswith("# [runs.1-4.epixquad.azimuthal]")
    assert all(line.startswith("# ") for line in block) and "# center_um = [1.0, 2.0]  # line 33" in block


def test_run_ranges_stand_in_the_headers_in_a_stable_order():
    text = profile_text(translated("prod_config_xpp.py"))
    headers = [line.split("]")[0].strip("[") for line in text.split("\n") if line.startswith(("[runs", "[[runs"))]
    assert 'runs."6-7,9-".epix_1.droplet' in headers and 'runs."7,9,12,50".opal.roi' in headers
    assert text == profile_text(translated("prod_config_xpp.py"))
    detectors = [header.replace('"6-7,9-"', "x").replace('"7,9,12,50"', "x").split(".")[2] for header in headers]
    listed = ["jungfrau1M", "epix_1", "hsd", "fim0", "opal", "andor_dir"]
    first = {name: detectors.index(name) for name in listed}
    assert sorted(first, key=lambda name: first[name]) == listed


@pytest.mark.parametrize(
    ("code", "kind", "words"),
    [
        ("def get_droplet(run): return {'a': {'threshold': 3}}\ndef get_droplet2photon(run):\n return {'a': {'droplet':"
         " {}, 'd2p': {'aduspphot': 3}}}", NOTE, "no photons"),
        ("def getROIs(run): return {'a': [{'ROI': [0, 9]}, {'ROI': [5, 8]}]}", NOTE, "overwrites ROI"),
        ("def getROIs(run): return {'a': {'ROI': [0, 9]}}", FAILS, "list of ROIs"),
        ("def getROIs(run): return {'a': [{'ROI': [1, 2, 3, 4]}]}", LOST, "pairs"),
        ("def getROIs(run): return {'a': [{'ROI': [9, 3]}]}", LOST, "empty"),
        ("def getROIs(run): return {'a': [{'pj': [{'axis': 1}]}]}", IGNORED, "proj_ax"),
        ("def getROIs(run): pass", FAILS, "returns nothing"),
        ("def getROIs(run): return 3", LOST, "no table of detectors"),
        ("def getROIs(run): return {'a': [3]}", LOST, "no table of parameters"),
        ("def get_azav(run): return {'a': {'eBeam': 9}}", LOST, "needs center_um"),
        ("def get_azav(run): return {'a': {'center': [1, 2]}}", NOTE, "dis_to_sam"),
        ("def get_azav(run): return {'a': {'center': [1, 2], 'userMask': np.ones((3, 3))}}", LOST, "numpy.save"),
        ("def get_azav(run):\n m = np.load('/m.npy')\n m[0] = 0\n return {'a': {'center': [1, 2], 'userMask': m}}",
         LOST, "changed after loading"),
        ("def get_azav(run): return {'a': {'center': [1, 2], 'userMask': ~np.load('/m.npy')}}", LOST, "computed"),
        ("def get_wf_integrate(run): return {'a': {'sig_roi': (-5, 10)}}", LOST, "counted from the first sample"),
        ("def get_sum_algos(run): return {'a': ['calib_dropped']}", NOTE, "plain sum"),
        ("def get_polynomial_correction(run):\n return {'a': {'polynomial_coefficients': [1], 'method': 'vectorized'}}",
         LOST, "vectorized"),
        ("two = {'proj_ax': 0}\ndetectors = ['a', 'b']\ndef getROIs(run): return {'a': [two], 'b': [two]}", NOTE,
         "same table"),
        ("integrating_detectors = ['andor']", NOTE, "get_intg"),
        ("slow_detectors = ['andor']", IGNORED, "no producer"),
        ("epicsArchFilePV = ['x', 3, ('a', 'b', 'c')]", LOST, "no PV"),
        ("def getDetSums(run): return {'a': ['calib']}", NOTE, "does not ask for it"),
        ("def get_droplet(run): return {'a': {'threshold': 3, 'thresholdLow': 8}}", LOST, "must not be above"),
    ],
)  # fmt: skip
def test_nothing_is_dropped_without_a_word(tmp_path, code, kind, words):
    path = tmp_path / "prod_config_rix.py"
    path.write_text(f"import numpy as np\ndetectors = ['a']\n{code}\n")
    translation = translate(read(path))
    assert any(i.kind == kind and words in i.message for i in translation.items), translation.items
    assert check("profile.toml", profile_text(translation))[1] == []

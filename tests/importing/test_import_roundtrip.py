"""The proof by execution: it finds nothing for what the import made, and finds what is made wrong on purpose."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from smdtui.profile.importing.items import LOST
from smdtui.profile.importing.read import read
from smdtui.profile.importing.roundtrip import differences
from smdtui.profile.importing.translate import translate
from smdtui.profile.importing.write import profile_text

CONFIGS = Path(__file__).parent / "configs"
FILES = sorted(CONFIGS.glob("*.py"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_run_is_as_the_original_functions_say(path):
    translation = translate(read(path))
    runs, found = differences(path, translation, profile_text(translation))
    assert found == [] and runs > 1000


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("threshold = 3.4375", "threshold = 3.5", r"get_droplet epix_1 threshold: 3.4375 there, 3.5 here"),
        ("runs.1-20.jungfrau1M.roi", "runs.1-19.jungfrau1M.roi", r"getROIs jungfrau1M: 1 entries there, 0 .*runs 20\)"),
        ("runs.40-.jungfrau1M.roi", "runs.41-.jungfrau1M.roi", r"runs 40\)"),
        ("[[1, 2], [157, 487]", "[[1, 2], [157, 488]", r"ROI: .*487.*there, .*488"),
        ("use_rms = true", "use_rms = false", r"use_rms: True there, False here"),
        ('"calib_thresADU5"]', '"calib_thresADU6"]', r"jungfrau1M sums"),
        ("distance_mm = 80.0", "distance_mm = 0.08", r"dis_to_sam: 80.0 there"),
        ("region = [3000, 8000]", "region = [3000, 8001]", r"hsd hsd_3"),
        ("edges = [-200.0", "edges = [-201.0", r"d2p photpts"),
        ("entries = 10000", "entries = 1000", r"nData"),
        ("axis = 1  # line 26", "axis = 0  # line 26", r"proj_ax: 1 there, 0 here"),
        ('"M1:VOLT", ', "", r"epicsOncePV"),
        ('alias = "sam_y"', 'alias = "sam_x"', r"epicsPV"),
        ('detectors = ["axis_svls", "andor_dir"]', 'detectors = ["axis_svls"]', r""),
        ("components = 3", "components = 4", r"n_components"),
        ("dist_m = 0.12", "dist_m = 120.0", r"ai_kwargs dist"),
        ("baseline = [0, 80]", "baseline = [0, 81]", r"bkg_roi"),
        ("[runs.all.fim0]", "[[runs.all.fim0.lineout]]\n[runs.all.fim0]", r"fim0 lineout is in the profile, but noth"),
    ],
)
def test_a_wrong_profile_is_found(before, after, said):
    path = CONFIGS / "prod_config_xpp.py"
    translation = translate(read(path))
    text = profile_text(translation)
    assert before in text
    found = differences(path, translation, text.replace(before, after, 1))[1]
    if not said:  # a difference that the import reported: these detectors hold for every run here
        assert found == []
    else:
        assert any(re.search(said, line) for line in found), found


def test_a_value_that_is_left_out_without_a_word_is_found():
    path = CONFIGS / "prod_config_xpp.py"
    translation = translate(read(path))
    silent = replace(translation, items=tuple(i for i in translation.items if i.kind != LOST))
    found = differences(path, silent, profile_text(translation))[1]
    about = [line.split(": ")[0] for line in found]
    assert "get_droplet2photon epix_1 d2p cputime" in about and "get_azav_pyfai epix_1 azav_kwargs" in about
    assert any(line.startswith("get_polynomial_correction axis_svls") for line in found)
    assert any(line.startswith("epix_1 sums") for line in found)

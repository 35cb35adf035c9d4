"""Verdicts on files with one thing wrong, and the check before a launch."""

import json
import shutil
import sys

import h5py
import numpy as np
import pytest
from producing import produce, run

from producer.event_problems import EventProblem
from producer.provenance import write_problems
from producer.verification import verify

RUN = ("tmoc00126", 3)


@pytest.fixture(scope="module")
def good(quick_run, tmp_path_factory):
    folder = tmp_path_factory.mktemp("good")
    (folder / "p.toml").write_text(
        'format = 1\n[epics]\nper_event = ["sam_x"]\n[[runs.all.tmo_atmopal.roi]]\nregion = [[0, 20], [10, 200]]\n'
    )
    done = produce(*RUN, quick_run, folder / "p.toml", folder / "o.h5")
    assert done.status == 0, done.said
    return done.output


@pytest.fixture
def copy(good, tmp_path):
    return shutil.copy(good, tmp_path / "copy.h5")


def test_a_good_file_is_verified_by_what_it_says_itself(good):
    verdict = verify(good)
    assert verdict.verified and verdict.text() == "verified, 60 of 60 events"
    with h5py.File(good, "r") as file:
        times = file["timestamp"][:].astype(np.uint64)
    assert verify(good, expected=times).verified and verify(good, expected=60).verified
    json.dumps(verdict.as_json())


def remove(name):
    def change(file):
        del file[name]

    return change


def shorten(name, rows):
    def change(file):
        file[name].resize(rows, axis=0)

    return change


def shuffle(file):
    file["timestamp"][:] = file["timestamp"][:][::-1]


def repeat(file):
    file["timestamp"][1] = file["timestamp"][0]


def fewer(file):
    file.visititems(
        lambda name, node: (
            node.resize(50, axis=0)
            if isinstance(node, h5py.Dataset) and node.shape[:1] == (60,) and node.maxshape[0] is None
            else None
        )
    )


def reshape(file):
    values = file["tmo_atmopal/ROI_com"][:, :1]
    del file["tmo_atmopal/ROI_com"]
    file["tmo_atmopal/ROI_com"] = values


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (remove("epicsUser/sam_x"), "epicsUser/sam_x is missing, which the profile asks for"),
        (remove("tmo_atmopal/ROI_max"), "tmo_atmopal/ROI_max is missing, which the profile asks for"),
        (remove("timestamp"), "has no timestamps: it is not a file of this producer"),
        (shorten("gmd/energy", 59), "gmd/energy has 59 rows for 60 events"),
        (shuffle, "the events are not in the order of time"),
        (repeat, "1 events are there twice"),
        (fewer, "50 of 60 events are in the file"),
        (reshape, "tmo_atmopal/ROI_com has 1 a row, 2 expected"),
    ],
)
def test_what_is_wrong_with_a_file_is_named(copy, change, words):
    with h5py.File(copy, "a") as file:
        change(file)
    verdict = verify(copy)
    assert not verdict.verified
    assert any(words in problem["message"] for problem in verdict.problems if problem["severity"] == "error")
    assert words in verdict.text()


def test_other_events_than_the_run_has_are_noticed(copy):
    with h5py.File(copy, "a") as file:
        times = file["timestamp"][:].astype(np.uint64)
        file["timestamp"][59] += 5
    (problem, foreign) = [p["message"] for p in verify(copy, expected=times).problems if p["severity"] == "error"]
    assert problem == f"psana gave 59 of 60 events; the first missing is {times[59]}"
    assert foreign == f"1 events are not in the run's list of events, the first is {times[59] + 5}"


def test_a_silent_detector_hides_nothing_of_one_whose_name_begins_alike(tmp_path):
    """epix gave nothing, which is said; that what is promised of epix_1 is missing is said too."""
    promised = ["epix/ROI_sum", "Sums/epix_calib", "epix_1/ROI_sum", "Sums/epix_1_calib"]
    with h5py.File(tmp_path / "o.h5", "w") as file:
        file["timestamp"] = np.arange(3)
        file["UserDataCfg/promised"] = json.dumps(dict.fromkeys(promised))
        for detector in ("epix", "epix_1"):
            file[f"UserDataCfg/{detector}/calibration"] = "none"
        write_problems(file, [EventProblem("epix", "", "no data", "error", 0, 1, "gave nothing in any event")])
    missing = [p["message"].split()[0] for p in verify(tmp_path / "o.h5").problems if "is missing" in p["message"]]
    assert missing == ["epix_1/ROI_sum", "Sums/epix_1_calib"]


def test_signs_of_life_for_each_column(good):
    signs = []
    with h5py.File(good, "r") as file:
        columns = len(file["tmo_atmopal"])
    assert verify(good, alive=lambda: signs.append(1)).verified and len(signs) > columns


def test_no_file_and_no_hdf5_are_said(tmp_path):
    assert "there is no such file" in verify(tmp_path / "none.h5").text()
    (tmp_path / "text.h5").write_text("not HDF5")
    assert "cannot be read as HDF5" in verify(tmp_path / "text.h5").text()


def test_share_of_nan_is_told(copy):
    with h5py.File(copy, "a") as file:
        file["gmd/energy"][:15] = np.nan
    assert verify(copy).nan_share["gmd/energy"] == 0.25


def preflight(folder, profile, *more):
    words = [sys.executable, "-m", "producer.preflight", "--exp", RUN[0], "--run", RUN[1], "--dir", folder]
    status, said = run([*words, "--profile", profile, *more])
    return status, json.loads([line for line in said.splitlines() if line.startswith("{")][-1])


def test_preflight_tries_the_functions_on_a_frame(quick_run, tmp_path):
    path = tmp_path / "p.toml"
    path.write_text("format = 1\n[[runs.all.tmo_atmopal.roi]]\nregion = [[0, 128], [0, 513]]\n")
    status, answer = preflight(quick_run, path)
    assert status == 0
    messages = {p["severity"]: p for p in answer["problems"]}
    assert "[0, 513) on axis 1 ends beyond its 512 pixels" in messages["error"]["message"]
    assert (messages["error"]["line"], messages["error"]["key"]) == (3, "runs.all.tmo_atmopal.roi[0].region")
    assert "tmo_atmopal is not calibrated: no pedestals were found" in messages["warning"]["message"]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["p.toml"]


def test_preflight_of_a_good_profile_finds_nothing(quick_run, tmp_path):
    (tmp_path / "calib" / "tmo_atmopal").mkdir(parents=True)
    np.save(tmp_path / "calib" / "tmo_atmopal" / "pedestals.npy", np.full((128, 512), 20, np.float32))
    path = tmp_path / "p.toml"
    path.write_text('format = 1\n[runs.all.tmo_atmopal]\nsums = ["calib"]\n')
    status, answer = preflight(quick_run, path, "--calib", tmp_path / "calib")
    (stream,) = answer["problems"]  # of the run: a stream was left out when it was written
    assert status == 0 and stream["severity"] == "warning" and "s003" in stream["message"]


def test_preflight_of_a_wrong_profile_names_everything(quick_run, tmp_path):
    path = tmp_path / "p.toml"
    path.write_text('format = 1\n[epics]\nonce = ["sam_"]\n[runs.all.opal]\nsums = ["calib"]\n')
    status, answer = preflight(quick_run, path)
    assert status == 0 and [p["line"] for p in answer["problems"] if p["severity"] == "error"] == [3, 5]

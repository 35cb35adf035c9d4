"""Default data that the profile sets up, the integrating detector and the refit, in whole productions of the demo's
runs, against what was authored; serial against MPI."""

import sys

import h5py
import numpy as np
import pytest
from producing import produce, run

from producer.schema import MISSING
from producer.synthetic import detectors, experiment, physics

PROFILE = """
format = 1
[light_status]
xray_destination = "SC_SXR"
laser_on_codes = [90]
laser_off_codes = [91]
[[analog_input]]
channel = 0
name = "laser_diode"
scale = 0.001
offset = -0.5
[[analog_input]]
channel = 1
name = "beam"
detector = "TmoUsbEncoder01"
[timetool]
calibration = [-1.7, 0.0067]
[timetool.refit]
weights = "{weights}"
[waveforms]
traces = ["hsd"]
[integrating]
detectors = ["archon"]
[[runs.all.archon.roi]]
name = "spectrum"
save_pixels = true
[[runs.all.tmo_fim0.wf_integrate]]
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """(xtc folder with a damaged and a plain run of 40 events, folder, profile)"""
    folder = tmp_path_factory.mktemp("default")
    code = "import sys; from producer.synthetic import write_run\n"
    code += "for run, kind in ((14, 'damaged'), (15, 'plain')): "
    code += "write_run(sys.argv[1], run, 40, 20, kind, detectors=['tmo_atmopal', 'archon'])"
    status, said = run([sys.executable, "-c", code, folder / "xtc"], PS_PARALLEL="none")
    assert status == 0, said
    np.save(folder / "weights.npy", np.repeat([1.0, -1.0], 15))
    (folder / "p.toml").write_text(PROFILE.format(weights=folder / "weights.npy"))
    return folder / "xtc", folder, folder / "p.toml"


@pytest.fixture(scope="module", params=[14, 15], ids=["damaged", "plain"])
def produced(request, place):
    """(file, what was authored, kind of run)"""
    xtc, folder, profile = place
    done = produce("tmoc00126", request.param, xtc, profile, folder / f"run{request.param}.h5")
    assert done.status == 0, done.said
    kind = next(plan.kind for plan in experiment.RUNS if plan.run == request.param)
    with h5py.File(done.output, "r", locking=False) as file:
        yield file, experiment.shots_of(request.param, kind, len(file["timestamp"]), 0), kind


def test_light_status_is_that_of_the_shots(produced):
    file, shots, _ = produced
    assert file["lightStatus/xray"][:].tolist() == shots.xray.astype(int).tolist()
    assert file["lightStatus/laser"][:].tolist() == shots.laser.astype(int).tolist()
    assert 0 < shots.laser.sum() < len(shots)
    assert "event codes 90" in file["lightStatus/laser"].attrs["description"]


def test_analog_inputs_are_converted_linearly(produced):
    file, shots, kind = produced
    for i in range(len(shots)):
        want = [0.001 * (30000 if shots.laser[i] else 300) - 0.5, round(20000 * float(shots.energy[i]))]
        if experiment.beam_missing(kind, i):
            want = [np.nan, np.nan]
        got = [file["ai/laser_diode"][i], file["ai/beam"][i]]
        assert got == pytest.approx(want, nan_ok=True)


def test_the_channels_of_a_usb_encoder_have_their_descriptions(produced):
    file, shots, kind = produced
    stage = physics.stage_mm(shots)
    gone = np.array([experiment.beam_missing(kind, i) for i in range(len(shots))])
    assert file["TmoUsbEncoder01/delay"][:] == pytest.approx(np.where(gone, np.nan, stage), nan_ok=True)
    assert file["TmoUsbEncoder01/theta"][:] == pytest.approx(np.where(gone, np.nan, 0.5), nan_ok=True)


def test_digitizer_traces_are_the_samples(produced):
    file, shots, _ = produced
    for i in range(len(shots)):
        assert file["hsd/full_hsd_0"][i].tolist() == physics.digitiser(shots, i).tolist()
    assert "ps apart" in file["hsd/full_hsd_0"].attrs["description"]


def test_the_edge_is_found_again(produced):
    file, shots, kind = produced
    edge, found = shots.edge(), file["ttRaw/pos"][:]
    gone = np.isnan(file["tt/proj_sig"][:, 0])
    assert np.isnan(found[gone]).all() and gone.any() == (kind == experiment.DAMAGED)
    lit = shots.laser & shots.xray & ~gone
    assert lit.sum() > 3
    assert found[lit] == pytest.approx(edge[lit], abs=8)
    ps = np.where(found == 0, 0, -1.7 + 0.0067 * found)
    assert file["ttRaw/pos_ps"][:] == pytest.approx(ps, nan_ok=True)
    px = file["tt/fltpos"][:]
    assert file["tt/ttCorr"][:] == pytest.approx(np.where(px == 0, 0, -1.7 + 0.0067 * px), nan_ok=True)
    assert (px == 0).any()


def test_fast_data_are_added_up_for_each_slow_frame(produced):
    file, shots, kind = produced
    every, total = detectors.ARCHON_EVERY, len(shots)
    ends = [i for i in range(total) if i % every == every - 1]
    slow = file["intg/archon"]
    times = file["timestamp"][:]
    assert file["intg/archon/in_event"][:].tolist() == [int(i in ends) for i in range(total)]
    assert slow["count"][:].tolist() == [every] * len(ends)
    begins = [end - every + 1 for end in ends]
    assert slow["timestamp_min"][:].tolist() == times[begins].tolist()
    assert slow["timestamp_max"][:].tolist() == times[ends].tolist()
    assert file["intg/timestamp"][:].tolist() == times[ends].tolist()
    compared = 0
    for name, node in slow.items():
        if "_sum_" not in name:
            continue
        group, _, field = name.partition("_sum_")
        path = f"{group}/{field}"
        if path not in file:
            continue
        values = file[path][:]
        for k, (a, b) in enumerate(zip(begins, ends)):
            rows = [row for row in values[a : b + 1]]
            if values.dtype.kind == "f":
                whole = [r for r in rows if not np.isnan(r).all()]
                want = np.nansum(np.array(whole, float), axis=0) if whole else np.full(values.shape[1:], np.nan)
                assert node[k] == pytest.approx(want, rel=1e-12, nan_ok=True), name
            else:
                whole = [r for r in rows if not (r == MISSING).all()]
                want = sum(np.where(r == MISSING, 0, r).astype(object) for r in whole) if whole else MISSING
                assert np.array_equal(node[k], want), name
            if f"{group}_count_{field}" in slow:
                assert slow[f"{group}_count_{field}"][k] == len(whole)
            else:
                assert len(whole) == every
            compared += 1
    assert compared > 60
    assert "timing_sum_timestamp" not in slow and not any(name.startswith("archon_sum") for name in slow)
    assert ("gmd_count_energy" in slow) == (kind == experiment.DAMAGED)
    for k, end in enumerate(ends):
        image = physics.archon(shots, end)
        assert np.array_equal(slow["spectrum_area"][k], image)
        assert slow["spectrum_sum"][k] == image.sum()


def test_four_ranks_give_the_same_as_one(place):
    xtc, folder, profile = place
    done = produce("tmoc00126", 15, xtc, profile, folder / "parallel.h5", ranks=4)
    assert done.status == 0, done.said
    compared = []
    with done.file() as file, h5py.File(folder / "run15.h5", "r", locking=False) as serial:

        def compare(name, node):
            if isinstance(node, h5py.Dataset) and not name.startswith(("UserDataCfg", "problems")):
                assert np.array_equal(node[()], file[name][()], equal_nan=node.dtype.kind == "f"), name
                compared.append(name)

        serial.visititems(compare)
    assert len(compared) > 150


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[[analog_input]]\nchannel = 4\nname = 'x'\n", "has 4 analog inputs, 0 to 3"),
        ("[[analog_input]]\nchannel = 0\nname = 'x'\ndetector = 'TmoUsbEncoder1'\n", "(did you mean 'TmoUsbEncoder01'"),
        ("[integrating]\ndetectors = ['archo']\n", "there is no detector 'archo'"),
        ("[timetool.refit]\nweights = '/nowhere.npy'\n", "/nowhere.npy is not there"),
        ("[timetool.refit]\nweights = '/w.npy'\nsignal = [[0, 4], [0, 9]]\n", "say in [light_status]"),
        ("[xtcav]\nenabled = true\n", "XTCAV cannot be produced"),
        (
            "[light_status]\nxray_destination = 'SC_SXR'\n[timetool.refit]\nweights = 'FOLDER/weights.npy'\n"
            "signal = [[2000, 2100], [0, 500]]\n",
            "error: tmo_atmopal: [2000, 2100) on axis 0 ends beyond its",
        ),
    ],
)
def test_what_cannot_be_is_said_before_anything_is_made(place, text, words):
    xtc, folder, _ = place
    (folder / "bad.toml").write_text(f"format = 1\n{text.replace('FOLDER', str(folder))}")
    done = produce("tmoc00126", 15, xtc, folder / "bad.toml", folder / "bad.h5")
    assert done.status == 1 and words.replace("(did you mean ", "") in done.said, done.said

"""Every value of produced files against an independent psana loop, event by event, and serial against MPI."""

import json

import h5py
import numpy as np
import pytest
import tomllib
from producing import plain_loop, produce

from producer.schema import MISSING

PROFILE = """
format = 1
hutch = "tmo"
[epics]
per_event = ["sam_x", { pv = "TMO:SAM:MMS:02.RBV", alias = "height" }, "sample_name", "lxt_stage"]
once = ["photon_energy", "shutter"]
[timetool]
calibration = [-1.7, 0.0067]
traces = true
[waveforms]
traces = ["tmo_fim0"]
[runs.all.epix100_0]
sums = ["calib", "calib_thresADU1_max", "calib_square"]
[[runs.all.epix100_0.roi]]
name = "spot"
region = [[192, 232], [534, 574]]
threshold = 0.5
save_pixels = true
[[runs.all.epix100_0.roi]]
name = "ring"
region = [[100, 600], [150, 610]]
[runs.all.tmo_atmopal]
sums = ["calib"]
[[runs.all.tmo_atmopal.roi]]
[[runs.14.jungfrau1M.roi]]
region = [[0, 1], [100, 200], [300, 612]]
save_pixels = true
[runs.14.jungfrau1M]
sums = ["calib", "calib_max"]
[[runs.13.archon.roi]]
name = "slow"
region = [[2, 10], [0, 4000]]
"""
DETECTORS = {12: ["epix100_0", "tmo_atmopal"], 13: ["epix100_0", "tmo_atmopal", "archon"]}
DETECTORS[14] = ["epix100_0", "tmo_atmopal", "jungfrau1M"]
VARIABLES = ["sam_x", "sam_y", "sample_name", "lxt_stage", "photon_energy", "shutter"]


@pytest.fixture(scope="module")
def place(small_experiment, tmp_path_factory):
    """(xtc folder, constants, folder for results, profile)"""
    home = small_experiment / "tmo" / "tmoc00126"
    folder = tmp_path_factory.mktemp("values")
    (folder / "p.toml").write_text(PROFILE)
    return home / "xtc", home / "calib", folder, folder / "p.toml"


@pytest.fixture(scope="module", params=[12, 13, 14], ids=["plain", "scan", "damaged"])
def produced(request, place):
    """(run, file, rows of the plain loop)"""
    xtc, calibration, folder, profile = place
    output = folder / f"run{request.param}.h5"
    done = produce("tmoc00126", request.param, xtc, profile, output, "--calib", calibration, "--job", folder / "job")
    assert done.status == 0, done.said
    assert "verdict: verified" in done.last
    variables = [*VARIABLES, *(["step_value", "lxt"] if request.param == 13 else [])]
    rows = plain_loop(folder, "tmoc00126", request.param, xtc, calibration, DETECTORS[request.param], variables)
    with h5py.File(output, "r") as file:
        yield request.param, file, rows


def column(rows, pick, missing):
    return np.array([missing if pick(row) is None else pick(row) for row in rows])


def test_events_are_those_of_psana_in_time_order(produced):
    _, file, rows = produced
    assert len(rows) > 5
    assert file["timestamp"][:].tolist() == sorted(row["timestamp"] for row in rows)


def test_timing_and_beam_are_as_psana_reads_them(produced):
    run, file, rows = produced
    assert np.array_equal(file["timing/eventcodes"][:], [row["codes"] for row in rows])
    groups = {"ebeam": "ebeam", "gmd": "gmd", "tmo_fim0": "tmo_fim0", "tmo_atmopal": "tt", "las_enc": "las_enc"}
    compared = 0
    for name, group in groups.items():
        for field in rows[0]["beams"][name]:
            dataset = file[f"{group}/{field}"]
            missing = np.nan if dataset.dtype.kind == "f" else MISSING
            for got, row in zip(dataset[:], rows):
                want = row["beams"][name][field]
                assert np.array_equal(got, np.full(got.shape, missing) if want is None else want, equal_nan=True)
            compared += 1
            assert dataset.attrs["description"]
    assert compared > 40
    gone = [row["beams"]["gmd"]["energy"] is None for row in rows]
    assert any(gone) == (run == 14)
    assert np.array_equal(np.isnan(file["gmd/energy"][:]), gone)


def test_epics_and_scan_are_the_last_values_before_each_event(produced):
    run, file, rows = produced
    names = {"sam_x": "sam_x", "height": "sam_y", "lxt_stage": "lxt_stage"}
    for name, variable in names.items():
        want = column(rows, lambda row, v=variable: row["values"][v], np.nan)
        assert np.array_equal(file[f"epicsUser/{name}"][:], want, equal_nan=True)
        assert run != 13 or len(np.unique(want[~np.isnan(want)])) > 1
    assert list(file["epicsUser/sample_name"].asstr()[:]) == [row["values"]["sample_name"] or "" for row in rows]
    assert file["epicsOnce/photon_energy"][()] == rows[0]["values"]["photon_energy"]
    assert file["epicsOnce/shutter"].asstr()[()] == rows[0]["values"]["shutter"]
    assert "not time-matched" in file["epicsUser"].attrs["description"]
    assert ("scan" in file) == (run == 13)
    if run == 13:
        for name in ("step_value", "lxt"):
            assert np.array_equal(file[f"scan/{name}"][:], [row["values"][name] for row in rows])


def region(frame, bounds, threshold=None):
    cut = frame[tuple(slice(a, b) for a, b in bounds)].astype(np.float64)
    return cut if threshold is None else np.where(cut < threshold, 0, cut)


def test_regions_equal_numpy_on_the_frames_of_psana(produced):
    run, file, rows = produced
    regions = [
        ("epix100_0", "spot", [(192, 232), (534, 574)], 0.5),
        ("epix100_0", "ring", [(100, 600), (150, 610)], None),
        ("tmo_atmopal", "ROI", [(0, 128), (0, 512)], None),
        ("jungfrau1M", "ROI", [(0, 1), (100, 200), (300, 612)], None),
        ("archon", "slow", [(2, 10), (0, 4000)], None),
    ]
    for detector, name, bounds, threshold in regions:
        if detector not in DETECTORS[run]:
            continue
        frames = [row["frames"][detector] for row in rows]
        present = np.array([frame is not None for frame in frames])
        assert present.any()
        start = f"{detector}/{name}"
        sums = file[f"{start}_sum"][:]
        for i in np.flatnonzero(present):
            cut = region(frames[i], bounds, threshold)
            assert sums[i] == pytest.approx(cut.sum(), rel=1e-12)
            assert file[f"{start}_mean"][i] == pytest.approx(cut.mean(), rel=1e-12)
            assert file[f"{start}_max"][i] == cut.max()
            at = np.indices(cut.shape).reshape(cut.ndim, -1) @ cut.ravel() / cut.sum()
            assert file[f"{start}_com"][i] == pytest.approx(at, rel=1e-6)
            if f"{start}_area" in file:
                assert np.array_equal(file[f"{start}_area"][i], cut)
        lacking = file[f"{start}_sum"][:][~present]
        assert np.isnan(lacking).all() if sums.dtype.kind == "f" else (lacking == MISSING).all()
        assert np.array_equal(file[f"damage/{detector}"][:] == 1, present) or run == 14


def test_sums_over_the_run_equal_numpy(produced):
    run, file, rows = produced
    frames = [row["frames"]["epix100_0"].astype(np.float64) for row in rows]
    assert np.allclose(file["Sums/epix100_0_calib"][:], np.sum(frames, axis=0), rtol=1e-12, atol=1e-9)
    assert np.allclose(file["Sums/epix100_0_calib_square"][:], np.sum(np.square(frames), axis=0), rtol=1e-12)
    most = np.max([np.where(f < 1, 0, f) for f in frames], axis=0)
    assert np.array_equal(file["Sums/epix100_0_calib_thresADU1_max"][:], most)
    assert file["Sums/epix100_0_calib"].attrs["events"] == len(rows)
    if run == 14:
        given = [row["frames"]["jungfrau1M"] for row in rows if row["frames"]["jungfrau1M"] is not None]
        assert 0 < len(given) < len(rows)
        assert np.allclose(file["Sums/jungfrau1M_calib"][:], np.sum(given, axis=0, dtype=float), rtol=1e-12)
        assert file["Sums/jungfrau1M_calib"].attrs["events"] == len(given)


def test_time_tool_is_calibrated_by_the_profile(produced):
    _, file, rows = produced
    pixels = column(rows, lambda row: row["beams"]["tmo_atmopal"]["fltpos"], np.nan).astype(float)
    want = np.where(pixels == 0, 0, -1.7 + 0.0067 * pixels)
    assert np.allclose(file["tt/ttCorr"][:], want, equal_nan=True)
    assert (pixels == 0).any() and (pixels != 0).any()
    assert file["tt/proj_sig"].shape == (len(rows), 512)
    assert file["tmo_fim0/raw_0"].shape == (len(rows), 200)


def test_damage_is_told_per_detector(produced):
    run, file, rows = produced
    ebeam = file["damage/ebeam"][:]
    gone = np.array([row["beams"]["ebeam"]["ebeamCharge"] is None for row in rows])
    assert not ebeam[gone].any()
    assert (ebeam == 0).any() == (run == 14)
    assert (file["damage/timing"][:] == 1).all()


def test_file_says_what_made_it(produced, place):
    _, file, rows = produced
    settings = file["UserDataCfg"]
    assert tomllib.loads(settings["plan"].asstr()[()])["epics"]["per_event"]
    assert settings["profile_text"].asstr()[()] == PROFILE
    assert settings["events_expected"][()] == settings["events_written"][()] == len(rows)
    assert settings["versions/psana"].asstr()[()] and settings["command"].asstr()[()].count("producer")
    assert settings["epix100_0/calibration"].asstr()[()].endswith("calib/epix100_0")
    assert settings["epix100_0/spot__spot_ROI"][:].tolist() == [[192, 232], [534, 574]]

    def complete(name, node):
        if isinstance(node, h5py.Dataset) and not name.startswith(("UserDataCfg", "problems")):
            assert "units" in node.attrs and "description" in node.attrs, name

    file.visititems(complete)
    with open(place[2] / "job" / "verdict.toml", "rb") as verdict:
        assert tomllib.load(verdict)["verdict"] == "verified"


def equal(a, b):
    """Datasets of two files whose values differ."""
    different = []

    def compare(name, node):
        if not isinstance(node, h5py.Dataset) or name.startswith("UserDataCfg"):
            return
        x, y = np.asarray(node[()]), np.asarray(b[name][()]) if name in b else None
        if y is None or x.shape != y.shape or x.dtype != y.dtype:
            different.append(name)
        elif name.startswith("Sums/"):
            if not np.allclose(x, y, rtol=1e-13, atol=1e-9):
                different.append(name)
        elif not (np.array_equal(x, y, equal_nan=True) if x.dtype.kind == "f" else np.array_equal(x, y)):
            different.append(name)

    a.visititems(compare)
    return different


@pytest.mark.parametrize(("run", "ranks"), [(13, 5), (14, 3)])
def test_mpi_gives_the_same_file_as_one_rank(place, run, ranks):
    xtc, calibration, folder, profile = place
    files = []
    for count in (1, ranks):
        output = folder / f"again{run}_{count}.h5"
        more = ["--calib", calibration, "--ranks", count, "--job", folder / f"job{count}"]
        done = produce("tmoc00126", run, xtc, profile, output, *more, ranks=count)
        assert done.status == 0, done.said
        assert "verdict: verified" in done.said
        files.append(done)
    with files[0].file() as serial, files[1].file() as parallel:
        assert equal(serial, parallel) == [] == equal(parallel, serial)
        assert len(serial["timestamp"]) > 5


def test_mpi_shares_a_short_run_between_all_workers(place):
    """With psana's own batches of 1000 events one worker would get them all."""
    xtc, calibration, folder, profile = place
    more = ["--calib", calibration, "--job", folder / "shared"]
    done = produce("tmoc00126", 13, xtc, profile, folder / "shared.h5", *more, ranks=4)
    assert done.status == 0, done.said
    read = [json.loads(path.read_text()) for path in sorted((folder / "shared" / "progress").glob("rank*.json"))]
    assert [rank["role"] for rank in read] == ["smd0", "eb", "worker", "worker"]
    assert all(rank["phase"] == "done" for rank in read)
    assert all(rank["done"] >= 5 for rank in read[2:])
    total = json.loads((folder / "shared" / "progress" / "total.json").read_text())
    assert total["total"] == sum(rank["done"] for rank in read) and total["workers"] == 2

"""Detectors that the demo has not: what is produced of them against what was authored."""

import sys
from pathlib import Path

import author_rare as rare
import h5py
import numpy as np
import pytest
from producing import produce, run

PROFILE = """
format = 1
[light_status]
xray_off_codes = [162]
laser_on_codes = [90, 99]
[timetool]
detector = "alvium_tt"
calibration = [-1.0, 0.01, 0.001]
[waveforms]
traces = ["hsd"]
peaks = ["hsd", "hsd_fex"]
[integrating]
detectors = ["archon", "archon2"]
fast = ["feespec", "tt", "lightStatus"]
[[runs.all.archon.roi]]
name = "all"
save_pixels = true
[[runs.all.archon2.roi]]
[[runs.all.hsd.hsd]]
name = "hsd_1__ROI"
channel = 1
region = [100, 240]
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("rare")
    script = Path(rare.__file__)
    status, said = run([sys.executable, script, folder / "xtc", 5], PS_PARALLEL="none")
    assert status == 0, said
    (folder / "p.toml").write_text(PROFILE)
    return folder


@pytest.fixture(scope="module", params=[1, 4])
def file(request, place):
    done = produce(rare.EXPERIMENT, 5, place / "xtc", place / "p.toml", place / "out.h5", ranks=request.param)
    assert done.status == 0, done.said
    with h5py.File(done.output, "r", locking=False) as file:
        yield file


EVENTS = range(rare.EVENTS)


def test_the_peaks_of_the_spectrometer_are_all_there(file):
    lengths = file["feespec/var_peaks_len"][:]
    assert lengths.tolist() == [len(rare.peaks(i)[0]) for i in EVENTS]
    for k, name in enumerate(("FWHM", "peakPos", "peakHeight")):
        want = np.concatenate([rare.peaks(i)[k] for i in EVENTS])
        assert file[f"feespec/var_peaks/{name}"][:].tolist() == want.tolist()
    assert file["feespec/hproj"][:].tolist() == [[i * n for n in range(6)] for i in EVENTS]


def test_the_time_tool_of_an_ioc(file):
    for k, name in enumerate(("fltpos", "fltpos_ps", "fltposfwhm", "ampl", "amplnxt", "refampl")):
        assert file[f"tt/{name}"][:].tolist() == [rare.edge(i)[k] for i in EVENTS]
    px = file["tt/fltpos"][:]
    assert file["tt/ttCorr"][:] == pytest.approx(np.where(px == 0, 0, -1 + 0.01 * px + 0.001 * px**2))
    assert file["alvium_tt/value"][:].tolist() == [rare.edge(i).tolist() for i in EVENTS]


def test_light_status_by_codes_alone(file):
    assert file["lightStatus/xray"][:].tolist() == [int(i % 4 != 0) for i in EVENTS]
    assert file["lightStatus/laser"][:].tolist() == [i % 2 for i in EVENTS]


def test_the_channels_of_a_digitizer_are_told_apart(file):
    for i in EVENTS:
        for channel in (0, 1):
            assert file[f"hsd/full_hsd_{channel}"][i].tolist() == rare.samples(i, channel).tolist()
        assert file["hsd/full_hsd_1__ROI_wf"][i].tolist() == rare.samples(i, 1)[100:].tolist()
        assert file["hsd/full_hsd_1__ROI_sum"][i] == rare.samples(i, 1)[100:].astype(int).sum()
    assert file["UserDataCfg/hsd/full__full_times_1"].shape == (240,)


def test_the_samples_that_digitizers_kept_around_peaks(file):
    """Of one that recorded the whole waveform, too, and of one that did not."""
    for name, channel, peaks in (("hsd", 0, None), ("hsd", 1, None), ("hsd_fex", 0, rare.kept)):
        start = 0
        for i in EVENTS:
            end = start + int(file[f"{name}/var_fex_{channel}_len"][i])
            got = [file[f"{name}/var_fex_{channel}/{field}"][start:end] for field in ("peak", "sample", "value")]
            want = [
                (k, n, rare.samples(i, channel)[n])
                for k, (first, count) in enumerate(peaks(i) if peaks else [(40, 20)])
                for n in range(first, first + count)
            ]
            assert list(zip(*got)) == want
            start = end
    assert file["hsd_fex/var_fex_0/sample"].dtype == np.int32 and start > 500


def test_an_interpolated_encoder_has_both_values(file):
    assert file["mono_encoder/raw_value"][:].tolist() == [150.0 * i for i in EVENTS]
    assert file["mono_encoder/interpolated_value"][:].tolist() == [1.5 * (100 * i + 1) for i in EVENTS]


@pytest.mark.parametrize("slow", list(rare.SLOW))
def test_each_slow_detector_has_its_own_integrations(file, slow):
    every = rare.SLOW[slow]
    ends = list(range(every - 1, rare.EVENTS, every))
    group = file[f"intg/{slow}"]
    assert group["count"][:].tolist() == [every] * len(ends)
    assert group["timestamp"][:].tolist() == file["timestamp"][:][ends].tolist()
    lit = [sum(j % 4 != 0 for j in range(end - every + 1, end + 1)) for end in ends]
    assert group["lightStatus_sum_xray"][:].tolist() == lit
    hproj = [[sum(j * n for j in range(end - every + 1, end + 1)) for n in range(6)] for end in ends]
    assert group["feespec_sum_hproj"][:].tolist() == hproj
    assert not any(name.startswith(("timing_sum", "archon")) for name in group)
    if slow == "archon":  # 77 kB a row: shown, not written again
        assert group["all_area"].is_virtual
        assert np.array_equal(group["all_area"][:], [rare.frame(end, slow) for end in ends])
    else:
        assert group["ROI_max"][:].tolist() == [rare.frame(end, slow).max() for end in ends]


def test_a_moved_file_still_shows_its_frames(file, place, tmp_path):
    moved = tmp_path / "elsewhere.h5"
    moved.write_bytes((place / "out.h5").read_bytes())
    with h5py.File(moved) as copy:
        assert copy["intg/archon/all_area"][0].max() == rare.frame(7, "archon").max()


def test_a_channel_that_is_not_there_is_said(place):
    (place / "bad.toml").write_text("format = 1\n[[runs.all.hsd.hsd]]\nchannel = 3\n")
    done = produce(rare.EXPERIMENT, 5, place / "xtc", place / "bad.toml", place / "bad.h5")
    assert done.status == 1 and "there is no channel 3; its channels are 0, 1" in done.said


def test_two_time_tools_do_not_overwrite_each_other(place):
    (place / "two.toml").write_text("format = 1\n[timetool]\ncalibration = [0.0, 2.0]\n")
    done = produce(rare.EXPERIMENT, 5, place / "xtc", place / "two.toml", place / "two.h5")
    assert done.status == 0, done.said
    with done.file() as file:
        for k, name in enumerate(("opal_a", "opal_b")):
            assert file[f"tt_{name}/fltpos"][:].tolist() == [i + 50.0 * k for i in EVENTS]
            assert file[f"tt_{name}/ttCorr"][:].tolist() == [2 * (i + 50.0 * k) for i in EVENTS]
    (place / "which.toml").write_text("format = 1\n[timetool.refit]\nweights = '/w.npy'\n")
    done = produce(rare.EXPERIMENT, 5, place / "xtc", place / "which.toml", place / "which.h5")
    assert done.status == 1 and "opal_a, opal_b: say with detector" in done.said


def test_integrations_do_not_depend_on_how_much_is_read_at_once(file, monkeypatch, tmp_path, place):
    from producer import integration
    from producer.defaults.integrating import Parameters
    from producer.merge import Merged
    from producer.schema import of_value

    monkeypatch.setattr(integration, "BATCH_BYTES", 60)
    paths = ["lightStatus/xray", "feespec/hproj", "feespec/com", "archon2/ROI_max"]
    columns = tuple(of_value(path, file[path][0]) for path in paths)
    with h5py.File(tmp_path / "again.h5", "w") as again:
        for path in [*paths, *(f"intg/{slow}/in_event" for slow in rare.SLOW)]:
            again[path] = file[path][:]
        merged = Merged(file["timestamp"][:], columns, (), (), ())
        alive = []
        assert integration.integrate(again, Parameters(tuple(rare.SLOW)), merged, lambda: alive.append(1)) == []
        assert len(alive) > 2 * len(columns)  # of each of the slow ones, and within the columns
        for name in ("lightStatus_sum_xray", "feespec_sum_hproj", "feespec_sum_com", "ROI_max", "count"):
            assert np.array_equal(again[f"intg/archon2/{name}"][:], file[f"intg/archon2/{name}"][:])


def test_peaks_of_what_is_no_digitizer_are_refused(place):
    (place / "bad.toml").write_text('format = 1\n[waveforms]\npeaks = ["archon"]\n')
    done = produce(rare.EXPERIMENT, 5, place / "xtc", place / "bad.toml", place / "bad.h5")
    assert done.status == 1 and "archon is no high-speed digitizer (hsd)" in done.said

"""What goes wrong ends in words, with status 1, without a rank that waits, and with the final name untouched."""

import json
import os
import shutil
import signal
import stat
import subprocess
import sys
import time

import h5py
import numpy as np
import pytest
import tomllib
from producing import HERE, environment, produce, run

EXPERIMENT, RUN, EVENTS = "tmoc00126", 3, 60


def faulty(fault, quick_run, profile, tmp_path, *more, ranks=1, **variables):
    wrapper = (HERE / "faulty.py", fault)
    job = ["--job", tmp_path / "job"]
    return produce(
        EXPERIMENT,
        RUN,
        quick_run,
        profile,
        tmp_path / "out" / "o.h5",
        *job,
        *more,
        ranks=ranks,
        wrapper=wrapper,
        **variables,
    )


def verdict(tmp_path):
    with open(tmp_path / "job" / "verdict.toml", "rb") as file:
        return tomllib.load(file)


def names(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def earlier(tmp_path):
    """A file that already has the final name."""
    (tmp_path / "out").mkdir()
    path = tmp_path / "out" / "o.h5"
    with h5py.File(path, "w") as file:
        file["mine"] = 1
    return path


def untouched(path):
    with h5py.File(path, "r") as file:
        return list(file) == ["mine"]


def test_a_function_that_fails_in_one_event_is_counted_and_fails_the_verdict(
    quick_run, quick_profile, tmp_path, earlier
):
    done = faulty("raise", quick_run, quick_profile, tmp_path)
    assert done.status == 1
    assert "ZeroDivisionError in 1 event, first at" in done.last and "nothing to divide by (faulty.py:" in done.last
    assert done.last.split("ERROR ")[1].startswith("verdict: failed, 60 of 60 events: tmo_atmopal.roi ROI:")
    assert untouched(earlier)
    told = verdict(tmp_path)
    (problem,) = [p for p in told["problems"] if p["severity"] == "error"]
    assert (problem["detector"], problem["function"], problem["kind"]) == (
        "tmo_atmopal",
        "roi ROI",
        "ZeroDivisionError",
    )
    assert problem["count"] == 1 and told["verdict"] == "failed"
    with h5py.File(f"{earlier}.inprogress", "r") as file:  # everything else is there
        sums = file["tmo_atmopal/ROI_sum"][:]
        assert file["problems/first_event"][0] == file["timestamp"][4] and len(sums) == EVENTS
        missing = sums == -99999
        assert missing.tolist() == [i == 4 for i in range(EVENTS)]
        assert file["Sums/tmo_atmopal_calib"].attrs["events"] == EVENTS


def test_values_of_another_shape_are_counted(quick_run, quick_profile, tmp_path):
    done = faulty("misfit", quick_run, quick_profile, tmp_path)
    assert done.status == 1
    assert "misfit in 6 events" in done.last and "shape 3, of one number in the events before" in done.last


def test_odd_answers_of_a_function_are_counted(quick_run, quick_profile, tmp_path):
    done = faulty("odd", quick_run, quick_profile, tmp_path)
    assert done.status == 1 and "60 of 60 events" in done.last
    assert "KeyError in 3 events" in done.said and "nonsense: it is none of the function's columns" in done.said
    assert "TypeError in 3 events" in done.said and "Traceback" not in done.said


def test_events_that_psana_loses_fail_the_verdict(quick_run, quick_profile, tmp_path, earlier):
    done = faulty("lose", quick_run, quick_profile, tmp_path)
    assert done.status == 1
    assert "verdict: failed, 21 of 60 events: psana gave 21 of 60 events; the first missing is" in done.last
    assert untouched(earlier)


@pytest.mark.parametrize("fault", ["sys.exit", "os._exit", "base", "disk"])
def test_what_ends_the_only_rank_is_said(fault, quick_run, quick_profile, tmp_path, earlier):
    done = faulty(fault, quick_run, quick_profile, tmp_path)
    words = {"sys.exit": "left by sys.exit(0) before the end of the run", "base": "interrupted", "disk": "disk is full"}
    words["os._exit"] = "left by os._exit(0)"
    assert done.status == 1
    assert "ERROR verdict: failed" in done.last and words[fault] in done.last
    assert untouched(earlier)
    if fault == "os._exit":
        return  # which leaves no time to write more than that
    assert all(name == "o.h5" or ".inprogress" in name for name in names(earlier.parent))
    assert words[fault] in verdict(tmp_path)["problems"][0]["message"]
    assert json.loads((tmp_path / "job" / "progress" / "rank0000.json").read_text())["phase"] == "failed"


@pytest.mark.parametrize("fault", ["sys.exit", "os._exit", "SIGKILL", "disk"])
def test_one_of_several_ranks_that_leaves_ends_all(fault, quick_run, quick_profile, tmp_path, earlier):
    done = faulty(fault, quick_run, quick_profile, tmp_path, ranks=4)
    assert done.status != 0
    assert untouched(earlier)
    assert all(name == "o.h5" or ".inprogress" in name for name in names(earlier.parent))
    if fault == "sys.exit":
        assert "verdict: failed: rank" in done.said and "(worker): left by sys.exit(0)" in done.said
    if fault == "os._exit":
        assert "(worker): left by os._exit(0)" in done.said
    if fault == "disk":
        assert "(worker): the disk is full" in done.said
        assert verdict(tmp_path)["verdict"] == "failed"
    # what it left does not stand in the way
    again = produce(EXPERIMENT, RUN, quick_run, quick_profile, tmp_path / "out" / "o.h5")
    assert again.status == 0, again.said
    assert "an earlier attempt left" in again.said
    assert names(earlier.parent)[:2] == ["o.h5", "previous"] and len(names(earlier.parent)) == 2


@pytest.mark.parametrize("ranks", [1, 3])
def test_a_disk_that_is_full_after_the_verdict_does_not_change_it(quick_run, quick_profile, tmp_path, ranks):
    done = faulty("after publish full", quick_run, quick_profile, tmp_path, ranks=ranks)
    assert done.status == 0 and "verdict: verified, 60 of 60 events" in done.said, done.said
    assert "WARNING the workers' parts cannot be removed: [Errno 28]" in done.said
    assert "WARNING how far rank 0 is cannot be written: [Errno 28]" in done.said
    assert verdict(tmp_path)["verdict"] == "verified" and (tmp_path / "out" / "o.h5").exists()


def test_an_error_after_the_verdict_is_said_and_does_not_change_it(quick_run, quick_profile, tmp_path):
    done = faulty("after publish crash", quick_run, quick_profile, tmp_path)
    assert done.status == 1 and "verdict: failed" not in done.said
    assert "o.h5 is verified and has its name, but then: RuntimeError: too late" in done.last
    assert verdict(tmp_path)["verdict"] == "verified"
    assert names(tmp_path / "out") == ["o.h5"]  # nor is the lock left


def test_two_ranks_are_refused(quick_run, quick_profile, tmp_path):
    done = produce(EXPERIMENT, RUN, quick_run, quick_profile, tmp_path / "o.h5", ranks=2)
    assert done.status == 1
    assert "2 ranks cannot read a run with psana" in done.said and done.said.count("2 ranks cannot") == 1
    assert "Use 1 rank, or 3 and more" in done.said and not (tmp_path / "o.h5").exists()


def test_too_few_ranks_for_the_event_builders_are_refused(quick_run, quick_profile, tmp_path):
    done = produce(EXPERIMENT, RUN, quick_run, quick_profile, tmp_path / "o.h5", ranks=3, PS_EB_NODES="2")
    assert done.status == 1
    assert "3 ranks are too few for PS_EB_NODES=2 event builders: at least 4 are needed" in done.said


def test_a_launcher_of_another_mpi_is_noticed(quick_run, quick_profile, tmp_path):
    """Then each process believes itself to be rank 0 of 1."""
    done = produce(EXPERIMENT, RUN, quick_run, quick_profile, tmp_path / "o.h5", "--ranks", 5)
    assert done.status == 1
    assert "5 ranks were asked for, but MPI has 1" in done.last
    assert "mpiexec belongs to another MPI than mpi4py" in done.last


def test_several_event_builders_and_servers_of_the_environment(quick_run, quick_profile, tmp_path):
    """PS_SRV_NODES would take workers away, and PS_PARALLEL=none would give every worker every event."""
    variables = {"PS_EB_NODES": "2", "PS_SRV_NODES": "1", "PS_PARALLEL": "none"}
    done = produce(EXPERIMENT, RUN, quick_run, quick_profile, tmp_path / "o.h5", ranks=5, **variables)
    assert done.status == 0, done.said
    assert "1-2 builds events (eb), 3-4 analyse (2 workers)" in done.said


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--exp", "tmoc00127"], "holds data of tmoc00126, not of tmoc00127 (did you mean 'tmoc00126'?)."),
        (["--run", "4"], "There is no run 4 in"),
        (["--run", "0"], "'0' is not a number from 1 on"),
        (["--dir", "nowhere"], "There is no folder"),
        (["--dir", "empty"], "has no runs: no file in it is named like"),
        (["--profile", "none.toml"], "none.toml"),
        (["--output", "empty"], "is a folder: name a file."),
        (["--output", "quick.toml/o.h5"], "is not a folder"),
    ],
)
def test_a_wrong_request_writes_nothing(words, expected, quick_run, quick_profile, tmp_path):
    (tmp_path / "empty").mkdir()
    before = names(tmp_path)
    done = produce(EXPERIMENT, RUN, quick_run, "quick.toml", "o.h5", *words, cwd=tmp_path)
    assert done.status in (1, 2)
    assert expected in done.said and "Traceback" not in done.said
    assert names(tmp_path) == before


def test_every_problem_of_the_profile_is_printed_with_its_line(quick_run, tmp_path):
    (tmp_path / "bad.toml").write_text(
        'format = 1\n[epics]\nper_evnt = ["a"]\n[runs.all.tmo_atmopal]\nsums = ["calibb"]\n'
        "[[runs.all.tmo_atmopal.roi]]\nregion = [[5, 3]]\nthresold = 3.0\n[[runs.5-1.tmo_atmopal.roi]]\n"
    )
    done = produce(EXPERIMENT, RUN, quick_run, "bad.toml", "o.h5", cwd=tmp_path)
    assert done.status == 1
    for line in (3, 5, 8, 9):
        assert f"bad.toml:{line}:" in done.said
    assert "did you mean 'per_event'?" in done.said and "did you mean 'threshold'?" in done.said
    assert names(tmp_path) == ["bad.toml"]


def test_names_that_the_run_does_not_have(quick_run, tmp_path):
    (tmp_path / "p.toml").write_text(
        'format = 1\n[epics]\nper_event = ["sam_x", "sam_xx"]\n[timetool]\ndetector = "tmo_atmopl"\n'
        '[runs.all.tmo_atmopa]\nsums = ["calib"]\n[runs.all.timing]\nsums = ["calib"]\n'
    )
    done = produce(EXPERIMENT, RUN, quick_run, "p.toml", "o.h5", cwd=tmp_path)
    assert done.status == 1
    assert "p.toml:3:23: error: there is no PV 'sam_xx' in run 3 (did you mean 'sam_x'?)" in done.said
    assert "p.toml:5:1: error: there is no detector 'tmo_atmopl' in run 3 (did you mean 'tmo_atmopal'?)" in done.said
    assert "p.toml:7:1: error: there is no detector 'tmo_atmopa' in run 3 (did you mean 'tmo_atmopal'?)" in done.said
    assert "p.toml does not go with run 3 of tmoc00126." in done.last and names(tmp_path) == ["p.toml"]


@pytest.mark.parametrize("ranks", [1, 3])
def test_regions_outside_the_detector_are_refused_at_the_first_frame(quick_run, tmp_path, ranks):
    (tmp_path / "p.toml").write_text(
        "format = 1\n[[runs.all.tmo_atmopal.roi]]\nname = 'a'\nregion = [[0, 129], [0, 5]]\n"
        "[[runs.all.tmo_atmopal.roi]]\nname = 'b'\nregion = [[0, 9]]\n[runs.all.timing]\nsums = ['calib']\n"
    )
    text = (tmp_path / "p.toml").read_text()
    done = produce(EXPERIMENT, RUN, quick_run, "p.toml", "o.h5", cwd=tmp_path, ranks=ranks)
    assert done.status == 1
    assert (
        "p.toml:8:1: error: timing gives no frames" in done.said
        or "p.toml:9:1: error: timing gives no frames" in done.said
    )
    (tmp_path / "p.toml").write_text(text.split("[runs.all.timing]")[0])
    done = produce(EXPERIMENT, RUN, quick_run, "p.toml", "o.h5", cwd=tmp_path, ranks=ranks)
    assert done.status == 1
    assert "p.toml:4:1: error: tmo_atmopal: [0, 129) on axis 0 ends beyond its 128 pixels" in done.said
    assert "p.toml:7:1: error: tmo_atmopal: the region has 1 axis, the detector has 2 axes of 128 x 512" in done.said
    assert "the profile does not go with the run (2 errors)" in done.said
    assert not (tmp_path / "o.h5").exists()


def damaged_copy(quick_run, tmp_path):
    shutil.copytree(quick_run, tmp_path / "xtc")
    return sorted((tmp_path / "xtc").glob("*.xtc2"))


def test_damaged_files_are_refused_before_psana_reads_them(quick_run, quick_profile, tmp_path):
    data = damaged_copy(quick_run, tmp_path)
    with open(data[2], "r+b") as file:
        file.truncate(data[2].stat().st_size // 2)
    done = produce(EXPERIMENT, RUN, tmp_path / "xtc", quick_profile, tmp_path / "o.h5", "--job", tmp_path / "job")
    assert done.status == 1
    assert data[2].name in done.said and "PSANA" not in done.said and "Error: not able" not in done.said
    assert "Run 3 of tmoc00126 is damaged, so that psana would lose events or crash. Nothing was written." in done.last
    assert data[2].name in verdict(tmp_path)["problems"][0]["message"]
    assert not (tmp_path / "o.h5.inprogress").exists()


def test_a_fifo_in_place_of_a_file_is_refused(quick_run, quick_profile, tmp_path):
    data = damaged_copy(quick_run, tmp_path)
    data[1].unlink()
    os.mkfifo(data[1])
    done = produce(EXPERIMENT, RUN, tmp_path / "xtc", quick_profile, tmp_path / "o.h5")
    assert done.status == 1 and "FIFO" in done.said


def test_a_run_being_recorded_is_refused(quick_run, quick_profile, tmp_path):
    for path in damaged_copy(quick_run, tmp_path):
        path.rename(f"{path}.inprogress")
    done = produce(EXPERIMENT, RUN, tmp_path / "xtc", quick_profile, tmp_path / "o.h5")
    assert done.status == 1 and "Run 3 of tmoc00126 is still being recorded" in done.last


def age(folder, seconds):
    """As if the files had been written that long ago."""
    before = time.time() - seconds
    for path in folder.rglob("*.xtc2"):
        os.utime(path, (before, before))


def test_files_that_change_while_the_run_is_read_fail_the_verdict(quick_run, quick_profile, tmp_path, earlier):
    damaged_copy(quick_run, tmp_path)
    done = faulty("touch", tmp_path / "xtc", quick_profile, tmp_path)
    assert done.status == 1
    assert "verdict: failed, 60 of 60 events: the run's files changed while it was read" in done.last
    assert untouched(earlier) and verdict(tmp_path)["verdict"] == "failed"


@pytest.mark.parametrize("ranks", [1, 3])
def test_a_run_without_end_is_produced_with_a_warning(quick_profile, tmp_path, ranks):
    code = "import sys; from producer.synthetic import write_run; "
    code += "write_run(sys.argv[1], run=3, events=20, pvs=25, detectors=['tmo_atmopal'], kind='recording')"
    status, said = run([sys.executable, "-c", code, tmp_path / "xtc"], PS_PARALLEL="none")
    assert status == 0, said
    for path in [*tmp_path.rglob("*.inprogress")]:
        path.rename(path.with_suffix(""))
    done = produce(EXPERIMENT, RUN, tmp_path / "xtc", quick_profile, tmp_path / "o.h5")
    assert done.status == 1
    assert "Run 3 of tmoc00126 is still being recorded" in done.last and "has no EndRun" in done.last
    assert " s ago and " in done.last and names(tmp_path) == ["quick.toml", "xtc"]
    age(tmp_path / "xtc", 70)
    done = produce(EXPERIMENT, RUN, tmp_path / "xtc", quick_profile, tmp_path / "o.h5", ranks=ranks)
    assert done.status == 0, done.said
    assert "EndRun" in done.said and "the recording has no end: psana reads it through" in done.said
    assert "verdict: verified, 20 of 20 events" in done.said
    assert names(tmp_path) == ["o.h5", "quick.toml", "xtc"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_permission_is_refused(quick_run, quick_profile, tmp_path):
    folder = tmp_path / "mine"
    folder.mkdir()
    folder.chmod(stat.S_IRUSR | stat.S_IXUSR)
    done = produce(EXPERIMENT, RUN, quick_run, quick_profile, folder / "o.h5")
    assert done.status == 1 and f"{folder} cannot be written: Permission denied" in done.last


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 1 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    words = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(words, capture_output=True).returncode:
        pytest.skip("only root can mount a small disk")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.mark.parametrize("ranks", [1, 3])
def test_a_full_disk_is_said_and_leaves_no_final_file(quick_run, tmp_path, small_disk, ranks):
    (tmp_path / "p.toml").write_text("format = 1\n[[runs.all.tmo_atmopal.roi]]\nsave_pixels = true\n")
    more = ["--job", tmp_path / "job"]
    done = produce(EXPERIMENT, RUN, quick_run, tmp_path / "p.toml", small_disk / "o.h5", *more, ranks=ranks)
    assert done.status == 1
    assert "the disk is full" in done.said
    assert not (small_disk / "o.h5").exists()
    assert all(".inprogress" in name for name in names(small_disk))
    assert "the disk is full" in verdict(tmp_path)["problems"][0]["message"]


def test_an_earlier_file_is_kept_under_another_name(quick_run, quick_profile, tmp_path, earlier):
    for count in (1, 2):
        done = produce(EXPERIMENT, RUN, quick_run, quick_profile, earlier)
        assert done.status == 0, done.said
        kept = sorted((tmp_path / "out" / "previous").iterdir())
        assert len(kept) == count
        assert names(tmp_path / "out") == ["o.h5", "previous"]
    assert sum(untouched(path) for path in kept) == 1


def test_a_relative_output_is_taken_from_the_current_folder(quick_run, quick_profile, tmp_path):
    (tmp_path / "here").mkdir()
    done = produce(EXPERIMENT, RUN, quick_run, quick_profile, "sub/deep/o.h5", cwd=tmp_path / "here", ranks=3)
    assert done.status == 0, done.said
    with h5py.File(tmp_path / "here/sub/deep/o.h5", "r") as file:
        assert len(np.unique(file["timestamp"][:])) == EVENTS


def test_a_limit_gives_the_first_events(quick_run, quick_profile, tmp_path):
    whole = produce(EXPERIMENT, RUN, quick_run, quick_profile, tmp_path / "all.h5")
    assert whole.status == 0, whole.said
    for ranks in (1, 3):
        done = produce(EXPERIMENT, RUN, quick_run, quick_profile, tmp_path / "few.h5", "--events", 7, ranks=ranks)
        assert done.status == 0, done.said
        assert "verdict: verified, 7 of 7 events" in done.said
        with done.file() as few, whole.file() as file:
            assert few["timestamp"][:].tolist() == file["timestamp"][:7].tolist()
            assert few["UserDataCfg/event_limit"][()] == 7


def test_two_productions_of_one_file_are_not_possible_at_once(quick_run, quick_profile, tmp_path):
    """The first is stopped while it has the lock; killed, it no longer stands in the way."""
    output = tmp_path / "o.h5"
    words = [sys.executable, "-m", "producer", "--exp", EXPERIMENT, "--run", str(RUN), "--dir", str(quick_run)]
    words += ["--profile", str(quick_profile), "--output", str(output)]
    first = subprocess.Popen(words, env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        lock = tmp_path / "o.h5.inprogress.lock"
        while not (lock.exists() and lock.stat().st_size):
            assert first.poll() is None
            time.sleep(0.005)
        first.send_signal(signal.SIGSTOP)
        second = produce(EXPERIMENT, RUN, quick_run, quick_profile, output)
        assert second.status == 1
        assert f"o.h5 is being written by process {first.pid} on" in second.last
    finally:
        first.kill()
        first.wait()
    third = produce(EXPERIMENT, RUN, quick_run, quick_profile, output)
    assert third.status == 0, third.said
    assert f"took over from process {first.pid} on" in third.said


def test_uncalibrated_data_are_said_to_be_so(quick_run, quick_profile, tmp_path):
    done = produce(EXPERIMENT, RUN, quick_run, quick_profile, tmp_path / "o.h5", "--job", tmp_path / "job")
    assert done.status == 0
    assert "the calibration service http://127.0.0.1:9//calib_ws/ does not answer (no connection)" in done.said
    assert "WARNING no constants for tmo_atmopal: it is not calibrated" in done.said
    (problem,) = [p for p in verdict(tmp_path)["problems"] if p["severity"] == "warning"]
    assert problem["kind"] == "uncalibrated" and problem["detector"] == "tmo_atmopal"
    assert (
        "(the calibration service http://127.0.0.1:9//calib_ws/ does not answer (no connection))" in problem["message"]
    )
    with done.file() as file:
        for name in ("tmo_atmopal/ROI_sum", "Sums/tmo_atmopal_calib"):
            assert "not calibrated: no pedestals were found" in file[name].attrs["note"]
        assert file["UserDataCfg/tmo_atmopal/calibration"].asstr()[()] == "none"


def test_constants_of_the_wrong_shape_fail_every_event(quick_run, quick_profile, tmp_path):
    folder = tmp_path / "calib" / "tmo_atmopal"
    folder.mkdir(parents=True)
    np.save(folder / "pedestals.npy", np.zeros((3, 3), np.float32))
    done = produce(EXPERIMENT, RUN, quick_run, quick_profile, tmp_path / "o.h5", "--calib", tmp_path / "calib")
    assert done.status == 1
    assert "tmo_atmopal.calib: ValueError in 60 events" in done.last
    (folder / "pedestals.npy").write_bytes(b"no array")
    done = produce(EXPERIMENT, RUN, quick_run, quick_profile, tmp_path / "o.h5", "--calib", tmp_path / "calib")
    assert done.status == 1
    assert f"{folder / 'pedestals.npy'} cannot be read as constants" in done.last and "Traceback" not in done.said

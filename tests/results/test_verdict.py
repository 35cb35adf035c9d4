"""The events of a produced file, counted again in the data it was made of."""

import json
import shutil
import subprocess
import sys

import h5py
import numpy as np
import pytest
from places import ROOT

from producer.run_files import event_timestamps, find_run
from smdtui.results.verdict import judge

RUN = 12


@pytest.fixture
def xtc(small_experiment, tmp_path):
    return shutil.copytree(small_experiment / "tmo" / "tmoc00126" / "xtc", tmp_path / "xtc")


@pytest.fixture
def file(xtc, tmp_path):
    """As the producer writes one, of the first 7 events."""
    path = tmp_path / "o.h5"
    with h5py.File(path, "w") as f:
        f["timestamp"] = event_timestamps(find_run(xtc, RUN))[:7].astype(np.int64)
        said = {"experiment": "tmoc00126", "run": RUN, "xtc_dir": str(xtc), "event_limit": 7, "events_expected": 7}
        for name, value in said.items():
            f[f"UserDataCfg/{name}"] = value
    return path


def change(path, name, value):
    with h5py.File(path, "r+") as f:
        del f[name]
        if value is not None:
            f[name] = value


def errors(judged):
    return " ".join(p["message"] for p in judged.verdict.problems if p["severity"] == "error")


def test_the_first_events_that_were_asked_for_are_those_of_the_data(file):
    judged = judge(file)
    assert judged.recounted and judged.verdict.verified and judged.verdict.expected == 7, judged


def test_events_that_the_file_does_not_tell_of_are_missed(file, xtc):
    change(file, "UserDataCfg/event_limit", 0)  # all of the run; the file itself still says that 7 are expected
    judged = judge(file)
    total = len(event_timestamps(find_run(xtc, RUN)))
    assert total > 7 and not judged.verdict.verified and f"7 of {total} events" in errors(judged)


def test_as_many_events_but_others(file):
    with h5py.File(file, "r+") as f:
        f["timestamp"][6] += 1
    judged = judge(file)
    assert not judged.verdict.verified and "not in the run's list of events" in errors(judged)


def test_data_that_are_not_at_hand_are_said_to_be(file, xtc):
    shutil.rmtree(xtc)
    judged = judge(file)
    assert judged.verdict.verified and not judged.recounted and str(xtc) in judged.why


def test_a_run_that_is_gone_a_damaged_one_and_one_of_another_experiment(file, xtc):
    smd = sorted((xtc / "smalldata").glob(f"*-r{RUN:04d}-*"))
    change(file, "UserDataCfg/experiment", "xppx43218")
    assert "is of tmoc00126" in judge(file).why
    change(file, "UserDataCfg/experiment", "tmoc00126")
    change(file, "UserDataCfg/run", 99)
    assert "99" in judge(file).why
    change(file, "UserDataCfg/run", RUN)
    smd[0].write_bytes(b"\xff" * 100)
    assert smd[0].name in judge(file).why


def test_a_file_that_says_nothing_of_its_data(file, tmp_path):
    change(file, "UserDataCfg/xtc_dir", None)
    judged = judge(file)
    assert judged.verdict.verified and "does not say" in judged.why
    assert "cannot be read" in judge(tmp_path / "none.h5").why and not judge(tmp_path / "none.h5").verdict.verified


def test_the_command_says_which(file, xtc):
    def asked(*words):
        command = [sys.executable, "-m", "smdtui.cli", "verify", str(file), *words]
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)

    assert json.loads(asked("--json").stdout)["recounted"] is True
    shutil.rmtree(xtc)
    done, said = asked("--json"), asked().stdout
    assert done.returncode == 0 and json.loads(done.stdout)["recounted"] is False
    assert "not counted again in the data" in said and str(xtc) in said

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def probe(*arguments, code=None):
    command = [sys.executable, *(["-c", code] if code else ["-m", "producer.probe"]), *map(str, arguments)]
    return subprocess.run(
        command, capture_output=True, text=True, timeout=60, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}
    )


def test_one_json_object_with_the_contracts_keys(xtc):
    ran = probe("names", "--exp", "tmoc00126", "--run", 13, "--dir", xtc)
    assert (ran.returncode, ran.stderr) == (0, "")
    answer = json.loads(ran.stdout)
    assert (answer["experiment"], answer["run"]) == ("tmoc00126", 13)
    epix = next(d for d in answer["detectors"] if d["name"] == "epix100_0")
    assert (epix["type"], epix["data_types"], epix["shape"], epix["dtype"]) == (
        "epix100",
        ["raw"],
        [704, 768],
        "uint16",
    )
    assert epix["interfaces"][0]["fields"] == {"raw": {"type": "uint16", "shape": [704, 768]}}
    assert {"name": "step_value", "data_type": "raw", "type": "float32"} in answer["scan"]
    assert all(entry.keys() == {"alias", "pv", "type", "rank"} for entry in answer["epics"])
    assert any(":" in entry["pv"] and entry["type"] == "float64" for entry in answer["epics"])


def test_values_only_when_asked(xtc):
    answer = json.loads(probe("names", "--exp", "tmoc00126", "--run", 13, "--dir", xtc, "--values").stdout)
    assert len(answer["epics"]) > 40
    assert all({"value", "first", "last"} <= entry.keys() for entry in answer["epics"])


def test_psana_is_not_imported(xtc):
    code = "import sys; from producer.probe import main; main(); assert not {'psana', 'mpi4py'} & sys.modules.keys()"
    ran = probe("names", "--exp", "tmoc00126", "--run", 12, "--dir", xtc, code=code)
    assert (ran.returncode, ran.stderr) == (0, "")


@pytest.mark.parametrize(
    ("run", "words"),
    [(99, "There is no run 99 in"), (12, "has no runs: no file in it is named like")],
)
def test_failure_is_a_sentence_and_status_1(xtc, tmp_path, run, words):
    ran = probe("names", "--exp", "tmoc00126", "--run", run, "--dir", xtc if run == 99 else tmp_path)
    assert (ran.returncode, ran.stderr) == (1, "")
    assert words in json.loads(ran.stdout)["error"]


def test_a_fifo_in_place_of_files_does_not_hold_it_up(copied):
    for path in list(copied.glob("smalldata/*")):
        path.unlink()
        os.mkfifo(path)
    ran = probe("names", "--exp", "tmoc00126", "--run", 12, "--dir", copied)
    assert ran.returncode == 1
    assert json.loads(ran.stdout)["error"].endswith("smd.xtc2 is a FIFO, not a file of data.")


def test_the_folder_may_come_from_the_environment(xtc, tmp_path, monkeypatch):
    place = tmp_path / "tmo" / "tmoc00126"
    place.mkdir(parents=True)
    (place / "xtc").symlink_to(xtc)
    monkeypatch.setenv("SIT_PSDM_DATA", str(tmp_path))
    assert json.loads(probe("names", "--exp", "tmoc00126", "--run", 12).stdout)["run"] == 12

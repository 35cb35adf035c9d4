import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from real_data import REAL, SHARED

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
SYNTHETIC = {12: "plain", 13: "scan", 14: "damaged"}
AUTHORED = 21  # several segments of EPICS and of a detector in one stream, many declarations


@pytest.fixture(scope="session")
def written(tmp_path_factory):
    """run -> producer.synthetic's Written, all in one xtc folder."""
    pytest.importorskip("psana", reason="synthetic data are written with psana's own writer")
    from producer.synthetic import experiment

    directory = tmp_path_factory.mktemp("catalog") / "xtc"
    return {run: experiment.write_run(directory, run, 32, 45, kind) for run, kind in SYNTHETIC.items()}


@pytest.fixture(scope="session")
def recording(tmp_path_factory):
    pytest.importorskip("psana", reason="synthetic data are written with psana's own writer")
    from producer.synthetic import experiment

    return experiment.write_run(tmp_path_factory.mktemp("recording") / "xtc", 16, 24, 30, "recording")


@pytest.fixture(scope="session")
def xtc(written):
    return written[12].directory


@pytest.fixture
def copied(xtc, tmp_path):
    """A copy of run 12 to damage."""
    for name in ("", "smalldata"):
        (tmp_path / "xtc" / name).mkdir(parents=True, exist_ok=True)
        for file in (xtc / name).glob("*-r0012-*"):
            shutil.copyfile(file, tmp_path / "xtc" / name / file.name)
    return tmp_path / "xtc"


@pytest.fixture(scope="session")
def authored(tmp_path_factory):
    """A run in which psana keeps only some of the declarations; see author_segments.py."""
    pytest.importorskip("psana", reason="it is written with psana's own writer")
    directory = tmp_path_factory.mktemp("authored") / "xtc"
    ran = subprocess.run(
        [sys.executable, HERE / "author_segments.py", directory, str(AUTHORED)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert ran.returncode == 0, ran.stderr[-2000:]
    return directory


@pytest.fixture(scope="session")
def ask_psana():
    """(experiment, run, directory) -> what psana itself says of the run."""
    pytest.importorskip("psana", reason="psana is the oracle")
    answers = {}

    def ask(experiment, run, directory):
        key = (run, str(directory))
        if key not in answers:
            ran = subprocess.run(
                [sys.executable, HERE / "ask_psana.py", experiment, str(run), directory],
                env={**os.environ, "PS_PARALLEL": "none", "MPIR_CVAR_CH4_NETMOD": "ofi"},
                capture_output=True,
                text=True,
                timeout=120,
            )
            assert ran.returncode == 0, ran.stderr[-2000:]
            answers[key] = json.loads(ran.stdout.split("ANSWER", 1)[1])
        return answers[key]

    return ask


@pytest.fixture(params=[*REAL, *(f"run {n}" for n in SYNTHETIC), "authored"])
def any_run(request):
    """(experiment, run, directory) of every run there is to compare with psana."""
    if request.param in REAL:
        directory = SHARED / request.param
        if not directory.is_dir():
            pytest.skip(f"the real data are not on this machine ({request.param})")
        return (*REAL[request.param], directory)
    if request.param == "authored":
        return "tmoc00126", AUTHORED, request.getfixturevalue("authored")
    run = int(request.param.split()[1])
    return "tmoc00126", run, request.getfixturevalue("written")[run].directory


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    """No test reads or leaves anything in the user's cache."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache"

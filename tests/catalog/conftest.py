import functools
import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from asked_psana import ask
from real_data import REAL, SHARED, SINGLE

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
def single(tmp_path_factory):
    """name -> the xtc folder of a run made of a single real file, its smd file written by psana's own program."""

    def make(name):
        source = SHARED / "single" / f"{name}.xtc2"
        if not source.is_file():
            pytest.skip(f"the real data are not on this machine ({name})")
        spec = importlib.util.find_spec("psana")
        if spec is None or spec.origin is None:
            pytest.skip("psana writes the smd file")
        directory = tmp_path_factory.mktemp(name) / "xtc"
        (directory / "smalldata").mkdir(parents=True)
        stem = f"{SINGLE[name]}-r0001-s000-c000"
        (directory / f"{stem}.xtc2").symlink_to(source)
        writer = Path(spec.origin).parents[1] / "bin" / "smdwriter"
        command = [writer, "-f", source, "-o", directory / "smalldata" / f"{stem}.smd.xtc2"]
        subprocess.run(command, check=True, capture_output=True, timeout=60)
        return directory

    return functools.cache(make)


WHOLE = [*REAL, *(f"run {n}" for n in SYNTHETIC), "authored"]


@pytest.fixture(params=WHOLE)
def any_run(request):
    """(experiment, run, directory) of every whole run there is to compare with psana."""
    return place(request)


@pytest.fixture(params=[*WHOLE, *SINGLE])
def every_run(request):
    """The same, and the single files, whose recording has no EndRun."""
    return place(request)


def place(request):
    if request.param in SINGLE:
        return SINGLE[request.param], 1, request.getfixturevalue("single")(request.param)
    if request.param in REAL:
        directory = SHARED / request.param
        if not directory.is_dir():
            pytest.skip(f"the real data are not on this machine ({request.param})")
        return (*REAL[request.param], directory)
    if request.param == "authored":
        return "tmoc00126", AUTHORED, request.getfixturevalue("authored")
    run = int(request.param.split()[1])
    return "tmoc00126", run, request.getfixturevalue("written")[run].directory


@pytest.fixture(scope="session")
def ask_psana():
    """(experiment, run, directory) -> what psana itself says of the run."""
    pytest.importorskip("psana", reason="psana is the oracle")
    return functools.cache(functools.partial(ask, "ask_psana.py"))


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    """No test reads or leaves anything in the user's cache."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache"

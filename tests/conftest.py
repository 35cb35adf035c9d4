"""What all tests share: no file of the user's own, the real test runs, and one small synthetic experiment."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from places import ROOT, SHARED


@pytest.fixture(autouse=True)
def nothing_of_the_user(monkeypatch, tmp_path):
    """The same time zone everywhere; caches, state and settings in the test's own folder."""
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    for name in ("CACHE", "STATE", "DATA", "CONFIG"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path / name.lower()))
    for name in ("EXPERIMENT", "RUN_NUM", "SIT_PSDM_DATA", "SMDTUI_SITE", "SMDTUI_RESULTS", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("MPIR_CVAR_CH4_NETMOD", "ofi")
    monkeypatch.setenv("LCLS_CALIB_HTTP", "http://127.0.0.1:9/")  # nobody listens there


@pytest.fixture(scope="session")
def real_runs() -> Path:
    """The folder of real LCLS-II test runs."""
    if not SHARED.is_dir():
        pytest.skip(f"the real test runs are not at {SHARED}")
    return SHARED


@pytest.fixture(scope="session")
def small_experiment(tmp_path_factory) -> Path:
    """A small demo experiment: ``<root>/tmo/tmoc00126/{xtc,calib}``; runs 12 to 16 as in the demo. Returns the root."""
    root = tmp_path_factory.mktemp("small")
    code = (
        "import sys; from producer.synthetic import write_experiment;write_experiment(sys.argv[1], events=80, pvs=40, )"
    )
    environment = {**os.environ, "MPIR_CVAR_CH4_NETMOD": "ofi", "PS_PARALLEL": "none"}
    words = [sys.executable, "-c", code, str(root)]
    done = subprocess.run(words, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr[-2000:]
    return root

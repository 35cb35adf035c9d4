import pickle
import subprocess
import sys
from pathlib import Path

import pytest
from psana_environment import ENVIRONMENT

from producer.synthetic import experiment

HERE = Path(__file__).parent
KINDS = {12: experiment.PLAIN, 13: experiment.SCAN, 14: experiment.DAMAGED, 16: experiment.RECORDING}


@pytest.fixture(scope="session")
def written(tmp_path_factory):
    """Runs 12 (plain), 13 (scan), 14 (damaged), 16 (recording) of 32 events, as authored."""
    directory = tmp_path_factory.mktemp("synthetic") / "xtc"
    experiment.write_constants(directory.parent / "calib")
    return {run: experiment.write_run(directory, run, 32, 45, kind) for run, kind in KINDS.items()}


@pytest.fixture(scope="session")
def read(written, tmp_path_factory):
    """run -> everything psana finds in it, read once."""
    found = {}

    def reader(run):
        if run not in found:
            out = tmp_path_factory.mktemp("read") / f"{run}.pickle"
            directory = written[run].directory
            words = [sys.executable, HERE / "read_back.py", directory, str(run), directory.parent / "calib", out]
            done = subprocess.run(words, env=ENVIRONMENT, capture_output=True, text=True, timeout=120)
            assert done.returncode == 0, done.stderr[-2000:]
            found[run] = pickle.loads(out.read_bytes())
        return found[run]

    return reader

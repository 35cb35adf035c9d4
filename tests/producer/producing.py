"""Productions in processes of their own, as jobs run them, and psana's plain loop to compare with."""

import os
import pickle
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import h5py
import pytest

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent
MPIEXEC = Path(sys.executable).with_name("mpiexec")


def environment():
    """Nothing answers at the address of the calibration service."""
    return {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "MPIR_CVAR_CH4_NETMOD": "ofi",
        "LCLS_CALIB_HTTP": "http://127.0.0.1:9/",
        "OMP_NUM_THREADS": "1",
    }


@dataclass(frozen=True)
class Done:
    """A production that has ended."""

    status: int
    said: str
    output: Path

    def file(self):
        return h5py.File(self.output, "r")

    @property
    def last(self):
        return [line for line in self.said.splitlines() if line.strip()][-1]


def run(words, timeout=150, cwd=None, **more):
    """Status and everything said, in one text."""
    done = subprocess.run(
        [str(word) for word in words],
        env={**environment(), **more},
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=timeout,
    )
    return done.returncode, done.stdout.decode(errors="replace")


def produce(experiment, run_number, directory, profile, output, *more, ranks=1, wrapper=(), cwd=None, **variables):
    """A production on `ranks` ranks; `wrapper`: a script and its arguments in place of the module."""
    command = [sys.executable, *(wrapper or ("-m", "producer"))]
    if ranks > 1:
        if not MPIEXEC.exists():
            pytest.skip(f"there is no {MPIEXEC}")
        command = [MPIEXEC, "-n", str(ranks), *command]
    command += ["--exp", experiment, "--run", run_number, "--dir", directory]
    command += ["--profile", profile, "--output", output, *more]
    status, said = run(command, cwd=cwd, **variables)
    return Done(status, said, Path(cwd or ".") / output)


def plain_loop(folder, experiment, run_number, directory, calibration="", detectors=(), variables=()):
    """What psana gives, event by event."""
    output = folder / f"plain{run_number}.pickle"
    words = [experiment, run_number, directory, calibration or "", output, ",".join(detectors), ",".join(variables)]
    status, said = run([sys.executable, HERE / "plain_loop.py", *words])
    assert status == 0, said
    with open(output, "rb") as file:
        return pickle.load(file)

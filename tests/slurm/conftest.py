import os
import sys
from pathlib import Path

import pytest

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1] / "jobs")]
import cluster as clusters  # noqa: E402
from conftest_jobs import bench  # noqa: E402, F401

CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "smdtui-tests" / "slurm"


@pytest.fixture(scope="session")
def slurm(tmp_path_factory):
    """A real Slurm of two virtual nodes, or a skip that says why there is none."""
    try:
        generator = clusters.running(tmp_path_factory.mktemp("slurm"), CACHE)
        cluster = next(generator)
    except clusters.NoSlurm as reason:
        pytest.skip(str(reason))
    yield cluster
    generator.close()


@pytest.fixture
def lab(bench, slurm, monkeypatch):  # noqa: F811
    """A bench whose engine is that Slurm, which is asked often so that a test need not wait."""
    from smdtui.jobs import slurm_poll
    from smdtui.site import Engine, Site

    for name, value in slurm.variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(slurm_poll, "FAST_SECONDS", 0.3)
    monkeypatch.setattr(slurm_poll, "SLOW_SECONDS", 0.3)
    bench.site = Site("test", engines={"slurm": Engine(kind="slurm", ranks=3, partition="debug", time="10")})
    yield bench
    slurm.ask("scancel", "-u", str(os.getuid()))

"""A quick run and a profile for it."""

import sys

import pytest
from producing import run


@pytest.fixture(scope="session")
def quick_run(tmp_path_factory):
    """60 events of a few small detectors, quickly read: for tests of what goes wrong."""
    folder = tmp_path_factory.mktemp("quick") / "xtc"
    code = "import sys; from producer.synthetic import write_run; "
    code += "write_run(sys.argv[1], run=3, events=60, pvs=25, detectors=['tmo_atmopal'])"
    status, said = run([sys.executable, "-c", code, folder], PS_PARALLEL="none")
    assert status == 0, said
    return folder


@pytest.fixture
def quick_profile(tmp_path):
    path = tmp_path / "quick.toml"
    path.write_text(
        'format = 1\n[epics]\nper_event = ["sam_x"]\n'
        '[runs.all.tmo_atmopal]\nsums = ["calib"]\n'
        "[[runs.all.tmo_atmopal.roi]]\nregion = [[0, 20], [10, 200]]\n"
    )
    return path

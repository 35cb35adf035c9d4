"""`smdtui demo` with no terminal: written, produced under MPI, verified; and the exit status when that fails."""

import os
import re
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest

from producer.synthetic import experiment, physics

PROGRAM = (
    "import sys; from pathlib import Path; from smdtui.demo import command\n"
    "sys.exit(command(Path(sys.argv[1]), False, 0, events=72, pvs=40))"
)


@pytest.fixture
def demo(tmp_path):
    """Runs the command on one folder; (exit status, stdout, stderr)."""
    environment = {
        **{name: value for name, value in os.environ.items() if name != "SMDTUI_SITE"},
        **{f"XDG_{name}_HOME": str(tmp_path / name) for name in ("CACHE", "CONFIG", "STATE", "DATA")},
        "PYTHONPATH": str(Path(__file__).parents[2]),
    }

    def run():
        words = [sys.executable, "-c", PROGRAM, str(tmp_path / "demo")]
        done = subprocess.run(
            words, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=170
        )
        return done.returncode, done.stdout, done.stderr

    run.directory = tmp_path / "demo"
    run.home = run.directory / "tmo" / "tmoc00126"
    return run


def test_the_demo_produces_a_verified_file_with_the_authored_physics(demo):
    code, out, err = demo()
    assert code == 0, out + err
    assert out.splitlines()[-1] == "verified" and "5 ranks" in out and "24 of 24 events" in out
    shots = experiment.shots_of(13, "scan", 24, 0)
    with h5py.File(demo.home / "hdf5" / "smalldata" / "tmoc00126_Run0013.h5") as file:
        np.testing.assert_array_equal(file["gmd/energy"][:], shots.energy)
        np.testing.assert_array_equal(file["tt/fltpos"][:], shots.edge())
        np.testing.assert_allclose(file["scan/lxt"][:], shots.delay * 1e-12)
        epix = physics.Epix100(0)
        frames = [(epix.frame(shots, i) - epix.pedestals) / epix.gain * (epix.status == 0) for i in range(24)]
        spots = [frame[197:227, 539:569].sum() for frame in frames]
        np.testing.assert_allclose(file["epix100_0/spot_sum"][:], spots, rtol=1e-4, atol=0.5)
        np.testing.assert_allclose(file["Sums/epix100_0_calib"][:], np.sum(frames, axis=0), rtol=1e-4, atol=1e-2)
        assert np.corrcoef(file["epix100_0/spot_sum"][:], shots.energy)[0, 1] > 0.95

    profile = demo.home / "results" / "smdtui" / "profiles" / "demo.toml"
    profile.write_text(profile.read_text().replace("[539, 569]", "[539, 5690]"))
    site = demo.directory / "site.toml"
    site.write_text(site.read_text().replace("ranks = 5", "ranks = 1"))
    code, out, err = demo()
    assert code == 1 and out.splitlines()[-1] == "failed" and "verified" not in out
    assert "[539, 5690) on axis 1 ends beyond its 768 pixels" in out
    log = Path(re.search(r"the log is (.*)", out)[1]).read_text()
    assert "beyond" in log and "epix100_0" in log

    profile.write_text(profile.read_text().replace("format = 1", "format = 1\ntimetol = 3"))
    code, out, err = demo()
    assert code == 1 and "timetol" in err and "Traceback" not in err and "verified" not in out

"""Two functions of a detector that would write one dataset over the other."""

import numpy as np
import pytest

from producer.detector_analysis import set_up
from producer.plan import effective, load

ROI = '[[runs.all.cam.roi]]\nname = "x"\nregion = [[0, 8], [0, 8]]\n'
INNER = '[[runs.all.cam.roi.projection]]\nname = "y"\nthreshold = 5.0\n'


def refused(folder, text):
    (folder / "p.toml").write_text(f"format = 1\n{text}")
    computations, problems = set_up(effective(load(folder / "p.toml"), 1), "cam", np.ones((8, 8), np.float32))
    assert computations
    return [problem.message for problem in problems]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (f'{ROI}{INNER}[[runs.all.cam.projection]]\nname = "x_y"\n', "cam/x_y_data"),
        ('[[runs.all.cam.projection]]\nname = "x"\n[[runs.all.cam.lineout]]\nname = "x"\n', "cam/x_data"),
    ],
)
def test_are_refused(tmp_path, text, words):
    [message] = refused(tmp_path, text)
    assert f"would both write {words}; give one of them another name" in message


def test_names_of_their_own_are_not(tmp_path):
    assert not refused(tmp_path, f'{ROI}{INNER}[[runs.all.cam.projection]]\nname = "y"\n')

"""The task "from run 21 on, raise the droplet threshold of a detector to 12 and add a second region", by keyboard at
80x24 in a real terminal: under 15 keystrokes beyond the typed values. docs/keystrokes.md says which."""

import re
import sys

import pytest
import tomllib
from places import ROOT
from terminal import Terminal

from producer.plan import effective, load

EXPERIMENT = "tmoc00126"
DETECTOR = "epix100_0"
PROFILE = """\
format = 1
hutch = "tmo"

[epics]
per_event = ["sam_x", "sam_y"]

[runs.1-.epix100_0.droplet] # since the first shift
threshold = 10.0

[[runs.1-.epix100_0.roi]]
name = "ROI_0" # the main peak
region = [[100, 200], [150, 250]]
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    from producer.synthetic import experiment, hutch

    root = tmp_path_factory.mktemp("data")
    for run in (19, 20, 21, 22):
        directory = root / hutch(EXPERIMENT) / EXPERIMENT / "xtc"
        experiment.write_run(directory, run=run, kind=experiment.PLAIN, events=5, pvs=20, detectors=[DETECTOR])
    (root / "site.toml").write_text('name = "test"\ndata_roots = ["."]\n', encoding="utf-8")
    return root


class Keyboard:
    """Counts what is pressed; what is typed as a value is not counted."""

    def __init__(self, terminal):
        self.terminal, self.pressed = terminal, []

    def press(self, *keys):
        for key in keys:
            self.terminal.press(key)
            self.pressed.append(key)

    def type(self, text):
        self.terminal.type(text)
        self.pressed.append(f"({text})")

    @property
    def count(self):
        return sum(not key.startswith("(") for key in self.pressed)


def test_under_15_keystrokes(place, tmp_path):
    profile = tmp_path / "shift.toml"
    profile.write_text(PROFILE, encoding="utf-8")
    words = [sys.executable, "-m", "smdtui.cli", EXPERIMENT, "--site", place / "site.toml", "--profile", profile]
    words += ["--results", tmp_path / "results"]
    environment = {f"XDG_{name}_HOME": str(tmp_path / name.lower()) for name in ("CACHE", "STATE", "DATA", "CONFIG")}
    with Terminal(words, 80, 24, env=environment, cwd=ROOT) as terminal:
        keys = Keyboard(terminal)
        terminal.wait_for("  21 ", 60)
        keys.press(":")
        keys.type("21")
        keys.press("enter", "p")
        terminal.wait_for(DETECTOR)
        terminal.wait_for("droplet")
        keys.press("s")
        terminal.wait_for("runs 21-")
        terminal.settle()
        keys.press("down", "enter")
        terminal.wait_for("threshold low")
        keys.type("12")
        keys.press("ctrl+s")
        terminal.wait_for("threshold 12")
        terminal.settle()
        keys.press("a", "enter")
        terminal.wait_for("rows")
        terminal.settle()
        keys.type("300:400")
        keys.press("tab")
        keys.type("350:450")
        keys.press("ctrl+s")
        terminal.wait_for("ROI_1")
        terminal.settle()
        keys.press("w")
        terminal.wait_for("Saved shift.toml")
        terminal.press("ctrl+q")
        assert terminal.wait_exit(30) == 0
    assert keys.count < 15, keys.pressed
    documented = (ROOT / "docs" / "keystrokes.md").read_text(encoding="utf-8")
    assert f"`{' '.join(keys.pressed)}`" in documented and f"{keys.count} keystrokes" in documented

    text = profile.read_text(encoding="utf-8")
    assert tomllib.loads(text) and "# since the first shift" in text and text.count("# the main peak") == 2
    before, after = (effective(load(profile), run).detectors[DETECTOR] for run in (20, 21))
    assert before["droplet"].threshold == 10 and after["droplet"].threshold == 12
    assert [roi.name for roi in before["roi"]] == ["ROI_0"] and [roi.name for roi in after["roi"]] == ["ROI_0", "ROI_1"]
    assert after["roi"][1].region == ((300, 400), (350, 450)) and after["roi"][0] == before["roi"][0]
    assert re.search(r"\[runs\.1-20\.epix100_0\.droplet\]", text)

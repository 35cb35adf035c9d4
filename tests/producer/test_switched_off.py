"""Default data that a profile switches off are not in the file; those that it does not are."""

import importlib
import sys

import h5py
import pytest
from producing import produce, run

from producer.configure import DataType, DetectorName, RunNames
from producer.defaults.switched_off import GROUPS
from producer.plan import check, effective
from producer.plan_check import check_names
from producer.problem import errors

# Each group of the demo's run -> groups of the file; a run has no PVs as detectors but in test_rare_detectors.
WRITTEN = {
    "beam": {"ebeam", "gasdet", "gmd"},
    "damage": {"damage"},
    "encoders": {"TmoUsbEncoder01"},
    "scan": {"scan"},
    "timetool": {"tt"},
    "timing": {"timing"},
    "wave8": {"tmo_fim0"},
}
FIRST = ["beam", "damage", "timetool"]
KEPT = {"timestamp", "lightStatus", "UserDataCfg"}


@pytest.fixture(scope="module")
def xtc(tmp_path_factory):
    folder = tmp_path_factory.mktemp("off")
    code = "import sys; from producer.synthetic import write_run; "
    code += "write_run(sys.argv[1], 15, 12, 5, 'scan', detectors=['tmo_atmopal', 'archon'])"
    status, said = run([sys.executable, "-c", code, folder / "xtc"], PS_PARALLEL="none")
    assert status == 0, said
    return folder / "xtc"


@pytest.mark.parametrize("off", [FIRST, [name for name in GROUPS if name not in FIRST]], ids=["some", "others"])
def test_only_what_is_switched_off_is_left_out(xtc, tmp_path, off):
    profile = tmp_path / "p.toml"
    codes = "[light_status]\nlaser_on_codes = [90]\n"  # needs the timing detector, not its data in the file
    slow = "[integrating]\ndetectors = ['archon']\nfast = ['ebeam']\n"
    tool = "[timetool]\ncalibration = [1.0, 2.0]\n"
    profile.write_text(f"format = 1\n{codes}{slow}{tool}[defaults]\noff = {off}\n")
    done = produce("tmoc00126", 15, xtc, profile, tmp_path / "out.h5")
    assert done.status == 0, done.said
    assert ("the time tool is switched off" in done.said) == ("timetool" in off)
    assert ("ebeam.integrating: no data: wrote nothing" in done.said) == ("beam" in off)
    with h5py.File(done.output, "r", locking=False) as file:
        assert set(file) >= KEPT and len(file["timestamp"]) == 12
        for group, names in WRITTEN.items():
            assert (names & set(file) == set()) if group in off else names <= set(file), group


def test_each_group_is_one_of_the_default_data():
    for name in GROUPS:
        module = importlib.import_module(f"producer.defaults.{name}")
        assert hasattr(module, "sources") or hasattr(module, "held"), name
        assert getattr(module, "SECTION", name) == name


@pytest.mark.parametrize(
    ("text", "key", "words", "suggestion"),
    [
        ("off = ['damge']", "defaults.off[0]", "off[0] must be one of beam, damage,", "damage"),
        ("off = ['beam', 'beam']", "defaults.off[1]", "'beam' is there twice", ""),
        ("of = ['beam']", "defaults.of", "unknown key 'of'", "off"),
        ("off = 'beam'", "defaults.off", "off must be a list", ""),
        ("off = ['timestamp']", "defaults.off[0]", "must be one of", ""),
    ],
)
def test_mistakes_are_told_with_their_line(tmp_path, text, key, words, suggestion):
    (tmp_path / "p.toml").write_text(f"format = 1\n[defaults]\n{text}\n")
    _, [problem] = check(tmp_path / "p.toml")
    assert (problem.severity, problem.key, problem.line) == ("error", key, 3)
    assert words in problem.message and (problem.suggestion == suggestion or not suggestion)


def plan_of(folder, text):
    (folder / "p.toml").write_text(text)
    profile, problems = check(folder / "p.toml")
    assert not errors(problems)
    return effective(profile, 3)


def test_the_plan_says_what_is_off_and_where_that_was_written(tmp_path):
    (tmp_path / "hutch.toml").write_text("format = 1\n[defaults]\noff = ['damage']\n")
    plan = plan_of(tmp_path, "format = 1\nbase = 'hutch.toml'\n")
    assert plan.defaults.off == ("damage",) and plan.origin["defaults.off"].line == 3
    assert plan.as_json()["plan"]["defaults"] == {"off": ["damage"]}
    again = plan_of(tmp_path, plan.to_toml())
    assert again == plan and again.sha256 == plan.sha256
    assert plan_of(tmp_path, "format = 1\nbase = 'hutch.toml'\n[defaults]\noff = []\n").defaults.off == ()


def test_what_needs_switched_off_data_is_told(tmp_path):
    def detector(name, kind):
        return DetectorName(name, kind, (DataType("raw", "", None, {}),), (0,), ("",), name)

    names = RunNames("tmoc00126", 3, (detector("archon", "archon"), detector("timing", "ts")), (), (), (), ())
    text = "format = 1\n[timetool]\ncalibration = [1.0, 2.0]\n[integrating]\ndetectors = ['archon']\nfast = ['tt']\n"
    [none] = check_names(plan_of(tmp_path, text), names)
    assert "there is no time tool" in none.message
    off = plan_of(tmp_path, text + "[defaults]\noff = ['timetool']\n")
    warning, error = check_names(off, names)
    assert warning.severity == "warning" and "nothing of [timetool] is done" in warning.message
    assert error.severity == "error" and error.line == 6 and "tt is switched off in [defaults]" in error.message

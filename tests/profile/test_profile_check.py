"""Checking a profile against an experiment and a run, asked of real psana in its own process."""

import pytest

from smdtui.catalog.experiment import resolve
from smdtui.environment import Environment
from smdtui.profile.check import check_experiment, check_file, check_run, output_problems, render
from smdtui.site import Site

PROFILE = """\
format = 1
[epics]
per_event = [
    "sam_x",
    "sam_xx",
    { pv = "TMO:SAM:NAME", alias = "sample" },
]
[runs.all.epix100_0]
sums = ["calib"]
[[runs.12.epix100_0.roi]]
name = "outside"
region = [[0, 10], [700, 900]]
[runs.12.epix100]
sums = ["calib"]
"""


@pytest.fixture(scope="module")
def experiment_site(small_experiment):
    calib = small_experiment / "tmo" / "tmoc00126" / "calib"
    site = Site("test", data_roots=(small_experiment,), calib=str(calib))
    return resolve(site, "tmoc00126"), site


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "p.toml"
    path.write_text(PROFILE)
    return path


def found(problems):
    return [(p.severity, p.line, p.suggestion) for p in problems]


def test_names_that_the_run_does_not_have(path, experiment_site):
    experiment, site = experiment_site
    assert check_file(path) == []
    problems = check_run(path, site, experiment, 12)
    names, region = [("error", 5, "sam_x"), ("error", 14, "epix100_0")], ("error", 12, "")
    assert found(problems) == [*names, region, ("warning", 6, "")]
    assert "'sam_xx'" in problems[0].message
    assert problems[0].key == "epics.per_event[1]"
    assert problems[1].key == "runs.12.epix100.sums"
    assert "is text" in problems[3].message


def test_a_region_outside_the_detector(path, experiment_site):
    experiment, site = experiment_site
    path.write_text(PROFILE.replace('    "sam_xx",\n', "").replace("epix100]", "tmo_atmopal]"))
    problems = [p for p in check_run(path, site, experiment, 12) if p.severity == "error"]
    assert found(problems) == [("error", 11, "")]
    assert problems[0].key == "runs.12.epix100_0.roi[0].region"
    assert "768" in problems[0].message
    assert not [p for p in check_run(path, site, experiment, 13) if p.severity == "error"]


def test_with_a_mistake_in_the_file_the_names_are_still_checked(path, experiment_site):
    experiment, site = experiment_site
    path.write_text(PROFILE + "treshold = 1\n")
    problems = check_run(path, site, experiment, 12)
    errors = [p for p in problems if p.severity == "error"]
    assert [p.line for p in errors] == [15, 5, 14, 12]
    assert "ends beyond its 768 pixels" in errors[-1].message


def test_a_run_that_is_not_there(path, experiment_site):
    experiment, site = experiment_site
    problems = check_run(path, site, experiment, 99)
    assert [p.severity for p in problems] == ["error"]
    assert "99" in problems[0].message


def test_a_psana_environment_that_cannot_be_entered(path, experiment_site):
    experiment, _ = experiment_site
    site = Site("test", environment=Environment(python="/nowhere/python"))
    problems = check_run(path, site, experiment, 12)
    assert problems
    assert all(p.severity == "error" for p in problems)
    assert "/nowhere/python" in problems[0].message


def test_runs_without_a_section_and_sections_without_a_run(path, experiment_site):
    experiment, _ = experiment_site
    text = 'format = 1\n[runs.-13.x]\nsums = ["calib"]\n[runs.900-.x]\nsums = ["calib"]\n'
    path.write_text(text)
    problems = check_experiment(path, experiment)
    assert [p.severity for p in problems] == ["warning", "warning"]
    assert "no section covers runs 14-16 of tmoc00126" in problems[0].message
    assert (problems[1].line, "[runs.900-.x.sums] holds none of the runs" in problems[1].message) == (5, True)
    path.write_text(text.replace("-13", "all"))
    assert len(check_experiment(path, experiment)) == 1


def test_where_output_cannot_be_made(tmp_path):
    assert output_problems(tmp_path / "a" / "b") == []
    (tmp_path / "file").write_text("")
    assert "is not a folder" in output_problems(tmp_path / "file" / "hdf5")[0].message


def test_problems_are_printed_with_their_line_and_a_caret(tmp_path):
    path = tmp_path / "p.toml"
    path.write_text('format = 1\n[epics]\n  onse = ["a\x1b]"]\n'.replace("\x1b", "\\u001b"))
    text = render(check_file(path))
    assert text == (
        f"{path}:3:3: error: unknown key 'onse' (did you mean 'once'?) [epics.onse]\n"
        '    3 |   onse = ["a\\u001b]"]\n'
        "      |   ^"
    )


def test_a_missing_name_is_told_with_the_runs_that_have_it(path, experiment_site, monkeypatch):
    experiment, site = experiment_site
    import smdtui.profile.check as module

    real = module.names_in
    monkeypatch.setattr(module, "names_in", lambda names: real(names) | ({"sam_xx"} if names.run == 13 else set()))
    problems = check_run(path, site, experiment, 12)
    assert problems[0].message.endswith("; it is there from run 13 on")


def test_a_check_that_gets_through_tells_how_large_the_output_becomes(path, experiment_site):
    experiment, site = experiment_site
    path.write_text(
        'format = 1\n[[runs.all.epix100_0.roi]]\nname = "r"\nregion = [[0, 10], [0, 10]]\nsave_pixels = true\n'
    )
    notes = [p for p in check_run(path, site, experiment, 12) if p.severity == "note"]
    assert len(notes) == 1 and "436 bytes an event, about 4.36 kB in all" in notes[0].message

"""What a check against a run says of files, clashing datasets, missing names, and the size of the output."""

import os
import shutil

import numpy as np
import pytest

from producer.plan import check, effective
from producer.problem import Problem
from smdtui.profile.run_notes import collisions, file_problems, output_notes, with_neighbours


def plan(text, run=5):
    profile, problems = check("p.toml", f"format = 1\n{text}")
    assert problems == [], problems
    return effective(profile, run)


def test_files_are_readable_and_of_the_detector_shape(tmp_path):
    for name, shape in (("good", (4, 6)), ("flat", (24,)), ("other", (4, 5))):
        np.save(tmp_path / f"{name}.npy", np.ones(shape))
    (tmp_path / "not.npy").write_text("no array")
    functions = [
        f'[runs.all.{d}.droplet]\nmask = "{tmp_path / f}"'
        for d, f in (("a", "good.npy"), ("b", "flat.npy"), ("c", "other.npy"), ("d", "gone.npy"), ("e", "not.npy"))
    ]
    functions.append(f'[runs.all.f.azav_pyfai]\nponi = "{tmp_path / "gone.poni"}"')
    found = file_problems(plan("\n".join(functions)), {name: [4, 6] for name in "abcdef"})
    assert [(p.line, p.key) for p in found] == [
        (7, "runs.all.c.droplet.mask"),
        (9, "runs.all.d.droplet.mask"),
        (11, "runs.all.e.droplet.mask"),
        (13, "runs.all.f.azav_pyfai.poni"),
    ]
    assert "4 x 5 pixels" in found[0].message and "is not there" in found[1].message
    assert "cannot be read" in found[2].message and "gone.poni is not there" in found[3].message


def test_a_file_that_may_not_be_read(tmp_path):
    poni = tmp_path / "p.poni"
    poni.write_text("Distance: 1")
    poni.chmod(0)
    if os.access(poni, os.R_OK):
        pytest.skip("this user may read everything")
    [problem] = file_problems(plan(f'[runs.all.a.azav_pyfai]\nponi = "{poni}"'), {})
    assert "cannot be read" in problem.message


def test_datasets_that_would_overwrite_each_other():
    two = '[[runs.all.a.roi]]\nname = "x"\n[[runs.all.a.roi]]\nname = "x_sum"\n'
    assert collisions(plan(two)) == []
    pvs = '[epics]\nper_event = ["A", { pv = "B", alias = "C" }]\nonce = ["A"]\n'
    assert collisions(plan(pvs)) == []
    below = '[epics]\nper_event = ["A", "A/b"]\n'
    [problem] = collisions(plan(below))
    assert problem.line == 3 and "epicsUser/A is a dataset of epics.per_event[0]" in problem.message


def test_since_and_until_which_run_a_name_is_there():
    asked = []

    def ask(run):
        asked.append(run)
        return {"old"} if run <= 3 else {"new"} if run >= 8 else set()

    problems = [
        Problem("error", "there is no PV 'old' in run 5", "k1"),
        Problem("error", "there is no 'new'", "k2"),
        Problem("error", "other", "k3"),
    ]
    told = with_neighbours(problems, {"k1": "old", "k2": "new"}, 5, range(1, 11), ask)
    assert [p.message for p in told] == [
        "there is no PV 'old' in run 5; it is there until run 3",
        "there is no 'new'; it is there from run 8 on",
        "other",
    ]
    assert len(asked) == len(set(asked)), "each run is asked once"
    assert with_neighbours(problems, {}, 5, range(1, 11), lambda run: 1 / 0) == problems


def test_how_large_the_output_becomes(tmp_path):
    free = shutil.disk_usage(tmp_path).free
    assert output_notes(tmp_path / "not" / "yet", "o.h5", 0, None) == []
    [note] = output_notes(tmp_path, "o.h5", 2000, 1500)
    assert note.severity == "note" and "2 kB an event, about 3 MB in all" in note.message
    [warning] = output_notes(tmp_path, "o.h5", free // 10 + 1000, 10)
    assert warning.severity == "warning" and "left" in warning.message
    (tmp_path / "o.h5").write_bytes(b"")
    [there] = output_notes(tmp_path, "o.h5", 0, 0)
    assert there.severity == "note" and "moves it aside" in there.message

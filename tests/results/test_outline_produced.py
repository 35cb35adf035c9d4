"""The lines of a file's tree, the files of an experiment, and their values as text."""

import os
from dataclasses import dataclass

import h5py
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from smdtui.results.outline import Outline, ancestors, depth
from smdtui.results.produced import produced_files, result_of
from smdtui.results.value import profile_used, value_text


@dataclass(frozen=True)
class Node:
    path: str


def outline(*paths):
    return Outline([Node(path) for path in paths])


TREE = outline("/a", "/a/x", "/a/y", "/b", "/b/c", "/b/c/z", "/t")


def test_labels_are_names_indented_below_their_groups():
    assert [TREE.label(row) for row in TREE.rows] == ["▾ a", "    x", "    y", "▾ b", "  ▾ c", "      z", "  t"]


def test_a_folded_group_hides_what_is_in_it_at_any_depth():
    folded = TREE.toggle(3)
    assert [folded.nodes[row].path for row in folded.rows] == ["/a", "/a/x", "/a/y", "/b", "/t"]
    assert folded.label(3) == "▸ b"
    assert folded.toggle(3).rows == TREE.rows


def test_a_dataset_does_not_fold_but_folds_the_group_around_it():
    assert TREE.toggle(1) == TREE
    folded, stand = TREE.fold(5)
    assert folded.folded == {"/b/c"} and stand == 4
    again, stand = folded.fold(4)
    assert again.folded == {"/b/c", "/b"} and stand == 3


def test_a_search_shows_hits_below_their_groups_even_folded_ones():
    found = TREE.toggle(3).search("Z")
    assert [found.nodes[row].path for row in found.rows] == ["/b", "/b/c", "/b/c/z"]


@given(st.lists(st.text("abc", min_size=1, max_size=3), min_size=1, max_size=6))
def test_ancestors_and_depth_of_any_path(names):
    path = "/" + "/".join(names)
    assert ancestors(path) == ["/" + "/".join(names[:n]) for n in range(len(names) - 1, 0, -1)]
    assert depth(path) == len(names) - 1


def test_files_newest_run_first_and_the_result_of_a_run(tmp_path):
    for number, name in enumerate(["x_Run0002.h5", "x_Run0010.h5", "x_Run0010.again.h5", "x_Run0003.h5.inprogress"]):
        (tmp_path / name).write_bytes(b"x" * number)
        os.utime(tmp_path / name, (1000 + number, 1000 + number))
    (tmp_path / "notes.txt").write_text("no file of ours")
    found = produced_files(tmp_path)
    assert [(f.run, f.finished) for f in found] == [(10, True), (10, True), (3, False), (2, True)]
    assert result_of(tmp_path, 10).name == "x_Run0010.again.h5"
    assert result_of(tmp_path, 3) is None
    assert produced_files(tmp_path / "absent") == []


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "f.h5"
    with h5py.File(path, "w") as f:
        f["text"] = "two\nlines"
        f["numbers"] = np.arange(500) * 2
        f["empty"] = np.empty((0, 3))
        f["UserDataCfg/plan"] = "format = 1\n[epics]\n"
        f["UserDataCfg/host"] = "daq17"
    return path


def test_values_as_text(file):
    assert value_text(file, "text") == "two\nlines"
    numbers = value_text(file, "numbers").splitlines()
    assert numbers[1] == "[1]  2" and numbers[-1] == "… 300 more rows"
    assert value_text(file, "empty") == "no rows"


def test_the_profile_used_comes_first(file, tmp_path):
    assert profile_used(file) == "--- plan\nformat = 1\n[epics]\n\n---\nhost: daq17"
    with h5py.File(tmp_path / "other.h5", "w") as f:
        f["x"] = 1
    assert profile_used(tmp_path / "other.h5") == ""

"""Differences of plans and texts by key; entries of lists by their names."""

import h5py
from hypothesis import given
from hypothesis import strategies as st

from producer.plan import check, effective
from smdtui.cli import main
from smdtui.profile.difference import ABSENT, between, between_plans, between_texts, value_text

BEFORE = """format = 1
[epics]
per_event = ["a", { pv = "X:Y", alias = "b" }]
[[runs.-20.epix_1.roi]]
name = "left"
region = [[0, 1], [2, 3]]
[[runs.-20.epix_1.roi]]
name = "right"
"""


def told(changes):
    return [(c.name, value_text(c.before), value_text(c.after), c.kind) for c in changes]


def test_an_entry_put_in_front_is_one_change():
    after = BEFORE.replace('["a"', '["first", "a"').replace("2, 3", "2, 9")
    assert told(between_texts(BEFORE, after)) == [
        ("epics.per_event[first]", "(nothing)", "first", "added"),
        ("runs.-20.epix_1.roi[left].region", "[[0, 1], [2, 3]]", "[[0, 1], [2, 9]]", "changed"),
    ]


def test_between_two_runs():
    profile = check("p.toml", BEFORE + "[runs.21-.epix_1]\nsums = ['calib']\n")[0]
    changes = between_plans(effective(profile, 20), effective(profile, 21))
    assert [(c.name, c.kind) for c in changes] == [
        ("detectors.epix_1.roi", "removed"),
        ("detectors.epix_1.sums", "added"),
    ]
    assert between_plans(effective(profile, 21), effective(profile, 30)) == []


def test_types_and_missing_keys_are_told_apart():
    assert told(between({"a": 1, "b": True}, {"a": 1.0, "b": 1})) == [
        ("a", "1", "1", "changed"),
        ("b", "true", "1", "changed"),
    ]
    assert [c.after for c in between({"a": None}, {})] == [ABSENT]


values = st.recursive(
    st.integers(0, 3) | st.booleans() | st.sampled_from(["x", "y"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abn"), inner, max_size=3),
    max_leaves=8,
)


@given(values, values)
def test_no_change_means_equal_up_to_the_order_of_named_entries(a, b):
    assert between(a, a) == []
    forward, back = between(a, b), between(b, a)
    assert sorted(c.name for c in forward) == sorted(c.name for c in back)
    assert {(c.name, repr(c.before)) for c in forward} == {(c.name, repr(c.after)) for c in back}


def test_with_what_a_produced_file_was_made_with(tmp_path, capsys):
    (tmp_path / "p.toml").write_text(BEFORE)
    plan = effective(check("p.toml", BEFORE)[0], 5)
    with h5py.File(tmp_path / "r.h5", "w") as file:
        file["UserDataCfg/plan"] = plan.to_toml()
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["x"] = 1
    assert main(["diff", str(tmp_path / "r.h5"), str(tmp_path / "p.toml"), "--run", "5"]) == 0
    assert capsys.readouterr().out == "no difference\n"
    (tmp_path / "p.toml").write_text(BEFORE.replace("2, 3", "2, 9"))
    assert main(["diff", str(tmp_path / "r.h5"), str(tmp_path / "p.toml"), "--run", "5"]) == 0
    assert capsys.readouterr().out == "detectors.epix_1.roi[left].region: [[0, 1], [2, 3]] -> [[0, 1], [2, 9]]\n"
    assert main(["diff", str(tmp_path / "other.h5"), str(tmp_path / "p.toml"), "--run", "5"]) == 1
    assert "does not say what it was made with" in capsys.readouterr().err

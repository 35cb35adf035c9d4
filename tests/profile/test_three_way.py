"""Two people's changes of one profile: nothing of either is lost, a clash is one's to decide."""

import pytest
import tomllib
from hypothesis import given, settings
from hypothesis import strategies as st

from smdtui.profile.difference import ABSENT
from smdtui.profile.three_way import ThreeWay, at, merge_lines

BASE = """format = 1
title = "t"

[epics]
per_event = [
    "a", # first
    "b",
]

[runs.1-.epix_1.droplet] # since the shift
threshold = 10.0

[[runs.1-.epix_1.roi]]
name = "left"
region = [[0, 1], [2, 3]]
"""


def test_changes_in_different_places_are_all_taken_with_their_comments():
    mine = BASE.replace('"t"', '"mine"  # my title').replace('    "b",\n', '    "b",\n    "c",\n')
    theirs = BASE.replace("[[0, 1]", "[[0, 9]").replace("# since the shift", "# since run 1")
    both = ThreeWay.of(BASE, mine, theirs)
    assert both.clashes == 0 and [(d.name, d.who) for d in both.differences] == [
        ("title", "mine"),
        ("epics.per_event[c]", "mine"),
        ("runs.1-.epix_1.roi[left].region", "theirs"),
    ]
    merged = both.merged()
    for there in ("# my title", '    "c",', "[[0, 9]", "# since run 1"):
        assert there in merged


def test_a_clash_is_mine_until_theirs_is_chosen():
    mine, theirs = BASE.replace("10.0", "12.0"), BASE.replace("10.0", "14.0").replace('"t"', '"theirs"')
    both = ThreeWay.of(BASE, mine, theirs)
    names = {d.name: n for n, d in enumerate(both.differences)}
    assert both.clashes == 1 and both.differences[names["runs.1-.epix_1.droplet.threshold"]].take == "mine"
    merged = tomllib.loads(both.merged())
    assert merged["title"] == "theirs" and merged["runs"]["1-"]["epix_1"]["droplet"]["threshold"] == 12.0
    turned = both.choose(names["runs.1-.epix_1.droplet.threshold"]).choose(names["title"])
    merged = tomllib.loads(turned.merged())
    assert merged["title"] == "t" and merged["runs"]["1-"]["epix_1"]["droplet"]["threshold"] == 14.0
    assert both.choose_all("theirs").merged() == theirs and both.choose_all("mine").merged() == mine


def test_two_people_add_a_pv_each_and_remove_one_each():
    mine = BASE.replace('    "a", # first\n', '    "m",\n')
    theirs = BASE.replace('    "b",\n', '    { pv = "X:T", alias = "t" },\n')
    merged = tomllib.loads(ThreeWay.of(BASE, mine, theirs).merged())
    assert merged["epics"]["per_event"] == ["m", {"pv": "X:T", "alias": "t"}]


def test_only_comments_differ():
    mine, theirs = BASE + "# mine\n", "# theirs\n" + BASE
    assert ThreeWay.of(BASE, mine, theirs).merged() == "# theirs\n" + BASE + "# mine\n"


def test_a_text_that_is_no_toml_is_refused():
    with pytest.raises(ValueError):
        ThreeWay.of(BASE, BASE + "x = [", BASE)


def test_lines_that_both_changed_are_left_to_the_keys():
    assert merge_lines("a\nb\nc\n", "a\nB\nc\n", "a\nX\nc\n") is None
    assert merge_lines("a\nb\nc\n", "A\nb\nc\n", "a\nb\nC\n") == "A\nb\nC\n"
    assert merge_lines("a\nb\n", "a\nb\nc\n", "a\n") is None and merge_lines("", "a\n", "a\n") == "a\n"


# ---- any two edits ---------------------------------------------------------------------------------------------------

NAMES = ["p", "q", "r", "s"]


@st.composite
def tables(draw):
    pvs = draw(st.lists(st.sampled_from(NAMES), unique=True))
    rois = draw(st.dictionaries(st.sampled_from(NAMES), st.integers(0, 3), max_size=3))
    plain = draw(st.dictionaries(st.sampled_from(NAMES), st.integers(0, 3), max_size=3))
    lines = ["format = 1", "[epics]", "per_event = [" + ", ".join(f'"{pv}"' for pv in pvs) + "]"]
    lines += ["[plain]", *(f"{k} = {v}" for k, v in plain.items())]
    for name, value in rois.items():
        lines += ["", "[[runs.all.d.roi]]", f'name = "{name}"', f"value = {value}"]
    return "\n".join(lines) + "\n"


@settings(max_examples=300, deadline=None)
@given(tables(), tables(), tables(), st.data())
def test_every_choice_of_every_edit_holds_in_the_merged_text(base, mine, theirs, data):
    both = ThreeWay.of(base, mine, theirs)
    for n in range(len(both.differences)):
        if data.draw(st.booleans()):
            both = both.choose(n)
    merged = tomllib.loads(both.merged())
    sides = {"mine": tomllib.loads(mine), "theirs": tomllib.loads(theirs)}
    for d in both.differences:
        assert repr(at(merged, d.key)) == repr(at(sides[d.take], d.key))
    untouched = [("plain", n) for n in NAMES] + [("runs", "all", "d", "roi")]
    for key in untouched:
        values = [at(tomllib.loads(t), key) for t in (mine, theirs)]
        if repr(values[0]) == repr(values[1]) and values[0] is not ABSENT:
            assert repr(at(merged, key)) == repr(values[0])

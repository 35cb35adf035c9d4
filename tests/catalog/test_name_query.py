import pytest
from hypothesis import given
from hypothesis import strategies as st

from smdtui.catalog.name_query import Query, find, parse

NAMES = ["sam_x", "sam_y", "mr001", "TMO:MR:MMS:001.RBV", "changed_at"]
FOLDED = [name.casefold() for name in NAMES]
EXACT = [(name,) for name in FOLDED]


def found(text, holds=lambda flag, row: False):
    return [NAMES[row] for row in find(parse(text), FOLDED, EXACT, holds)]


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("", Query()),
        ("sam x", Query("sam x")),
        ("=sam_x", Query(exact=("sam_x",))),
        ('"Sam_X" y', Query("y", exact=("sam_x",))),
        ("mr0?1 TMO:*", Query(globs=("mr0?1", "tmo:*"))),
        ("changed numeric", Query(flags=frozenset({"changed", "numeric"}))),
        ("In Profile sam", Query("sam", flags=frozenset({"in profile"}))),
        ("new since 41", Query(new_since=41)),
        ("sam new since run 7 changed", Query("sam", flags=frozenset({"changed"}), new_since=7)),
        ("new since", Query("new since")),
        ("=", Query("=")),
        ('"half', Query(exact=("half",))),
    ],
)
def test_what_is_typed(text, query):
    assert parse(text) == query
    assert query.empty == (text == "")


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("sam", ["sam_x", "sam_y"]),
        ("=sam", []),
        ("=SAM_X", ["sam_x"]),
        ("mr*", ["mr001"]),
        ("*mr*001*", ["mr001", "TMO:MR:MMS:001.RBV"]),
        ("sam_?", ["sam_x", "sam_y"]),
        ('"changed_at"', ["changed_at"]),
        ("[x]*", []),
    ],
)
def test_words_exact_names_and_patterns(text, names):
    assert found(text) == names


def test_flags_are_asked_of_the_rows_that_are_left():
    asked = []

    def holds(flag, row):
        asked.append((flag, row))
        return row == 1

    assert found("sam changed", holds) == ["sam_y"]
    assert asked == [("changed", 0), ("changed", 1)]
    assert found("new since 3", lambda flag, row: flag == "new" and row > 2) == NAMES[3:]


@given(st.text(max_size=30))
def test_nothing_that_can_be_typed_fails(text):
    assert set(found(text, lambda flag, row: True)) <= set(NAMES)

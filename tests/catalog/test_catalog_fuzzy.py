import pytest
from hypothesis import given
from hypothesis import strategies as st

from smdtui.catalog.fuzzy import search, subsequence

NAMES = ["xpp:mms:01.rbv sam_x", "xpp:mms:02.rbv sam_y", "las:fs14:vit lxt", "tmo:gmd energy"]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", [0, 1, 2, 3]),
        ("  ", [0, 1, 2, 3]),
        ("sam", [0, 1]),
        ("rbv xpp 02", [1]),
        ("SAM_X", [0]),
        ("lfv", [2]),
        ("sample y", [1]),
        ("the sample x motor", []),
        ("sample motor", [0, 1]),
        ("Laser delay", [2]),
        ("samples", [0, 1]),
        ("samba", [0, 1]),
        ("zzz", []),
        ("m.*", []),
        ("[", []),
    ],
)
def test_search(query, found):
    assert search(query, NAMES) == found


def test_the_closest_letters_come_first():
    assert subsequence("abc", ["a--b-c", "xabc", "ab--c", "cba"]) == [1, 2, 0]


def is_subsequence(letters, text):
    rest = iter(text)
    return all(letter in rest for letter in letters)


def shortens(name, word):
    """Whether the name has the word, or a part of the name, letters with other signs around, is its beginning."""
    for begin in range(len(name)):
        for end in range(begin + 3, len(name) + 1):
            alone = not name[begin - 1 : begin].isalnum() and not name[end : end + 1].isalpha()
            if alone and word != name[begin:end] and word.startswith(name[begin:end]):
                return True
    return word in name


@given(
    st.text(max_size=5) | st.text("ab_ 1", max_size=9),
    st.lists(st.text(max_size=12) | st.text("ab_1", max_size=9), max_size=20),
)
def test_against_the_plain_definition(query, names):
    folded = [name.casefold() for name in names]
    words = query.casefold().split()
    whole = [i for i, name in enumerate(folded) if all(word in name for word in words)]
    loose = [i for i, name in enumerate(folded) if all(shortens(name, word) for word in words)]
    if whole or not words:
        assert search(query, folded) == whole
    elif loose:
        assert search(query, folded) == loose
    else:
        letters = [letter for letter in query.casefold() if not letter.isspace()]
        assert sorted(search(query, folded)) == [i for i, n in enumerate(folded) if is_subsequence(letters, n)]

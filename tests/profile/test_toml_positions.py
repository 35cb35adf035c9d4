"""Where the scanner finds keys, against the structure that the standard library reads."""

import string

import pytest
import tomli_w
import tomlkit
import tomllib
from hypothesis import given, settings
from hypothesis import strategies as st

from producer.toml_lines import duplicate, positions, scan
from producer.toml_text import dumps

names = st.one_of(
    st.text(string.ascii_letters + string.digits + "_-", min_size=1, max_size=8),
    st.text("ab.\"#=[]{}' \\,\nä", min_size=0, max_size=6),
)
scalars = st.one_of(
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False),
    st.text("ab\"'\\#[]{},=\n\t\r\x00ä🂡", max_size=8),
    st.dates(),
    st.datetimes(),
)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(names, inner, max_size=3)),
    max_leaves=12,
)
tables = st.dictionaries(names, values, max_size=5)


def paths(value, start=()):
    """Every path of nested tables and lists."""
    found = set()
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        found |= {(*start, key)} | paths(inner, (*start, key))
    return found


def check(text):
    table = tomllib.loads(text)
    found = positions(text)
    assert set(found) == paths(table)
    lines = text.split("\n")
    for path, (line, column) in found.items():
        there = lines[line - 1][column - 1 :]
        if isinstance(path[-1], str):
            bare = there.startswith(path[-1])
            assert bare or there[0] in "\"'", (path, there)


@given(tables)
@settings(max_examples=150)
@pytest.mark.parametrize("write", [dumps, tomli_w.dumps, tomlkit.dumps], ids=["ours", "tomli_w", "tomlkit"])
def test_every_path_is_found_and_no_other(write, table):
    try:
        text = write(table)
        tomllib.loads(text)
    except Exception:
        if write is dumps:
            raise
        return  # the other writers stumble over a few of these values
    check(text)


@given(tables)
def test_our_writer_gives_back_what_it_was_given(table):
    assert tomllib.loads(dumps(table)) == table


@given(tables)
def test_spans_of_values_read_alone_give_the_value(table):
    text = dumps(table)
    for path, (start, end) in scan(text).values.items():
        value = table
        for part in path:
            value = value[part]
        assert tomllib.loads(f"x = {text[start:end]}")["x"] == value


HAND_WRITTEN = '''\
# a comment with [a] = "b"
top = 1 # more = 2
"quoted key" . 'and "this"' = """
[not.a.header]
x = 1 \\""" """   # end
\t[ a . "b.c" ]\t# header comment
x = [ # one
  1, [2, 3], # two ]
  { y = "}", 'z' = [4,], deep.er = 1 },
]
[[aot]]
n = 1
[[aot.sub]]
[[aot.sub]]
k = \'\'\'
it's \'\'\'
[aot.other]
m = 1979-05-27 07:32:00Z
[[aot]]
[[aot.sub]]
v = -inf
'''


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_hand_written_text(newline):
    text = HAND_WRITTEN.replace("\n", newline)
    check(text)
    assert positions(text)["aot", 0, "sub", 1, "k"] == (15, 1)
    assert positions(text)["a", "b.c", "x", 2, "z", 0] == (9, 21)


@pytest.mark.parametrize(
    ("text", "path", "again"),
    [
        ("a = 1\nb = 2\na = 3\n", ("a",), (3, 1)),
        ("[x]\na = 1\n[y]\n[x]\n", ("x",), (4, 2)),
        ("[x]\na.b = 1\na.b = 2\n", ("x", "a", "b"), (3, 3)),
        ("a = {b = 1, b = 2}\n", ("a", "b"), (1, 13)),
    ],
)
def test_what_is_there_twice(text, path, again):
    with pytest.raises(tomllib.TOMLDecodeError):
        tomllib.loads(text)
    found = duplicate(text)
    assert found is not None
    assert (found[0], found[2]) == (path, again)


@given(st.text("ab=\"'[]{}.,#\n\\ 1", max_size=40))
def test_any_text_is_scanned_to_an_end(text):
    found = positions(text)
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return
    assert set(found) == paths(table)
    assert duplicate(text) is None

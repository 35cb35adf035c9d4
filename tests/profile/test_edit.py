"""Edits of the text: only what was asked for changes, in the value and in the bytes."""

import copy
import difflib

import pytest
import tomllib
from hypothesis import given, settings
from hypothesis import strategies as st

from producer.toml_lines import scan
from producer.toml_text import dumps
from smdtui.profile import edit
from smdtui.profile.edit import EditFailed

TEXT = """\
# The beamtime of May
format = 1   # do not change
hutch = "xpp"

[epics]  # motors
per_event = [
    "s1h_w",   # slit
    { pv = "XPP:USR:MMS:01.RBV", alias = "sam_x" }
    # more to come
]
once = ["a", "b",]

# analog
[[analog_input]]
channel = 1
  name = "laser" # blue

[runs.1-20.epix_1]
sums = [ "calib" ]

# the ring
[[runs.1-20.epix_1.roi]]
name = "ring"
region = [[1, 2], [157, 487]] # by eye

# from here on: thicker sample
[[runs.21-.epix_1.roi]]
name = "ring"
# end
"""


def changed_lines(before, after):
    """(lines taken out, lines put in)"""
    diff = list(difflib.ndiff(before.splitlines(keepends=True), after.splitlines(keepends=True)))
    return [d[2:] for d in diff if d[0] == "-"], [d[2:] for d in diff if d[0] == "+"]


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize(
    ("change", "out", "into"),
    [
        (
            lambda t: edit.set_value(t, ("analog_input", 0, "name"), "red"),
            ['  name = "laser" # blue\n'],
            ['  name = "red" # blue\n'],
        ),
        (lambda t: edit.set_value(t, ("analog_input", 0, "scale"), 2.5), [], ["  scale = 2.5\n"]),
        (lambda t: edit.set_value(t, ("epics", "all"), True), [], ["all = true\n"]),
        (lambda t: edit.set_value(t, ("title",), "x"), [], ['title = "x"\n']),
        (
            lambda t: edit.append(t, ("epics", "per_event"), "new"),
            ['    { pv = "XPP:USR:MMS:01.RBV", alias = "sam_x" }\n'],
            ['    { pv = "XPP:USR:MMS:01.RBV", alias = "sam_x" },\n', '    "new"\n'],
        ),
        (lambda t: edit.append(t, ("epics", "once"), "c"), ['once = ["a", "b",]\n'], ['once = ["a", "b", "c",]\n']),
        (lambda t: edit.remove(t, ("epics", "once", 1)), ['once = ["a", "b",]\n'], ['once = ["a", ]\n']),
        (lambda t: edit.remove(t, ("epics", "per_event", 0)), ['    "s1h_w",   # slit\n'], []),
        (lambda t: edit.remove(t, ("epics", "once")), ['once = ["a", "b",]\n'], []),
        (
            lambda t: edit.append(t, ("runs", "1-20", "epix_1", "roi"), {"name": "spot", "region": [[0, 5]]}),
            [],
            ["[[runs.1-20.epix_1.roi]]\n", 'name = "spot"\n', "region = [[0, 5]]\n", "\n"],
        ),
        (
            lambda t: edit.remove(t, ("runs", "1-20", "epix_1", "roi", 0)),
            ["[[runs.1-20.epix_1.roi]]\n", 'name = "ring"\n', "region = [[1, 2], [157, 487]] # by eye\n"],
            [],
        ),
        (
            lambda t: edit.set_value(t, ("runs", "30,32", "a.b", "sums"), ["calib"]),
            [],
            ["\n", '[runs."30,32"."a.b"]\n', 'sums = ["calib"]\n'],
        ),
    ],
)
def test_an_edit_changes_these_lines_and_no_others(newline, change, out, into):
    text = TEXT.replace("\n", newline)
    after = change(text)
    assert changed_lines(text, after) == (
        [line.replace("\n", newline) for line in out],
        [line.replace("\n", newline) for line in into],
    )


@pytest.mark.parametrize("change", [("roi", {"name": "z"}), ("sums", None)])
def test_a_file_without_a_last_line_break(change):
    text = TEXT.rstrip("\n")
    path = ("runs", "40-", "epix_1", change[0])
    after = edit.append(text, path, change[1]) if change[1] else edit.set_value(text, path, ["calib"])
    assert after.startswith(text + "\n")
    assert not after.endswith("\n")


@pytest.mark.parametrize(
    ("text", "path", "value", "wanted"),
    [
        ("epics.once = []\n", ("epics", "all"), True, "epics.once = []\nepics.all = true\n"),
        ("epics = {}\n", ("epics", "all"), True, "epics = { all = true }\n"),
        ("epics = { once = [] }\n", ("epics", "all"), True, "epics = { once = [], all = true }\n"),
        ("", ("format",), 1, "format = 1\n"),
        ("# c\n[a]\nb = 1\n", ("format",), 1, "format = 1\n# c\n[a]\nb = 1\n"),
        ("[a]\n# c\n[b]\n", ("a", "x"), 1, "[a]\nx = 1\n# c\n[b]\n"),
    ],
)
def test_adding_where_the_table_is_written_otherwise(text, path, value, wanted):
    assert edit.set_value(text, path, value) == wanted


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("x = []", 'x = ["n"]'),
        ("x = [ ]", 'x = ["n"]'),
        ("x = [\n]", 'x = [\n    "n",\n]'),
        ("x = [\n  # c\n]", 'x = [\n  # c\n    "n",\n]'),
        ("x = [1]", 'x = [1, "n"]'),
        ("x = [ 1 ]", 'x = [ 1, "n" ]'),
        ("x = [\n  1,\n  2, # c\n]", 'x = [\n  1,\n  2, # c\n  "n",\n]'),
        ("x = [\n  1,\n  2 # c\n]", 'x = [\n  1,\n  2, # c\n  "n"\n]'),
        ("x = [\n  1\n  , # c\n]", 'x = [\n  1\n  , # c\n  "n",\n]'),
    ],
)
def test_appending_to_a_list_keeps_its_style(text, wanted):
    assert edit.append(text, ("x",), "n") == wanted


def test_what_cannot_be_done_is_refused_in_words():
    with pytest.raises(EditFailed, match="is not in the profile"):
        edit.remove(TEXT, ("epics", "one"))
    with pytest.raises(EditFailed, match="mend the text first"):
        edit.set_value("x = \n", ("y",), 1)
    with pytest.raises(EditFailed, match="change it in the text"):
        edit.set_value("runs = {}\n", ("runs", "1-2", "x", "sums"), ["calib"])
    with pytest.raises(EditFailed, match="is not a list"):
        edit.append("x = 1\n", ("x",), 1)


plain = st.one_of(st.booleans(), st.integers(-99, 99), st.text("ab\"'\\#[,", max_size=5), st.lists(st.integers(0, 9)))
keys = st.sampled_from(["a", "b", "c d", "e.f", "1-20"])
inner = st.dictionaries(keys, plain, max_size=3)
tables = st.dictionaries(
    keys,
    st.one_of(plain, inner, st.dictionaries(keys, inner, max_size=2), st.lists(inner, min_size=1, max_size=3)),
    max_size=4,
)


def leaves(value, start=()):
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, below in items:
        yield (*start, key)
        yield from leaves(below, (*start, key))


def with_noise(text, data):
    """Comments, blank lines and spaces that change nothing, put between the lines."""
    noisy = []
    for line in text.split("\n"):
        noisy.append(line + data.draw(st.sampled_from(["", "", "  # c = [1]", "   "])) if line else line)
        noisy += data.draw(st.sampled_from([[], [], [""], ["# note"], ["", "  # [x]"]]))
    return "\n".join(noisy) + "\n"


@given(tables, plain, st.data())
@settings(max_examples=200, deadline=None)
def test_setting_one_value_changes_that_value_and_its_bytes_only(table, value, data):
    text = with_noise(dumps(table), data)
    assert tomllib.loads(text) == table
    places = sorted(scan(text).values, key=str)
    if not places:
        return
    path = data.draw(st.sampled_from(places))
    after = edit.set_value(text, path, value)
    start, end = scan(text).values[path]
    assert after[:start] == text[:start]
    assert after[len(after) - (len(text) - end) :] == text[end:]
    wanted = copy.deepcopy(table)
    holder = wanted
    for part in path[:-1]:
        holder = holder[part]
    holder[path[-1]] = value
    assert tomllib.loads(after) == wanted


@given(tables, plain, st.data())
@settings(max_examples=200, deadline=None)
def test_adding_a_value_keeps_every_line_that_was_there(table, value, data):
    text = with_noise(dumps(table), data)
    homes = [p for p in leaves(table) if isinstance(edit.value_at(table, p), dict)]
    home = data.draw(st.sampled_from([(), *homes]))
    try:
        after = edit.set_value(text, (*home, "new"), value)
    except EditFailed:
        # Only a table that stands in a list may be out of reach.
        assert any(isinstance(part, int) for part in home)
        return
    wanted = copy.deepcopy(table)
    (edit.value_at(wanted, home) if home else wanted)["new"] = value
    assert tomllib.loads(after) == wanted
    if home not in scan(text).values:  # nothing but an insertion in one place
        same = next((i for i, (a, b) in enumerate(zip(text, after, strict=False)) if a != b), len(text))
        assert after.endswith(text[same:])
    assert edit.pruned(tomllib.loads(edit.remove(after, (*home, "new")))) == edit.pruned(table)


@given(tables, st.data())
@settings(max_examples=200, deadline=None)
def test_removing_takes_that_and_nothing_else(table, data):
    text = with_noise(dumps(table), data)
    places = sorted(scan(text).positions, key=str)
    if not places:
        return
    path = data.draw(st.sampled_from(places))
    after = edit.remove(text, path)
    wanted = copy.deepcopy(table)
    holder = wanted
    for part in path[:-1]:
        holder = holder[part]
    del holder[path[-1]]
    assert edit.pruned(tomllib.loads(after)) == edit.pruned(wanted)

"""The tokens of a TOML text, compared with where the scanner and tomllib find keys and values."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from producer.toml_lines import scan
from smdtui.profile.highlight import line_tokens, states

ROOT = Path(__file__).resolve().parents[2]


def of(line, state=""):
    return [(line[t.start : t.end], t.kind) for t in line_tokens(line, state)[0]]


@pytest.mark.parametrize(
    "line, tokens",
    [
        ('[[runs."7,9".epix_1.roi]] # c', [('[[runs."7,9".epix_1.roi]]', "header"), ("# c", "comment")]),
        ('a = 12 # "x"', [("a", "key"), ("12", "number"), ('# "x"', "comment")]),
        (
            'p = { pv = "X:#1", all = true }',
            [("p", "key"), ("pv", "key"), ('"X:#1"', "string"), ("all", "key"), ("true", "boolean")],
        ),
        ("    [1, -2.5e3],", [("1", "number"), ("-2.5e3", "number")]),
        ("a.\"b c\" = 'x'", [('a."b c"', "key"), ("'x'", "string")]),
        ("d = 2026-11-22T07:19:52Z", [("d", "key"), ("2026-11-22T07:19:52Z", "date")]),
        ('a = "not closed', [("a", "key"), ('"not closed', "string")]),
        ("= ] nonsense", []),
    ],
)
def test_one_line(line, tokens):
    assert of(line) == tokens


def test_lists_over_several_lines():
    lines = ["r = [", "  [1, 2],", "  [3, 4] # last", "]", "[epics]", "p = [{ a = 1 },", "  { b = 2, c = 3 }]", "d = 1"]
    assert states(lines) == ["", "[", "[", "[", "", "", "[", ""]
    assert of(lines[2], "[") == [("3", "number"), ("4", "number"), ("# last", "comment")]
    assert of(lines[6], "[") == [("b", "key"), ("2", "number"), ("c", "key"), ("3", "number")]


def test_strings_over_several_lines():
    lines = ['a = """one', "two # no comment", 'three \\""" four""" # comment', "b = '''x", "y'''", "c = 1"]
    assert states(lines) == ["", "basic", "basic", "", "literal", ""]
    assert of(lines[2], "basic") == [('three \\""" four"""', "string"), ("# comment", "comment")]
    assert of(lines[1], "basic") == [("two # no comment", "string")]


@pytest.mark.parametrize("path", sorted(ROOT.glob("profiles/**/*.toml")), ids=lambda p: p.name)
def test_headers_and_keys_are_where_the_scanner_finds_them(path):
    text = path.read_text()
    seen, lines = scan(text), text.split("\n")
    begins = [sum(len(line) + 1 for line in lines[:n]) for n in range(len(lines))]
    tokens = {
        (begins[n] + t.start, begins[n] + t.end): t.kind
        for n, state in enumerate(states(lines))
        for t in line_tokens(lines[n], state)[0]
    }
    assert {(h.start, h.end) for h in seen.headers} == {span for span, kind in tokens.items() if kind == "header"}
    assert {start for start, _ in seen.pairs.values()} == {
        start for (start, _), kind in tokens.items() if kind == "key"
    }


@given(st.text(alphabet="ab1.-=[]{}\"'#\\, \t", max_size=40), st.sampled_from(["", "basic", "[[literal", "["]))
def test_any_line_gives_tokens_in_order_and_within(line, state):
    tokens, after = line_tokens(line, state)
    ends = [0, *(end for t in tokens for end in (t.start, t.end)), len(line)]
    assert ends == sorted(ends) and after.lstrip("[") in ("", "basic", "literal")

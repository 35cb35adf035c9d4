"""Strict reading of parameters: each kind of mistake, and that what is written out is read back."""

from dataclasses import dataclass
from typing import Annotated, Optional

import pytest
from hypothesis import given
from hypothesis import strategies as st

from producer.analysis import FUNCTIONS, roi, sums
from producer.defaults import SECTIONS, epics
from producer.parameters import Meta, as_toml, describe, read
from producer.plan import Plan
from producer.toml_text import dumps


@dataclass(frozen=True)
class Sample:
    needed: Annotated[int, Meta("how many", minimum=1, maximum=9)]
    ratio: Annotated[float, Meta("a ratio", unit="keV", minimum=0.0)] = 0.5
    way: Annotated[str, Meta("which", choices=("sum", "mean"))] = "sum"
    on: Annotated[bool, Meta("on or off")] = False
    pair: Annotated[Optional[tuple[int, int]], Meta("two")] = None
    curve: Annotated[tuple[float, ...], Meta("coefficients", lengths=(0, 2))] = ()


def problems_of(cls, table):
    problems = []
    instance = read(cls, table, "here", problems)
    return instance, problems


def test_what_is_right_is_read():
    instance, problems = problems_of(Sample, {"needed": 3, "ratio": 2, "pair": [1, 2], "curve": [1, 2.5]})
    assert not problems
    assert instance == Sample(3, 2.0, pair=(1, 2), curve=(1.0, 2.5))
    assert type(instance.ratio) is float


@pytest.mark.parametrize(
    ("table", "key", "message", "suggestion"),
    [
        ({"needed": 3, "ratoi": 1.0}, "here.ratoi", "unknown key 'ratoi'", "ratio"),
        ({"needed": 3, "xyz": 1.0}, "here.xyz", "known here: needed, ratio, way, on, pair, curve", ""),
        ({}, "here", "needs needed (how many)", "needed = "),
        ({"needed": True}, "here.needed", "must be a whole number, not true", ""),
        ({"needed": 3.0}, "here.needed", "must be a whole number, not a number (3.0)", "3"),
        ({"needed": "3"}, "here.needed", "must be a whole number, not text ('3')", "3"),
        ({"needed": 0}, "here.needed", "must be at least 1, not 0", ""),
        ({"needed": 10}, "here.needed", "must be at most 9, not 10", ""),
        ({"needed": 3, "ratio": -0.1}, "here.ratio", "must be at least 0 keV, not -0.1", ""),
        ({"needed": 3, "ratio": float("nan")}, "here.ratio", "must be a finite number", ""),
        ({"needed": 3, "ratio": False}, "here.ratio", "must be a number, not false", ""),
        ({"needed": 3, "way": "Sum"}, "here.way", "must be one of sum, mean, not 'Sum'", "sum"),
        ({"needed": 3, "on": 1}, "here.on", "must be true or false", "true"),
        ({"needed": 3, "on": "false"}, "here.on", "must be true or false", "false"),
        ({"needed": 3, "way": 5}, "here.way", "must be text in quotes, not a whole number (5)", '"5"'),
        ({"needed": 3, "pair": [1]}, "here.pair", "must have 2 entries such as [0, 10], not 1", ""),
        ({"needed": 3, "pair": 1}, "here.pair", "must be a list such as [0, 10], not a whole number (1)", ""),
        ({"needed": 3, "pair": [1, "a"]}, "here.pair[1]", "must be a whole number, not text ('a')", ""),
        ({"needed": 3, "curve": [1.0]}, "here.curve", "must have 0 or 2 entries of numbers, not 1", ""),
        ({"needed": 3, "curve": {"a": 1}}, "here.curve", "must be a list of numbers, not a table", ""),
        (5, "here", "must be a table of parameters, not a whole number (5)", ""),
    ],
)
def test_each_mistake_is_said_once_with_its_key(table, key, message, suggestion):
    instance, problems = problems_of(Sample, table)
    assert instance is None
    assert [(p.severity, p.key, p.suggestion) for p in problems] == [("error", key, suggestion)]
    assert message in problems[0].message


def test_all_mistakes_at_once():
    _, problems = problems_of(Sample, {"needed": "x", "ratio": -1, "way": "x", "on": 7, "pair": [1, True], "other": 1})
    assert {p.key for p in problems} == {
        "here.needed", "here.ratio", "here.way", "here.on", "here.pair[1]", "here.other"
    }  # fmt: skip


@pytest.mark.parametrize("module", [*FUNCTIONS.values(), *SECTIONS.values()], ids=lambda module: module.__name__)
def test_every_parameter_says_what_it_means(module):
    for field in describe(module.Parameters):
        assert field.meta.help, f"{module.__name__}: {field.name}"


def test_a_plan_has_every_section():
    assert set(SECTIONS) <= set(Plan.__dataclass_fields__)


regions = st.lists(
    st.tuples(st.integers(0, 50), st.integers(1, 50)).map(lambda p: (p[0], p[0] + p[1])), min_size=1, max_size=3
)


@given(
    st.builds(
        roi.Parameters,
        name=st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,9}", fullmatch=True),
        region=st.none() | regions.map(tuple),
        threshold=st.none() | st.floats(allow_nan=False, allow_infinity=False),
        save_pixels=st.booleans(),
    )
)
def test_what_is_written_out_is_read_back(parameters):
    assert problems_of(roi.Parameters, as_toml(parameters)) == (parameters, [])
    dumps({"roi": as_toml(parameters)})


@pytest.mark.parametrize(
    ("region", "shape", "words"),
    [
        (None, (4, 5), ""),
        (((0, 4), (0, 5)), (4, 5), ""),
        (((0, 4), (0, 6)), (4, 5), "[0, 6) on axis 1 ends beyond its 5 pixels"),
        (((0, 4), (0, 5)), (2, 4, 5), "the region has 2 axes, the detector has 3 axes of 2 x 4 x 5 pixels"),
        (((0, 9),), (8,), "[0, 9) on axis 0 ends beyond its 8 pixels"),
    ],
)
def test_whether_a_region_fits(region, shape, words):
    assert roi.Parameters(region=region).misfit(shape) == words


@pytest.mark.parametrize("region", [[[5, 5]], [[3, 1]], [[-1, 4]], [[0, 1]] * 4, [], [1, 2], [[1, 2, 3]], [[0.5, 2]]])
def test_regions_that_are_none(region):
    instance, problems = problems_of(roi.Parameters, {"region": region})
    assert instance is None
    assert problems
    assert all(p.key.startswith("here.region") for p in problems)


@pytest.mark.parametrize(
    ("name", "threshold", "hits", "square", "maximum"),
    [
        ("calib", None, False, False, False),
        ("calib_max", None, False, False, True),
        ("calib_square", None, False, True, False),
        ("calib_thresADU1.5", 1.5, False, False, False),
        ("calib_max_thresADU-2", -2.0, False, False, True),
        ("calib_thresADU1_nhits_square", 1.0, True, True, False),
    ],
)
def test_sums(name, threshold, hits, square, maximum):
    assert sums.Algorithm.parse(name) == sums.Algorithm(name, threshold, hits, square, maximum)


@pytest.mark.parametrize(
    ("name", "suggestion"),
    [
        ("calib_maxx", "calib_max"),
        ("cali", "calib"),
        ("calib_max_max", "calib_max"),
        ("calib_thresADU", ""),
        ("calib_thresADUnan", ""),
        ("calib_thresADU1_thresADU2", "calib_thresADU1_max"),
        ("max", ""),
        ("", ""),
    ],
)
def test_unknown_sums_are_refused(name, suggestion):
    instance, problems = problems_of(sums.Parameters, [name])
    assert instance is None
    assert [p.key for p in problems] == ["here[0]"]
    if suggestion:
        assert problems[0].suggestion == suggestion


def test_every_sum_that_is_offered_can_be_asked_for():
    assert problems_of(sums.Parameters, sums.algorithms())[1] == []


def test_pvs_with_and_without_alias():
    instance, problems = problems_of(epics.Parameters, {"per_event": ["a", {"pv": "B:C", "alias": "b"}]})
    assert not problems
    assert instance.per_event == (epics.Pv("a"), epics.Pv("B:C", "b"))
    assert [pv.name for pv in instance.per_event] == ["a", "b"]


def test_two_pvs_of_one_name():
    _, problems = problems_of(epics.Parameters, {"per_event": ["a", "b", {"pv": "c", "alias": "a"}]})
    assert [(p.key, p.message) for p in problems] == [
        ("here.per_event[2]", "per_event[0] is already called 'a'; give one an alias")
    ]

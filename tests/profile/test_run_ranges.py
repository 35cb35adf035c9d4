"""Run ranges against sets of runs counted one by one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from producer.run_ranges import RangeError, RunRange

TOP = 60
number = st.integers(0, 40)
part = st.one_of(
    number.map(lambda n: (str(n), {n})),
    st.tuples(number, number).map(lambda p: (f"{min(p)}-{max(p)}", set(range(min(p), max(p) + 1)))),
    number.map(lambda n: (f"{n}-", set(range(n, TOP)))),
    number.map(lambda n: (f"-{n}", set(range(n + 1)))),
)
ranges = st.lists(part, min_size=1, max_size=4).map(
    lambda ps: (",".join(p[0] for p in ps), set().union(*(p[1] for p in ps)))
)


def held(run_range: RunRange) -> set[int]:
    return {run for run in range(TOP) if run_range.contains(run)}


@given(ranges)
def test_holds_the_runs_that_its_parts_name(written):
    text, runs = written
    assert held(RunRange.parse(text)) == runs


@given(ranges, ranges)
def test_overlap_is_the_common_runs(first, second):
    common = RunRange.parse(first[0]).overlap(RunRange.parse(second[0]))
    assert (held(common) if common else set()) == first[1] & second[1]


@given(ranges)
def test_its_own_text_means_the_same(written):
    parsed = RunRange.parse(written[0])
    again = RunRange.of(parsed.spans)
    assert RunRange.parse(again.text) == again == RunRange.of(RunRange.parse(again.text).spans)


@given(ranges, number)
def test_before_and_since_part_it(written, run):
    parsed = RunRange.parse(written[0])
    before, since = parsed.before(run), parsed.since(run)
    assert (held(before) if before else set()) == {r for r in written[1] if r < run}
    assert (held(since) if since else set()) == {r for r in written[1] if r >= run}


def test_all_holds_every_run_and_is_told_apart_from_a_range():
    everything = RunRange.parse("all")
    assert held(everything) == set(range(TOP))
    assert everything.is_all
    assert everything != RunRange.parse("0-")


def test_equal_however_written():
    assert RunRange.parse("1-3, 4-5") == RunRange.parse("1-5")


@pytest.mark.parametrize("text", ["", "-", ",", "1,", "a", "1-2-3", "--3", "all,3", "1.5", "٣", "+3", "1" * 5000])
def test_what_is_no_range_is_refused_in_words(text):
    with pytest.raises(RangeError, match="is no run range"):
        RunRange.parse(text)


@pytest.mark.parametrize(("text", "meant"), [("20-1", "1-20"), ("3,20-1,30-", "3,1-20,30-"), ("1 2", "1-2")])
def test_what_was_meant_is_offered(text, meant):
    with pytest.raises(RangeError) as refused:
        RunRange.parse(text)
    assert refused.value.suggestion == meant
    RunRange.parse(meant)

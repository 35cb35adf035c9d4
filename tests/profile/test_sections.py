"""Splitting, moving, joining and copying sections: what holds for each run afterwards, and which bytes stay."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from producer.plan import check, effective
from producer.problem import errors
from producer.run_ranges import RunRange
from smdtui.profile import sections
from smdtui.profile.edit import EditFailed

RUNS = range(0, 40)
TEXT = """format = 1

# the base
[runs.all.epix_1]
sums = ["calib"] # of every pixel

[runs.1-.epix_1.droplet] # since the shift
threshold = 10.0 # sigma

# where the beam is
[[runs.1-.epix_1.roi]]
name = "ROI_0"
region = [[1, 2],
          [3, 4]] # two axes

[[runs.1-.epix_1.roi.projection]]
axis = 1
"""


def values(text):
    profile, problems = check("p.toml", text)
    assert profile is not None and errors(problems) == [], problems
    return {run: effective(profile, run).as_json()["plan"]["detectors"] for run in RUNS}


def test_from_this_run_on_leaves_every_value_and_every_comment():
    text = sections.split(TEXT, ("runs", "1-", "epix_1"), 21)
    assert values(text) == values(TEXT)
    assert [line for line in TEXT.splitlines() if line.replace("1-.", "1-20.") not in text] == []
    for once in (
        "[runs.1-20.epix_1.droplet] # since the shift",
        "[[runs.21-.epix_1.roi.projection]]",
        "[[runs.21-.epix_1.roi]]",
    ):
        assert text.count(once) == 1
    assert text.count("threshold = 10.0 # sigma") == 2 and text.count("# the base") == 1


def test_only_one_function_is_split_where_only_that_is_meant():
    text = sections.split(TEXT, ("runs", "1-", "epix_1", "droplet"), 21)
    assert "[runs.1-20.epix_1.droplet]" in text and "[[runs.1-.epix_1.roi]]" in text and "21-.epix_1.roi" not in text
    assert values(text) == values(TEXT)


def test_a_copy_of_all_takes_the_runs_that_are_free():
    text = TEXT + "\n[runs.30-.epix_1]\nsums = ['calib_max']\n"
    text = sections.split(text, ("runs", "all", "epix_1", "sums"), 21)
    assert '[runs.21-29.epix_1]\nsums = ["calib"]' in text and "[runs.all.epix_1]" in text


def test_a_value_written_among_others_moves_alone():
    text = 'format = 1\n[runs.1-9.epix_1]\nsums = ["calib"] # kept?\n[runs.1-9.epix_1.droplet]\nthreshold = 3.0\n'
    moved = sections.set_range(text, ("runs", "1-9", "epix_1", "sums"), "1-12")
    assert "[runs.1-12.epix_1]\nsums = [" in moved and "[runs.1-9.epix_1.droplet]" in moved and "# kept?" in moved
    both = 'format = 1\n[runs.1-9.epix_1]\nsums = ["calib"]\ndroplet = { threshold = 3.0 }\n'
    moved = sections.set_range(both, ("runs", "1-9", "epix_1", "sums"), "1-12")
    assert values(moved)[11] == {"epix_1": {"sums": ["calib"]}} and set(values(moved)[9]["epix_1"]) == {
        "sums",
        "droplet",
    }


def test_a_neighbour_gives_way_and_is_never_swallowed():
    text = sections.split(TEXT, ("runs", "1-", "epix_1"), 21)
    grown = sections.set_range(text, ("runs", "1-20", "epix_1", "droplet"), "1-24")
    assert (
        "[runs.25-.epix_1.droplet]" in grown
        and "[[runs.21-.epix_1.roi]]" in grown
        and errors(check("p", grown)[1]) == []
    )
    with pytest.raises(EditFailed, match=r"nothing would be left of \[runs.21-.epix_1.droplet\]"):
        sections.set_range(text, ("runs", "1-20", "epix_1", "droplet"), "1-")


@pytest.mark.parametrize(
    "do, why",
    [
        (lambda: sections.split(TEXT, ("runs", "1-", "epix_1"), 1), "begins at run 1 already"),
        (lambda: sections.duplicate(TEXT, ("runs", "1-", "epix_1"), "5-9"), "has runs 5-9 already"),
        (lambda: sections.duplicate(TEXT, ("runs", "1-", "epix_1"), "9-5"), "runs backwards"),
        (lambda: sections.join(TEXT, ("runs", "1-", "epix_1", "roi"), "7"), r"there is no \[runs.7.epix_1.roi\]"),
        (lambda: sections.split("x = [", ("runs", "1-"), 5), "mend the text first"),
        (lambda: sections.with_end(RunRange.parse("5-9"), 7, 4), "would hold no run"),
        (lambda: sections.with_end(RunRange.parse("all"), 7, 4), "all has no ends"),
    ],
)
def test_what_cannot_be_is_refused_in_words(do, why):
    with pytest.raises(EditFailed, match=why):
        do()


def test_joining_takes_the_chosen_values():
    text = sections.split(TEXT, ("runs", "1-", "epix_1", "droplet"), 21).replace("10.0", "12.0", 1)
    joined = sections.join(text, ("runs", "21-", "epix_1", "droplet"), "1-20")
    assert {v["epix_1"]["droplet"]["threshold"] for run, v in values(joined).items() if run} == {10.0}


def test_ends_of_one_of_several_spans():
    several = RunRange.parse("1-4,9-12,20-")
    assert sections.with_end(several, 10, 14).text == "1-4,9-14,20-"
    assert sections.with_begin(several, 30, 18).text == "1-4,9-12,18-"
    assert sections.with_end(several, 25, 29).text == "1-4,9-12,20-29"


# ---- any profile -----------------------------------------------------------------------------------------------------

FUNCTIONS = ("droplet", "sums", "roi")


def _written(detector, function, key, number, quoted):
    name = f'"{key}"' if quoted or "," in key else key
    if function == "sums":
        return f"\n# sums {number}\n[runs.{name}.{detector}]\nsums = ['calib']\n"
    if function == "droplet":
        return f"\n# droplet {number}\n[runs.{name}.{detector}.droplet]\nthreshold = {number}.0 # here\n"
    head = f"[[runs.{name}.{detector}.roi]]"
    return f"\n{head}\nname = 'a{number}' # roi {number}\n{head}\nname = 'b'\n"


@st.composite
def profiles(draw):
    text, number = "format = 1\n", 0
    for detector in ("d1", "d2"):
        for function in FUNCTIONS:
            cuts = sorted(draw(st.sets(st.integers(1, 38), max_size=5)))
            if draw(st.booleans()):
                number += 1
                text += _written(detector, function, "all", number, False)
            for first, end in zip(cuts, [*cuts[1:], 40], strict=False):
                last = draw(st.integers(first, end - 1)) if end < 40 else None
                number += 1
                text += _written(detector, function, RunRange.of([(first, last)]).text, number, draw(st.booleans()))
    return text


def places(text):
    found = []
    for key, detectors in sections.table_of(text).get("runs", {}).items():
        for detector, functions in detectors.items():
            found += [("runs", key, detector, function) for function in functions]
    return found


def comments(text):
    return sorted(line.partition("#")[2] for line in text.splitlines() if "#" in line)


@settings(max_examples=150, deadline=None)
@given(profiles(), st.data())
def test_split_changes_no_value_for_any_run(text, data):
    if not places(text):
        return
    place = data.draw(st.sampled_from(places(text)))
    run = data.draw(st.integers(0, 39))
    try:
        done = sections.split(text, place, run)
    except EditFailed as refused:
        here = RunRange.parse(place[1])
        free = sections.without(RunRange.of([(run, None)]), sections.others(text, place))
        assert (free is None) if here.is_all else (not here.since(run) or not here.before(run)), str(refused)
        return
    assert values(done) == values(text)
    assert set(comments(text)) <= set(comments(done))
    begins = [RunRange.parse(p[1]) for p in places(done) if p[2:] == place[2:]]
    if not RunRange.parse(place[1]).is_all:
        assert any(r.contains(run) and not r.contains(run - 1) for r in begins if not r.is_all)


@settings(max_examples=150, deadline=None)
@given(profiles(), st.data())
def test_a_range_set_holds_for_exactly_its_runs(text, data):
    moving = [p for p in places(text) if p[1] != "all"]
    if not moving:
        return
    place = data.draw(st.sampled_from(moving))
    first = data.draw(st.integers(0, 38))
    wanted = RunRange.of([(first, data.draw(st.none() | st.integers(first, 39)))])
    _, _, detector, function = place
    mine = sections.value_at(sections.table_of(text), place)
    rest = {p: RunRange.parse(p[1]) for p in places(text) if p[2:] == place[2:] and p != place}
    try:
        done = sections.set_range(text, place, wanted.text)
    except EditFailed:
        assert any(not r.is_all and r.overlap(wanted) and r.without(wanted) is None for r in rest.values())
        return
    assert set(comments(text)) <= set(comments(done))
    for run in RUNS:
        before, after = [(values_at(t, detector, function, run)) for t in (text, done)]
        if wanted.contains(run):
            assert after == mine
        elif RunRange.parse(place[1]).contains(run):
            assert after is None
        else:
            assert after == before


def values_at(text, detector, function, run):
    """Brute force: the one range other than all that holds the run."""
    for place in places(text):
        if place[2:] == (detector, function) and place[1] != "all" and RunRange.parse(place[1]).contains(run):
            return sections.value_at(sections.table_of(text), place)
    return None

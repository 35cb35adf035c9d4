"""What holds for a run, against brute force over every run; problems of a file with their lines."""

from pathlib import Path

import pytest
import tomllib
from hypothesis import example, given, settings
from hypothesis import strategies as st

from producer import plan as plans
from producer.analysis import roi
from producer.defaults import SECTIONS, epics
from producer.layers import Origin
from producer.parameters import as_json
from producer.plan import ProfileError, check, effective, gaps, load, unmatched
from producer.problem import errors
from producer.run_ranges import RunRange
from producer.toml_text import dumps

TOP = 14
HUTCHES = Path(__file__).resolve().parents[2] / "profiles" / "hutches"

number = st.integers(1, 10)
range_texts = st.one_of(
    st.just("all"),
    number.map(str),
    st.tuples(number, number).map(lambda p: f"{min(p)}-{max(p)}"),
    number.map(lambda n: f"{n}-"),
    number.map(lambda n: f"-{n}"),
    st.tuples(number, number).map(lambda p: f"{p[0]},{p[1]}"),
)
rois = st.lists(
    st.fixed_dictionaries({"name": st.sampled_from("AB")}, optional={"threshold": st.integers(0, 3).map(float)}),
    max_size=2,
    unique_by=lambda entry: entry["name"],
)
functions = st.fixed_dictionaries(
    {}, optional={"roi": rois, "sums": st.lists(st.sampled_from(["calib", "calib_max"]), unique=True)}
)
runs_tables = st.dictionaries(
    range_texts, st.dictionaries(st.sampled_from(["epix", "cspad.1"]), functions, max_size=2), max_size=5
)
epics_tables = st.fixed_dictionaries(
    {},
    optional={
        "per_event": st.lists(st.sampled_from(["a", "b", "c"]), unique=True),
        "once": st.lists(st.sampled_from(["d", "e"]), unique=True),
        "all": st.booleans(),
    },
)
profile_tables = st.fixed_dictionaries({"format": st.just(1)}, optional={"epics": epics_tables, "runs": runs_tables})


def claims(table):
    """(range text, detector, function, value) in the order of the file."""
    for text, detectors in table.get("runs", {}).items():
        for detector, wanted in detectors.items():
            for function, value in wanted.items():
                yield text, detector, function, value


def holds(text, run):
    """Brute force, on its own: whether a range as written holds a run."""
    if text == "all":
        return True
    for part in text.split(","):
        first, dash, last = part.partition("-")
        if (int(first or 0) <= run and (not last or run <= int(last))) if dash else run == int(part):
            return True
    return False


def oracle(tables, run):
    """The detectors of a run from profile tables, the profile itself first and then its bases."""
    got = {}
    for table in reversed(tables):
        for text in sorted(table.get("runs", {}), key=lambda t: t != "all"):
            for detector, wanted in table["runs"][text].items():
                for function, value in wanted.items():
                    if not holds(text, run):
                        continue
                    if function == "sums" or not value:
                        got[detector, function] = value
                    else:
                        before = {entry["name"]: entry for entry in got.get((detector, function), [])}
                        got[detector, function] = list({**before, **{e["name"]: e for e in value}}.values())
    return {slot: value for slot, value in got.items() if value or slot[1] == "sums"}


def simple(plan):
    got = {}
    for detector, wanted in plan.detectors.items():
        for function, value in wanted.items():
            got[detector, function] = as_json(value)
    for (_, function), value in got.items():
        if function == "roi":
            defaults = as_json(roi.Parameters())
            for entry in value:
                for key in [key for key in defaults if key != "name" and entry[key] == defaults[key]]:
                    del entry[key]
    return got


def clashes(table):
    """Pairs of sections of one (detector, function) with a run in common."""
    found = set()
    every = [claim for claim in claims(table) if claim[0] != "all"]
    for i, first in enumerate(every):
        for second in every[i + 1 :]:
            common = any(holds(first[0], run) and holds(second[0], run) for run in range(TOP))
            if first[1:3] == second[1:3] and common:
                found.add((frozenset((first[0], second[0])), first[1], first[2]))
    return found


@given(profile_tables, profile_tables, st.booleans())
@settings(max_examples=150, deadline=None)
def test_effective_overlaps_and_gaps_equal_brute_force(tmp_path_factory, own, base, based):
    folder = tmp_path_factory.mktemp("profiles")
    (folder / "base.toml").write_text(dumps(base))
    if based:
        own = {**own, "base": "base.toml"}
    (folder / "own.toml").write_text(dumps(own))
    tables = [own, base] if based else [own]

    profile, problems = check(folder / "own.toml")
    assert profile is not None
    said = [p for p in problems if "also claimed" in p.message]
    assert len(said) == sum(len(clashes(table)) for table in tables)
    assert errors(problems) == said
    assert gaps(profile, range(TOP)) == [
        run for run in range(TOP) if not any(holds(c[0], run) for table in tables for c in claims(table))
    ]
    assert [s.range.text for s in unmatched(profile, range(11, TOP))] == [
        c[0] for c in claims(own) if not any(holds(c[0], run) for run in range(11, TOP))
    ]
    if said:
        return
    for run in range(TOP):
        plan = effective(profile, run)
        assert simple(plan) == oracle(tables, run)
        for key in SECTIONS["epics"].Parameters.__dataclass_fields__:
            there = [table["epics"][key] for table in tables if key in table.get("epics", {})]
            got = as_json(getattr(plan.epics, key))
            got = [pv["pv"] for pv in got] if isinstance(got, list) else got
            assert got == (there[0] if there else False if key == "all" else [])
        (folder / "frozen.toml").write_text(plan.to_toml())
        again = effective(load(folder / "frozen.toml"), run)
        assert again == plan
        assert again.sha256 == plan.sha256
        assert all(run_range == str(run) for run_range in tomllib.loads(plan.to_toml()).get("runs", {}))


@given(st.lists(range_texts.filter(lambda t: t != "all").map(RunRange.parse), max_size=8))
def test_overlapping_pairs_equal_all_pairs(ranges):
    expected = [
        (i, j)
        for i in range(len(ranges))
        for j in range(i + 1, len(ranges))
        if ranges[i].overlap(ranges[j]) is not None
    ]
    assert plans.overlapping(ranges) == expected


PROFILE = """\
format = 1
hutch = "xpp"
base = "base.toml"
[epics]
per_event = [
    "s1h_w",
    { pv = "XPP:USR:MMS:01.RBV", alias = "sam_x" },
]
[runs.all.epix_1]
sums = ["calib"]
[[runs.all.epix_1.roi]]
name = "A"
[[runs.21-.epix_1.roi]]
name = "B"
region = [[1, 2], [3, 4]]
"""


@pytest.fixture
def profile(tmp_path):
    (tmp_path / "base.toml").write_text("format = 1\n\n[timetool]\ncalibration = [1, 2]\n")
    path = tmp_path / "own.toml"
    path.write_text(PROFILE)
    return path


def test_each_value_has_its_origin(profile):
    plan = effective(load(profile), 25)
    own, base = str(profile), str(profile.with_name("base.toml"))
    shown = plan.as_json()
    assert shown["run"] == 25
    assert shown["plan"]["detectors"]["epix_1"]["roi"][1]["region"] == [[1, 2], [3, 4]]
    assert shown["plan"]["detectors"]["epix_1"]["sums"] == ["calib"]
    origin = shown["origin"]
    for key, file, line in [
        ("epics.per_event[0]", own, 6),
        ("epics.per_event[0].pv", own, 6),
        ("epics.per_event[0].alias", "", 0),
        ("epics.per_event[1]", own, 7),
        ("epics.per_event[1].alias", own, 7),
        ("epics.once", "", 0),
        ("hutch", own, 2),
        ("timetool.calibration", base, 4),
        ("detectors.epix_1.sums", own, 10),
        ("detectors.epix_1.roi[0].name", own, 12),
        ("detectors.epix_1.roi[1].region", own, 15),
        ("detectors.epix_1.roi[1].threshold", "", 0),
    ]:
        assert origin[key] == {"file": file, "line": line}, key
    assert plan.origin["detectors.epix_1.roi[1].region"] == Origin(own, 15, 1, "runs.21-.epix_1.roi[0].region")


def test_a_range_replaces_what_all_says_by_name(profile):
    assert [roi.name for roi in effective(load(profile), 20).detectors["epix_1"]["roi"]] == ["A"]
    assert [roi.name for roi in effective(load(profile), 21).detectors["epix_1"]["roi"]] == ["A", "B"]
    assert effective(load(profile), 3).epics.per_event == (epics.Pv("s1h_w"), epics.Pv("XPP:USR:MMS:01.RBV", "sam_x"))


MISTAKES = [
    ('hutch = 3', 2, "hutch", "hutch must be text in quotes, not a whole number (3)", '"3"'),
    ('[epics]\nper_evnt = ["a"]', 3, "epics.per_evnt", "unknown key 'per_evnt'", "per_event"),
    ('[epics]\nonce = ["a", 2]', 3, "epics.once[1]", "once[1] must be text in quotes, not a whole number (2)", '"2"'),
    ('[epic]', 2, "epic", "unknown key 'epic'", "epics"),
    ('[[analog_input]]\nchannel = 16\nname = "x"', 3, "analog_input[0].channel", "channel must be at most 15", ""),
    ('[[analog_input]]\nname = "x"', 2, "analog_input[0]", "needs channel", "channel = "),
    ('[timetool]\ncalibration = [1]', 3, "timetool.calibration", "must have 0 or 2 or 3 entries", ""),
    ('[xtcav]\nenabled = 1', 3, "xtcav.enabled", "enabled must be true or false", "true"),
    ('[runs.20-1.x]\nsums = []', 2, "runs.20-1", "the run range '20-1' runs backwards", "1-20"),
    ('[runs.x.y]\nsums = []', 2, "runs.x", "'x' is no run range", ""),
    ('[runs.1-5.x]\nrio = []', 3, "runs.1-5.x.rio", "unknown key 'rio'", "roi"),
    ('[runs.1-5.x]\nsums = ["calb"]', 3, "runs.1-5.x.sums[0]", "has no sum called 'calb'", "calib"),
    ('[runs.1-5.x.roi]\nname = "a"', 2, "runs.1-5.x.roi", "roi is an array", "[[runs.1-5.x.roi]]"),
    ('[runs.1-5]\nsums = ["calib"]', 3, "runs.1-5.sums", "a detector's name is missing", ""),
    ('[[runs.1-5.x.roi]]\nregoin = [[1, 2]]', 3, "runs.1-5.x.roi[0].regoin", "unknown key 'regoin'", "region"),
    ('[[runs.1-5.x.roi]]\nregion = [[1, 2], [9, 3]]', 3, "runs.1-5.x.roi[0].region[1]", "is empty", "[3, 9]"),
    ('[[runs.1-5.x.roi]]\n[[runs.1-5.x.roi]]', 3, "runs.1-5.x.roi[1]", "the roi of line 2 is also called", "ROI_1"),
    (
        '[runs.1-5.x]\nsums = ["calib"]\n[runs."3,9".x]\nsums = ["calib"]',
        5,
        'runs."3,9".x.sums',
        "run 3 of x.sums is also claimed by [runs.1-5.x.sums] in line 3",
        "",
    ),
    ('base = "nowhere.toml"', 2, "base", "there is no profile", ""),
    ('format = 2', 1, "format", "format 2 is not known here", "1"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "line", "key", "message", "suggestion"), MISTAKES, ids=lambda v: str(v)[:30])
def test_each_mistake_has_its_line_and_what_was_meant(tmp_path, text, line, key, message, suggestion):
    text = text if text.startswith("format") else f"format = 1\n{text}"
    _, problems = check(tmp_path / "p.toml", text)
    assert [(p.severity, p.line, p.key) for p in problems] == [("error", line, key)]
    assert message in problems[0].message
    assert problems[0].suggestion == suggestion
    with pytest.raises(ProfileError, match=r"p\.toml:"):
        (tmp_path / "p.toml").write_text(text)
        load(tmp_path / "p.toml")


MANY_MISTAKES = """\
format = 1
hutch = 3  #! must be text
titel = "x"  #! unknown key 'titel'
[epics]
per_evnt = []  #! unknown key 'per_evnt'
once = [
    "a",
    7,  #! must be text
    { pv = "b", allias = "c" },  #! unknown key 'allias'
]
all = "true"  #! must be true or false
[timetool]
calibration = [1, "2", true]  #! must be a number, not text  #! must be a number, not true
traces = 0  #! must be true or false
[[analog_input]]  #! needs name
channel = 16  #! at most 15
[[analog_input]]
channel = 1.0  #! must be a whole number
name = "a/b"  #! only letters, digits
[wave]  #! unknown key 'wave'
[runs.20-1.x1]  #! runs backwards
sums = ["calib", "calb"]  #! no sum called 'calb'
[runs.abc.x2]  #! is no run range
rio = []  #! unknown key 'rio'
[runs.1-5.x3.roi]  #! is an array
[runs.1-5.x4]
sums = "calib"  #! must be a list
[[runs.1-5.x5.roi]]
region = [[1, 2], [9, 3], [-1, 4]]  #! at least 0
treshold = 5  #! unknown key 'treshold'
[[runs.1-5.x6.roi]]
region = [[1, 2], [9, 3], [4, 4]]  #! region[1] is empty  #! region[2] is empty
[[runs.1-5.x7.roi]]
[[runs.1-5.x7.roi]]  #! is also called 'ROI'
[runs.1-5.x8]
sums = ["calib"]
[runs."3,9".x8]
sums = ["calib"]  #! run 3 of x8.sums is also claimed by [runs.1-5.x8.sums] in line 36
[runs.1-5]
threshold = 3  #! a detector's name is missing
[[analog_input]]
channel = -1  #! at least 0
name = ""  #! only letters, digits
[waveforms]
traces = "Wave8WF"  #! must be a list of names
"""


def test_all_mistakes_of_one_file_at_once_each_at_its_line(tmp_path):
    expected = [
        (number, words.strip())
        for number, line in enumerate(MANY_MISTAKES.splitlines(), 1)
        for words in line.split("#!")[1:]
    ]
    assert len(expected) == 30
    _, problems = check(tmp_path / "p.toml", MANY_MISTAKES)
    assert [p.line for p in errors(problems)] == [line for line, _ in expected]
    for problem, (_, words) in zip(errors(problems), expected, strict=True):
        assert words in problem.message


@pytest.mark.parametrize(
    ("text", "line", "column", "message"),
    [
        ("format = 1\nx = \n", 2, 5, "not TOML: invalid value"),
        ("format = 1\n[runs.7,9.epix]\n", 2, 8, "a list of runs in a header needs quotes"),
        ("format = 1\n[epics]\nall = true\nall = false\n", 4, 1, "epics.all is there twice, first in line 3"),
        ("format = 1\n[epics]\n[runs.1.x]\n[epics]\n", 4, 2, "epics is there twice, first in line 2"),
        ("\ufeffformat = 1\n", 1, 1, "byte-order mark"),
        ("x = " + "[" * 5000, 0, 0, "nested too deep"),
    ],
)
def test_what_is_no_toml_is_one_problem_at_its_place(tmp_path, text, line, column, message):
    profile, problems = check(tmp_path / "p.toml", text)
    assert profile is None
    assert [(p.line, p.column) for p in problems] == [(line, column)]
    assert message in problems[0].message


def test_files_that_cannot_be_read(tmp_path):
    import os

    os.mkfifo(tmp_path / "fifo.toml")
    (tmp_path / "latin.toml").write_bytes(b'format = 1\ntitle = "\xe4"\n')
    for name, words in [
        ("latin.toml", "is not UTF-8 text: byte 0xe4 in line 2"),
        ("fifo.toml", "is not a regular file"),
        ("", "is a folder"),
        ("latim.toml", "there is no profile"),
    ]:
        profile, problems = check(tmp_path / name)
        assert profile is None
        assert len(problems) == 1
        assert words in problems[0].message
    assert problems[0].suggestion == str(tmp_path / "latin.toml")


def test_bases_own_keys_win_and_a_cycle_is_an_error(tmp_path):
    (tmp_path / "a.toml").write_text('format = 1\nbase = "b.toml"\n[epics]\nonce = ["x"]\n')
    (tmp_path / "b.toml").write_text('format = 1\nhutch = "tmo"\n[epics]\nonce = ["y"]\nall = true\n')
    profile = load(tmp_path / "a.toml")
    assert profile.hutch == "tmo"
    assert profile.files == (str(tmp_path / "a.toml"), str(tmp_path / "b.toml"))
    plan = effective(profile, 1)
    assert plan.epics == epics.Parameters(once=(epics.Pv("x"),), all=True)

    (tmp_path / "b.toml").write_text('format = 1\nbase = "./a.toml"\n')
    _, problems = check(tmp_path / "a.toml")
    assert [(p.file, p.line, p.key) for p in problems] == [(str(tmp_path / "b.toml"), 2, "base")]
    assert "leads back to itself: a.toml -> b.toml -> a.toml" in problems[0].message


def test_problems_of_a_base_name_the_base(tmp_path):
    (tmp_path / "b.toml").write_text('format = 1\n[epics]\nonse = ["y"]\n')
    _, problems = check(tmp_path / "a.toml", 'format = 1\nbase = "b.toml"\n')
    assert [(p.file, p.line, p.suggestion) for p in problems] == [(str(tmp_path / "b.toml"), 3, "once")]
    (tmp_path / "b.toml").write_text("format = \n")
    _, problems = check(tmp_path / "a.toml", 'format = 1\nbase = "b.toml"\n')
    assert [(p.file, p.line) for p in problems] == [(str(tmp_path / "b.toml"), 1)]


def test_an_all_that_no_run_sees_is_a_warning(tmp_path):
    text = (
        'format = 1\n[runs.all.x]\nsums = ["calib"]\n[runs.-20.x]\nsums = ["calib"]\n[runs.21-.x]\nsums = ["calib"]\n'
    )
    _, problems = check(tmp_path / "p.toml", text)
    assert [(p.severity, p.line) for p in problems] == [("warning", 3)]
    assert "is never used" in problems[0].message
    assert not check(tmp_path / "p.toml", text.replace("21-", "22-"))[1]


@pytest.mark.parametrize("path", sorted(HUTCHES.glob("*.toml")), ids=lambda path: path.stem)
def test_the_hutches_profiles_are_right(path):
    profile, problems = check(path)
    assert problems == []
    assert profile.hutch == path.stem


def test_there_is_a_profile_for_each_hutch():
    assert {path.stem for path in HUTCHES.glob("*.toml")} >= {"cxi", "mec", "mfx", "rix", "tmo", "ued", "xcs", "xpp"}


anything = st.recursive(
    st.one_of(st.booleans(), st.integers(), st.floats(), st.text(max_size=4), st.dates()),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(["1-20", "all", "3-1", "epix", "roi", "sums", "name", "region", "pv", "alias", "x/y", ""]),
            inner,
            max_size=3,
        ),
    ),
    max_leaves=10,
)
sections = st.sampled_from(["format", "hutch", "title", "base", "runs", "what", *SECTIONS])
fields = st.sampled_from(
    ["per_event", "once", "all", "detector", "calibration", "traces", "channel", "name", "scale", "enabled", "1-2", "x"]
)


@given(st.dictionaries(sections, st.one_of(anything, st.dictionaries(fields, anything, max_size=3)), max_size=6))
@example({"format": 1, "base": "\0"})
@settings(max_examples=400, deadline=None)
def test_whatever_stands_in_a_profile_ends_in_problems_with_lines(tmp_path_factory, table):
    path = tmp_path_factory.getbasetemp() / "any.toml"
    text = dumps(table)
    profile, problems = check(path, text)
    assert profile is not None
    for problem in problems:
        assert 1 <= problem.line <= text.count("\n") + 1
        assert problem.message and problem.file == str(path)
    assert len(set(problems)) == len(problems)
    for run in (0, 2, 30):
        plan = effective(profile, run)
        plan.as_json()
        assert not check(path, plan.to_toml())[1] or errors(problems)

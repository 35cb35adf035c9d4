"""30 kinds of mistakes in one file: 30 problems at the right lines, none twice; mending one by its suggestion removes
exactly that one."""

import re

import pytest

from producer.plan import check

# (line as written, what it should be or None where no suggestion can mend it)
LINES = [
    ("format = 1", None),
    ("hutsch = 'xpp'", "hutch"),  # 1 a key at the top
    ("title = 5", '"5"'),  # 2 a number for a text
    ("[epic]", "epics"),  # 3 a section
    ("[timetool]", None),
    ("calibration = [1.0]", ""),  # 4 a list of a wrong length
    ("traces = 'true'", "true"),  # 5 a text for a switch
    ("detectr = 'opal'", "detector"),  # 6 a key of a section
    ("[waveforms]", None),
    ("traces = 'hsd'", ""),  # 7 a text for a list
    ("[xtcav]", None),
    ("enabled = 1", "true"),  # 8 a number for a switch
    ("[[analog_input]]", None),
    ("channel = 16", ""),  # 9 too large
    ("name = 'a'", None),
    ("[[analog_input]]", None),
    ("channel = -1", ""),  # 10 too small
    ("name = 'b'", None),
    ("[[analog_input]]", None),
    ("channel = 1.0", "1"),  # 11 a number that should be whole
    ("name = 'c'", None),
    ("[[analog_input]]", "name = "),  # 12 something needed is missing
    ("channel = 2", None),
    ("[[analog_input]]", None),
    ("channel = 3", None),
    ("name = 'd d'", "d_d"),  # 13 a name that cannot name a dataset
    ("[runs.20-1.epix_1]", "1-20"),  # 14 a range that runs backwards
    ("sums = ['calib']", None),
    ("[runs.first.epix_1]", ""),  # 15 no range at all
    ("sums = ['calib']", None),
    ("[runs.all.droplet]", ""),  # 16 the detector is missing
    ("[runs.all.epix_1]", None),
    ("summs = ['calib']", "sums"),  # 17 a function
    ("[runs.1-10.epix_1.droplet]", None),
    ("treshold = 10.0", "threshold"),  # 18 a parameter
    ("[runs.11-20.epix_1.droplet]", None),
    ("threshold = '10'", "10"),  # 19 a text for a number
    ("[runs.21-30.epix_1.droplet]", None),
    ("threshold = -1.0", ""),  # 20 below the limit
    ("[runs.31-40.epix_1.droplet]", None),
    ("threshold = 5.0", None),
    ("threshold_low = 6.0", "5"),  # 21 two values that clash
    ("[runs.41-50.epix_1.droplet]", None),
    ("threshold = nan", ""),  # 22 no finite number
    ("[[runs.1-10.epix_2.roi]]", None),
    ("name = 'r'", None),
    ("region = [[5, 5]]", ""),  # 23 an empty region
    ("[[runs.11-20.epix_2.roi]]", None),
    ("region = [[20, 10]]", "[10, 20]"),  # 24 a region the wrong way round
    ("[[runs.21-30.epix_2.roi]]", None),
    ("region = [[1, 2, 3]]", ""),  # 25 three numbers for a pair
    ("[runs.31-40.epix_2.roi]", "[[runs.31-40.epix_2.roi]]"),  # 26 one bracket for an array
    ("name = 'q'", None),
    ("[[runs.41-50.epix_2.roi]]", None),
    ("name = 's'", None),
    ("[[runs.41-50.epix_2.roi]]", None),
    ("name = 's'", "s_1"),  # 27 a name given twice
    ("[runs.1-20.epix_3.droplet]", None),
    ("[runs.15-30.epix_3.droplet]", ""),  # 28 ranges that overlap
    ("[runs.all.epix_4.azimuthal]", None),
    ("center_um = [1.0, 2.0]", None),
    ("polarization = 'horizontl'", "horizontal"),  # 29 none of the choices
    ("[runs.all.epix_4.droplet]", None),
    ("mask = 'mask.npy'", ""),  # 30 a path that depends on where one is
]
TEXT = "\n".join(line for line, _ in LINES) + "\n"
WRONG = [number for number, (_, hint) in enumerate(LINES, 1) if hint is not None]


def found(text):
    problems = check("p.toml", text)[1]
    return [(p.line, re.sub(r"\d+", "N", p.message)) for p in problems]


def test_thirty_problems_at_their_lines():
    assert len(WRONG) == 30
    problems = check("p.toml", TEXT)[1]
    assert [p.line for p in problems] == WRONG, [(p.line, p.message) for p in problems if p.line not in WRONG]
    assert len(set(found(TEXT))) == 30, "none is told twice"
    assert all(p.column >= 1 and p.key for p in problems)
    assert [p.suggestion for p in problems] == [hint for _, hint in LINES if hint is not None]


def mended(number):
    """The text with one suggestion followed as a person would."""
    line, hint = LINES[number - 1]
    lines = TEXT.split("\n")
    if hint == "name = ":
        lines[number - 1] = f'{line}\n{hint}"new"'
    elif hint.startswith("[["):
        lines[number - 1] = hint
    elif line.startswith("["):
        lines[number - 1] = line.replace("epic]", f"{hint}]").replace("20-1", hint)
    elif re.match(r"region", line):
        lines[number - 1] = f"region = [{hint}]"
    else:
        key, value = line.split(" = ")
        if re.fullmatch(r"[a-z]+", hint) and hint not in ("true", "horizontal"):
            key = hint
        elif value.startswith("'") and not hint.replace(".", "").isdigit() and hint != "true":
            value = f"'{hint}'"
        else:
            value = hint
        lines[number - 1] = f"{key} = {value}"
    return "\n".join(lines)


@pytest.mark.parametrize("number", [n for n in WRONG if LINES[n - 1][1]])
def test_following_a_suggestion_removes_exactly_that_problem(number):
    before, after = found(TEXT), found(mended(number))
    gone = [told for told in before if told[0] == number]
    expected = [message for line, message in before if line != number]
    assert len(gone) == 1 and [message for _, message in after] == expected

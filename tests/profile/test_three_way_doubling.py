"""What both added is in the merged text once, wherever each put it."""

import random

import pytest
import tomllib

from smdtui.profile.edit import EditFailed
from smdtui.profile.three_way import ThreeWay, merge_lines

BASE = """format = 1

[epics]
per_event = ["a"]

[timetool]
detector = "tt"
"""
ENTRY = '\n[[analog_input]]\ndetector = "ai"\nchannels = [0, 1]\n'


@pytest.mark.parametrize(
    "entry", [ENTRY, ENTRY + 'name = "left"\n', '\n[[runs.all.d.roi]]\nname = "left"\nvalue = 1\n']
)
def test_an_entry_that_both_added_at_different_places_is_there_once(entry):
    mine, theirs = BASE.replace("\n[timetool]", entry + "\n[timetool]"), BASE + entry
    doubled = merge_lines(BASE, mine, theirs)
    assert doubled is not None and doubled.count("[[") == 2, "the lines alone would double it"
    merged = tomllib.loads(ThreeWay.of(BASE, mine, theirs).merged())
    assert merged == tomllib.loads(mine) == tomllib.loads(theirs)


def test_beside_a_difference_too():
    mine = BASE.replace("\n[timetool]", ENTRY + "\n[timetool]").replace('"a"', '"a", "mine"')
    theirs = BASE.replace('"tt"', '"other"') + ENTRY
    merged = tomllib.loads(ThreeWay.of(BASE, mine, theirs).merged())
    assert len(merged["analog_input"]) == 1 and merged["timetool"]["detector"] == "other"
    assert merged["epics"]["per_event"] == ["a", "mine"]


def random_text(rng):
    """Tables in any order, some entries with the same name or none."""
    blocks = []
    for n in rng.sample(range(4), rng.randrange(4)):
        blocks.append(f'[[analog_input]]\ndetector = "ai{n}"\n')
    for n in rng.sample(range(3), rng.randrange(3)):
        blocks.append(f'[[waveforms]]\nname = "w{n}"\nvalue = {rng.randrange(2)}\n')
    for n in rng.sample(range(3), rng.randrange(3)):
        blocks.append(f"[plain{n}]\n" + "".join(f"k{k} = {rng.randrange(2)}\n" for k in range(rng.randrange(3))))
    rng.shuffle(blocks)
    return "format = 1\n\n" + "\n".join(blocks)


def entries(table, kind):
    return sorted(repr(sorted(entry.items())) for entry in table.get(kind, ()))


@pytest.mark.parametrize("seed", range(300))
def test_every_list_of_entries_is_what_one_of_them_or_both_made_of_it(seed):
    rng = random.Random(seed)
    base, mine, theirs = (random_text(rng) for _ in range(3))
    if rng.random() < 0.5:  # the same change by both, at different places
        same = f'[[analog_input]]\ndetector = "both{seed}"\n'
        mine, theirs = mine.replace("format = 1\n", "format = 1\n\n" + same), theirs + "\n" + same
    both = ThreeWay.of(base, mine, theirs)
    for n in range(len(both.differences)):
        if rng.random() < 0.5:
            both = both.choose(n)
    try:
        merged = tomllib.loads(both.merged())
    except EditFailed:
        pytest.fail(f"cannot be merged: {both}")
    m, t = tomllib.loads(mine), tomllib.loads(theirs)
    assert entries(merged, "analog_input") in (entries(m, "analog_input"), entries(t, "analog_input"))
    for kind in ("waveforms",):
        names = [entry["name"] for entry in merged.get(kind, ())]
        assert len(names) == len(set(names))
        assert set(entries(merged, kind)) <= set(entries(m, kind)) | set(entries(t, kind))
    known = {d.key[0] for d in both.differences}
    for key in set(m) | set(t) | set(merged):
        if key not in known:
            assert merged.get(key) == m.get(key) == t.get(key) or key in ("analog_input", "waveforms")

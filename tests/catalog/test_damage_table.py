"""One folder with a run for every kind of damage: what `runs`, the app and `names` say of each, and that all live."""

import contextlib
import io
import json
import time

import pytest
from damage_table import NAMES_SAY, RUNS, TABLE, WHOLE, write

from smdtui import cli
from smdtui.catalog.experiment import Experiment
from smdtui.catalog.names import ask_names
from smdtui.catalog.probe_process import ProbeFailed, ProbeProcess
from smdtui.catalog.run_feed import RunFeed
from smdtui.environment import Environment
from smdtui.site import Site

NAME = "tmoc00126"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    pytest.importorskip("psana", reason="synthetic data are written with psana's own writer")
    return write(*(tmp_path_factory.mktemp(name) / "xtc" for name in ("base", "damaged")))


@pytest.fixture(scope="module")
def by_the_command(folder):
    """run -> what `smdtui runs --json` says."""
    said, complaints = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(complaints):
        assert cli.main(["runs", NAME, "--dir", str(folder), "--check", "--json"]) == 0
    return {one["run"]: one for one in json.loads(said.getvalue())["runs"]}


@pytest.fixture(scope="module")
def by_the_feed(folder):
    """run -> the summary that the screen Runs is given, when all has been read."""
    feed, end = RunFeed(folder), time.monotonic() + 100
    try:
        while time.monotonic() < end:
            found = feed.take(0.5)
            if found is not None and found.complete and not found.pending:
                known = found.summaries
                if sum(one is not None and one.state == "damaged" for one in known.values()) == len(TABLE):
                    return known
    finally:
        feed.close()
    raise AssertionError({run: one and one.state for run, one in known.items()})


@pytest.fixture(scope="module")
def by_the_probe(folder):
    """run -> what the names say: all that is wrong, in one text; one probe is asked for all, and lives."""
    probe, said = ProbeProcess(Environment()), {}
    pids = set()
    try:
        for run in range(1, WHOLE + 1):
            try:
                answer = ask_names(Site("test"), Experiment(NAME, folder, folder, folder), run, probe=probe)
                said[run] = " ".join(answer["problems"])
            except ProbeFailed as error:
                said[run] = str(error)
            pids.add(probe.pid)
    finally:
        probe.close()
    assert len(pids) == 1 and None not in pids, "no run killed it"
    return said


@pytest.mark.parametrize("name", TABLE)
def test_it_is_said_why(name, by_the_command, by_the_feed, by_the_probe):
    _, words = TABLE[name]
    run = RUNS[name]
    told = by_the_command[run]
    assert (told["state"], told["checked"]) == ("damaged", True)
    assert words in told["problem"]
    assert (by_the_feed[run].state, by_the_feed[run].problem) == ("damaged", told["problem"])
    assert NAMES_SAY.get(name, "") in by_the_probe[run]


def test_the_whole_run_among_them_is_whole(by_the_command, by_the_feed, by_the_probe):
    assert (by_the_command[WHOLE]["state"], by_the_command[WHOLE]["problem"]) == ("complete", None)
    assert by_the_feed[WHOLE].state == "complete"
    assert by_the_probe[WHOLE] == ""

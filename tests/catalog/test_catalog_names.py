import os
import sys
import time
from pathlib import Path

import pytest

from smdtui.catalog.experiment import Experiment
from smdtui.catalog.names import ProbeFailed, ask_names, ask_probe
from smdtui.environment import Environment
from smdtui.site import Site

SITE = Site("here")


@pytest.fixture
def experiment(xtc, tmp_path):
    return Experiment("tmoc00126", xtc, tmp_path / "results", tmp_path / "hdf5")


def other(script, tmp_path, setup=""):
    """A site whose interpreter is a shell script."""
    python = tmp_path / "python"
    python.write_text(f"#!/bin/bash\n{script}\n")
    python.chmod(0o755)
    return Site("other", environment=Environment(setup=setup, python=str(python)))


def test_the_names_of_a_run(experiment):
    answer = ask_names(SITE, experiment, 12)
    assert {"epix100_0", "timing"} <= {d["name"] for d in answer["detectors"]}
    assert all("value" not in e for e in answer["epics"])
    assert all("value" in e for e in ask_names(SITE, experiment, 12, values=True)["epics"])


def test_an_answer_is_remembered_until_the_files_change(copied, tmp_path):
    experiment = Experiment("tmoc00126", copied, tmp_path / "results", tmp_path / "hdf5")
    answer = ask_names(SITE, experiment, 12)
    dead = other("echo no >&2; exit 3", tmp_path)
    assert ask_names(dead, experiment, 12) == answer
    with pytest.raises(ProbeFailed):
        ask_names(dead, experiment, 12, values=True)
    os.utime(next(copied.glob("*.xtc2")), (1.7e9, 1.7e9))
    with pytest.raises(ProbeFailed):
        ask_names(dead, experiment, 12)


def test_a_run_being_recorded_is_asked_each_time(recording, tmp_path):
    experiment = Experiment("tmoc00126", recording.directory, tmp_path / "results", tmp_path / "hdf5")
    assert ask_names(SITE, experiment, 16)["detectors"]
    with pytest.raises(ProbeFailed):
        ask_names(other("exit 3", tmp_path), experiment, 16)


def test_an_unknown_run(experiment):
    with pytest.raises(ProbeFailed, match=r"There is no run 99 in .*: nearest are 12, 13, 14"):
        ask_names(SITE, experiment, 99)


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("kill -SEGV $$", "The probe died of SIGSEGV (Segmentation fault)."),
        ("kill -ABRT $$", "The probe died of SIGABRT (Aborted)."),
        ("bash -c 'kill -SEGV $$'; exit $?", "The probe died of SIGSEGV (Segmentation fault)."),
        (
            "echo 'no module named numpy' >&2; exit 1",
            "The probe ended with exit status 1 and no answer: no module named",
        ),
        ("echo nonsense", "The probe ended with exit status 0 and no answer: nothing on stderr"),
        ("""echo '{"error": "The run is odd."}'; exit 1""", "The run is odd."),
    ],
)
def test_a_probe_that_dies_is_told_in_words(script, words, tmp_path):
    with pytest.raises(ProbeFailed) as caught:
        ask_probe(other(script, tmp_path).environment, ["names"])
    assert str(caught.value).startswith(words)


def test_what_a_set_up_prints_does_not_disturb(tmp_path):
    site = other("""echo '{"run": 1}'""", tmp_path, setup="echo welcome; echo '{broken'")
    assert ask_probe(site.environment, ["names"]) == {"run": 1}


def test_an_environment_that_is_not_there(tmp_path):
    site = Site("other", environment=Environment(python=str(tmp_path / "nowhere" / "python")))
    with pytest.raises(ProbeFailed, match=r"The psana environment cannot be entered: .*nowhere/python: No such file"):
        ask_probe(site.environment, ["names"])


def test_one_that_hangs_is_killed_with_its_children(tmp_path):
    pids = tmp_path / "pids"
    script = f"echo said >&2; sleep 1000 & echo $! $$ > {pids}.new; mv {pids}.new {pids}; wait"
    with pytest.raises(ProbeFailed, match="There was no answer within 3 s; the process was killed") as caught:
        ask_probe(other(script, tmp_path).environment, ["names"], timeout=3)
    assert caught.value.log == "said\n"
    for pid in pids.read_text().split():
        assert gone(int(pid))


def gone(pid):
    """A killed child of a killed child is reaped by init, in its own time."""
    for _ in range(200):
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
        except FileNotFoundError:
            return True
        if state == "Z":
            return True
        time.sleep(0.05)
    return False


def test_the_plain_rooms_need_neither_textual_nor_psana(experiment):
    import subprocess

    code = (
        "import sys, smdtui.catalog.experiment, smdtui.catalog.runs, smdtui.catalog.names, smdtui.catalog.fuzzy; "
        "assert not {'textual', 'psana', 'mpi4py'} & sys.modules.keys()"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)

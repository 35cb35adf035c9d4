"""The probe that is kept running: what it answers, and how it is replaced when it dies, hangs or needs too much."""

import os
import signal
import sys
import threading
import time
from pathlib import Path

import pytest

from producer.configure import read_names
from producer.run_files import find_run
from smdtui.catalog.experiment import Experiment
from smdtui.catalog.names import ask_names, words
from smdtui.catalog.probe_process import ProbeFailed, ProbeProcess
from smdtui.environment import Environment
from smdtui.site import Site


@pytest.fixture
def start():
    made = []

    def process(environment=None, **options):
        made.append(ProbeProcess(environment or Environment(), **options))
        return made[-1]

    yield process
    for one in made:
        one.close()


def wrapped(tmp_path, body):
    """An environment whose interpreter is a shell script around this one."""
    path = tmp_path / "python"
    path.write_text(f'#!/bin/bash\n{body}\nexec {sys.executable} "$@"\n')
    path.chmod(0o755)
    return Environment(python=str(path))


def test_answers_are_those_of_the_reader_and_one_process_gives_them(start, xtc):
    probe = start()
    experiment = Experiment("tmoc00126", xtc, xtc, xtc)
    for run in (12, 13, 14):
        answer = ask_names(Site("test"), experiment, run, probe=probe)
        ours = read_names(find_run(xtc, run)).as_json()
        assert {key: answer[key] for key in ours} == {**ours, "experiment": "tmoc00126"}
        pid = probe.pid
        assert probe.ask("statistics", **words(experiment, run))["statistics"]["name"]
        assert probe.pid == pid is not None


def test_what_is_wrong_is_said_and_the_rest_goes_on(start, xtc):
    probe = start()
    experiment = Experiment("tmoc00126", xtc, xtc, xtc)
    with pytest.raises(ProbeFailed, match="There is no run 99"):
        probe.ask("names", **words(experiment, 99))
    with pytest.raises(ProbeFailed, match="There is no folder"):
        probe.ask("names", exp="x", run=1, dir="/nowhere/at/all")
    pid = probe.pid
    assert probe.ask("names", **words(experiment, 12))["run"] == 12
    assert probe.pid == pid


def test_what_a_library_prints_is_in_the_log_not_in_the_answer(start, xtc, tmp_path):
    folder = tmp_path / "own"
    folder.mkdir()
    (folder / "sitecustomize.py").write_text("import os; os.write(1, b'hello from C\\n'); print('hello')\n")
    probe = start(wrapped(tmp_path, f"export PYTHONPATH={folder}:$PYTHONPATH"))
    assert probe.ask("names", **words(Experiment("tmoc00126", xtc, xtc, xtc), 12))["run"] == 12


def test_one_that_dies_is_replaced_and_its_end_is_said(start, xtc):
    probe = start()
    question = words(Experiment("tmoc00126", xtc, xtc, xtc), 12)
    assert probe.ask("names", **question)["run"] == 12
    first = probe.pid
    os.kill(first, signal.SIGKILL)
    assert probe.ask("names", **question)["run"] == 12
    assert probe.pid not in (None, first)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("kill -SEGV $$", "died of SIGSEGV"),
        ("echo no such environment >&2; exit 3", "exit status 3 and no answer: no such environment"),
    ],
)
def test_one_that_cannot_start_is_told_at_once(start, tmp_path, body, message):
    probe = start(wrapped(tmp_path, body))
    began = time.monotonic()
    with pytest.raises(ProbeFailed, match=message):
        probe.ask("names", exp="x", run=1, dir="/")
    assert time.monotonic() - began < 10


def test_one_that_hangs_is_killed_and_the_others_are_answered(start, xtc, tmp_path):
    """The first start sleeps, as one whose file system does not answer; the next does not."""
    flag = tmp_path / "hung"
    probe = start(wrapped(tmp_path, f"[ -e {flag} ] || {{ touch {flag}; sleep 100; }}"), hang=2.0)
    question = words(Experiment("tmoc00126", xtc, xtc, xtc), 12)
    with pytest.raises(ProbeFailed, match="no answer within 2 s; the process was killed"):
        probe.ask("names", **question)
    assert probe.ask("names", **question)["run"] == 12


def test_a_question_that_hangs_does_not_take_others_with_it(start, xtc, tmp_path):
    os.mkfifo(tmp_path / "gate")
    code = tmp_path / "own" / "sitecustomize.py"
    code.parent.mkdir()
    code.write_text(
        "import sys, producer.probe_server as s\n"
        "def wait(asked):\n    yield 0.5\n    open(asked['name']).read()\n    yield {}\n"
        "s.OPS['wait'] = wait\n"
    )
    probe = start(wrapped(tmp_path, f"export PYTHONPATH={code.parent}:$PYTHONPATH"), hang=3.0)
    failed = []

    def hang():
        try:
            probe.ask("wait", name=str(tmp_path / "gate"))
        except ProbeFailed as error:
            failed.append(str(error))

    thread = threading.Thread(target=hang)
    thread.start()
    time.sleep(0.5)
    assert probe.ask("names", **words(Experiment("tmoc00126", xtc, xtc, xtc), 12))["run"] == 12
    thread.join(30)
    assert failed == ["There was no answer within 3 s; the process was killed."]


def test_asking_more_and_more_does_not_keep_one_that_hangs_alive(start, xtc, tmp_path):
    flag = tmp_path / "hung"
    probe = start(wrapped(tmp_path, f"[ -e {flag} ] || {{ touch {flag}; sleep 1000; }}"), hang=3.0)
    said, end = [], time.monotonic() + 60

    def ask():
        try:
            said.append(probe.ask("names", **words(Experiment("tmoc00126", xtc, xtc, xtc), 12))["run"])
        except ProbeFailed as error:
            said.append(str(error))

    threads = []
    while not said and time.monotonic() < end:
        threads.append(threading.Thread(target=ask))
        threads[-1].start()
        time.sleep(0.5)
    for thread in threads:
        thread.join(60)
    assert said.count("There was no answer within 3 s; the process was killed.") == 1
    assert said.count(12) == len(threads) - 1 > 3, "the others are answered by the next one"


def test_one_that_needs_too_much_memory_says_so(start, tmp_path):
    code = tmp_path / "own" / "sitecustomize.py"
    code.parent.mkdir()
    code.write_text(
        "import producer.probe_server as s, time\n"
        "def grow(asked):\n    kept = bytearray(400 << 20)\n    time.sleep(5)\n    yield {}\n"
        "s.OPS['grow'] = grow\n"
    )
    probe = start(wrapped(tmp_path, f"export PYTHONPATH={code.parent}:$PYTHONPATH"), memory=200)
    with pytest.raises(ProbeFailed, match="This needs more than 200 MB of memory"):
        probe.ask("grow")


def test_long_work_is_interrupted_for_short_questions_and_can_be_cancelled(start, xtc, tmp_path):
    code = tmp_path / "own" / "sitecustomize.py"
    code.parent.mkdir()
    code.write_text(
        "import producer.probe_server as s, time\n"
        "def long(asked):\n"
        "    for i in range(10000):\n        time.sleep(0.01)\n        yield i / 10000\n"
        "s.OPS['long'] = long\n"
    )
    probe = start(wrapped(tmp_path, f"export PYTHONPATH={code.parent}:$PYTHONPATH"))
    stop, shares, failed = threading.Event(), [], []

    def long():
        try:
            probe.ask("long", progress=shares.append, cancelled=stop.is_set)
        except ProbeFailed as error:
            failed.append(str(error))

    thread = threading.Thread(target=long)
    thread.start()
    assert probe.ask("names", **words(Experiment("tmoc00126", xtc, xtc, xtc), 12))["run"] == 12
    end = time.monotonic() + 20
    while len(shares) < 3 and time.monotonic() < end:
        time.sleep(0.05)
    assert shares == sorted(shares) and len(shares) >= 3
    stop.set()
    thread.join(10)
    assert failed == ["It was no longer wanted."]
    assert probe.ask("names", **words(Experiment("tmoc00126", xtc, xtc, xtc), 13))["run"] == 13


def test_closing_ends_the_process(start, xtc):
    probe = start()
    probe.ask("names", **words(Experiment("tmoc00126", xtc, xtc, xtc), 12))
    process = probe._process
    probe.close()
    assert process.wait(10) is not None
    with pytest.raises(ProbeFailed, match="closed"):
        probe.ask("names", exp="x", run=1, dir=str(Path("/")))

import pytest

from smdtui.jobs.cause import failure_cause, log_ends, ranks_words, tracebacks
from smdtui.jobs.rank_tag import rank_of, tidy

KILLED = """
===================================================================================
=   BAD TERMINATION OF ONE OF YOUR APPLICATION PROCESSES
=   PID 8169 RUNNING AT node7
=   EXIT CODE: {0}
===================================================================================
YOUR APPLICATION TERMINATED WITH THE EXIT STRING: {1} (signal {0})
"""
ABORT = "[1] Abort(3) on node 1 (rank 1 in comm 0): application called MPI_Abort(MPI_COMM_WORLD, 3) - process 1\n"
TRACE = """[{0}] Traceback (most recent call last):
[{0}]   File "x.py", line 1, in <module>
[{0}]     [{0}] main()[{0}]
[{0}] {1}
"""


@pytest.mark.parametrize(
    ("exit_", "log", "words"),
    [
        ({"status": 9}, KILLED.format(9, "Killed"), ["process 8169 on node7", "signal 9 (SIGKILL)", "memory"]),
        ({"status": 11}, KILLED.format(11, "Segmentation fault"), ["signal 11 (SIGSEGV)", "damaged data"]),
        ({"status": 137}, "", ["launcher (mpiexec)", "signal 9 (SIGKILL)"]),
        ({"status": 137, "ranks": 1}, "", ["The job's process was ended by signal 9 (SIGKILL)"]),
        ({"by": "supervisor", "signal": 9}, "", ["submit.sh was killed by signal 9 (SIGKILL)"]),
        ({"by": "supervisor", "error": "Exec format error"}, "", ["could not be started: Exec format error"]),
        ({"status": 143, "stopped_by": "SIGTERM"}, "", ["stopped from outside by SIGTERM"]),
        ({"status": 143, "stopped_by": "supervisor-lost"}, "", ["supervisor was killed"]),
        ({"status": 127}, "submit.sh: line 50: /opt/bin/mpiexec: No such file or directory\n", ["/opt/bin/mpiexec"]),
        ({"status": 127}, "submit.sh: line 50: mpirun: command not found\n", ["mpirun was not found", "site file"]),
        ({"status": 1}, TRACE.format(1, "OSError: [Errno 28] No space left on device: '/r/x.h5'"), ["/r/x.h5 is full"]),
        ({"status": 1}, TRACE.format(1, "OSError: [Errno 122] Disk quota exceeded: '/r/x.h5'"), ["your quota"]),
        ({"status": 1}, TRACE.format(0, "ModuleNotFoundError: No module named 'psana'"), ["no module psana"]),
        ({"status": 1}, "/usr/bin/python3.9: No module named producer\n", ["no module producer"]),
        (
            {"status": 1},
            "[0] 12:00:00 WARNING No module named 'cupy': the host computes\n" + TRACE.format(0, "ValueError: no run"),
            ["rank 0: ValueError: no run"],
        ),
        ({"status": 1}, TRACE.format(2, "KeyError: 'epix'"), ["rank 2: KeyError: 'epix'"]),
        ({"status": 1}, "".join(TRACE.format(n, "KeyError: 1") for n in (0, 1, 2, 4)), ["ranks 0-2,4: KeyError: 1"]),
        (
            {"status": 1},
            TRACE.format(3, "KeyError: 1") + TRACE.format(1, "ValueError: 2"),
            ["rank 3: KeyError: 1", "and 1 other error after it"],
        ),
        ({"status": 1}, "[1] 12:00:00 ERROR no run 9\n[2] 12:00:00 ERROR no run 9\n", ["ranks 1-2: no run 9"]),
        ({"status": 3}, ABORT, ["rank 1 left with exit status 3"]),
        ({"status": 16}, "unsupported PMI version PMIx\n", ["another MPI"]),
        ({"status": 4}, "nothing of use\n", ["exit status 4"]),
    ],
)
def test_cause(exit_, log, words):
    cause = failure_cause(exit_, log)
    for word in words:
        assert word in cause
    assert "\n" not in cause


def test_failed_verification_is_the_cause_when_the_log_is_silent():
    verdict = {"verdict": "failed", "problems": [{"message": "3 events are missing"}, {"message": "x"}]}
    assert failure_cause({"status": 1}, "", verdict) == "The file is not right: 3 events are missing (and 1 more)"


def test_tracebacks_of_ranks_whose_lines_interleave():
    log = (
        "[0] Traceback (most recent call last):\n[1] Traceback (most recent call last):\n"
        '[1]   File "a.py", line 1, in f\n[0]   File "a.py", line 1, in f\n[0] ValueError: x\n[1] ValueError: x\n'
    )
    assert tracebacks(log) == [("ValueError: x", [0, 1])]


@pytest.mark.parametrize(
    ("line", "rank", "text"),
    [
        ("[3] hello", 3, "hello"),
        ("[3] a[3]  b[3] ", 3, "a b"),
        ("3: hello", 3, "hello"),
        ("[1,3]<stdout>:hello", 3, "hello"),
        ("[prterun-host-12@1,3]<stderr>: hello", 3, "hello"),
        ("12:00:00 INFO x", None, "12:00:00 INFO x"),
        ("hello [3] x", None, "hello [3] x"),
        ("", None, ""),
    ],
)
def test_rank_tags(line, rank, text):
    assert rank_of(line) == (rank, text)


def test_tidy_keeps_one_tag():
    assert tidy("[3] a[3]  b[3] ") == "[3] a b"


def test_rank_words():
    assert ranks_words([5]) == "rank 5"
    assert ranks_words([0, 1, 2, 5, 7, 8]) == "ranks 0-2,5,7-8"


def test_both_ends_of_a_long_log(tmp_path):
    path = tmp_path / "log.txt"
    path.write_text("first\n" + "x" * 10_000_000 + "\nlast\n")
    text = log_ends(path)
    assert text.startswith("first\n") and text.endswith("\nlast\n") and len(text) < 1_000_000
    path.write_text("short\n")
    assert log_ends(path) == "short\n"
    assert log_ends(tmp_path / "none") == ""

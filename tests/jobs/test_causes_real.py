"""The cause of each prepared failure, from the log that it left: one sentence that names what is wrong and what to try.

The logs in ``causes/`` are those of real jobs of the real producer under MPICH and Open MPI, made to fail, with their
paths changed; what Slurm writes is quoted from its sources, since no cluster with memory limits is at hand here.
"""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smdtui.jobs.cause import failure_cause
from smdtui.jobs.states import EngineFacts, Facts, derive

LOGS = Path(__file__).parent / "causes"
H5 = "/data/tmoc00126/hdf5/smalldata"
SLURM = "[0] 11:42:52 INFO 60 events expected\n{}\n" + (LOGS / "cancelled.txt").read_text()

# (log, exit status, what is wrong, what to try)
FAILURES = [
    ("module_missing", 1, "The Python of the job has no module mpi4py", "check setup and python under [environment]"),
    ("exception_shared", 1, "ranks 2-4: KeyError: 'droplet'", "the log has the traceback"),
    ("exception_on_one_rank", 1, "rank 3: KeyError: 'droplet'", "the log has the traceback"),
    ("rank_killed", 9, "One rank (process 9272 on node7) was ended by signal 9 (SIGKILL)", "try fewer ranks"),
    ("rank_killed_open_mpi", 137, "rank 1 (process 455 on node7) was ended by signal 9 (SIGKILL)", "try fewer ranks"),
    ("rank_left_open_mpi", 3, "rank 2 left with exit status 3", "look at what it wrote last"),
    ("memory", 1, "rank 3: the memory did not suffice", "try fewer ranks"),
    ("disk_full", 1, "The disk that holds /data/tmo/tmoc00126/hdf5/smalldata/tmoc00126_Run0002.h5", "make room"),
    (
        "permission_read",
        1,
        "rank 0: you may not read or write tmoc00126-r0002-s003-c000.xtc2",
        "have its owner allow it",
    ),
    ("permission_write", 1, "rank 0: you may not read or write /data/tmo/tmoc00126/hdf5/smalldata", "have its owner"),
    (
        "launcher_of_another_mpi",
        16,
        "The launcher belongs to another MPI than mpi4py",
        "name the right one as launcher",
    ),
    ("crash_segfault", 11, "rank 3: psana or a library crashed", "check the run's files"),
    ("crash_abort", 15, "rank 3: psana or a library crashed", "check the run's files"),
    ("file_corrupt", 1, "s003-c000.xtc2 has corrupt data in the event at byte 32446652", "copied again"),
    ("file_truncated", 1, "s003-c000.xtc2 is truncated: it has 43259661 bytes", "copied again"),
    (
        "constants_missing",
        1,
        "epix100_0: droplet cannot be set up: the noise",
        "have the detector's constants deployed",
    ),
]
IN_SLURM = [
    (
        "slurmstepd: error: Detected 1 oom_kill event in StepId=71.batch. Some of the step tasks have been OOM Killed.",
        "It used more memory than its nodes may give it",
        "try fewer ranks per node",
    ),
    (
        "slurmstepd: error: *** JOB 71 ON n1 CANCELLED AT 2026-11-22T11:43:01 DUE TO TIME LIMIT ***",
        "It reached its time limit",
        "give the engine more time",
    ),
    (
        "srun: error: Node failure on n2\n"
        "slurmstepd: error: *** STEP 71.0 ON n1 CANCELLED AT 2026-11-22T11:43:01 DUE TO NODE FAILURE, SEE SLURMCTLD "
        "LOG FOR DETAILS ***",
        "Node n2 failed",
        "launch the run again",
    ),
    (
        "slurmstepd: error: *** JOB 71 ON n1 CANCELLED AT 2026-11-22T11:43:01 DUE TO PREEMPTION ***",
        "Slurm ended it in favour of a job",
        "launch the run again",
    ),
    (
        "slurmstepd: error: *** JOB 71 ON n1 CANCELLED AT 2026-11-22T11:43:01 ***",
        "It was cancelled with scancel, not by this program",
        "launch the run again",
    ),
]


def is_one_sentence(cause: str) -> bool:
    return "\n" not in cause and cause.endswith(".") and len(cause) < 500


@pytest.mark.parametrize(("name", "status", "what", "then"), FAILURES, ids=[f[0] for f in FAILURES])
def test_prepared_failure(name, status, what, then):
    exit_ = {"status": status, "by": "submit.sh", "ranks": 5}
    cause = failure_cause(exit_, (LOGS / f"{name}.txt").read_text())
    assert what in cause
    assert then in cause
    assert is_one_sentence(cause), cause
    assert "BAD TERMINATION" not in cause and "verdict: failed" not in cause


@pytest.mark.parametrize(("line", "what", "then"), IN_SLURM)
def test_what_slurm_writes_comes_before_what_the_launcher_says(line, what, then):
    """MPICH reports the ranks that Slurm ended as a bad termination of the application."""
    cause = failure_cause({"status": 15, "by": "submit.sh", "ranks": 5}, SLURM.format(line))
    assert cause.startswith(what)
    assert then in cause
    assert is_one_sentence(cause)


def test_every_log_is_used():
    assert {path.stem for path in LOGS.glob("*.txt")} == {name for name, *_ in FAILURES} | {"cancelled"}


def test_a_cancelled_job_is_cancelled_whatever_mpich_says_of_its_ranks():
    log = (LOGS / "cancelled.txt").read_text()
    assert "BAD TERMINATION" in log
    facts = Facts(
        request={"run": 2},
        engine={"host": "node7"},
        exit={"status": 15, "by": "submit.sh", "stopped_by": "SIGTERM"},
        cancel={"who": "eve"},
        log=log,
    )
    state = derive(facts, EngineFacts(False), 1e9)
    assert (state.name, state.by, state.cause) == ("cancelled", "eve", None)


def test_ranks_ended_from_outside_without_a_cancel_are_said_to_be():
    exit_ = {"status": 15, "by": "submit.sh", "ranks": 5}
    cause = failure_cause(exit_, (LOGS / "cancelled.txt").read_text())
    assert "signal 15 (SIGTERM): somebody or something outside ended it; launch the run again." in cause


@given(st.text(max_size=400), st.integers(1, 255))
def test_any_log_gives_one_line(log, status):
    cause = failure_cause({"status": status}, log)
    assert cause and "\n" not in cause


@given(st.lists(st.sampled_from([p.read_text() for p in sorted(LOGS.glob("*.txt"))]), min_size=2, max_size=3))
def test_several_failures_in_one_log_give_one_sentence(logs):
    assert "\n" not in failure_cause({"status": 1}, "".join(logs))

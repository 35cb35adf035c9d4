"""The state as a pure function of what is in the folder and what the engine says."""

import pytest

from smdtui.jobs.folder import utc
from smdtui.jobs.progress import Progress, Rank
from smdtui.jobs.states import STATES, EngineFacts, Facts, derive

NOW = 1_800_000_000.0
ASKED = {"created": utc(NOW - 5)}
OLD = {"created": utc(NOW - 500)}
HERE = {"host": "mon1", "started": utc(NOW - 5)}
LIVES, DEAD, UNKNOWN = EngineFacts(True), EngineFacts(False), EngineFacts(None, reason="runs on mon1")


def ranks(*silence: float, phase: str = "reading", role: str = "worker") -> Progress:
    rows = tuple(Rank(n, role, phase, 5, NOW - s) for n, s in enumerate(silence))
    return Progress(ranks=rows, done=5, total=10, updated=max(r.time for r in rows))


@pytest.mark.parametrize(
    ("facts", "engine", "state"),
    [
        (Facts(ASKED, rejected={"cause": "no mpiexec"}), UNKNOWN, "rejected"),
        (Facts(ASKED), UNKNOWN, "pending"),
        (Facts(OLD), UNKNOWN, "lost"),
        (Facts(OLD), EngineFacts(None, pending=True, reason="Priority"), "pending"),
        (Facts(ASKED), EngineFacts(False, reason="Slurm does not have it"), "lost"),
        (Facts(OLD, HERE), EngineFacts(None, pending=True, reason="Slurm does not answer"), "pending"),
        (Facts(OLD, HERE), EngineFacts(False, final={"state": "TIMEOUT"}), "failed"),
        (Facts(OLD, HERE), EngineFacts(False, final={"state": "COMPLETED"}), "lost"),
        (Facts(OLD, HERE), EngineFacts(False, final={"state": "UNKNOWN"}), "lost"),
        (Facts({}), UNKNOWN, "lost"),
        (Facts(ASKED, cancel={"who": "eve"}), UNKNOWN, "cancelled"),
        (Facts(ASKED, HERE), LIVES, "running"),
        (Facts(ASKED, HERE, progress=ranks(1, 2)), LIVES, "running"),
        (Facts(ASKED, HERE, progress=ranks(61, 70)), LIVES, "stalled"),
        (Facts(OLD, {**HERE, "started": utc(NOW - 500)}), LIVES, "stalled"),
        (Facts(ASKED, HERE), DEAD, "lost"),
        (Facts(ASKED, HERE, cancel={"who": "eve"}), DEAD, "cancelled"),
        (Facts(ASKED, HERE, cancel={"who": "eve"}), LIVES, "running"),
        (Facts(ASKED, HERE), EngineFacts(False, orphans=3), "running"),
        (Facts(OLD, {**HERE, "started": utc(NOW - 500)}, heartbeat=NOW - 10), UNKNOWN, "stalled"),
        (Facts(OLD, {**HERE, "started": utc(NOW - 500)}, heartbeat=NOW - 10, progress=ranks(3)), UNKNOWN, "running"),
        (Facts(OLD, {**HERE, "started": utc(NOW - 500)}, heartbeat=NOW - 130), UNKNOWN, "lost"),
        (Facts(ASKED, HERE, {"status": 0}), DEAD, "finished-unverified"),
        (Facts(ASKED, HERE, {"status": 0}, {"verdict": "verified"}), LIVES, "verified"),
        (Facts(ASKED, HERE, {"status": 0}, {"verdict": "failed", "problems": []}), DEAD, "failed"),
        (Facts(ASKED, HERE, {"status": 0}, {"unreadable": "x"}), DEAD, "finished-unverified"),
        (Facts(ASKED, HERE, {"status": 1}, {"verdict": "verified"}), DEAD, "failed"),
        (Facts(ASKED, HERE, {"status": 15}, cancel={"who": "eve"}), DEAD, "cancelled"),
        (Facts(ASKED, HERE, {"by": "cancel"}, cancel={"who": "eve"}), DEAD, "cancelled"),
        (Facts(ASKED, HERE, {"status": 0}, {"verdict": "verified"}, cancel={"who": "eve"}), DEAD, "verified"),
        (Facts(ASKED, HERE, {"unreadable": "exit.toml: x"}), DEAD, "lost"),
    ],
)
def test_state(facts, engine, state):
    found = derive(facts, engine, NOW)
    assert found.name == state
    assert found.name in STATES
    if state in ("rejected", "lost", "failed", "stalled", "finished-unverified"):
        assert found.cause
    if state == "cancelled":
        assert found.by == "eve"


def test_stalled_names_the_ranks_that_hold_up_the_others():
    rows = (
        Rank(0, "smd0", "reading", 0, NOW - 90),
        Rank(2, "worker", "merging", 9, NOW - 90),
        Rank(3, "worker", "reading", 4, NOW - 95),
    )
    found = derive(Facts(ASKED, HERE, progress=Progress(ranks=rows, updated=NOW - 90)), LIVES, NOW)
    assert found.name == "stalled"
    assert "rank 3 (worker)" in found.cause
    assert "rank 2" not in found.cause and "rank 0" not in found.cause


def test_one_silent_worker_among_others_is_named_while_running():
    found = derive(Facts(ASKED, HERE, progress=ranks(1, 75)), LIVES, NOW)
    assert (found.name, found.reason) == ("running", "silent for 75 s: rank 1 (worker)")


def test_a_cancel_under_way_says_by_whom():
    found = derive(Facts(ASKED, HERE, cancel={"who": "eve"}), LIVES, NOW)
    assert "cancelled, asked by eve" in found.reason


def test_a_cancel_past_this_program_says_who_as_far_as_slurm_does():
    final = EngineFacts(False, final={"state": "CANCELLED", "reason": "by 7"})
    assert derive(Facts(OLD, HERE), final, NOW).by == "somebody with scancel (user 7)"
    final = EngineFacts(False, final={"state": "CANCELLED", "reason": "None"})
    state = derive(Facts(OLD, HERE, {"status": 143, "stopped_by": "SIGTERM"}), final, NOW)
    assert (state.name, state.by) == ("cancelled", "somebody with scancel")


def test_the_time_limit_is_the_cause_though_the_script_only_saw_a_signal():
    final = EngineFacts(False, final={"state": "TIMEOUT"})
    state = derive(Facts(OLD, HERE, {"status": 143, "stopped_by": "SIGTERM"}), final, NOW)
    assert state.name == "failed" and state.cause is not None and "time limit" in state.cause

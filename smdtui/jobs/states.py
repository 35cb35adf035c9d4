"""The state of a job, derived from its folder and the engine's answer: a pure function, no clock, no disk."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from smdtui.jobs.cause import failure_cause
from smdtui.jobs.folder import seconds
from smdtui.jobs.progress import STALL_SECONDS, Progress
from smdtui.jobs.slurm_words import UNKNOWN, ending_words
from smdtui.jobs.span import span

REJECTED, PENDING, RUNNING, STALLED = "rejected", "pending", "running", "stalled"
FINISHED, VERIFIED, FAILED, CANCELLED, LOST = "finished-unverified", "verified", "failed", "cancelled", "lost"
STATES = (REJECTED, PENDING, RUNNING, STALLED, FINISHED, VERIFIED, FAILED, CANCELLED, LOST)
ACTIVE = frozenset({PENDING, RUNNING, STALLED})

START_SECONDS = 30.0  # from the request to the engine's first sign
FIRST_SIGN_SECONDS = 120.0  # from the start to the first progress of a rank: importing psana over a busy network disk
HEARTBEAT_SECONDS = 120.0


@dataclass(frozen=True)
class EngineFacts:
    """`alive`: True or False as the engine says, None where it cannot be asked from here; `reason` says why a job
    waits or why nothing can be said; `age` is how old the answer is, in seconds; `final` what a scheduler says of the
    end (state, reason, exit_code), once it is over there."""

    alive: bool | None = None
    pending: bool = False
    reason: str = ""
    age: float = 0.0
    orphans: int = 0  # processes of the job that still run though `alive` is False
    final: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Facts:
    """What the folder of a job holds. Tables are None where the file is not there."""

    request: Mapping[str, Any] = field(default_factory=dict)
    engine: Mapping[str, Any] | None = None
    exit: Mapping[str, Any] | None = None
    verdict: Mapping[str, Any] | None = None
    cancel: Mapping[str, Any] | None = None
    rejected: Mapping[str, Any] | None = None
    events: tuple[Mapping[str, Any], ...] = ()
    progress: Progress = field(default_factory=Progress)
    heartbeat: float | None = None  # when the supervisor last showed itself, seconds of the Unix clock
    log: str = ""  # the log's beginning and end, where the job has failed


@dataclass(frozen=True)
class State:
    """`cause` says in one sentence why (for rejected, failed, lost, stalled), `by` who cancelled; `reason` is what a
    pending or running job waits for, "" for nothing."""

    name: str
    cause: str | None = None
    by: str | None = None
    reason: str = ""

    @property
    def active(self) -> bool:
        return self.name in ACTIVE


def derive(facts: Facts, engine: EngineFacts, now: float) -> State:
    """`now` in seconds of the Unix clock."""
    if facts.rejected is not None:
        return State(REJECTED, cause=str(facts.rejected.get("cause") or facts.rejected.get("unreadable") or "refused"))
    if facts.exit is not None:
        return _ended(facts, engine)
    if facts.engine is None:
        return _before_start(facts, engine, now)
    if engine.final:
        return _ended_by_scheduler(facts, engine.final)
    alive = _alive(facts, engine, now)
    if alive is not None:
        return alive
    if facts.cancel is not None:
        return State(CANCELLED, by=_who(facts.cancel))
    host = facts.engine.get("host", "?")
    why = f": {engine.reason}" if engine.reason else ""
    return State(LOST, cause=f"The job ended on {host} without leaving a record of how{why}. Launch the run again.")


def _ended_by_scheduler(facts: Facts, final: Mapping[str, Any]) -> State:
    """Of a job that could not write down its end."""
    state = final.get("state")
    if facts.cancel is not None:
        return State(CANCELLED, by=_who(facts.cancel))
    if state == "CANCELLED":
        return State(CANCELLED, by=_canceller(final))
    if state == UNKNOWN or "unreadable" in final:
        return State(LOST, cause="Slurm knows nothing of the job any more, and it left no record of how it ended.")
    why = ending_words(final, recorded=False)
    if why is None:
        return State(LOST, cause=f"Slurm says that it is {str(state).lower()}, but it left no record of how it ended.")
    return State(FAILED, cause=why)


def _canceller(final: Mapping[str, Any]) -> str:
    """``by 1000`` is how accounting names who called scancel; squeue does not say."""
    by = str(final.get("reason", ""))
    return f"somebody with scancel (user {by[3:]})" if by.startswith("by ") else "somebody with scancel"


def _ended(facts: Facts, engine: EngineFacts) -> State:
    assert facts.exit is not None
    if "unreadable" in facts.exit:
        return State(LOST, cause=f"The record of how the job ended cannot be read: {facts.exit['unreadable']}.")
    status = facts.exit.get("status")
    if status == 0:
        return _verdict(facts.verdict)
    if facts.cancel is not None:
        return State(CANCELLED, by=_who(facts.cancel))
    if engine.final.get("state") == "CANCELLED":
        return State(CANCELLED, by=_canceller(engine.final))
    outside = ending_words(engine.final, recorded=True)
    return State(FAILED, cause=outside or failure_cause(facts.exit, facts.log, facts.verdict, facts.events))


def _verdict(verdict: Mapping[str, Any] | None) -> State:
    if verdict is None:
        return State(FINISHED, cause="The job ended with status 0 but left no verdict on its file.")
    if "unreadable" in verdict:
        return State(FINISHED, cause=f"The verdict cannot be read: {verdict['unreadable']}.")
    if verdict.get("verdict") == "verified":
        return State(VERIFIED)
    return State(FAILED, cause=verdict_cause(verdict))


def verdict_cause(verdict: Mapping[str, Any]) -> str:
    """What the verification found, in one sentence."""
    problems = [p for p in verdict.get("problems", []) if isinstance(p, Mapping)]
    if not problems:
        return "The verification of the file failed and says no more."
    more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    return f"The file is not right: {problems[0].get('message', '?')}{more}"


def _before_start(facts: Facts, engine: EngineFacts, now: float) -> State:
    if facts.cancel is not None:
        return State(CANCELLED, by=_who(facts.cancel))
    if "unreadable" in facts.request or not facts.request:
        return State(LOST, cause="The folder holds no readable request.toml: this is no job of this program.")
    asked = seconds(facts.request.get("created"))
    if engine.pending or engine.alive or (engine.alive is None and asked is not None and now - asked < START_SECONDS):
        return State(PENDING, reason=engine.reason or "starting")
    why = f"{engine.reason}." if engine.reason else "supervisor.txt in its folder may say why."
    return State(LOST, cause=f"The job was asked for but never started; {why}")


def _alive(facts: Facts, engine: EngineFacts, now: float) -> State | None:
    """The state of a job that still runs, None when it does not."""
    assert facts.engine is not None
    reason = engine.reason
    if engine.alive is False and not engine.orphans:
        return None
    if engine.orphans:
        reason = f"{engine.reason}, {engine.orphans} of its processes still run; cancel ends them"
    if engine.alive is None and (not engine.pending or facts.heartbeat):  # what waits for a scheduler shows no sign
        seen = max(facts.heartbeat or 0.0, facts.progress.updated or 0.0)
        if not seen:
            seen = seconds(facts.engine.get("started")) or 0.0
        if now - seen > HEARTBEAT_SECONDS:
            host = facts.engine.get("host", "?")
            cause = f"No sign of life for {span(now - seen)} of the job on {host}, which cannot be asked from here."
            return State(LOST, cause=cause)
    if engine.pending:
        if facts.cancel is not None:
            reason = f"being cancelled, asked by {_who(facts.cancel)}"
        return State(PENDING, reason=reason)
    if facts.cancel is not None:
        return State(RUNNING, by=_who(facts.cancel), reason=f"being cancelled, asked by {_who(facts.cancel)}")
    progress = facts.progress
    if progress.updated is None:
        started = seconds(facts.engine.get("started")) or now
        if now - started > FIRST_SIGN_SECONDS:
            cause = f"No rank has reported since the start {span(now - started)} ago; the log may say why."
            return State(STALLED, cause=cause)
        return State(RUNNING, reason=reason or "starting")
    if now - progress.updated > STALL_SECONDS:
        names = ", ".join(r.name for r in progress.suspects(now)) or "every rank"
        cause = f"No progress for {span(now - progress.updated)}; the others may wait for {names}."
        return State(STALLED, cause=cause)
    if progress.phase == "waiting":
        return State(RUNNING, reason="the run is still being recorded; it begins when that has ended")
    silent = [r for r in progress.silent(now) if r.role in ("worker", "serial") and r.phase == "reading"]
    if silent:
        reason = f"silent for {span(max(now - r.time for r in silent))}: {', '.join(r.name for r in silent)}"
    return State(RUNNING, reason=reason)


def _who(cancel: Mapping[str, Any]) -> str:
    return str(cancel.get("who") or "somebody")

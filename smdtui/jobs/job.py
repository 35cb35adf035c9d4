"""One job as everybody sees it: the folder's facts, what the engine says, and the state that follows."""

import time
from dataclasses import dataclass
from typing import Any

from smdtui.jobs import engine, local
from smdtui.jobs.cause import log_ends
from smdtui.jobs.folder import (
    CANCEL,
    ENGINE,
    EXIT,
    LOG,
    PROGRESS,
    REJECTED,
    REQUEST,
    START,
    VERDICT,
    JobFolder,
    seconds,
)
from smdtui.jobs.progress import Progress
from smdtui.jobs.progress import read as read_progress
from smdtui.jobs.states import EngineFacts, Facts, State, derive


@dataclass(frozen=True)
class Job:
    """`created`, `started`, `ended` are ISO 8601 UTC texts, "" while unknown; `rate` in events/s."""

    id: str
    folder: JobFolder
    experiment: str
    run: int
    state: str
    cause: str | None
    by: str | None
    reason: str
    who: str
    engine: str
    ranks: int
    events_limit: int
    output: str
    profile: str
    plan_sha256: str
    created: str
    started: str
    ended: str
    progress: Progress
    done: int
    total: int | None
    kind: str = "local"  # of the engine
    gate: bool = False  # only to see whether the first events come out well
    data: str = ""  # identity of the run's files at launch, "" where it was not recorded

    @property
    def active(self) -> bool:
        return State(self.state).active

    @property
    def rate(self) -> float | None:
        return self.progress.rate if self.active else None

    @property
    def eta_seconds(self) -> float | None:
        return self.progress.eta_seconds if self.active else None

    @property
    def duration(self) -> float | None:
        """Seconds from start to end, None before the end."""
        begin, end = seconds(self.started), seconds(self.ended)
        return None if begin is None or end is None else end - begin

    def as_json(self) -> dict[str, Any]:
        rate, eta = self.rate, self.eta_seconds
        return {
            "id": self.id,
            "experiment": self.experiment,
            "run": self.run,
            "state": self.state,
            "done": self.done,
            "total": self.total,
            "rate": None if rate is None else round(rate, 2),
            "eta_seconds": None if eta is None else round(eta),
            "cause": self.cause,
            "by": self.by,
            "reason": self.reason,
            "who": self.who,
            "engine": self.engine,
            "ranks": self.ranks,
            "events_limit": self.events_limit or None,
            "gate": self.gate,
            "output": self.output,
            "profile": self.profile,
            "plan_sha256": self.plan_sha256,
            "created": self.created or None,
            "started": self.started or None,
            "ended": self.ended or None,
            "folder": str(self.folder.path),
        }


def read_facts(folder: JobFolder, now: float) -> Facts:
    """What the folder holds. The order matters while the job moves: what is written last is read first, so that no
    look finds the end of one moment beside the beginning of another."""
    exit_ = folder.table(EXIT)
    verdict = folder.table(VERDICT)
    failed = exit_ is not None and exit_.get("status") != 0
    counted = exit_ is not None and verdict is not None and "events" in verdict
    return Facts(
        request=folder.table(REQUEST) or {},
        engine=_started(folder),
        exit=exit_,
        verdict=verdict,
        cancel=folder.table(CANCEL),
        rejected=folder.table(REJECTED),
        events=tuple(folder.events()) if failed else (),
        progress=Progress() if counted else read_progress(folder.path / PROGRESS, now),
        heartbeat=local.heartbeat(folder),
        log=log_ends(folder.path / LOG) if failed else "",
    )


def _started(folder: JobFolder) -> dict[str, Any] | None:
    """engine.toml; for a job of a scheduler with when and where it began."""
    table, start = folder.table(ENGINE), folder.table(START)
    if table is None or start is None or "unreadable" in start:
        return table
    return {**table, "started": start.get("when", ""), "host": start.get("host", "")}


def read_job(folder: JobFolder, now: float | None = None, said: EngineFacts | None = None) -> Job:
    """`said`: what the engine says, where many jobs have been asked for at once."""
    now = time.time() if now is None else now
    facts = read_facts(folder, now)
    answer = engine.facts([folder], now).get(folder.path) if said is None else said
    if answer is not None and answer.alive is False and facts.exit is None:
        # It may have ended between the two looks.
        facts = read_facts(folder, now)
    return job_of(folder, facts, derive(facts, answer or EngineFacts(), now))


def job_of(folder: JobFolder, facts: Facts, state: State) -> Job:
    request, verdict = facts.request, facts.verdict or {}
    done, total = facts.progress.done, facts.progress.total
    if facts.exit is not None and isinstance(verdict.get("events"), int):
        done = verdict["events"]
        total = verdict.get("expected", done)
    return Job(
        id=folder.id,
        folder=folder,
        kind=engine.kind_of(folder),
        experiment=str(request.get("experiment", "")),
        run=int(request.get("run", 0)),
        state=state.name,
        cause=state.cause,
        by=state.by,
        reason=state.reason,
        who=str(request.get("who", "")),
        engine=str(request.get("engine", "")),
        ranks=int(request.get("ranks", 0)),
        events_limit=int(request.get("events", 0)),
        gate=request.get("gate") is True,
        output=str(request.get("output", "")),
        profile=str(request.get("profile", "")),
        plan_sha256=str(request.get("plan_sha256", "")),
        data=str(request.get("data", "")),
        created=str(request.get("created", "")),
        started=str((facts.engine or {}).get("started", "")),
        ended=str((facts.exit or {}).get("when", "")),
        progress=facts.progress,
        done=done,
        total=total,
    )

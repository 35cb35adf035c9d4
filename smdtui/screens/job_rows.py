"""What the Jobs screen says of a job, in words and cells; no widget."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from smdtui import words
from smdtui.jobs.folder import seconds
from smdtui.theme import look
from smdtui.widgets.columns import Column
from smdtui.widgets.progress_bar import bar
from smdtui.widgets.state_badge import badge_cell
from smdtui.widgets.virtual_list import Cell, Cells

BAR = 10
TESTING = {"running": "testing", "verified": "test good", "failed": "test failed"}  # of a test of first events
MANY = 6  # jobs that a question names; the rest are counted
SORTED = {"newest": 7, "run": 0, "state": 1, "progress": 2, "left": 5, "who": 6}  # sort -> its column
JOB_COLUMNS = (
    Column("run", 5, right=True),
    Column("state", 12),
    Column("progress", BAR + 5),
    Column("events", 13, right=True),
    Column("ev/s", 6, right=True, drop=2),
    Column("left", 7, right=True, drop=1),
    Column("who", 7, drop=4),
    Column("when", 12, right=True, drop=3),
    Column("why", 20, drop=5, grow=True),
)
RANK_COLUMNS = (
    Column("rank", 5, right=True),
    Column("role", 8),
    Column("phase", 10),
    Column("events", 10, right=True),
    Column("ev/s", 7, right=True),
    Column("", 12, grow=True),
    Column("last sign", 12, right=True),
)


def job_cells(job: Any, now: float, ascii_only: bool = False) -> Cells:
    """The cells of `JOB_COLUMNS` for a `smdtui.jobs.job.Job`."""
    done, total = job.done, job.total
    known = total is not None and total > 0
    if known and (job.active or done):
        share = done / total
        progress = f"{bar(share, BAR, ascii_only)} {min(share, 1.0):4.0%}"
    else:
        progress = ""
    count = f"{done:,}/{total:,}" if known else (f"{done:,}" if done else "")
    rate = words.number(round(job.rate, 1)) if job.rate is not None else ""
    left = words.duration(job.eta_seconds) if job.eta_seconds is not None else ""
    created = seconds(job.created)
    when = words.moment(created, now) if created is not None else ""
    role = "busy" if job.active else "muted"
    return (
        str(job.run),
        state_cell(job, ascii_only),
        Cell(progress, role),
        count,
        rate,
        left,
        Cell(job.who, "muted"),
        Cell(when, "muted"),
        job.cause or job.reason,
    )


def state_cell(job: Any, ascii_only: bool = False) -> Cell:
    """The state; a waiting job that no waiting helps, one that is held, and one of which nobody has said anything for
    long stand out."""
    if job.state == "pending" and never_starts(job):
        return Cell(f"{'x' if ascii_only else '✗'} stuck", "error")
    if job.state == "pending" and is_held(job):
        return Cell(f"{'=' if ascii_only else '‖'} held", "warn")
    if job.gate and job.state in TESTING:
        shown = look(job.state)
        return Cell(f"{shown.ascii if ascii_only else shown.glyph} {TESTING[job.state]}", shown.role)
    if is_stale(job):
        return Cell(f"? {look(job.state).word}", "warn")
    return badge_cell(job.state, ascii_only)


def never_starts(job: Any) -> bool:
    return bool(job.reason.startswith("will never start"))


def is_held(job: Any) -> bool:
    return bool(re.match(r"(being )?held\b|it is held", job.reason))


def is_stale(job: Any) -> bool:
    """What is shown is an old answer of the scheduler."""
    return bool(job.active and "stale, as Slurm said" in job.reason)


def rank_cells(rank: Any, most: int, now: float, ascii_only: bool = False) -> Cells:
    """The cells of `RANK_COLUMNS` for a `smdtui.jobs.progress.Rank`; `most`: the count of the furthest."""
    share = bar(rank.done / most, BAR, ascii_only) if most and rank.role in ("worker", "serial") else ""
    quiet = now - rank.time
    silent = not rank.ended and quiet > 10
    return (
        str(rank.rank),
        rank.role,
        Cell(rank.phase, "error" if rank.phase == "failed" else ""),
        f"{rank.done:,}",
        words.number(round(rank.rate, 1)) if rank.rate is not None else "",
        Cell(share, "busy"),
        Cell(words.ago(max(0.0, quiet)), "warn" if silent else "muted"),
    )


def told(job: Any, may_not: str = "") -> tuple[str, str]:
    """(role, sentence) on the selected job: why it failed or waits, what is happening, where its file is; and why this
    person `may_not` change it."""
    role, text = _told(job)
    text = f"test of first events: {text}" if job.gate else text
    return role, f"{text}; {may_not}" if may_not and job.active else text


def _told(job: Any) -> tuple[str, str]:
    by = f"; launched by {job.who}" if job.who else ""
    if job.cause:
        return ("error" if job.state in ("failed", "rejected", "lost") else "warn"), job.cause
    if job.state == "cancelled":
        return "muted", f"Cancelled by {job.by or 'somebody'}. r launches it again."
    if job.state == "verified":
        took = f" in {words.duration(job.duration)}" if job.duration is not None else ""
        return "ok", f"{job.done:,} events{took}, verified: {Path(job.output).name} (o opens it){by}"
    if job.active:
        phase = {"reading": "reading events", "merging": "writing the file", "verifying": "verifying the file"}
        doing = job.reason or phase.get(job.progress.phase, job.progress.phase or "starting")
        limit = f", at most {job.events_limit:,} events" if job.events_limit else ""
        role = "error" if never_starts(job) else "warn" if is_stale(job) or is_held(job) else "busy"
        return role, f"{doing}; {words.plural(job.ranks, 'rank')} on {job.engine}{limit}{by}"
    return "", job.reason


def status_line(board: Any, marked: int, look: Any) -> tuple[str, str]:
    """(text, role) of the line between list and log."""
    parts = [f"{marked} selected"] if marked else []
    if board.found:
        parts.append(board.words)
    if board.sort != "newest" or board.turned:
        parts.append(f"by {board.sort}{', turned' if board.turned else ''}")
    role = ""
    follow = follow_words(look.follow)
    if follow:
        parts.append(follow)
        role = "warn" if look.follow.paused or look.follow.gone else ""
    parts += [text for text in (look.here, look.may_not) if text]
    return "  ·  ".join(parts), "warn" if look.may_not else role


def follow_words(status: Any) -> str:
    """Of a smdtui.jobs.follow_control.FollowStatus, short; "" when nobody follows."""
    if status is None or status.name == "off":
        return ""
    if status.gone:
        return f"the follower of {status.who} is gone (F)"
    if status.paused:
        return f"follower paused (F): {status.paused}"
    stopping = ", stopping" if status.stopping else ""
    return f"followed by {status.who} with {Path(status.profile).name}{stopping}"


def cancel_question(jobs: Sequence[Any]) -> str:
    """Names the jobs that would be cancelled."""
    lines = [_one(job) for job in jobs[:MANY]]
    if len(jobs) > MANY:
        lines.append(f"... and {len(jobs) - MANY} more")
    ending = "Its ranks are" if len(jobs) == 1 else "Their ranks are"
    return "\n".join([*lines, f"{ending} ended; no file appears under the final name."])


def _one(job: Any) -> str:
    far = f", {job.done:,} of {job.total:,} events done" if job.total else ""
    whose = f", launched by {job.who}" if job.who else ""
    return f"Run {job.run} on {job.engine} ({job.id}){far}{whose}."


def clean_question(jobs: Sequence[Any]) -> str:
    runs = ", ".join(str(job.run) for job in jobs[:12]) + (", ..." if len(jobs) > 12 else "")
    return (
        f"Jobs of runs {runs}. Logs and progress files go (of what went wrong, not the ends of the log); plan, "
        "script, verdict and the record of who did what stay, and so does every HDF5 file."
    )

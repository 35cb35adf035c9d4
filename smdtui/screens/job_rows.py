"""What the Jobs screen says of a job, in words and cells; no widget."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from smdtui import words
from smdtui.jobs.folder import seconds
from smdtui.widgets.columns import Column
from smdtui.widgets.progress_bar import bar
from smdtui.widgets.state_badge import badge_cell
from smdtui.widgets.virtual_list import Cell, Cells

BAR = 10
JOB_COLUMNS = (
    Column("run", 5, right=True),
    Column("state", 12),
    Column("progress", BAR + 5),
    Column("events", 13, right=True),
    Column("ev/s", 6, right=True, drop=2),
    Column("left", 7, right=True, drop=1),
    Column("who", 7, drop=4, grow=True),
    Column("when", 12, right=True, drop=3),
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
        badge_cell(job.state, ascii_only),
        Cell(progress, role),
        count,
        rate,
        left,
        Cell(job.who, "muted"),
        Cell(when, "muted"),
    )


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


def told(job: Any) -> tuple[str, str]:
    """(role, sentence) on the selected job: why it failed or waits, what is happening, where its file is."""
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
        return "busy", f"{doing}; {words.plural(job.ranks, 'rank')} on {job.engine}{limit}{by}"
    return "", job.reason


def signature(job: Any) -> tuple[Any, ...]:
    """Changes exactly when something of the job that is shown has changed."""
    ranks = tuple((r.rank, r.phase, r.done) for r in job.progress.ranks)
    return job.id, job.state, job.cause, job.reason, job.by, job.done, job.total, job.ended, ranks


def cancel_question(job: Any) -> str:
    """Names the job that would be cancelled."""
    far = f", {job.done:,} of {job.total:,} events done" if job.total else ""
    whose = f"\nIt was launched by {job.who}." if job.who else ""
    end = "Its ranks are ended; no file appears under the final name."
    return f"Run {job.run} on {job.engine} ({job.id}){far}.{whose}\n{end}"

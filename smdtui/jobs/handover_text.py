"""The hand-over as Markdown: to be read on a terminal, or pasted into the eLog."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from typing import Any

from smdtui.jobs.board import counted
from smdtui.jobs.folder import seconds
from smdtui.jobs.handover import Handover, ProfileChange, RunLine
from smdtui.jobs.states import REJECTED
from smdtui.profile.difference import Change, value_text
from smdtui.words import duration, plural

CHANGES = 20  # of one save that are listed; the rest is counted


def markdown(shift: Handover) -> str:
    begin, end = _clock(shift.since), _clock(shift.until)
    lines = [
        f"# Hand-over of {shift.experiment}",
        "",
        f"From {begin} to {end}, written by {shift.who or 'somebody'}.",
        "",
    ]
    lines += [f"* {line}" for line in _summary(shift)]
    lines += _section("To look at", _trouble(shift), "Nothing: no job failed, is stalled or lost.")
    lines += _section("Runs recorded", _runs(shift.runs), "No run was recorded.")
    lines += _section("Produced", _produced(shift), "Nothing was produced.")
    lines += _section("At work now", _at_work(shift), "No job is at work.")
    lines += _section("Profile", [t for change in shift.changes for t in _changed(change)], "Nothing was changed.")
    lines += _section("Who did what", [f"* {_clock(d.when)} {_inline(d.text)}" for d in shift.deeds], "")
    return "\n".join(lines).rstrip() + "\n"


def _section(title: str, lines: Iterable[str], empty: str) -> list[str]:
    lines = list(lines)
    if not lines and not empty:
        return []
    return ["", f"## {title}", "", *(lines or [empty])]


def _summary(shift: Handover) -> list[str]:
    told = [plural(len(shift.runs), "run") + " recorded", f"jobs: {counted(shift.jobs)}"]
    ended = [line for line in shift.runs if line.summary.state != "recording"]
    missing = [str(line.summary.run) for line in ended if line.production not in ("verified", "running", "pending")]
    if missing:
        told.append(f"not (rightly) produced: {', '.join(missing)}")
    told.append(_inline(shift.follower) or "nobody follows the experiment: runs are launched by hand")
    if shift.here:
        told.append(f"consoles open on it: {_inline('; '.join(shift.here))}")
    return told


def _trouble(shift: Handover) -> list[str]:
    wrong = shift.of("failed", "rejected", "lost", "stalled", "finished-unverified")
    newest = {job.run: job for job in reversed(shift.jobs) if not job.gate and job.state != REJECTED}
    lines = []
    for job in wrong:
        since = newest.get(job.run)
        mended = since is not None and since.id > job.id and since.state == "verified"
        again = f" (verified since, by {_inline(since.who)})" if mended and since is not None else ""
        lines.append(
            f"* run {job.run} **{job.state}**{again}: {_inline(job.cause or 'no cause is known')} (`{job.id}`)"
        )
    damaged = [line for line in shift.runs if line.summary.state == "damaged"]
    lines += [f"* run {d.summary.run} **damaged**: {_inline(d.summary.problem or '')}" for d in damaged]
    return lines


def _runs(runs: Iterable[RunLine]) -> list[str]:
    rows = []
    for line in runs:
        s = line.summary
        begin = "" if s.begin is None else _day(s.begin / 1e9)
        took = "" if s.seconds is None else duration(s.seconds)
        produced = "not produced" if line.production == "none" else line.production
        rows.append((str(s.run), begin, took, f"{s.events:,}", s.state, produced, _inline(line.why)))
    return _table(("run", "begin", "duration", "events", "state", "production", "why"), rows)


def _produced(shift: Handover) -> list[str]:
    rows = []
    for job in reversed(shift.of("verified")):
        ended = seconds(job.ended)
        limit = f" of the first {job.events_limit:,}" if job.events_limit else ""
        what = ("test of first events: " if job.gate else "") + job.output
        when = "" if ended is None else _day(ended)
        rows.append((str(job.run), when, f"{job.done:,}{limit}", _inline(job.who), _inline(what)))
    return _table(("run", "at", "events", "by", "file"), rows)


def _at_work(shift: Handover) -> list[str]:
    lines = []
    for job in reversed([job for job in shift.jobs if job.active]):
        far = f", {job.done:,} of {job.total:,} events" if job.total else ""
        left = f", {duration(job.eta_seconds)} left" if job.eta_seconds is not None else ""
        why = f": {_inline(job.cause or job.reason)}" if job.cause or job.reason else ""
        lines.append(f"* run {job.run} {job.state}{far}{left}, by {_inline(job.who)} on {job.engine}{why}")
    return lines


def _changed(change: ProfileChange) -> list[str]:
    by, why = _inline(change.who) or "somebody", f" ({_inline(change.why)})" if change.why else ""
    head = f"* {_clock(change.when)} `{change.profile}` by {by}{why}"
    if change.trouble:
        return [f"{head}: {_inline(change.trouble)}"]
    shown = [f"  * {_one(c)}" for c in change.changes[:CHANGES]]
    rest = len(change.changes) - CHANGES
    return [head, *shown, *([f"  * and {plural(rest, 'change')} more"] if rest > 0 else [])]


def _one(change: Change) -> str:
    if change.kind == "added":
        return f"`{change.name}` added: `{_code(change.after)}`"
    if change.kind == "removed":
        return f"`{change.name}` removed, was `{_code(change.before)}`"
    return f"`{change.name}`: `{_code(change.before)}` → `{_code(change.after)}`"


def _code(value: Any) -> str:
    text = value_text(value).replace("`", "'").replace("\n", " ")
    return text if len(text) <= 120 else text[:117] + "..."


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> list[str]:
    """Aligned, so that it reads as it stands; without columns of which nothing is known. [] without rows."""
    if not rows:
        return []
    told = [i for i in range(len(head)) if any(row[i] for row in rows)]
    head, rows = tuple(head[i] for i in told), [tuple(row[i] for i in told) for row in rows]
    widths = [max(len(row[i]) for row in [head, *rows]) for i in range(len(head))]

    def line(cells: Iterable[str]) -> str:
        return "| " + " | ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)) + " |"

    return [line(head), "|" + "|".join("-" * (width + 2) for width in widths) + "|", *map(line, rows)]


def _clock(when: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(when))


def _day(when: float) -> str:
    """Without the year, which is in the heading."""
    return time.strftime("%b %d %H:%M", time.localtime(when))


def _inline(text: str) -> str:
    """In one line of a table."""
    return " ".join(text.split()).replace("|", "\\|")

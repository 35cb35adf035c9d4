"""The hand-over from one shift to the next: what was recorded and produced since, what failed and why, what changed in
the profile and by whom. Gathered from the folders alone, so that anybody's console says the same."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from smdtui.jobs.consoles import others
from smdtui.jobs.deeds import deed
from smdtui.jobs.folder import JobFolder, seconds
from smdtui.jobs.follow_control import status
from smdtui.jobs.launch import Place, jobs_folder
from smdtui.jobs.plan_changes import plan_changes
from smdtui.jobs.production import newest_jobs, production_state
from smdtui.jobs.states import REJECTED
from smdtui.jobs.store import list_jobs
from smdtui.profile.difference import Change, between_texts
from smdtui.profile.place import profiles
from smdtui.profile.save import versions

HOURS = 8.0  # a shift
_ASKING = frozenset({"cancel", "hold", "release", "cleaned"})  # what people did to jobs, beside launching them
_WRONG = frozenset({"failed", "rejected", "lost", "stalled", "finished-unverified"})


@dataclass(frozen=True)
class RunLine:
    """`production`: as in the list of runs; `why`: the cause where it is not well, `job` its newest job or None."""

    summary: Any  # producer.run_summary.RunSummary
    production: str
    job: Any = None

    @property
    def why(self) -> str:
        return (self.job.cause or "") if self.job is not None and self.job.state in _WRONG else ""


@dataclass(frozen=True)
class ProfileChange:
    """One save of a profile (`run` None), or a run produced by another plan than the time before. `when` in seconds of
    the Unix clock; `trouble`: why the changes cannot be told."""

    profile: str
    when: float
    who: str
    why: str
    changes: tuple[Change, ...]
    run: int | None = None
    trouble: str = ""


@dataclass(frozen=True)
class Deed:
    when: float
    text: str


@dataclass(frozen=True)
class Handover:
    """`jobs`: those that were launched, at work or ended since `since`, newest first. Times in seconds of the Unix
    clock."""

    experiment: str
    since: float
    until: float
    who: str
    runs: tuple[RunLine, ...] = ()
    jobs: tuple[Any, ...] = ()
    changes: tuple[ProfileChange, ...] = ()
    deeds: tuple[Deed, ...] = ()
    follower: str = ""
    here: tuple[str, ...] = ()

    def of(self, *states: str) -> list[Any]:
        return [job for job in self.jobs if job.state in states]


def since_when(text: str, now: float) -> float:
    """The moment that "8h", "90m", "3d", "06:00" (the last one of that time) or "2026-11-22T06:00" (local) means.
    Raises ValueError in words."""
    short = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([mhd])", text.strip())
    if short:
        return now - float(short[1]) * {"m": 60.0, "h": 3600.0, "d": 86400.0}[short[2]]
    for form in ("%H:%M", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M", "%Y-%m-%d"):
        try:
            parsed = time.strptime(text.strip(), form)
        except ValueError:
            continue
        if form != "%H:%M":
            return time.mktime(parsed)
        today = time.localtime(now)
        moment = time.mktime((*today[:3], parsed.tm_hour, parsed.tm_min, 0, 0, 0, -1))
        if moment > now:
            moment = time.mktime((today[0], today[1], today[2] - 1, parsed.tm_hour, parsed.tm_min, 0, 0, 0, -1))
        return moment
    raise ValueError(f'since {text!r} is not understood; write "8h", "90m", "3d", "06:00" or "2026-11-22T06:00"')


def gather(experiment: Place, summaries: Iterable[Any], since: float, now: float, who: str) -> Handover:
    """`summaries`: the experiment's runs as RunCatalog has them. Raises OSError where the jobs cannot be read."""
    all_jobs = list_jobs([jobs_folder(experiment)], now)
    newest = newest_jobs(all_jobs)
    recent = [job for job in all_jobs if job.active or _last(job) >= since]
    runs = [
        RunLine(s, production_state(newest.get(s.run)), newest.get(s.run))
        for s in summaries
        if _recorded(s) >= since or s.state == "recording"
    ]
    return Handover(
        experiment=experiment.name,
        since=since,
        until=now,
        who=who,
        runs=tuple(sorted(runs, key=lambda line: line.summary.run)),
        jobs=tuple(recent),
        changes=tuple(sorted([*_saves(experiment, since), *_plans(all_jobs, since)], key=lambda c: c.when)),
        deeds=tuple(_deeds((job.folder for job in recent), since)),
        follower=status(experiment).words,
        here=tuple(f"{c.who} on {c.host} since {c.since}" for c in others(experiment, now)),
    )


def _last(job: Any) -> float:
    return seconds(job.ended) or seconds(job.created) or 0.0


def _recorded(summary: Any) -> float:
    """When the run was recorded, as far as the files tell."""
    when = summary.end or summary.last or summary.begin
    return 0.0 if when is None else when / 1e9


def _saves(experiment: Place, since: float) -> Iterable[ProfileChange]:
    """Every save of the experiment's profiles: each version kept with what replaced it."""
    for profile in profiles(experiment):
        kept = versions(profile)  # newest first; the file itself is what the newest was replaced by
        after: Path = profile
        for version in kept:
            if version.time.timestamp() < since:
                break
            changes, trouble = _between(version.path, after)
            yield ProfileChange(
                profile.name, version.time.timestamp(), version.who, version.why, changes, trouble=trouble
            )
            after = version.path
        first_seen = profile.stat().st_mtime if profile.exists() else 0.0
        if not kept and first_seen >= since:
            yield ProfileChange(profile.name, first_seen, "", "new", ())


def _between(before: Path, after: Path) -> tuple[tuple[Change, ...], str]:
    try:
        return tuple(between_texts(before.read_text("utf-8"), after.read_text("utf-8"))), ""
    except (OSError, ValueError) as error:
        return (), f"the two versions cannot be compared: {error}"


def _plans(jobs: Sequence[Any], since: float) -> Iterable[ProfileChange]:
    """Runs that were launched again with another plan."""
    before: dict[int, Any] = {}
    for job in reversed(jobs):
        if not job.plan_sha256 or job.gate or job.state == REJECTED:  # a refused launch may hold no plan
            continue
        earlier = before.get(job.run)
        before[job.run] = job
        when = seconds(job.created) or 0.0
        if earlier is None or earlier.plan_sha256 == job.plan_sha256 or when < since:
            continue
        name, why = Path(job.profile).name, f"run {job.run} launched again"
        try:
            changes = tuple(plan_changes(earlier.folder, job.folder))
        except (OSError, ValueError) as error:
            yield ProfileChange(name, when, job.who, why, (), job.run, f"its plans cannot be compared: {error}")
        else:
            yield ProfileChange(name, when, job.who, why, changes, job.run)


def _deeds(folders: Iterable[JobFolder], since: float) -> list[Deed]:
    found = []
    for folder in folders:
        for event in folder.events():
            when = seconds(str(event.get("time", ""))) or 0.0
            if event.get("what") in _ASKING and when >= since:
                run = (folder.table("request.toml") or {}).get("run", "?")
                found.append(Deed(when, f"{deed(event)} run {run} ({folder.id})"))
    return sorted(found, key=lambda d: d.when)

"""What has become of each run: its newest job decides, and whether its profile and its data are still the same."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from producer.plan import Profile, ProfileError, effective, load
from producer.run_files import RunFiles
from smdtui.jobs.data_identity import data_identity
from smdtui.jobs.job import Job
from smdtui.jobs.launch import Place, jobs_folder
from smdtui.jobs.states import REJECTED, VERIFIED
from smdtui.jobs.store import list_jobs

NONE, STALE, PARTIAL = "none", "stale", "partial"


@dataclass
class _Known:
    stamps: tuple[tuple[str, int], ...]
    profile: Profile
    hashes: dict[int, str]


_profiles: dict[Path, _Known] = {}


def _stamps(files: Iterable[str]) -> tuple[tuple[str, int], ...]:
    return tuple((f, Path(f).stat().st_mtime_ns) for f in files)


def plan_hash(profile: Path, run: int) -> str | None:
    """The hash of the effective plan as the profile's files say now; None where they are gone or wrong."""
    known = _profiles.get(profile)
    try:
        if known is None or _stamps(f for f, _ in known.stamps) != known.stamps:
            loaded = load(profile)
            known = _profiles[profile] = _Known(_stamps(loaded.files), loaded, {})
        if run not in known.hashes:
            known.hashes[run] = effective(known.profile, run).sha256
    except (OSError, ProfileError):
        _profiles.pop(profile, None)
        return None
    return known.hashes[run]


def production_state(job: Job | None, profile: Path | None = None, files: RunFiles | None = None) -> str:
    """Of a run whose newest job is `job`: none (also when the file is gone), partial (verified, of fewer events than
    the run has), stale (verified, but the plan or the data now differ), or the job's state. `profile`: compare with
    this one instead of the job's own; `files`: those of the run now, None: its data are not looked at."""
    if job is None:
        return NONE
    if job.state != VERIFIED:
        return job.state
    if not Path(job.output).exists():
        return NONE
    now = plan_hash(profile or Path(job.profile), job.run)
    if now is not None and now != job.plan_sha256:
        return STALE
    if files is not None and job.data and job.data != data_identity(files):
        return STALE
    return PARTIAL if job.events_limit else VERIFIED


def newest_jobs(jobs: Iterable[Job]) -> dict[int, Job]:
    """Run -> its newest job, refused launches and tests of first events left out: they changed
    nothing."""
    newest: dict[int, Job] = {}
    for job in jobs:
        if job.state != REJECTED and not job.gate and (job.run not in newest or job.id > newest[job.run].id):
            newest[job.run] = job
    return newest


def production_states(
    experiment: Place, runs: Iterable[int], profile: Path | None = None, files: Mapping[int, RunFiles] | None = None
) -> dict[int, str]:
    """`files` are looked at only for runs with a job. Raises OSError where the jobs folder may not be read."""
    newest = newest_jobs(list_jobs([jobs_folder(experiment)]))
    return {run: production_state(newest.get(run), profile, _of(files, run, newest)) for run in runs}


def _of(files: Mapping[int, RunFiles] | None, run: int, newest: Mapping[int, Job]) -> RunFiles | None:
    if files is None or run not in newest or newest[run].state != VERIFIED:
        return None
    return files.get(run)

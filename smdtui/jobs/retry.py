"""Launch a run again as a job was: with its own frozen plan, or with what its profile says now."""

from dataclasses import dataclass
from pathlib import Path

from smdtui.jobs.folder import PLAN, REQUEST
from smdtui.jobs.job import Job
from smdtui.jobs.launch import Place, Request


@dataclass(frozen=True)
class JobPlace:
    """Where a job belongs, known from its record alone."""

    name: str
    directory: Path
    results: Path
    hdf5: Path


def place_of(job: Job) -> JobPlace:
    request = job.folder.table(REQUEST) or {}
    folder = job.folder.path
    return JobPlace(
        job.experiment, Path(str(request.get("directory", ""))), folder.parent.parent, Path(job.output).parent
    )


def waited(job: Job) -> bool:
    """Whether the job was to wait for the end of a run that was being recorded."""
    return (job.folder.table(REQUEST) or {}).get("while_recording") is True


def again(job: Job, who: str, same_plan: bool, experiment: Place | None = None) -> Request:
    """The request of a retry. With `same_plan` what was frozen then is produced again, whatever the profile says now;
    a test of first events stays one. Raises ValueError where the job has no plan, as a refused launch has none."""
    plan = job.folder.path / PLAN
    if same_plan and not plan.is_file():
        raise ValueError(f"{job.id} has no plan of its own ({job.state}); retry it with what the profile says now")
    return Request(
        experiment=experiment or place_of(job),
        run=job.run,
        profile=Path(job.profile),
        engine=job.engine,
        ranks=job.ranks,
        events=job.events_limit,
        who=who,
        gate=job.gate,
        plan=plan if same_plan else None,
        while_recording=waited(job),
    )

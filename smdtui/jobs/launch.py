"""From a request to a running job: everything is checked first, and all problems are said at once."""

import getpass
import hashlib
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

from producer.problem import Problem, errors, nearest
from producer.run_files import FolderProblem, RunNotFound, find_run
from producer.run_summary import JUST_WRITTEN
from smdtui import __version__
from smdtui.jobs import engine as engines
from smdtui.jobs import local, slurm
from smdtui.jobs.data_identity import data_identity
from smdtui.jobs.engine_away import EngineAway
from smdtui.jobs.folder import (
    PLAN,
    REJECTED,
    SCRIPT,
    JobFolder,
    create,
    locked,
    shared,
    utc,
    write_whole,
)
from smdtui.jobs.launcher import launcher_words
from smdtui.jobs.other_jobs import claimed, give_up, known_jobs, newest_of, overtaken
from smdtui.jobs.rank_split import event_builders, rank_split
from smdtui.jobs.script import script_text
from smdtui.jobs.store import list_jobs, remember_root
from smdtui.site import Engine, Site


class Place(Protocol):
    """What a job needs to know of an experiment (smdtui.catalog.experiment.Experiment has it)."""

    @property
    def name(self) -> str: ...
    @property
    def directory(self) -> Path: ...
    @property
    def results(self) -> Path: ...
    @property
    def hdf5(self) -> Path: ...


class LaunchError(Exception):
    """Nothing runs; `problems` say why and `folder` is the record of it, None where none could be made."""

    def __init__(self, problems: Sequence[Problem], folder: JobFolder | None = None):
        self.problems, self.folder = list(problems), folder
        super().__init__("\n".join(p.text() for p in self.problems))


@dataclass(frozen=True)
class Request:
    """`engine` "" is the site's first; `ranks` 0 the engine's number; `events` 0 or None all of the run."""

    experiment: Place
    run: int
    profile: Path
    engine: str = ""
    ranks: int = 0
    events: int | None = 0
    who: str = field(default_factory=getpass.getuser)
    gate: bool = False  # the first events only, into a file of their own, to see whether the rest is worth starting
    plan: Path | None = None  # the frozen plan of an earlier job, in place of what the profile says now
    newest: str | None = None  # the run's newest job ("": none) when this was decided; None: when it is prepared
    while_recording: bool = False  # a run that is being recorded (or about to be) is waited for by its job


@dataclass(frozen=True)
class Prepared:
    """A request with everything decided. `command` is what submit.sh runs, with JOB for the folder that is named only
    when it is made; `script` its text likewise; `output` the HDF5 file. With an error in `problems` it cannot be
    submitted."""

    site: Site
    request: Request
    engine_name: str
    engine: Engine
    ranks: int
    plan_text: str
    plan_sha256: str
    output: Path
    command: tuple[str, ...]
    script: str
    problems: tuple[Problem, ...]
    newest: str = ""  # the run's newest job when this was decided

    @property
    def refused(self) -> bool:
        return bool(errors(self.problems))

    @property
    def sending(self) -> list[str]:
        """What hands submit.sh to a scheduler, with JOB for the folder; [] for a local engine."""
        name = slurm.job_name(self.request.run, self.request.experiment.name, str(UNNAMED))
        return engines.driver(self.engine.kind).sending(self.engine, self.ranks, UNNAMED, name)


UNNAMED = Path("JOB")
RECORDING_PATIENCE = 1800  # seconds without a write after which a recording is thought to have died


def jobs_folder(experiment: Place) -> Path:
    return experiment.results / "jobs"


def output_file(experiment: Place, run: int, gate: bool = False) -> Path:
    return experiment.hdf5 / f"{experiment.name}_Run{run:04d}{'_gate' if gate else ''}.h5"


def prepare(site: Site, request: Request) -> Prepared:
    """Decides and checks everything without writing anything."""
    problems: list[Problem] = []
    name = request.engine or site.default_engine
    engine = site.engines.get(name)
    if engine is None:
        have = ", ".join(site.engines)
        near = nearest(name, site.engines)
        problems.append(
            Problem("error", f"there is no engine {name!r}; there are {have}", suggestion="".join(near[:1]))
        )
        engine = Engine()
    engine = engine.of(request.experiment.name)
    ranks = request.ranks or engine.ranks
    if ranks < 1 or ranks == 2:
        problems.append(Problem("error", f"{ranks} ranks were asked for; psana needs 1, or at least 3"))
    if (request.events or 0) < 0:
        problems.append(
            Problem("error", f"a limit of {request.events} events was asked for; it must be 0 (all) or more")
        )
    problems += engines.driver(engine.kind).check(engine, ranks)
    launcher, wrong = launcher_words(engine, site.environment_for(request.experiment.name), max(ranks, 1))
    problems += wrong
    plan_text, plan_sha256, wrong = _frozen_plan(request)
    problems += wrong
    output = output_file(request.experiment, request.run, request.gate)
    jobs = jobs_folder(request.experiment)
    problems += _writable(jobs, "the jobs folder") + _writable(output.parent, "the folder of the HDF5 files")
    known, wrong = known_jobs(jobs)
    problems += wrong + claimed(known, request.run, request.gate, output)
    command = tuple(launcher + _producer_words(site, request, ranks, output, UNNAMED))
    return Prepared(
        site=site,
        request=request,
        engine_name=name,
        engine=engine,
        ranks=ranks,
        plan_text=plan_text,
        plan_sha256=plan_sha256,
        output=output,
        command=command,
        script=_script(site, request, engine, command, ranks, UNNAMED, together=False),
        problems=tuple(problems),
        newest=newest_of(known, request.run) if request.newest is None else request.newest,
    )


def _producer_words(site: Site, request: Request, ranks: int, output: Path, job: Path) -> list[str]:
    words = [site.environment_for(request.experiment.name).interpreter, "-u", "-m"]
    # mpi4py's runner turns the end of one rank into the end of all; without it the others would wait for ever.
    words += ["mpi4py.run", "-m", "producer"] if ranks > 1 else ["producer"]
    words += ["--exp", request.experiment.name, "--run", str(request.run), "--profile", str(job / PLAN)]
    words += ["--output", str(output), "--dir", str(request.experiment.directory), "--ranks", str(ranks)]
    if request.events:
        words += ["--events", str(request.events)]
    if request.while_recording:
        words += ["--wait", str(RECORDING_PATIENCE)]
    if site.calib:
        words += ["--calib", site.calib]
    return [*words, "--job", str(job)]


def _script(
    site: Site, request: Request, engine: Engine, command: Sequence[str], ranks: int, job: Path, together: bool
) -> str:
    limit = f", the first {request.events} events" if request.events else ""
    under_slurm = engine.kind == "slurm"
    builders = event_builders(engine, ranks) if under_slurm else 0
    title = f"run {request.run} of {request.experiment.name} with {ranks} rank{'s' if ranks > 1 else ''}{limit}"
    if ranks > 1:
        title += f": {rank_split(engine, ranks).words}"
    return script_text(
        job,
        title,
        site.environment_for(request.experiment.name),
        command,
        ranks,
        together,
        local.GRACE_SECONDS,
        builders,
        allocation=under_slurm and bool(engine.launcher or engine.nodes > 1),
    )


def _frozen_plan(request: Request) -> tuple[str, str, list[Problem]]:
    """The effective plan of the run as text with its hash, or the profile's problems."""
    from producer.plan import ProfileError, effective, load

    if request.plan is not None:
        try:
            text = request.plan.read_text(encoding="utf-8")
        except OSError as e:
            message = f"the plan of the earlier job cannot be read: {e.strerror}"
            return "", "", [Problem("error", message, file=str(request.plan))]
        return text, hashlib.sha256(text.encode()).hexdigest(), []
    try:
        plan = effective(load(request.profile), request.run)
    except ProfileError as e:
        return "", "", list(e.problems)
    except OSError as e:
        return "", "", [Problem("error", f"the profile cannot be read: {e.strerror}", file=str(request.profile))]
    return plan.to_toml(), plan.sha256, []


def _writable(folder: Path, what: str) -> list[Problem]:
    """A problem where neither `folder` nor, while it does not exist, the nearest one above can be written."""
    above = folder
    while not above.exists() and above != above.parent:
        above = above.parent
    if not above.is_dir():
        return [Problem("error", f"{what} cannot be made: {above} is not a folder", file=str(folder))]
    if not os.access(above, os.W_OK | os.X_OK):
        facts = above.stat()
        message = f"{what} cannot be written: {above} belongs to user {facts.st_uid}, group {facts.st_gid}"
        return [Problem("error", f"{message} (mode {facts.st_mode & 0o7777:o})", file=str(folder))]
    return []


def open_job(prepared: Prepared, **more: Any) -> JobFolder:
    """The job's folder with the request in it, `more` added. Raises LaunchError; the refused launch is then a job of
    state rejected where a folder could be made."""
    request = prepared.request
    jobs = jobs_folder(request.experiment)
    try:
        with locked(jobs):
            if not prepared.refused:
                # Another console may have been faster since `prepare`.
                known = list_jobs([jobs])
                at_work = claimed(known, request.run, request.gate, prepared.output)
                if not at_work and not request.gate and (late := overtaken(known, request.run, prepared.newest)):
                    raise LaunchError(late)  # no record: it would be newer than the job that is there
                prepared = _with(prepared, at_work)
                give_up(known, request.run, request.gate, request.who)
            folder = create(jobs, request.run, _record(prepared) | more)
    except OSError as e:
        problem = Problem("error", f"the job's folder cannot be made: {e.strerror}", file=str(e.filename or jobs))
        raise LaunchError([*errors(prepared.problems), problem]) from e
    if prepared.refused:
        raise rejected(folder, request.who, errors(prepared.problems))
    return folder


def submit(prepared: Prepared) -> JobFolder:
    """Hands the job to its engine; returns when a local one runs, and one of Slurm is accepted. Raises LaunchError as
    `open_job` does."""
    request, folder = prepared.request, open_job(prepared)
    try:
        write_job(prepared, folder)
        engines.driver(prepared.engine.kind).start(folder, os.environ, prepared.engine, prepared.ranks)
    except OSError as e:
        where = str(e.filename or folder.path)
        raise rejected(folder, request.who, [Problem("error", str(e.strerror or e), file=where)], e) from e
    except RuntimeError as e:
        raise rejected(folder, request.who, [Problem("error", str(e), file=str(folder.path))], e) from e
    return folder


def write_job(prepared: Prepared, folder: JobFolder) -> None:
    """Plan, script and what was asked into the job's folder. Raises OSError."""
    request, jobs = prepared.request, jobs_folder(prepared.request.experiment)
    words = [w.replace(str(UNNAMED / PLAN), str(folder.path / PLAN)) for w in prepared.command[:-1]]
    command = [*words, str(folder.path)]
    together = shared(folder.path)
    script = _script(prepared.site, request, prepared.engine, command, prepared.ranks, folder.path, together)
    write_whole(folder.path / PLAN, prepared.plan_text)
    write_whole(folder.path / SCRIPT, script, executable=True)
    _remember(jobs, folder, request.who)
    folder.event("submitted", request.who, engine=prepared.engine_name, ranks=prepared.ranks)
    prepared.output.parent.mkdir(parents=True, exist_ok=True)


def _remember(jobs: Path, folder: JobFolder, who: str) -> None:
    try:
        remember_root(jobs)
    except OSError as e:  # the job is in its folder; only `smdtui jobs` without an experiment will miss it
        folder.event("root not remembered", who, why=f"{e.filename}: {e.strerror}")


def _with(prepared: Prepared, more: list[Problem]) -> Prepared:
    return replace(prepared, problems=prepared.problems + tuple(more)) if more else prepared


def rejected(folder: JobFolder, who: str, problems: Sequence[Problem], why: Exception | None = None) -> LaunchError:
    """Writes down why nothing runs, and whether another try may do (`again`: the engine was away, a disk was full) or
    the engine would not have it. What cannot be written (a full disk) is still in the error."""
    cause = problems[0].message + (f" (and {len(problems) - 1} more)" if len(problems) > 1 else "")
    try:
        again = True if isinstance(why, (EngineAway, OSError)) else None
        told = [p.as_json() for p in problems]
        kind = {"again": again, "by_engine": None if why is None or again else True}
        folder.write(REJECTED, {"time": utc(), "cause": cause, **kind, "problems": told})
        folder.event("rejected", who, cause=cause)
    except OSError as e:
        problems = [
            *problems,
            Problem("error", f"the refusal could not be recorded: {e.strerror}", file=str(folder.path)),
        ]
    return LaunchError(problems, folder)


def _data(request: Request) -> str | None:
    """None where the run cannot be found: the producer says so in the job's log; and of a run that may grow yet, which
    its job waits for."""
    try:
        files = find_run(request.experiment.directory, request.run)
        grows = request.while_recording and (files.recording or files.written_within(JUST_WRITTEN))
        return None if grows else data_identity(files)
    except (FolderProblem, RunNotFound, OSError):
        return None


def _record(prepared: Prepared) -> dict[str, Any]:
    request = prepared.request
    return {
        "experiment": request.experiment.name,
        "run": request.run,
        "directory": str(request.experiment.directory),
        "profile": str(Path(request.profile).absolute()),
        "plan_sha256": prepared.plan_sha256,
        "data": _data(request),
        "output": str(prepared.output),
        "engine": prepared.engine_name,
        "kind": prepared.engine.kind,
        "ranks": prepared.ranks,
        "events": request.events or 0,
        "gate": request.gate or None,
        "while_recording": request.while_recording or None,
        "who": request.who,
        "created": utc(time.time()),
        "version": __version__,
    }

"""Many runs at once: one job per run, or one array of Slurm in which so many run at a time."""

import getpass
import os
import secrets
import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path

from producer.problem import Problem
from smdtui.jobs import slurm
from smdtui.jobs.folder import ARRAY, CANCEL, SCRIPT, JobFolder, make_folder, utc, write_whole
from smdtui.jobs.launch import LaunchError, Prepared, jobs_folder, open_job, rejected, submit, write_job

ARRAYS = ".arrays"  # under the jobs folder: the script of each array, and what Slurm itself says of its tasks

_TEXT = r"""#!/bin/bash
# Each task runs the submit.sh of one job; the number of the task is the line of it in tasks.txt.
folder=$(sed -n "${{SLURM_ARRAY_TASK_ID}}p" {tasks})
cd "$folder" || exit 1
exec ./{script} >>log.txt 2>&1
"""


def submit_all(prepared: Sequence[Prepared]) -> Iterator[tuple[Prepared, JobFolder | LaunchError]]:
    """Launches each; one that is refused stops none. Those that their engine wants as an array go together, of each
    experiment by themselves: account and reservation may name it."""
    together: dict[object, list[Prepared]] = {}
    for one in prepared:
        if one.engine.kind == "slurm" and one.engine.concurrency > 0:
            alike = (one.engine, one.ranks, one.request.experiment.results)
            together.setdefault(alike, []).append(one)
    arrays = [some for some in together.values() if len(some) > 1]
    for one in prepared:
        if not any(one is other for some in arrays for other in some):
            try:
                yield one, submit(one)
            except LaunchError as error:
                yield one, error
    for some in arrays:
        yield from _array(some)


def _array(prepared: Sequence[Prepared]) -> Iterator[tuple[Prepared, JobFolder | LaunchError]]:
    made: list[tuple[Prepared, JobFolder]] = []
    place = jobs_folder(prepared[0].request.experiment) / ARRAYS / f"{utc().replace(':', '')}-{secrets.token_hex(2)}"
    name = f"{prepared[0].request.run}-{prepared[0].request.experiment.name}-{len(prepared)}runs-{place.name}"
    for one in prepared:
        try:
            folder = open_job(one, slurm_name=name)
            made.append((one, folder))
            write_job(one, folder)
        except LaunchError as error:
            yield one, error
        except OSError as e:
            problem = Problem("error", str(e.strerror or e), file=str(e.filename or folder.path))
            yield one, rejected(made.pop()[1], one.request.who, [problem])
    if not made:
        return
    try:
        for task, (_, folder) in enumerate(made, 1):
            folder.write(ARRAY, {"folder": str(place), "task": task})
        found = _send([folder for _, folder in made], place, name, made[0][0])
    except (OSError, RuntimeError) as e:
        for one, folder in made:
            yield one, rejected(folder, one.request.who, [Problem("error", str(e), file=str(folder.path))], e)
        return
    for task, (one, folder) in enumerate(made, 1):
        if found is not None:
            slurm.adopt(folder, f"{found[0]}_{task}", found[1])
            if folder.has(CANCEL):  # while sbatch was at work
                slurm.cancel(folder)
        yield one, folder


def _send(folders: Sequence[JobFolder], place: Path, name: str, first: Prepared) -> tuple[str, str] | None:
    """sbatch of the array; raises OSError or RuntimeError."""
    make_folder(place)
    tasks, script = place / "tasks.txt", place / "array.sh"
    write_whole(tasks, "".join(f"{folder.path}\n" for folder in folders))
    write_whole(script, _TEXT.format(tasks=shlex.quote(str(tasks)), script=SCRIPT), executable=True)
    words = array_words(first, place, name, len(folders))
    write_whole(place / "sbatch.txt", f"{shlex.join(words)}\n")
    for folder in folders[1:]:
        folder.event("sbatch", getpass.getuser(), array=str(place))
    return slurm.send(folders[0], words, os.environ)


def array_words(first: Prepared, place: Path, name: str, count: int) -> list[str]:
    """The sbatch line of an array of `count` runs, of which `concurrency` run at a time."""
    engine = first.engine
    own = ["--parsable", "--no-requeue", f"--job-name={name}", f"--comment=smdtui {place}", f"--chdir={place}"]
    output = str(place / "task").replace("%", "%%") + "-%a.txt"
    limit = f"--array=1-{count}%{engine.concurrency}"
    return ["sbatch", *own, f"--output={output}", limit, *slurm.options(engine, first.ranks), str(place / "array.sh")]

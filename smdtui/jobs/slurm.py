"""Jobs under Slurm: sbatch of a job's own submit.sh, what Slurm says of it, and scancel.

A job is known by Slurm's number and its name, which holds our own id: Slurm uses numbers again. All are jobs of the one
cluster that SLURM_CONF means.
"""

import contextlib
import getpass
import os
import shlex
import shutil
import socket
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

from producer.problem import Problem
from smdtui.jobs.cancelled import Cancelled
from smdtui.jobs.engine_away import EngineAway
from smdtui.jobs.folder import (
    ARRAY,
    CANCEL,
    ENGINE,
    EXIT,
    LOG,
    PROGRESS,
    REJECTED,
    REQUEST,
    SCHEDULER,
    SCRIPT,
    START,
    JobFolder,
    seconds,
    utc,
)
from smdtui.jobs.rank_split import rank_split
from smdtui.jobs.slurm_hold import hold_words, lately
from smdtui.jobs.slurm_poll import LIVELY_SECONDS, TASK, Known, SlurmDown, Wanted, ask, command, scrubbed
from smdtui.jobs.slurm_told import publish, told
from smdtui.jobs.slurm_words import UNKNOWN, Line, passes, pending_words, read_sbatch, refusal_words
from smdtui.jobs.span import span
from smdtui.jobs.states import EngineFacts
from smdtui.site import Engine

SUBMIT_SECONDS, CANCEL_SECONDS = 60.0, 30.0
FRESH_SECONDS = 30.0  # progress so young says that the job runs; Slurm need not be asked
OLD_SECONDS = 60.0  # an answer older than this is shown with its age
SETTLED_SECONDS = 86400.0  # how a job ended that long ago is asked no more


def check(engine: Engine, ranks: int) -> list[Problem]:
    problems = []
    if shutil.which("sbatch", path=scrubbed(os.environ).get("PATH")) is None:
        problems.append(Problem("error", f"sbatch was not found on {socket.gethostname()}; is Slurm's client there?"))
    if engine.ranks_per_node and engine.nodes and ranks > engine.nodes * engine.ranks_per_node:
        room = engine.nodes * engine.ranks_per_node
        problems.append(Problem("error", f"{ranks} ranks do not fit on {engine.nodes} nodes, which hold {room}"))
    split = rank_split(engine, ranks)
    if split.workers < 1:
        message = f"{ranks} ranks are too few for {split.builders} event builders: at least {split.builders + 2}"
        problems.append(Problem("error", message))
    return problems + _reservation(engine)


def _reservation(engine: Engine) -> list[Problem]:
    """Where its time has not come or is over: sbatch would take the job and it would wait for ever, or refuse."""
    now = datetime.now().astimezone()
    begin, end = (
        datetime.fromisoformat(text).astimezone() if text else now
        for text in (engine.reservation_from, engine.reservation_until)
    )
    if now < begin:
        why = f"begins on {begin:%Y-%m-%d %H:%M}"
    elif now > end:
        why = f"ended on {end:%Y-%m-%d %H:%M}"
    else:
        return []
    return [Problem("error", f"the reservation {engine.reservation} {why}; take it out of the site file, or wait")]


def job_name(run: int, experiment: str, id_: str) -> str:
    """The run comes first: squeue shows the first eight letters."""
    return f"{run}-{experiment}-{id_}"


def options(engine: Engine, ranks: int) -> list[str]:
    """What the preset asks of sbatch; everything in it, and nothing else."""
    values: dict[str, str | int] = {
        "partition": engine.partition,
        "account": engine.account,
        "reservation": engine.reservation,
        "qos": engine.qos,
        "constraint": engine.constraint,
        "time": engine.time,
        "nodes": engine.nodes,
        "ntasks-per-node": engine.ranks_per_node,
    }
    words = [f"--ntasks={ranks}", *(f"--{k}={v}" for k, v in values.items() if v)]
    return [*words, *(["--exclusive"] if engine.exclusive else []), *shlex.split(engine.extra)]


def sending(engine: Engine, ranks: int, folder: Path, name: str) -> list[str]:
    log = str(folder / LOG).replace("%", "%%")
    # Slurm would start a requeued job again behind our back, perhaps beside the one launched in its place.
    own = ["--parsable", "--no-requeue", f"--job-name={name}", f"--comment=smdtui {folder}", f"--chdir={folder}"]
    return ["sbatch", *own, f"--output={log}", "--open-mode=append", *options(engine, ranks), str(folder / SCRIPT)]


def start(folder: JobFolder, environment: Mapping[str, str], engine: Engine, ranks: int) -> None:
    """Raises RuntimeError with sbatch's words. Where it is not known whether Slurm took the job, none: whoever looks
    later finds it by its name."""
    name = _name(folder)
    words = sending(engine, ranks, folder.path, name)
    number = send(folder, words, environment)
    if number is not None:
        adopt(folder, *number)
        if folder.has(CANCEL):  # while sbatch was at work
            cancel(folder)


def send(folder: JobFolder, words: Sequence[str], environment: Mapping[str, str]) -> tuple[str, str] | None:
    """(job id, cluster) from sbatch, None where it gave no answer in time, or none with a number: it may have sent the
    job all the same. Raises RuntimeError, and EngineAway of these where another try may do."""
    folder.event("sbatch", getpass.getuser(), command=shlex.join(words))
    try:
        status, out, err = command(words, environment, SUBMIT_SECONDS)
    except SlurmDown as e:
        if not e.unsure:
            raise (RuntimeError if e.absent else EngineAway)(refusal_words(str(e), 1)) from None
        folder.event("sbatch unanswered", getpass.getuser(), why=str(e))
        return None
    found = read_sbatch(out)
    if status == 0 and found is None:
        said = " ".join((out or err).split()[-20:])
        folder.event("sbatch unanswered", getpass.getuser(), why=f"it ended well without a number: {said or 'nothing'}")
    elif status:
        raise (EngineAway if passes(err) else RuntimeError)(refusal_words(err or out, status))
    return found


def adopt(folder: JobFolder, number: str, cluster: str) -> None:
    """Writes down which job of Slurm this is."""
    who = {"host": socket.gethostname(), "user": getpass.getuser()}
    folder.write(
        ENGINE,
        {"kind": "slurm", "cluster": cluster, "job": number, "name": _name(folder), "submitted": utc(), **who},
    )
    folder.event("slurm", getpass.getuser(), job=number, cluster=cluster)


def _name(folder: JobFolder) -> str:
    request = folder.table(REQUEST) or {}
    return str(request.get("slurm_name") or "") or job_name(
        int(request.get("run", 0)), str(request.get("experiment", "")), folder.id
    )


# -- what becomes of it
def open_question(folder: JobFolder, now: float) -> bool:
    """True while Slurm can say of the job what its own files do not: until it has ended, and after a bad end why."""
    if folder.has(REJECTED) or folder.has(SCHEDULER):
        return False
    exit_ = folder.table(EXIT)
    if exit_ is None:
        return folder.has(ENGINE) or folder.has(START) or not folder.has(CANCEL)
    ended = seconds(str(exit_.get("when", ""))) or now
    return exit_.get("status") != 0 and not folder.has(CANCEL) and now - ended < SETTLED_SECONDS


def facts(folders: Sequence[JobFolder], now: float) -> dict[Path, EngineFacts]:
    """Our own files first, then what the owners of others were told; then one question for all the rest, not more often
    than `slurm_poll` allows."""
    found: dict[Path, EngineFacts] = {}
    asked: dict[JobFolder, Wanted] = {}
    hasten = False
    for folder in folders:
        scheduler = folder.table(SCHEDULER)
        if scheduler is not None:
            found[folder.path] = EngineFacts(False, final=scheduler)
        elif open_question(folder, now):
            engine = folder.table(ENGINE) or _begun(folder)
            if _progress_age(folder, now) < FRESH_SECONDS and not folder.has(EXIT) and not folder.has(CANCEL):
                found[folder.path] = EngineFacts(True)
                continue
            if engine is None and _age(folder, now) < SUBMIT_SECONDS + 15:
                found[folder.path] = EngineFacts(None, pending=True, reason="it is being handed to Slurm")
                continue
            number = str((engine or {}).get("job", ""))
            wanted = Wanted(_name(folder) if number else _sought(folder), number)
            if number and not _mine(folder) and (others := told(folder, wanted, time.time())) is not None:
                found[folder.path] = _said(folder, wanted, others, time.time())
                continue
            asked[folder] = wanted
            lively = _age(folder, now) < LIVELY_SECONDS or lately(folder)
            hasten = hasten or lively or folder.has(EXIT) or folder.has(CANCEL)
    known = ask(list(asked.values()), hasten) if asked else Known()
    publish(((folder, wanted) for folder, wanted in asked.items() if _mine(folder)), known)
    for folder, wanted in asked.items():
        found[folder.path] = _said(folder, wanted, known, time.time())
    return found


def _sought(folder: JobFolder) -> str:
    """The name to look for where no number is known; all tasks of an array share a name."""
    task = (folder.table(ARRAY) or {}).get("task", "")
    return f"{_name(folder)}{TASK}{task}" if task else _name(folder)


def _begun(folder: JobFolder) -> dict[str, Any] | None:
    """engine.toml, as far as start.toml tells it, of a job that began before its number was written down."""
    start = folder.table(START) or {}
    return _adopted(folder, str(start["job"])) if start.get("job") else None


def _adopted(folder: JobFolder, number: str) -> dict[str, Any]:
    # The folder may be somebody else's: then the owner's programs will write it down.
    with contextlib.suppress(OSError):
        adopt(folder, number, "")
    return folder.table(ENGINE) or {"kind": "slurm", "job": number, "name": _name(folder)}


def _said(folder: JobFolder, wanted: Wanted, known: Known, now: float) -> EngineFacts:
    age = now - known.answered if known.answered else now
    if not wanted.id:
        number = known.names.get(wanted.name)
        if number is None:
            return EngineFacts(
                None, pending=True, reason="sbatch gave no answer; Slurm is asked whether it has the job"
            )
        if not number and not _mine(folder):  # as below
            return EngineFacts(None, pending=True, reason="Slurm tells only its owner about it")
        if not number:
            return EngineFacts(False, reason="Slurm does not have it")
        _adopted(folder, number)
        return EngineFacts(True, pending=True, reason="found in Slurm by its name")
    line = known.line(wanted)
    if line is None:
        why = f"Slurm does not answer: {known.trouble}" if known.trouble else "handed to Slurm, which is asked soon"
        return EngineFacts(None, pending=True, reason=why)
    if line.state == UNKNOWN and not _mine(folder):  # where jobs are private, Slurm hides those of others
        waiting = not folder.has(START)
        return EngineFacts(None, pending=waiting, reason="Slurm tells only its owner about it", age=age)
    if line.final or line.state == UNKNOWN:
        return _final(folder, line)
    words = (hold_words(folder, line.reason) or pending_words(line.reason)) if line.waiting else ""
    if line.state == "COMPLETING":
        words = "ending"
    elif not words and line.state not in ("RUNNING", "PENDING"):
        words = f"Slurm says {line.state.lower()}"
    if known.trouble or age > OLD_SECONDS:
        trouble = f": {known.trouble}" if known.trouble else ""
        words = f"{words + '; ' if words else ''}stale, as Slurm said {span(age)} ago{trouble}"
    return EngineFacts(True, pending=line.waiting, reason=words, age=age)


def _mine(folder: JobFolder) -> bool:
    try:
        return folder.path.stat().st_uid == os.getuid()
    except OSError:
        return False


def _final(folder: JobFolder, line: Line) -> EngineFacts:
    table = {k: v for k, v in asdict(line).items() if v}
    # The folder may be somebody else's: the answer is still in our cache, and the owner's programs will write it.
    with contextlib.suppress(OSError):
        folder.write(SCHEDULER, table)
    return EngineFacts(False, final=table)


def _progress_age(folder: JobFolder, now: float) -> float:
    """Since any rank last reported: every report renames a file in that folder, which leaves its time there."""
    if not folder.has(START):
        return float("inf")
    try:
        return now - (folder.path / PROGRESS).stat().st_mtime
    except OSError:
        return float("inf")


def _age(folder: JobFolder, now: float) -> float:
    created = seconds(str((folder.table(REQUEST) or {}).get("created", "")))
    return float("inf") if created is None else now - created


def barred(folder: JobFolder) -> str:
    """Why this person cannot end a job that runs: Slurm does that for its owner only. "" where that can be tried."""
    if not folder.has(START) or _mine(folder):
        return ""
    return f"it runs in Slurm as a job of {_owner(folder)}, who alone may end it"


def _owner(folder: JobFolder) -> str:
    return str((folder.table(ENGINE) or {}).get("user") or (folder.table(REQUEST) or {}).get("who") or "somebody else")


def cancel(folder: JobFolder, who: str = "") -> Cancelled:
    """The record of who asked lies in the folder before Slurm hears of it. Asking again tells Slurm again, which may
    not have answered the first time."""
    who = who or getpass.getuser()
    if folder.has(EXIT) or folder.has(SCHEDULER):
        return Cancelled(False, f"{folder.id} has ended already")
    if why := barred(folder):  # a record of that would hide how it ends
        return Cancelled(False, f"{folder.id} is not cancelled: {why}")
    if not folder.has(CANCEL):
        folder.write(CANCEL, {"who": who, "time": utc(), "host": socket.gethostname()})
        folder.event("cancel", who)
    engine: Mapping[str, Any] | None = folder.table(ENGINE) or _begun(folder)
    if engine is None:
        return Cancelled(True, f"{folder.id} is cancelled; if Slurm has it, submit.sh ends at once")
    # The name beside the number: it may belong to another job by now.
    words = ["scancel", f"--name={engine.get('name', '')}", str(engine.get("job", ""))]
    try:
        status, _, err = command(words, os.environ, CANCEL_SECONDS)
    except SlurmDown as e:
        return Cancelled(False, f"{folder.id} is marked as cancelled, but Slurm does not know yet ({e}); cancel again")
    said = " ".join(err.split())
    if status and "denied" in said and not _mine(folder):
        return Cancelled(
            True, f"{folder.id} is cancelled; Slurm keeps it for {_owner(folder)}, and it ends as it begins"
        )
    if status:
        return Cancelled(False, f"{folder.id} is marked as cancelled, but scancel says: {said or status}")
    return Cancelled(True, f"{folder.id} is being cancelled by Slurm (job {engine.get('job')})")

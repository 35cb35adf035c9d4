"""One question to Slurm at a time, for all jobs of all programs of this user on this host.

A controller answers every watcher under the lock that scheduling needs, so crowds of them slow a whole centre. Here
whoever is due takes the lock, asks for everybody, and leaves the answer in a file of the user's cache.
"""

import fcntl
import hashlib
import json
import os
import re
import socket
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from smdtui.environment import cache_folder
from smdtui.jobs.folder import write_whole
from smdtui.jobs.slurm_words import FINAL, SACCT_FIELDS, SQUEUE_FORMAT, UNKNOWN, Line, read_sacct, read_squeue

FAST_SECONDS, SLOW_SECONDS = 10.0, 30.0  # between two questions: while something is expected to change, and else
LIVELY_SECONDS = 60.0  # for so long after a change another one is expected
CALL_SECONDS = 45.0  # a controller that is down makes squeue try for 18 s
PATIENCE_SECONDS = 2.0  # how long a caller waits for the answer that it caused itself, unless `wait_for_answers`
FORGET_SECONDS = 180.0  # what nobody has wanted for so long is asked no more
TASK = "#"  # between the name of an array and the number of a task, when both are looked for
TRIES = 3  # accounting is seconds late; after so many empty answers it knows nothing

_DROPPED = re.compile(
    r"(SMDTUI_(?:JOB|SUPERVISOR)|SLURM_(?!CONF$)|SBATCH_|SRUN_|SQUEUE_|SACCT_|SCANCEL_|SALLOC_|PMI|OMPI_|PRTE_|HYDRA_|I_MPI_).*"
)
_DOWN = re.compile(
    r"Unable to contact slurm controller|Connection refused|timed out|Problem talking to the database|Zero Bytes|"
    r"Message receive failure",
    re.I,
)
# The question had arrived, and only the answer was lost.
_UNSURE = re.compile(r"timed out|Zero Bytes|receive failure|shutdown failure", re.I)


class SlurmDown(Exception):
    """Slurm cannot be asked at the moment. `unsure`: it may have done what it was asked all the same; `absent`: its
    programs are not there, which no waiting mends."""

    def __init__(self, message: str, unsure: bool = False, absent: bool = False):
        self.unsure, self.absent = unsure, absent
        super().__init__(message)


def scrubbed(environment: Mapping[str, str]) -> dict[str, str]:
    """`environment` without what a job, a launcher or a person's settings would slip into Slurm's commands; which
    cluster is meant (SLURM_CONF) stays."""
    return {k: v for k, v in environment.items() if not _DROPPED.fullmatch(k)}


def command(words: Sequence[str], environment: Mapping[str, str], timeout: float) -> tuple[int, str, str]:
    """(exit status, stdout, stderr) of one of Slurm's commands. Raises SlurmDown."""
    try:
        done = subprocess.run(
            words,
            env=scrubbed(environment),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=timeout,
        )
    except subprocess.TimeoutExpired:
        raise SlurmDown(f"{words[0]} gave no answer in {timeout:.0f} s", unsure=True) from None
    except FileNotFoundError:
        raise SlurmDown(f"{words[0]} is not installed on {socket.gethostname()}", absent=True) from None
    except OSError as e:
        raise SlurmDown(f"{words[0]} cannot be started: {e.strerror}") from None
    if done.returncode and _DOWN.search(done.stderr):
        said = done.stderr.strip().splitlines()[-1]
        raise SlurmDown(said, unsure=bool(_UNSURE.search(done.stderr)))
    return done.returncode, done.stdout, done.stderr


@dataclass(frozen=True)
class Wanted:
    """A job to ask for: `id` "" where only its name is known (whoever sent it ended before writing the id down); the
    name is then followed by ``#3`` for the third task of an array."""

    name: str
    id: str = ""

    @property
    def key(self) -> str:
        """Slurm uses numbers again: two of our own jobs may share one."""
        return f"{self.id} {self.name}"


@dataclass
class Known:
    """What the file holds. Times in seconds of the Unix clock; `last` is the kind of the last question, `names` maps
    the names asked for to ids found ("" = Slurm has none)."""

    asked: float = 0.0
    answered: float = 0.0
    changed: float = 0.0
    trouble: str = ""
    last: str = ""
    wanted: dict[str, list[Any]] = field(default_factory=dict)  # "id name" -> [id, name, when last wanted]
    lines: dict[str, dict[str, str]] = field(default_factory=dict)
    missing: dict[str, int] = field(default_factory=dict)  # "id name" -> empty answers of sacct so far
    names: dict[str, str] = field(default_factory=dict)

    def line(self, wanted: Wanted) -> Line | None:
        """None before the first answer on it."""
        known = self.lines.get(wanted.key)
        return Line(**known) if known else None

    def due(self, now: float, hasten: bool) -> bool:
        lively = not self.trouble and (hasten or now - self.changed < LIVELY_SECONDS)
        return not 0 <= now - self.asked < (FAST_SECONDS if lively else SLOW_SECONDS)


def place() -> Path:
    """The file of the answers: one per host and cluster."""
    cluster = hashlib.sha256(os.environ.get("SLURM_CONF", "").encode()).hexdigest()[:8]
    return cache_folder() / f"slurm-{socket.gethostname()}-{cluster}.json"


_read: tuple[tuple[str, int, int], Known] | None = None


def read() -> Known:
    """The answers so far; none where there is no file or it cannot be understood."""
    global _read
    path = place()
    try:
        facts = path.stat()
        stamp = (str(path), facts.st_mtime_ns, facts.st_ino)
        if _read is None or _read[0] != stamp:
            _read = stamp, Known(**json.loads(path.read_text(encoding="utf-8")))
        return _read[1]
    except (FileNotFoundError, ValueError, TypeError):
        return Known()
    except OSError as e:
        return Known(trouble=_unkept(e))


def _write(known: Known) -> None:
    write_whole(place(), json.dumps(asdict(known)))


@contextmanager
def _lock() -> Iterator[bool]:
    """True for the one that has it; False at once for others."""
    path = place().with_suffix(".lock")
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "ab") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True


_thread: threading.Thread | None = None
_trouble = ""  # why the thread could not ask, or keep the answer


def _unkept(error: OSError) -> str:
    return f"its answers cannot be kept in {error.filename or place()}: {error.strerror or error}"


_patience = PATIENCE_SECONDS


def wait_for_answers() -> None:
    """Of a program that looks once and ends, which would take the question with it."""
    global _patience
    _patience = CALL_SECONDS


def ask(wanted: Sequence[Wanted], hasten: bool) -> Known:
    """What is known of `wanted`, after another question to Slurm where one is due. It is asked in a thread: a
    controller that does not answer holds nobody up longer than PATIENCE_SECONDS, and that once per question."""
    global _thread
    now = time.time()
    known = read()
    fresh = all(now - known.wanted.get(w.key, ["", "", 0.0])[2] < FORGET_SECONDS / 3 for w in wanted)
    if wanted and (_thread is None or not _thread.is_alive()) and (not fresh or known.due(now, hasten)):
        _thread = threading.Thread(target=_in_thread, args=(list(wanted), hasten), daemon=True, name="slurm")
        _thread.start()
        _thread.join(_patience)
    known = read()
    return replace(known, trouble=_trouble) if _trouble else known


def _in_thread(wanted: Sequence[Wanted], hasten: bool) -> None:
    global _trouble
    try:
        question(wanted, hasten)
        _trouble = ""
    except OSError as e:
        _trouble = _unkept(e)


def question(wanted: Sequence[Wanted], hasten: bool) -> None:
    """Puts `wanted` on the list of what is asked for, and asks if that is due and nobody else is at it."""
    with _lock() as mine:
        if not mine:
            return
        now = time.time()
        old = read()
        known = Known(**json.loads(json.dumps(asdict(old))))
        known.wanted |= {w.key: [w.id, w.name, now] for w in wanted}
        known.wanted = {k: v for k, v in known.wanted.items() if now - v[2] < FORGET_SECONDS}
        due = known.due(now, hasten)
        if due:
            known.asked = now
        _write(known)  # before the call: who is killed in it has asked all the same
        if not due:
            return
        try:
            _question(known)
            known.trouble = ""
        except SlurmDown as e:
            known.trouble = str(e)
        if known.lines != old.lines or known.names != old.names:
            known.changed = time.time()
        known.lines = {k: v for k, v in known.lines.items() if k in known.wanted}
        known.missing = {k: n for k, n in known.missing.items() if k in known.wanted}
        _write(known)


def _question(known: Known) -> None:
    """The one question that is most needed now."""
    entries = [Wanted(name, id_) for id_, name, _ in known.wanted.values()]
    unfinished = [w for w in entries if w.id and not _over(known, w)]
    gone = [w for w in unfinished if w.key in known.missing]
    lost = [w for w in entries if not w.id and w.name not in known.names]
    kinds = [kind for kind, some in (("names", lost), ("sacct", gone), ("squeue", unfinished)) if some]
    if not kinds:
        return
    # None is asked twice in a row while another one waits.
    known.last = next((kind for kind in kinds if kind != known.last), kinds[0])
    if known.last == "names":
        _find(known, lost)
    elif known.last == "sacct":
        _history(known, gone)
    else:
        _queue(known, unfinished)


def _over(known: Known, wanted: Wanted) -> bool:
    line = known.line(wanted)
    return line is not None and (line.final or line.state == UNKNOWN)


def _queue(known: Known, wanted: Sequence[Wanted]) -> None:
    ids = ",".join(dict.fromkeys(w.id for w in wanted))
    words = ["squeue", "-h", "-r", "-t", "all", "-j", ids, "-o", SQUEUE_FORMAT]
    status, out, err = command(words, os.environ, CALL_SECONDS)
    if status and "Invalid job id" not in err:  # which is said where only one was asked for and it is gone
        raise SlurmDown(f"squeue ended with {status}: {err.strip() or 'no message'}")
    found = read_squeue(out)
    for w in wanted:
        line = found.get(w.id)
        if line is not None and line.name == w.name:
            known.lines[w.key] = asdict(line)
            known.missing.pop(w.key, None)
        else:  # aged out, or its number belongs to another job by now
            known.missing.setdefault(w.key, 0)
    known.answered = time.time()


def _history(known: Known, gone: Sequence[Wanted]) -> None:
    words = ["sacct", "-nPXD", "-j", ",".join(dict.fromkeys(w.id for w in gone)), "-o", SACCT_FIELDS]
    try:
        status, out, _ = command(words, os.environ, CALL_SECONDS)
    except SlurmDown as e:
        if not e.absent:
            raise
        status, out = 1, ""
    lines = {(line.id, line.name): line for line in read_sacct(out)}
    for w in gone:
        line = lines.get((w.id, w.name))
        if line is not None and line.state in FINAL:
            known.lines[w.key] = asdict(line)
            del known.missing[w.key]
            continue
        known.missing[w.key] += TRIES if status else 1  # no accounting here: it will not know later either
        if known.missing[w.key] >= TRIES:
            known.lines[w.key] = asdict(Line(w.id, UNKNOWN, name=w.name))
            del known.missing[w.key]
    known.answered = time.time()


def _find(known: Known, lost: Sequence[Wanted]) -> None:
    """Jobs of which only the name is known, also those of other people of the group."""
    names = ",".join(dict.fromkeys(w.name.partition(TASK)[0] for w in lost))
    words = ["squeue", "-h", "-r", "-t", "all", "-n", names, "-o", SQUEUE_FORMAT]
    status, out, err = command(words, os.environ, CALL_SECONDS)
    if status:
        raise SlurmDown(f"squeue ended with {status}: {err.strip() or 'no message'}")
    ids: dict[str, str] = {}
    for line in read_squeue(out).values():
        task = line.id.partition("_")[2]
        ids[f"{line.name}{TASK}{task}" if task else line.name] = line.id
    for w in lost:
        known.names[w.name] = ids.get(w.name, "")
    known.answered = time.time()

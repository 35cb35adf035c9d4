"""Why a job failed, in one sentence with what to try, from its exit record and its log."""

import re
import signal
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from smdtui.jobs.rank_tag import rank_of

_LAST_LINE = re.compile(r"(?P<kind>[A-Za-z_][\w.]*)(?:: (?P<text>.*))?$")
_SIGNAL = re.compile(r"EXIT STRING: .*\(signal (\d+)\)|exited on signal (\d+)")
_BAD_PID = re.compile(r"=\s+PID (\d+) RUNNING AT (\S+)")
_LOGGED = re.compile(r"\d\d:\d\d:\d\d (?:ERROR|CRITICAL) (.*)")
_NO_MODULE = re.compile(r"No module named '?([\w.]+)'?")
_NOT_FOUND = re.compile(
    r"(\S+): (?:line \d+: )?(\S*(?:mpiexec|mpirun|srun|python)\S*): (?:command not found|No such file or directory)"
)
_ABORT = re.compile(r"application called MPI_Abort\(.*?, (\d+)\) - process (\d+)")
ENOUGH = 256 * 1024

Exit = Mapping[str, Any]


def log_ends(path: Path) -> str:
    """The beginning and the end of a log, enough to find a cause; "" when there is none."""
    try:
        with open(path, "rb") as f:
            head = f.read(ENOUGH)
            end = f.seek(0, 2)
            f.seek(max(len(head), end - ENOUGH))
            tail = f.read(ENOUGH)
    except FileNotFoundError:
        return ""
    return (head + tail).decode("utf-8", "replace")


def tracebacks(log: str) -> list[tuple[str, list[int]]]:
    """The last lines of the Python tracebacks in order of first appearance, each with the ranks that share it."""
    inside: set[int | None] = set()
    found: dict[str, list[int]] = {}
    for raw in log.splitlines():
        rank, line = rank_of(raw)
        if line.startswith("Traceback (most recent call last):"):
            inside.add(rank)
        elif rank in inside and line[:1].strip() and _LAST_LINE.match(line):
            inside.discard(rank)
            ranks = found.setdefault(line.strip(), [])
            if rank is not None and rank not in ranks:
                ranks.append(rank)
    return list(found.items())


def failure_cause(
    exit_: Exit,
    log: str,
    verdict: Mapping[str, Any] | None = None,
    events: Sequence[Mapping[str, Any]] = (),
) -> str:
    """One sentence on why the job ended as it did, the most certain evidence first."""
    status = exit_.get("status")
    traces = tracebacks(log)
    return (
        _stopped(exit_, events)
        or _not_found(log, status)
        or _disk(log)
        or _wrong_mpi(log)
        or _module(log)
        or _traceback(traces)
        or _logged(log)
        or _verdict(verdict or {})
        or _killed(exit_, log)
        or _abort(log)
        or f"It ended with exit status {status} and the log does not say why."
    )


def signal_name(number: int) -> str:
    try:
        return f"signal {number} ({signal.Signals(number).name})"
    except ValueError:
        return f"signal {number}"


def ranks_words(ranks: Sequence[int]) -> str:
    """[3] -> "rank 3", [0, 1, 2, 5] -> "ranks 0-2,5"."""
    parts: list[list[int]] = []
    for rank in sorted(ranks):
        if parts and rank == parts[-1][-1] + 1:
            parts[-1].append(rank)
        else:
            parts.append([rank])
    text = ",".join(str(p[0]) if len(p) == 1 else f"{p[0]}-{p[-1]}" for p in parts)
    return f"rank{'s' if len(ranks) > 1 else ''} {text}"


def _stopped(exit_: Exit, events: Sequence[Mapping[str, Any]]) -> str | None:
    """Somebody stopped it by a signal to the supervisor or to submit.sh, or killed one of the two."""
    stopped = exit_.get("stopped_by")
    if stopped == "supervisor-lost":
        return "The job's supervisor was killed from outside, so the job stopped its ranks; launch the run again."
    if stopped:
        return f"It was stopped from outside by {stopped}, not by a cancel of this program; launch the run again."
    if exit_.get("by") == "supervisor" and exit_.get("signal"):
        name = signal_name(int(exit_["signal"]))
        return f"The job's script submit.sh was killed by {name} from outside; launch the run again."
    if exit_.get("by") == "supervisor" and exit_.get("error"):
        return f"The job's script submit.sh could not be started: {exit_['error']}."
    return None


def _not_found(log: str, status: Any) -> str | None:
    missing = _NOT_FOUND.search(log)
    if not missing or status not in (126, 127):
        return None
    return f"{missing[2]} was not found where the job ran; correct the launcher or the environment in the site file."


def _disk(log: str) -> str | None:
    for sign, what in (("No space left on device", "is full"), ("Disk quota exceeded", "has reached your quota")):
        if sign in log:
            at = re.search(rf"{sign}: '([^']+)'", log)
            where = f" that holds {at[1]}" if at else ""
            return f"The disk{where} {what} ({sign}); make room and launch the run again."
    return None


def _wrong_mpi(log: str) -> str | None:
    said = re.search(r"(?i)^.*(wrong launcher|launcher of another MPI|COMM_WORLD.*\branks?\b.*expected).*$", log, re.M)
    if said:
        return f"The launcher belongs to another MPI than mpi4py: {_clean(said[0])}."
    if "unsupported PMI version" in log or "suspicious MPI execution environment" in log:
        return "The launcher belongs to another MPI than mpi4py; name the right one as launcher in the site file."
    return None


def _clean(line: str) -> str:
    text = rank_of(line)[1].strip()
    logged = _LOGGED.match(text)
    return (logged[1] if logged else text).rstrip(".")


def _module(log: str) -> str | None:
    missing = _NO_MODULE.search(log)
    if not missing:
        return None
    where = "check setup and python under [environment] in the site file"
    return f"The Python of the job has no module {missing[1]}; {where}."


def _traceback(traces: list[tuple[str, list[int]]]) -> str | None:
    if not traces:
        return None
    line, ranks = traces[0]
    where = f"{ranks_words(ranks)}: " if ranks else ""
    more = f" (and {len(traces) - 1} other error{'s' if len(traces) > 2 else ''} after it)" if len(traces) > 1 else ""
    return f"{where}{line[:400]}{more}"


def _logged(log: str) -> str | None:
    """The first line that the producer itself logged as an error, with the ranks that say the same."""
    first, ranks = "", list[int]()
    for raw in log.splitlines():
        rank, line = rank_of(raw)
        logged = _LOGGED.match(line)
        if logged and (not first or logged[1] == first):
            first = logged[1]
            if rank is not None and rank not in ranks:
                ranks.append(rank)
    if not first:
        return None
    return f"{ranks_words(ranks)}: {first[:400]}" if ranks else first[:400]


def _verdict(verdict: Mapping[str, Any]) -> str | None:
    problems = [p for p in verdict.get("problems", []) if isinstance(p, Mapping)]
    if verdict.get("verdict") != "failed" or not problems:
        return None
    more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    return f"The file is not right: {problems[0].get('message', '?')}{more}"


def _killed(exit_: Exit, log: str) -> str | None:
    """A signal ended a rank (the launcher says so) or the launcher itself (the shell says 128 + signal)."""
    said = _SIGNAL.search(log)
    if said:
        number = int(said[1] or said[2])
        pid = _BAD_PID.search(log)
        which = f"One rank (process {pid[1]} on {pid[2]})" if pid else "One rank"
        return f"{which} was ended by {signal_name(number)}{_guess(number)}"
    status = exit_.get("status")
    if isinstance(status, int) and 128 < status < 128 + 65:
        who = "The job's process" if exit_.get("ranks") == 1 else "The launcher (mpiexec)"
        return f"{who} was ended by {signal_name(status - 128)}{_guess(status - 128)}"
    return None


def _guess(number: int) -> str:
    if number == signal.SIGKILL:
        return ": killed by a person or by the system for lack of memory; try fewer ranks."
    if number in (signal.SIGSEGV, signal.SIGBUS, signal.SIGABRT, signal.SIGILL, signal.SIGFPE):
        return ": psana or a library crashed, often on damaged data; check the run's files."
    return "."


def _abort(log: str) -> str | None:
    aborted = _ABORT.search(log)
    return f"rank {aborted[2]} left with exit status {aborted[1]} and no message." if aborted else None

"""Why a job failed, in one sentence with what to try, from its exit record and its log."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from smdtui.jobs.cause_of_ranks import (
    crashed,
    disk,
    logged,
    memory,
    module,
    permission,
    ranks_words,
    refused,
    traceback,
    tracebacks,
)
from smdtui.jobs.cause_outside import launcher_killed, left_early, not_found, rank_killed, scheduler, wrong_mpi
from smdtui.jobs.signal_words import signal_name

__all__ = ["failure_cause", "log_ends", "ranks_words", "signal_name", "tracebacks"]

ENOUGH = 256 * 1024
CLOSED = "\0"  # in place of the text of a log that cannot be read

Exit = Mapping[str, Any]


def log_ends(path: Path) -> str:
    """The beginning and the end of a log, enough to find a cause; "" when there is none, CLOSED when it cannot be
    read."""
    try:
        with open(path, "rb") as f:
            head = f.read(ENOUGH)
            end = f.seek(0, 2)
            f.seek(max(len(head), end - ENOUGH))
            tail = f.read(ENOUGH)
    except FileNotFoundError:
        return ""
    except OSError:
        return CLOSED
    return (head + tail).decode("utf-8", "replace")


def failure_cause(
    exit_: Exit,
    log: str,
    verdict: Mapping[str, Any] | None = None,
    events: Sequence[Mapping[str, Any]] = (),
) -> str:
    """One sentence on why the job ended as it did, the most certain evidence first: what a launcher says of the ranks
    that it ended itself comes last."""
    status = exit_.get("status")
    if log == CLOSED:
        unread = f"It ended with exit status {status}; its log, which may say why, cannot be read by you."
        return _stopped(exit_, events) or _verdict(verdict or {}) or unread
    return (
        _stopped(exit_, events)
        or scheduler(log)
        or not_found(log, status)
        or disk(log)
        or wrong_mpi(log)
        or module(log)
        or memory(log)
        or permission(log)
        or refused(log)
        or traceback(log)
        or crashed(log)
        or logged(log)
        or _verdict(verdict or {})
        or rank_killed(log)
        or launcher_killed(exit_)
        or left_early(log)
        or f"It ended with exit status {status} and the log does not say why; look at the log's end."
    )


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
        if full := disk(str(exit_["error"])):
            return full
        return f"The job's script submit.sh could not be started: {exit_['error']}."
    return None


def _verdict(verdict: Mapping[str, Any]) -> str | None:
    problems = [p for p in verdict.get("problems", []) if isinstance(p, Mapping)]
    if verdict.get("verdict") != "failed" or not problems:
        return None
    more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    return f"The file is not right: {problems[0].get('message', '?')}{more}"

"""What ended a job from outside its ranks: Slurm, the launcher, a signal. Each function gives a sentence or None."""

import re
from collections.abc import Mapping
from typing import Any

from smdtui.jobs.rank_tag import rank_of
from smdtui.jobs.signal_words import guess, signal_name

_NOT_FOUND = re.compile(
    r"(\S+): (?:line \d+: )?(\S*(?:mpiexec|mpirun|srun|python)\S*): (?:command not found|No such file or directory)"
)
_OOM = re.compile(r"oom[-_]kill event|Out [Oo]f [Mm]emory|out-of-memory handler")
_SLURM = re.compile(r"(?:slurmstepd|srun|slurmd): error: (.*)")
_NODE = re.compile(r"Node failure on (\S+)")
# MPICH prints the signal of the rank that it saw end first, Open MPI also the rank and the node.
_MPICH = re.compile(r"EXIT STRING: .*\(signal (\d+)\)")
_MPICH_PID = re.compile(r"=\s+PID (\d+) RUNNING AT (\S+)")
_OPEN_MPI = re.compile(r"noticed that process rank (\d+) with PID (\d+) on node (\S+) exited on\s+signal (\d+)")
_ABORT = re.compile(r"application called MPI_Abort\(.*?, (\d+)\) - process (\d+)")
_OPEN_MPI_ABORT = re.compile(r"MPI_ABORT was invoked on rank (\d+).*?Errorcode: (\d+)", re.S)


def scheduler(log: str) -> str | None:
    """What slurmstepd and srun write into the log; Slurm's own records, where they can be asked, say the same."""
    said = " ".join(_SLURM.findall(log))
    if not said:
        return None
    if "DUE TO TIME LIMIT" in said:
        return "It reached its time limit; give the engine more time in the site file, or more ranks."
    if "DUE TO NODE FAILURE" in said or "Node failure" in said:
        node = _NODE.search(said)
        return f"{f'Node {node[1]}' if node else 'A node of it'} failed; launch the run again."
    if "DUE TO PREEMPTION" in said:
        return "Slurm ended it in favour of a job with more right to the nodes; launch the run again."
    if _OOM.search(said):
        return "It used more memory than its nodes may give it; try fewer ranks per node."
    if re.search(r"\*\*\* (?:JOB|STEP) \S+ ON \S+ CANCELLED AT \S+ (?:\*\*\*|$)", said):
        return "It was cancelled with scancel, not by this program; launch the run again."
    return None


def not_found(log: str, status: Any) -> str | None:
    missing = _NOT_FOUND.search(log)
    if not missing or status not in (126, 127):
        return None
    return f"{missing[2]} was not found where the job ran; correct the launcher or the environment in the site file."


def wrong_mpi(log: str) -> str | None:
    said = re.search(r"(?i)^.*(wrong launcher|launcher of another MPI|COMM_WORLD.*\branks?\b.*expected).*$", log, re.M)
    if said:
        text = re.sub(r"^\d\d:\d\d:\d\d \w+ ", "", rank_of(said[0])[1].strip()).rstrip(".")
        return f"The launcher belongs to another MPI than mpi4py: {text}."
    if "unsupported PMI version" in log or "suspicious MPI execution environment" in log:
        return "The launcher belongs to another MPI than mpi4py; name the right one as launcher in the site file."
    return None


def rank_killed(log: str) -> str | None:
    """A signal ended a rank: the launcher says so."""
    said = _OPEN_MPI.search(log)
    if said:
        number = int(said[4])
        return f"rank {said[1]} (process {said[2]} on {said[3]}) was ended by {signal_name(number)}{guess(number)}"
    said = _MPICH.search(log)
    if not said:
        return None
    number = int(said[1])
    pid = _MPICH_PID.search(log)
    which = f"One rank (process {pid[1]} on {pid[2]})" if pid else "One rank"
    return f"{which} was ended by {signal_name(number)}{guess(number)}"


def launcher_killed(exit_: Mapping[str, Any]) -> str | None:
    """A signal ended the launcher itself: the shell says 128 + signal."""
    status = exit_.get("status")
    if not isinstance(status, int) or not 128 < status < 128 + 65:
        return None
    who = "The job's process" if exit_.get("ranks") == 1 else "The launcher (mpiexec)"
    return f"{who} was ended by {signal_name(status - 128)}{guess(status - 128)}"


def left_early(log: str) -> str | None:
    """A rank ended all by MPI_Abort."""
    said = _ABORT.search(log)
    rank, status = (said[2], said[1]) if said else ("", "")
    if not said and (open_mpi := _OPEN_MPI_ABORT.search(log)):
        rank, status = open_mpi[1], open_mpi[2]
    if not rank:
        return None
    return f"rank {rank} left with exit status {status} and no message; look at what it wrote last in the log."

"""Slurm's states and reasons in words, and the reading of what its commands print: pure functions of text.

The formats are the same from Slurm 22.05 to 26.05, which the JSON of these commands is not.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

# %i job, %T state, %V submitted, %S start, %e end, %N nodes, %j name, %r reason; the reason may hold anything.
SQUEUE_FORMAT = "%i|%T|%V|%S|%e|%N|%j|%r"
SACCT_FIELDS = "JobID,State,ExitCode,End,JobName"

WAITING = frozenset({"PENDING", "CONFIGURING", "REQUEUED", "REQUEUE_HOLD", "REQUEUE_FED", "RESV_DEL_HOLD"}) | frozenset(
    {"SPECIAL_EXIT", "POWER_UP_NODE", "EXPEDITING"}
)
FINAL = frozenset({"BOOT_FAIL", "CANCELLED", "COMPLETED", "DEADLINE", "FAILED", "NODE_FAIL"}) | frozenset(
    {"OUT_OF_MEMORY", "PREEMPTED", "REVOKED", "TIMEOUT", "LAUNCH_FAILED", "RECONFIG_FAIL"}
)
UNKNOWN = "UNKNOWN"  # our own word: Slurm knows nothing of the job, or an id of it belongs to another by now

# What ends a job from outside, whatever the job itself could still say.
_DECISIVE = {
    "TIMEOUT": "It reached its time limit; give the engine more time in the site file, or more ranks.",
    "OUT_OF_MEMORY": "It used more memory than its nodes may give it; try fewer ranks per node.",
    "NODE_FAIL": "A node of it failed; launch the run again.",
    "BOOT_FAIL": "A node did not start; launch the run again.",
    "PREEMPTED": "Slurm ended it in favour of a job with more right to the nodes; launch the run again.",
    "DEADLINE": "It could not end before its deadline, so Slurm ended it.",
    "REVOKED": "Slurm gave it to another cluster and ended it here.",
    "LAUNCH_FAILED": "Slurm could not start it; launch the run again.",
    "RECONFIG_FAIL": "Its nodes could not be set up; launch the run again.",
}

_REASONS = {
    "None": "Slurm has not looked at it yet",
    "Priority": "jobs with more priority come first",
    "Resources": "it waits for nodes to become free",
    "Dependency": "it waits for another job",
    "BeginTime": "its time to begin has not come",
    "JobArrayTaskLimit": "as many of this batch as allowed are at work",
    "JobHeldUser": "it is held; release lets it go",
    "JobHeldAdmin": "an administrator holds it",
    "PartitionDown": "its partition is closed at the moment",
    "PartitionInactive": "its partition is closed at the moment",
    "ReqNodeNotAvail": "nodes that it needs are out of service or reserved",
    "Reservation": "it waits for its reservation to begin",
    "Licenses": "it waits for a licence",
    "QOSMaxJobsPerUserLimit": "you have as many jobs at work as your QOS allows",
    "QOSMaxCpuPerUserLimit": "you use as many processors as your QOS allows",
    "QOSGrpCpuLimit": "the QOS uses as many processors as it may",
    "QOSGrpNodeLimit": "the QOS uses as many nodes as it may",
    "AssocGrpCpuLimit": "the account uses as many processors as it may",
    "AssocGrpNodeLimit": "the account uses as many nodes as it may",
    "AssocMaxJobsLimit": "the account has as many jobs at work as it may",
    "AssocGrpCPUMinutesLimit": "the account has no processor time left",
    "Cleaning": "what is left of an earlier run of it is cleared away",
    "NodeDown": "a node that it needs is down",
}
# With these no waiting helps: somebody has to change something.
_NEVER = {
    "PartitionTimeLimit": "it asks for more time than the partition allows",
    "PartitionNodeLimit": "it asks for more nodes than the partition allows",
    "PartitionConfig": "it asks for more than the partition has or allows",
    "DependencyNeverSatisfied": "the job that it waits for did not end well",
    "InvalidAccount": "its account is not valid",
    "InvalidQOS": "its QOS is not valid",
    "BadConstraints": "no node has what it asks for",
    "ReservationDeleted": "its reservation is gone",
    "AccountNotAllowed": "its account may not use the partition",
    "QOSNotAllowed": "its QOS may not be used in the partition",
    "QOSTimeLimit": "it asks for more time than its QOS allows",
    "AssocGrpBillingMinutes": "the account has no time left",
    "AssocMaxWallDurationPerJobLimit": "it asks for more time than the account allows",
    "QOSMaxWallDurationPerJobLimit": "it asks for more time than its QOS allows",
    "QOSMaxNodePerJobLimit": "it asks for more nodes than its QOS allows",
}


@dataclass(frozen=True)
class Line:
    """What Slurm says of one job (or task of an array). Times are Slurm's own texts, in the cluster's time zone."""

    id: str
    state: str
    reason: str = ""
    name: str = ""
    nodes: str = ""
    start: str = ""
    end: str = ""
    exit_code: str = ""

    @property
    def final(self) -> bool:
        return self.state in FINAL

    @property
    def waiting(self) -> bool:
        return self.state in WAITING


def read_squeue(text: str) -> dict[str, Line]:
    """Job id (``12`` or ``12_3``) -> its line, of ``squeue -h -r -t all -o SQUEUE_FORMAT``. Lines of another form (a
    site's own messages) are left out."""
    found = {}
    for line in text.splitlines():
        parts = line.split("|", 7)
        if len(parts) == 8 and re.match(r"\d+(_\d+)?$", parts[0]):
            id_, state, _, start, end, nodes, name, reason = parts
            found[id_] = Line(id_, state, reason.strip(), name, nodes, start, end)
    return found


def read_sacct(text: str) -> list[Line]:
    """The lines of ``sacct -nPXD -o SACCT_FIELDS``, oldest first; an id may come twice when its number was used again.
    ``CANCELLED by 1000`` becomes state CANCELLED, reason "by 1000"."""
    found = []
    for line in text.splitlines():
        parts = line.split("|", 4)
        if len(parts) == 5 and re.match(r"\d+(_\d+)?$", parts[0]) and parts[1]:
            state, _, more = parts[1].partition(" ")
            found.append(Line(parts[0], state, more, parts[4], end=parts[3], exit_code=parts[2]))
    return found


def read_sbatch(text: str) -> tuple[str, str] | None:
    """(job id, cluster or "") of ``sbatch --parsable``: its last line, since a site may print others before."""
    lines = text.strip().splitlines()
    found = re.fullmatch(r"(\d+)(?:;(\S+))?", lines[-1].strip()) if lines else None
    return (found[1], found[2] or "") if found else None


def pending_words(reason: str) -> str:
    """Why a job waits, in words, with Slurm's own; what no waiting helps begins with "will never start"."""
    code = re.split(r"[,(]", reason)[0].strip()
    if code in _NEVER:
        return f"will never start: {_NEVER[code]} ({code}); cancel it and ask for something else"
    if reason.startswith("Nodes required for job are DOWN, DRAINED"):
        return "the nodes that it needs are down, drained or kept for jobs with more priority"
    if code == "ReqNodeNotAvail":
        nodes = re.search(r"UnavailableNodes:(\S+)", reason)
        return f"{_REASONS[code]}{f': {nodes[1]}' if nodes else ''} ({code})"
    if code in _REASONS:
        return _REASONS[code] if code == "None" else f"{_REASONS[code]} ({code})"
    if code.startswith(("QOS", "Assoc")):
        return f"a limit of the {'QOS' if code.startswith('QOS') else 'account'} is reached ({code})"
    return f"Slurm says {reason}" if reason else ""


def never_starts(reason: str) -> bool:
    return re.split(r"[,(]", reason)[0].strip() in _NEVER


def ending_words(line: Mapping[str, str], recorded: bool) -> str | None:
    """The cause of a failed job as Slurm's final state tells it; `recorded`: the job itself wrote how it ended, so that
    only what came from outside counts. None where Slurm does not know better than the job's own record and log."""
    state, reason = line.get("state", ""), line.get("reason", "")
    if state in _DECISIVE:
        return _DECISIVE[state]
    if recorded:
        return None
    said = f" ({reason})" if reason not in ("", "None") else ""
    if reason == "JobLaunchFailure":
        return f"Slurm could not start or keep its script{said}; is its folder there on the compute nodes?"
    killed = re.match(r"RaisedSignal:(\d+)\((.*)\)", reason)
    if killed:
        return f"Its script was killed by signal {killed[1]} ({killed[2]})."
    code = line.get("exit_code", "")
    if state == "FAILED":
        return f"Slurm says that it failed{said or (f' with {code}' if code else '')}, but it left no record of how."
    return None


_REFUSED = (
    (r"Invalid partition name", "the site file's partition does not exist on this cluster"),
    (r"Invalid account", "the account may not be used, or not in this partition"),
    (r"reservation.*(invalid|not)|Requested reservation", "the reservation does not exist, has ended or is not yours"),
    (r"Invalid qos", "the QOS does not exist or is not yours"),
    (r"Invalid feature", "no node has the constraint"),
    (r"node configuration is not available", "no node is large enough for what is asked"),
    (r"time limit", "more time is asked than is allowed"),
    (r"Unable to contact slurm controller", "Slurm's controller does not answer; try again later"),
    (r"temporarily|standby mode", "Slurm cannot take jobs at the moment; try again later"),
)
_FULL = "you have as many jobs as you may"


def refusal_words(stderr: str, status: int | None) -> str:
    """Why sbatch refused: our words, then its own."""
    said = " ".join(line.removeprefix("sbatch: ").removeprefix("error: ") for line in stderr.strip().splitlines())
    ours = _limit_words(stderr) or next((words for pattern, words in _REFUSED if re.search(pattern, stderr, re.I)), "")
    own = f"sbatch says (exit status {status}): {said or 'nothing'}"
    return f"{ours}; {own}" if ours else own


def passes(stderr: str) -> bool:
    """Whether sbatch may take the same job later, though nobody changes anything."""
    return _limit_words(stderr) == _FULL or bool(re.search(r"temporarily|standby mode", stderr, re.I))


def _limit_words(stderr: str) -> str:
    """Which limit of the account or QOS the job would exceed, "" for none. Slurm names all of them in its sentence, and
    the one that it is by its code, in a line before."""
    code = re.search(r"\b(?:QOS|Assoc)[A-Z]\w+", stderr)
    if code is None:
        return _FULL if "job submit limit" in stderr else ""
    return _FULL if "Submit" in code[0] else _NEVER.get(code[0]) or _REASONS.get(code[0]) or ""

"""What the ranks themselves say of their end in the log. Each function gives a sentence or None."""

import re
from collections.abc import Sequence

from smdtui.jobs.rank_tag import rank_of
from smdtui.jobs.signal_words import CRASHED

_LAST_LINE = re.compile(r"(?P<kind>[A-Za-z_][\w.]*)(?:: (?P<text>.*))?$")
_LOGGED = re.compile(r"\d\d:\d\d:\d\d (?:ERROR|CRITICAL) (?:verdict: failed: )?(?:rank \d+ \(\w+\): )?(.*)")
_PROBLEM = re.compile(r"(?:(?P<file>\S+?)(?::\d+)*: )?error: (?P<text>.*?)(?: \[[\w.\[\]\"',-]+\])?$")
_NO_MODULE = re.compile(r"(?:ModuleNotFoundError|ImportError): No module named '?([\w.]+)'?")
_PYTHON_SAYS = re.compile(r"python[\d.]*: (?:[^\n]*\W)?No module named '?([\w.]+)'?")
_MEMORY = re.compile(r"\bMemoryError\b|Unable to allocate .* for an array|Cannot allocate memory")
_NOT_ALLOWED = re.compile(
    r"\[Errno 13\] Permission denied(?:: '(?P<a>[^']+)')?|(?P<b>\S+) cannot be (?:read|written): Permission denied"
    r"|\[Errno 13\].*name = '(?P<c>[^']+)'"
)
_FATAL = re.compile(r"Fatal Python error: (.*)")
LENGTH = 400  # characters of a line of the log in a sentence


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


def _where(ranks: Sequence[int]) -> str:
    return f"{ranks_words(ranks)}: " if ranks else ""


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


def traceback(log: str) -> str | None:
    traces = tracebacks(log)
    if not traces:
        return None
    line, ranks = traces[0]
    more = f" (and {len(traces) - 1} other error{'s' if len(traces) > 2 else ''} after it)" if len(traces) > 1 else ""
    return f"{_where(ranks)}{line[:LENGTH]}{more}; the log has the traceback."


def disk(log: str) -> str | None:
    for sign, what in (("No space left on device", "is full"), ("Disk quota exceeded", "has reached your quota")):
        if sign in log:
            at = re.search(rf"{sign}: '([^']+)'", log) or re.search(rf"filename = '([^']+)'.*{sign}", log)
            where = f" that holds {at[1]}" if at else ""
            return f"The disk{where} {what} ({sign}); make room and launch the run again."
    return None


def module(log: str) -> str | None:
    """Only what ended it: a warning of a module that may be missing is none."""
    ends = [found for line, _ in tracebacks(log) if (found := _NO_MODULE.match(line))]
    missing = _PYTHON_SAYS.search(log) or (ends[0] if ends else None)
    if not missing:
        return None
    where = "check setup and python under [environment] in the site file"
    return f"The Python of the job has no module {missing[1].partition('.')[0]}; {where}."


def memory(log: str) -> str | None:
    ranks, found = _ranks_of(log, _MEMORY)
    if not found:
        return None
    return f"{_where(ranks)}the memory did not suffice; try fewer ranks, or fewer and smaller regions."


def permission(log: str) -> str | None:
    ranks, found = _ranks_of(log, _NOT_ALLOWED)
    if not found:
        return None
    name = found["a"] or found["b"] or found["c"] or "a file"
    return f"{_where(ranks)}you may not read or write {name} (Permission denied); have its owner allow it."


def refused(log: str) -> str | None:
    """The first problem that the producer named before it gave up: of the profile, the run's files or constants."""
    first, ranks = _first(log, _PROBLEM, "text")
    if not first or not _first(log, _LOGGED, 1)[0]:
        return None
    return f"{_where(ranks)}{first[:LENGTH].rstrip('.')}{_try(first)}"


def _try(problem: str) -> str:
    if "constants" in problem:
        return "; have the detector's constants deployed, or name a folder of them as calib in the site file."
    if re.search(r"xtc2|truncated|damaged", problem):
        return "; have the run's files copied again, or leave the run out."
    return "; correct the profile and launch the run again."


def crashed(log: str) -> str | None:
    """Python's own last words on a segfault or an abort. MPICH names the signal of whichever rank it saw end first,
    which may be one that it had ended itself."""
    ranks, found = _ranks_of(log, _FATAL)
    if not found:
        return None
    said = rank_of(found[0].strip())[1] if "[" in found[1] else found[1]
    said = re.sub(r"\[\d+\] ?|Fatal Python error: ", "", said).strip()
    return f"{_where(ranks)}{CRASHED} ({said})."


def logged(log: str) -> str | None:
    """The first line that the producer itself logged as an error, with the ranks that say the same."""
    first, ranks = _first(log, _LOGGED, 1)
    return f"{_where(ranks)}{first[:LENGTH]}" if first else None


def _first(log: str, expression: re.Pattern[str], group: int | str) -> tuple[str, list[int]]:
    """What the first line that the expression matches says, and the ranks that say the same."""
    first, ranks = "", list[int]()
    for raw in log.splitlines():
        rank, line = rank_of(raw)
        said = expression.match(line)
        if said and (not first or said[group] == first):
            first = said[group]
            if rank is not None and rank not in ranks:
                ranks.append(rank)
    return first, ranks


def _ranks_of(log: str, expression: re.Pattern[str]) -> tuple[list[int], re.Match[str] | None]:
    """The ranks with a line that the expression fits, and the first such place."""
    ranks, first = list[int](), None
    for raw in log.splitlines():
        rank, line = rank_of(raw)
        found = expression.search(line)
        if found:
            first = first or found
            if rank is not None and rank not in ranks:
                ranks.append(rank)
    return ranks, first

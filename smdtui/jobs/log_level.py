"""How bad a line of a log is, by its own words."""

import re

ERROR, WARNING = "error", "warning"
# The last line of a traceback is not meant: who goes from error to error stops at its first.
_ERROR = (
    r"\b(?:ERROR|CRITICAL|FATAL|[Ff]atal [Ee]rror|Traceback \(most recent|[Ee]rror:|Segmentation fault|Bus error"
    r"|BAD TERMINATION|MPI_ABORT|MPI_Abort|oom[-_]kill|Out [Oo]f [Mm]emory|No space left on device)"
)
_WARNING = r"\b(?:WARN(?:ING)?\b|[Ww]arning:|\w*Warning:)"
_LEVEL = re.compile(f"(?P<error>{_ERROR})|{_WARNING}")
ERROR_BYTES = re.compile(_ERROR.encode())
# A line of a level holds one of these: looking for them is much faster than for the expression.
ERROR_SIGNS = (
    *(b"ERROR", b"CRITICAL", b"FATAL", b"atal error", b"atal Error", b"Traceback (most recent", b"rror:"),
    *(b"Segmentation fault", b"Bus error", b"BAD TERMINATION", b"MPI_ABORT", b"MPI_Abort", b"oom-kill", b"oom_kill"),
    *(b"Out of memory", b"Out Of Memory", b"Out of Memory", b"Out Of memory", b"No space left on device"),
)
WARNING_SIGNS = (b"WARN", b"arning:")
_LEVEL_BYTES = re.compile(f"(?P<error>{_ERROR})|{_WARNING}".encode())
TRACEBACK = b"Traceback (most recent call last):"


def level_of(line: str | bytes) -> str:
    """``error``, ``warning`` or ""."""
    found = _LEVEL.search(line) if isinstance(line, str) else _LEVEL_BYTES.search(line)
    if not found:
        return ""
    return ERROR if found["error"] else WARNING

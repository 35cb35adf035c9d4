"""One thing that is wrong, said so that a person can mend it: what, where (file, line, key), and what to do."""

import difflib
from dataclasses import asdict, dataclass
from typing import Any, Dict, Iterable, List


@dataclass(frozen=True)
class Problem:
    """`key` is the dotted path in the profile (``runs.1-20.epix_1.roi[0].region``), or "" where none applies;
    `line` and `column` count from 1 and are 0 where unknown; `suggestion` is what to write instead, or ""."""

    severity: str  # "error" | "warning" | "note": nothing is wrong, but to be known
    message: str
    key: str = ""
    file: str = ""
    line: int = 0
    column: int = 0
    suggestion: str = ""

    def as_json(self) -> Dict[str, Any]:
        return asdict(self)

    def text(self) -> str:
        """One line in a compiler's form: ``file:line:column: severity: message (did you mean ...?)``."""
        place = ":".join(str(part) for part in (self.file, self.line, self.column) if part)
        hint = f" (did you mean {self.suggestion!r}?)" if self.suggestion else ""
        key = f" [{self.key}]" if self.key else ""
        return f"{place + ': ' if place else ''}{self.severity}: {self.message}{hint}{key}"


def nearest(name: str, candidates: Iterable[str], most: int = 3) -> List[str]:
    """The names among `candidates` that `name` most likely meant, best first; [] when none is close."""
    names = list(candidates)
    lower: Dict[str, str] = {}
    for candidate in names:
        lower.setdefault(candidate.lower(), candidate)
    close = difflib.get_close_matches(name.lower(), list(lower), n=most, cutoff=0.6)
    return [lower[c] for c in close]


def errors(problems: Iterable[Problem]) -> List[Problem]:
    return [p for p in problems if p.severity == "error"]

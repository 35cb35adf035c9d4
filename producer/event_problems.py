"""What went wrong in single events: counted by detector, function and kind, with the first event and one example."""

from dataclasses import dataclass, replace
from typing import Callable, Dict, Iterable, List, Tuple

Key = Tuple[str, str, str]
FIELDS = ("detector", "function", "kind", "severity", "first_event", "count", "message")


@dataclass(frozen=True)
class EventProblem:
    """`severity` is "error" (fails the verdict), "warning" (said in it) or "note" (counted only); `first_event` is the
    psana timestamp of the first event it happened in, 0 when it is not about an event."""

    detector: str
    function: str
    kind: str
    severity: str
    first_event: int
    count: int
    message: str

    @property
    def key(self) -> Key:
        return (self.detector, self.function, self.kind)

    def text(self) -> str:
        where = f"{self.detector}.{self.function}" if self.function else self.detector
        times = "" if not self.first_event else f" in {self.count} event{'s' if self.count != 1 else ''}"
        first = f", first at {self.first_event}" if self.first_event else ""
        return f"{where}: {self.kind}{times}{first}: {self.message}"


class EventProblems:
    """The problems of one rank. `say` is told the first of each detector, function and kind that is no mere note."""

    def __init__(self, say: Callable[[EventProblem], None]) -> None:
        self._say = say
        self._found: Dict[Key, EventProblem] = {}

    def add(self, detector: str, function: str, kind: str, event: int, message: str, severity: str = "error") -> None:
        key = (detector, function, kind)
        known = self._found.get(key)
        if known is not None:
            self._found[key] = replace(known, count=known.count + 1)
            return
        self._found[key] = EventProblem(detector, function, kind, severity, event, 1, " ".join(message.split()))
        if severity != "note":
            self._say(self._found[key])

    def all(self) -> List[EventProblem]:
        return sorted(self._found.values(), key=lambda problem: problem.key)


def merged(ranks: Iterable[List[EventProblem]]) -> List[EventProblem]:
    """The problems of all ranks: counts added, the example of the earliest event kept."""
    found: Dict[Key, EventProblem] = {}
    for problem in (problem for problems in ranks for problem in problems):
        known = found.get(problem.key)
        if known is None:
            found[problem.key] = problem
            continue
        first = min(known, problem, key=lambda p: p.first_event)
        count = known.count + problem.count if problem.first_event else known.count
        found[problem.key] = replace(first, count=count)
    return sorted(found.values(), key=lambda problem: problem.key)

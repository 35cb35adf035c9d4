"""Values that hold from one event to the next until they are recorded anew: EPICS and scan variables."""

from dataclasses import replace
from typing import Any, Dict, Iterator, List, Tuple

from producer.data_source import SEARCH_BACK, Environment, Variable
from producer.defaults.source import About
from producer.event_problems import EventProblem
from producer.schema import TEXT, Column, column, of_value

TROUBLES = {
    "stale": "did not answer then; what was recorded of it all the same is written",
    "missing": f"was not recorded in the last {SEARCH_BACK} updates before",
}


class Held:
    """`group` names them where something goes wrong; `severity`: of a variable that no longer answers."""

    def __init__(
        self,
        group: str,
        environment: Environment,
        variables: List[Tuple[str, Variable]],
        about: Dict[str, About],
        severity: str = "note",
    ) -> None:
        self.group, self._severity = group, severity
        self._environment, self._variables, self._about = environment, variables, about
        self._stamp: Tuple[int, ...] = (-1,)
        self._silent = {path: variable for path, variable in variables}
        self._events = self._counted = 0
        self._since = 0  # the first event of those from `_counted` on
        self._troubled: List[Tuple[str, str]] = []  # (variable, kind) in these
        self._troubles: Dict[Tuple[str, str], EventProblem] = {}

    def columns(self) -> List[Column]:
        """Those known before the first value."""
        found = []
        for path, variable in self._variables:
            if variable.type.text:
                found.append(Column(path, TEXT, (), *self._about[path]))
            elif variable.type.dtype is not None and variable.type.rank == 0:
                found.append(column(path, variable.type.dtype, (), *self._about[path]))
        return found

    def changed(self, timestamp: int) -> Iterator[Tuple[str, Any]]:
        """(column path, value or None) of all that may have changed since the last event; nothing mostly. To be called
        for each event and followed to its end."""
        stamp = self._environment.stamp()
        if stamp != self._stamp:
            self._stamp = stamp
            self._count()
            self._since = timestamp
            stale = self._environment.stale(timestamp)
            for path, variable in self._variables:
                value = variable.value(timestamp)
                if value is not None:
                    self._silent.pop(path, None)
                    if variable.name in stale:
                        self._troubled.append((variable.name, "stale"))
                elif variable.late(timestamp):
                    self._troubled.append((variable.name, "missing"))
                yield path, value
        self._events += 1

    def _count(self) -> None:
        """Count the events that are over, and begin anew."""
        events = self._events - self._counted
        for key in self._troubled if events else ():
            known = self._troubles.get(key)
            if known is None:
                name, kind = key
                found = EventProblem(name, self.group, kind, self._severity, self._since, events, TROUBLES[kind])
                self._troubles[key] = found
            else:
                self._troubles[key] = replace(known, count=known.count + events)
        self._troubled, self._counted = [], self._events

    def problems(self) -> List[EventProblem]:
        """The variables that ceased to answer, after the last event; not those that never had a value."""
        self._count()
        never = set(self.silent())
        return [problem for problem in self._troubles.values() if problem.detector not in never]

    def column(self, path: str, value: Any) -> Column:
        return of_value(path, value, *self._about[path])

    def silent(self) -> List[str]:
        """The variables that had no value in any event of this rank, by the names the data have for them."""
        return [variable.name for variable in self._silent.values()]

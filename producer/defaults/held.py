"""Values that hold from one event to the next until they are recorded anew: EPICS and scan variables."""

from typing import Any, Dict, Iterator, List, Tuple

from producer.data_source import Environment, Variable
from producer.defaults.source import About
from producer.schema import TEXT, Column, column, of_value


class Held:
    """`group` names them where something goes wrong."""

    def __init__(
        self, group: str, environment: Environment, variables: List[Tuple[str, Variable]], about: Dict[str, About]
    ) -> None:
        self.group = group
        self._environment, self._variables, self._about = environment, variables, about
        self._stamp: Tuple[int, ...] = (-1,)
        self._silent = {path: variable for path, variable in variables}

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
        """(column path, value or None) of all that may have changed since the last event; nothing mostly."""
        stamp = self._environment.stamp()
        if stamp == self._stamp:
            return
        self._stamp = stamp
        for path, variable in self._variables:
            value = variable.value(timestamp)
            if value is not None:
                self._silent.pop(path, None)
            yield path, value

    def column(self, path: str, value: Any) -> Column:
        return of_value(path, value, *self._about[path])

    def silent(self) -> List[str]:
        """The variables that had no value in any event of this rank, by the names the data have for them."""
        return [variable.name for variable in self._silent.values()]

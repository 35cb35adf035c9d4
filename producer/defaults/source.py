"""The form of default data: what is read from every event without being asked for."""

from operator import attrgetter
from typing import Any, Callable, Dict, Iterable, List, Mapping, Optional, Sequence, Tuple

from producer.data_source import Interface, OpenRun
from producer.schema import Column, column, of_value

About = Tuple[str, str]  # unit, description


class Source:
    """Reads from one detector. `detector` and `function` name it where something goes wrong."""

    detector = ""
    function = "default"

    def columns(self) -> List[Any]:
        """Those known before the first event, each a `Column` or a `Variable`; others are made from the first value,
        see `column`."""
        return []

    def event(self, event: Any) -> Optional[Mapping[str, Any]]:
        """Column path -> value; a value None is missing; None: the detector gave nothing in this event."""
        raise NotImplementedError

    def unfit(self, event: Any) -> Optional[List[Tuple[str, str]]]:
        """(key of the plan, why in words) of all in the plan that does not go with what the detector gives; None while
        it gave nothing, to be asked again with the next event."""
        return []

    def column(self, path: str, value: Any) -> Column:
        """The column for `path` whose first value is `value`."""
        unit, description = self.about(path)
        return of_value(path, value, unit, description)

    def about(self, path: str) -> About:
        return "", ""


class Fields(Source):
    """Fields of one interface: numbers and arrays as recorded, taken from the event without a call each, and what
    psana's class computes from them (`methods`)."""

    def __init__(
        self,
        interface: Interface,
        group: str,
        fields: Iterable[str],
        about: Mapping[str, About],
        *,
        function: str = "default",
        reader: Any = None,
        methods: Sequence[str] = (),
        prefix: str = "",
    ) -> None:
        self.detector, self.function = interface.detector, function
        self._interface, self._about, self._start = interface, about, f"{group}/{prefix}"
        self._fields = [(field, self._start + field) for field in fields]
        names = [field for field, _ in self._fields]
        self._paths = [path for _, path in self._fields]
        self._get: Optional[Callable[[Any], Tuple[Any, ...]]] = None
        if len(names) > 1 and not any("." in name for name in names):
            self._get = attrgetter(*names)
        elif names:
            self._get = lambda part: tuple([getattr(part, name) for name in names])
        self._methods = [(getattr(reader, method), self._start + method) for method in methods]

    def columns(self) -> List[Column]:
        known = []
        for field, path in self._fields:
            type = self._interface.fields[field]
            if type.dtype is not None and type.rank == 0:
                known.append(column(path, type.dtype, (), *self.about(path)))
        return known

    def event(self, event: Any) -> Optional[Mapping[str, Any]]:
        parts = self._interface.parts(event)
        if parts is None:
            return None
        part = parts[self._interface.segments[0]]
        values: Dict[str, Any] = dict(zip(self._paths, self._get(part))) if self._get else {}
        for method, path in self._methods:
            values[path] = method(event)
        return values

    def about(self, path: str) -> About:
        return self._about.get(path[len(self._start) :], ("", f"{self.detector}.{self._interface.name}, as recorded"))


def public(interface: Interface) -> List[str]:
    """The numeric fields that are meant to be read."""
    return [name for name, type in interface.fields.items() if type.dtype is not None and not name.startswith("_")]


def of_types(run: OpenRun, types: Iterable[str], name: str) -> List[Interface]:
    """The interfaces called `name` of detectors of these kinds."""
    wanted = set(types)
    return [i for i in run.interfaces.values() if i.name == name and i.type in wanted]

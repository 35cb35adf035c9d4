"""EPICS process variables recorded with the data: the last value known at each event, or one value for the run."""

from dataclasses import dataclass
from typing import Annotated, ClassVar, Dict, Iterator, List, Optional, Tuple

from producer.data_source import OpenRun, Variable
from producer.defaults.held import Held
from producer.parameters import Meta, Wrong

SECTION = "epics"
MANY = False


def _name(text: str) -> None:
    if not text.strip():
        raise Wrong("must not be empty")
    if text != text.strip():
        raise Wrong(f"begins or ends with a space: {text!r}", text.strip())


def _alias(text: str) -> None:
    _name(text)
    if "/" in text:
        raise Wrong(f"names a dataset, so '/' is not possible: {text!r}", text.replace("/", "_"))


@dataclass(frozen=True)
class Pv:
    """`pv` is the name of the PV or the alias under which the data have it; `alias`, when given, names the dataset."""

    SHORT: ClassVar[str] = "pv"

    pv: Annotated[str, Meta("name of the PV, or its alias in the data", check=_name)]
    alias: Annotated[Optional[str], Meta("name of the dataset; left out = as `pv`", check=_alias)] = None

    @property
    def name(self) -> str:
        return self.alias or self.pv


@dataclass(frozen=True)
class Parameters:
    per_event: Annotated[
        Tuple[Pv, ...],
        Meta("PVs whose last value is written with each event; not time-matched, they can be off by up to a second"),
    ] = ()
    once: Annotated[Tuple[Pv, ...], Meta("PVs of which one value is written for the run")] = ()
    all: Annotated[bool, Meta("write every PV of the run with each event")] = False

    def check(self) -> Iterator[Tuple[Tuple[object, ...], str, str]]:
        for field in ("per_event", "once"):
            seen: Dict[str, int] = {}
            for i, pv in enumerate(getattr(self, field)):
                if pv.name in seen:
                    yield (field, i), f"{field}[{seen[pv.name]}] is already called {pv.name!r}; give one an alias", ""
                seen.setdefault(pv.name, i)


ABOUT_TIME = "the last value known at the event; not time-matched, it can be off by up to a second"


def held(run: OpenRun, parameters: Parameters) -> List[Held]:
    """PVs that are written with each event."""
    groups = []
    chosen = [(f"epicsUser/{pv.name}", pv.pv) for pv in parameters.per_event]
    everything = [(f"epicsAll/{name}", name) for name in run.epics.names] if parameters.all else []
    for group, names, severity in (("epicsUser", chosen, "warning"), ("epicsAll", everything, "note")):
        found = [(path, run.epics.find(name)) for path, name in names]
        about = {path: ("", f"{name}: {ABOUT_TIME}") for path, name in names}
        if found:
            variables = [(path, pv) for path, pv in found if pv is not None]
            groups.append(Held(group, run.epics, variables, about, severity))
    return groups


def once(run: OpenRun, parameters: Parameters) -> List[Tuple[str, str, Variable]]:
    """(dataset, PV, variable) of those of which one value is written: the one known at the first event."""
    found = [(f"epicsOnce/{pv.name}", pv.pv, run.epics.find(pv.pv)) for pv in parameters.once]
    return [(path, pv, variable) for path, pv, variable in found if variable is not None]


def promises(parameters: Parameters) -> Dict[str, Optional[Tuple[int, ...]]]:
    """Datasets that a file must hold."""
    return {f"epicsUser/{pv.name}": None for pv in parameters.per_event}

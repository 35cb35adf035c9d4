"""The names of a run as rows of one list: kinds, what is searched, what the profile has already. No Textual here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

KINDS = ("detector", "epics", "scan")
TITLES = {"": "all", "detector": "detectors", "epics": "EPICS", "scan": "scan"}


@dataclass(frozen=True, slots=True)
class Name:
    """`what` is the PV of an EPICS alias, the data types of a detector. `shape` like "4x352x384"."""

    kind: str
    name: str
    what: str = ""
    type: str = ""
    shape: str = ""
    dtype: str = ""


@dataclass(frozen=True)
class NameRows:
    """Detectors, then EPICS, then scan variables; `shown` are the numbers of those of one kind ("" = all)."""

    names: Sequence[Name] = ()
    kind: str = ""
    folded: Sequence[str] = field(default=(), repr=False)

    @classmethod
    def of(cls, answer: Mapping[str, Any], kind: str = "") -> NameRows:
        """From what the probe answers (the `names` contract)."""
        names = [_detector(d) for d in answer.get("detectors", ())]
        names += [Name("epics", e.get("alias") or e["pv"], e["pv"]) for e in answer.get("epics", ())]
        names += [Name("scan", s["name"]) for s in answer.get("scan", ())]
        return cls(names, kind, [f"{n.name} {n.what} {n.type}".casefold() for n in names])

    @cached_property
    def shown(self) -> Sequence[int]:
        if not self.kind:
            return range(len(self.names))
        return [i for i, name in enumerate(self.names) if name.kind == self.kind]

    @cached_property
    def counts(self) -> dict[str, int]:
        counts = {kind: sum(name.kind == kind for name in self.names) for kind in KINDS}
        return {"": len(self.names), **counts}


def _detector(d: Mapping[str, Any]) -> Name:
    return Name("detector", d["name"], " ".join(d.get("data_types") or ()), str(d.get("type") or ""),
                _shape(d.get("shape")), str(d.get("dtype") or ""))  # fmt: skip


def _shape(shape: Any) -> str:
    """[4, 352, 384] as "4x352x384"; a mapping (data type -> shape) shows the first."""
    if isinstance(shape, Mapping):
        shape = next(iter(shape.values()), None)
    if isinstance(shape, Sequence) and not isinstance(shape, str):
        return "x".join(map(str, shape)) or "scalar"
    return str(shape or "")


@dataclass(frozen=True)
class InProfile:
    """What the profile takes of a run already."""

    per_event: frozenset[str] = frozenset()  # PVs and aliases
    once: frozenset[str] = frozenset()
    all_once: bool = False
    functions: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # detector -> functions

    @classmethod
    def of(cls, plan: Any) -> InProfile:
        """From an effective plan of the run."""
        epics = plan.epics
        return cls(
            frozenset(text for pv in epics.per_event for text in (pv.pv, pv.alias) if text),
            frozenset(text for pv in epics.once for text in (pv.pv, pv.alias) if text),
            bool(epics.all),
            {detector: tuple(functions) for detector, functions in plan.detectors.items()},
        )

    def word(self, name: Name) -> str:
        """How the profile takes it, "" when it does not."""
        if name.kind == "detector":
            return " ".join(self.functions.get(name.name, ()))
        if name.kind == "scan":
            return "always"
        either = {name.name, name.what}
        if either & self.per_event:
            return "per event"
        return "once" if self.all_once or either & self.once else ""


def adding(names: Sequence[Name], have: InProfile, per_event: bool) -> tuple[list[Name], list[Name], list[Name]]:
    """(PVs to add, PVs that are in already, names that are no PVs) of a selection."""
    word = "per event" if per_event else "once"
    pvs = [n for n in names if n.kind == "epics"]
    there = [n for n in pvs if have.word(n) in (word, "per event")]
    return [n for n in pvs if n not in there], there, [n for n in names if n.kind != "epics"]

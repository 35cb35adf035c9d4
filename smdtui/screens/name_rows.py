"""The names of a run as rows of one list: kinds, what is searched, what the profile has already. No Textual here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from producer.packed import split
from smdtui.catalog.name_query import find, parse
from smdtui.catalog.pv_values import PvValues

KINDS = ("detector", "epics", "scan")
TITLES = {
    "": "all",
    "detector": "detectors",
    "epics": "EPICS",
    "scan": "scan",
    "raw": "declared",
    "lacking": "lacking",
}
APART = ("raw", "lacking")  # not among "all"
NO_CLASS = "psana has no class for it"


@dataclass(frozen=True, slots=True)
class Name:
    """`what` is the PV of an EPICS alias, the data types of a detector. `shape` like "4x352x384"; constants are kept
    under `unique_id`. Of kind "raw": what the files declare, as `detnames -r`, `dtype` its version; of kind "lacking":
    what the profile wants and the run has not."""

    kind: str
    name: str
    what: str = ""
    type: str = ""
    shape: str = ""
    dtype: str = ""
    segments: str = ""
    unique_id: str = ""


@dataclass(frozen=True)
class NameRows:
    """Detectors, then EPICS, then scan variables, then what the files declare, then what is lacking; `shown` are the
    numbers of those of one kind ("" = all but the last two); `problems`: files that could not be read, in sentences."""

    names: Sequence[Name] = ()
    kind: str = ""
    folded: Sequence[str] = field(default=(), repr=False)
    problems: Sequence[str] = ()

    @classmethod
    def of(cls, answer: Mapping[str, Any], kind: str = "") -> NameRows:
        """From what the probe answers (the `names` contract)."""
        names = [_detector(d) for d in (*answer.get("detectors", ()), *answer.get("others", ()))]
        names += _epics(answer.get("epics", ()))
        names += [Name("scan", s["name"], type=str(s.get("type") or "")) for s in answer.get("scan", ())]
        names += [
            Name("raw", name, kind_, type_, dtype=version) for name, type_, kind_, version in answer.get("raw", ())
        ]
        return cls(names, kind, [_folded(name) for name in names], tuple(answer.get("problems", ())))

    def of_kind(self, kind: str) -> NameRows:
        return replace(self, kind=kind)

    def with_lacking(self, lacking: Sequence[Name]) -> NameRows:
        """What is lacking stands behind all else, so that no row gets another number."""
        rest = len(self.names) - self.counts["lacking"]
        if list(self.names[rest:]) == list(lacking):
            return self
        names = [*self.names[:rest], *lacking]
        return replace(self, names=names, folded=[*self.folded[:rest], *map(_folded, lacking)])

    @cached_property
    def shown(self) -> Sequence[int]:
        if not self.kind:
            return range(self.counts[""])
        return [i for i, name in enumerate(self.names) if name.kind == self.kind]

    @cached_property
    def counts(self) -> dict[str, int]:
        counts = {kind: sum(name.kind == kind for name in self.names) for kind in (*KINDS, *APART)}
        return {"": len(self.names) - sum(counts[kind] for kind in APART), **counts}

    @cached_property
    def exact(self) -> Sequence[tuple[str, str]]:
        """What an exact name or a pattern is compared with."""
        return [(name.name.casefold(), name.what.casefold()) for name in self.names]

    def search(self, text: str, facts: Facts) -> Sequence[int]:
        """The rows that the filter means, of the kind shown."""
        query = parse(text)
        if query.empty:
            return self.shown
        exact = self.exact if query.exact or query.globs else ()
        hits = find(query, self.folded, exact, lambda flag, row: facts.holds(flag, self.names[row]))
        shown = self.shown
        if isinstance(shown, range):
            return hits if len(shown) == len(self.names) else [i for i in hits if i < len(shown)]
        wanted = set(shown)
        return [i for i in hits if i in wanted]


@dataclass(frozen=True)
class Facts:
    """What has been found out about the names so far: values of PVs, in how many events detectors are, constants per
    detector (None: no folder of them is known), the names of an earlier run."""

    have: InProfile = field(default_factory=lambda: InProfile())
    values: PvValues = field(default_factory=PvValues)
    presence: Mapping[str, Mapping[str, Sequence[int]]] = field(default_factory=dict)
    constants: Mapping[str, Sequence[str]] | None = None
    before: frozenset[str] | None = None
    before_run: int | None = None

    def holds(self, flag: str, name: Name) -> bool:
        """Whether a flag of the filter is true of a name."""
        if flag == "numeric":
            return name.kind == "epics" and name.type not in ("str", "")
        if flag == "text":
            return name.kind == "epics" and name.type == "str"
        if flag == "changed":
            return name.kind == "epics" and self.values.changed(name.name)
        if flag == "stale":
            return name.kind == "epics" and self.values.stale(name.name)
        if flag == "new":
            return self.before is not None and self.before.isdisjoint({name.name, name.what} - {""})
        return bool(self.have.word(name))  # "in profile"

    def events(self, name: Name) -> str:
        """In how many events a detector's main data are: "120", "96 of 120", "about 71%"."""
        found = self.presence.get(name.name)
        if not found or name.name == "epicsinfo":  # that one is in the Configure alone
            return ""
        present, looked_at, events = found.get("raw") or next(iter(found.values()))
        if looked_at == events:
            return f"{present:,}" if present == events else f"{present:,} of {events:,}"
        return f"all of {looked_at:,}" if present == looked_at else f"about {present / looked_at:.0%}"

    def calibration(self, name: Name) -> str:
        """Which constants there are for a detector; "?" where no local folder is known."""
        if self.constants is None:
            return "?"
        found = self.constants.get(name.name, ())
        return ", ".join(found) if found else "none"


def _epics(told: Any) -> list[Name]:
    """Of the list, or of the columns, of an answer."""
    if isinstance(told, Mapping):
        columns = [split(told[key], told["count"]) for key in ("alias", "pv", "type")]
        return [Name("epics", alias or pv, pv, type_) for alias, pv, type_ in zip(*columns, strict=True)]
    return [Name("epics", e.get("alias") or e["pv"], e["pv"], str(e.get("type") or "")) for e in told]


def _folded(name: Name) -> str:
    kind = "" if name.kind == "epics" else f" {name.type}"
    return f"{name.name} {name.what}{kind}".casefold()


def _detector(d: Mapping[str, Any]) -> Name:
    return Name(
        "detector",
        d["name"],
        NO_CLASS if d.get("known") is False else " ".join(d.get("data_types") or ()),
        str(d.get("type") or ""),
        _shape(d.get("shape")),
        str(d.get("dtype") or ""),
        ",".join(map(str, d.get("segments") or ())),
        str(d.get("unique_id") or ""),
    )


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
    pvs: tuple[tuple[str, str, str], ...] = ()  # (PV, alias, how it is taken), each as the profile has it

    @classmethod
    def of(cls, plan: Any) -> InProfile:
        """From an effective plan of the run."""
        epics = plan.epics
        return cls(
            frozenset(text for pv in epics.per_event for text in (pv.pv, pv.alias) if text),
            frozenset(text for pv in epics.once for text in (pv.pv, pv.alias) if text),
            bool(epics.all),
            {detector: tuple(functions) for detector, functions in plan.detectors.items()},
            tuple((pv.pv, pv.alias, "per event") for pv in epics.per_event)
            + tuple((pv.pv, pv.alias, "once") for pv in epics.once),
        )

    def lacking(self, names: Sequence[Name]) -> list[Name]:
        """What the profile wants of the run and the run has not."""
        there = {text for name in names if name.kind == "epics" for text in (name.name, name.what)}
        detectors = {name.name for name in names if name.kind == "detector"}
        pvs = [Name("lacking", alias or pv, pv, how) for pv, alias, how in self.pvs if pv not in there]
        return pvs + [
            Name("lacking", detector, "detector", " ".join(functions))
            for detector, functions in self.functions.items()
            if detector not in detectors
        ]

    def word(self, name: Name) -> str:
        """How the profile takes it, "" when it does not."""
        if name.kind == "detector":
            return " ".join(self.functions.get(name.name, ()))
        if name.kind in ("scan", "raw"):
            return "always" if name.kind == "scan" else ""
        if name.kind == "lacking":
            return name.type
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

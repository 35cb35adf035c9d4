"""What a run holds - detectors, EPICS, scan variables - from the Configure datagrams of its files, without psana.

The lists are those of psana's ``detnames`` (its -e, -s, -r and -i too), peculiarities included, because a name is only
worth showing when psana can be asked for it: see `_segments` and `_environment`.
"""

from dataclasses import dataclass, field
from typing import Any, Dict, FrozenSet, List, Mapping, NamedTuple, Optional, Tuple

from producer import dgram
from producer.declaration_order import psana_order
from producer.dgram import Damaged, Walk
from producer.first_shapes import EVENTS, first_shapes, main_field, stacked
from producer.first_values import first_and_last
from producer.psana_classes import known
from producer.run_folder import RunFiles, Stream
from producer.xtc_tree import TEXT, TYPE_NAMES, Configuration, Field, Names, configuration

ENVIRONMENT = ("epics", "scan", "step")  # not detectors: values that change slowly
BOOKKEEPING = ("smdinfo", "runinfo", "chunkinfo")


@dataclass(frozen=True)
class DataType:
    """One algorithm of a detector: det.<name> in psana. `fields` {name: [type, shape or None]}, `known` to psana."""

    name: str
    version: str
    known: Optional[bool]
    fields: Mapping[str, Tuple[str, Optional[Tuple[int, ...]]]]

    def as_json(self) -> Dict[str, Any]:
        return {
            "name": self.name,
            "version": self.version,
            "known": self.known,
            "fields": {
                name: {"type": kind, "shape": list(shape) if shape is not None else None}
                for name, (kind, shape) in self.fields.items()
            },
        }


@dataclass(frozen=True)
class DetectorName:
    """`interfaces` in psana's order; `shape` and `dtype` of what psana's ``raw.raw`` gives, None where unknown;
    `unique_id` is the name under which calibration constants are kept."""

    name: str
    type: str
    interfaces: Tuple[DataType, ...]
    segments: Tuple[int, ...]
    detid: Tuple[str, ...]
    unique_id: str
    shape: Optional[Tuple[int, ...]] = None
    dtype: Optional[str] = None

    @property
    def data_types(self) -> Tuple[str, ...]:
        """Those that psana can read, all where there is no psana to tell."""
        return tuple(d.name for d in self.interfaces if d.known is not False)

    def as_json(self) -> Dict[str, Any]:
        return {
            "name": self.name,
            "type": self.type,
            "data_types": list(self.data_types),
            "shape": list(self.shape) if self.shape is not None else None,
            "dtype": self.dtype,
            "segments": list(self.segments),
            "detid": list(self.detid),
            "unique_id": self.unique_id,
            "known": self.interfaces[0].known if len(self.interfaces) == 1 else any(d.known for d in self.interfaces),
            "interfaces": [d.as_json() for d in self.interfaces],
        }


class EpicsName(NamedTuple):
    """`pv` "" where the data do not tell it; `type` as numpy's or "str"; `first`, `last` when values were asked."""

    alias: str
    pv: str
    type: str
    rank: int
    first: Any = None
    last: Any = None


@dataclass(frozen=True)
class ScanName:
    name: str
    data_type: str
    type: str


@dataclass(frozen=True)
class RunNames:
    """`detectors`: what psana's detnames prints; `others`: declared, but psana has no class for it; `raw`: as
    detnames -r; `problems`: files of the run that could not be read, in sentences, so that names may be missing."""

    experiment: str
    run: int
    detectors: Tuple[DetectorName, ...]
    others: Tuple[DetectorName, ...]
    epics: Tuple[EpicsName, ...]
    scan: Tuple[ScanName, ...]
    raw: Tuple[Tuple[str, str, str, str], ...]
    values: bool = False
    problems: Tuple[str, ...] = ()

    def as_json(self) -> Dict[str, Any]:
        epics = []
        for name in self.epics:
            entry = {"alias": name.alias, "pv": name.pv, "type": name.type, "rank": name.rank}
            if self.values:
                entry.update(value=name.last, first=name.first, last=name.last)
            epics.append(entry)
        return {
            "experiment": self.experiment,
            "run": self.run,
            "detectors": [d.as_json() for d in self.detectors],
            "epics": epics,
            "scan": [{"name": s.name, "data_type": s.data_type, "type": s.type} for s in self.scan],
            "others": [d.as_json() for d in self.others],
            "raw": [list(row) for row in self.raw],
            "problems": list(self.problems),
        }


@dataclass
class _Segment:
    """One segment of a detector in one file: its algorithms in psana's order."""

    dettype: str = ""
    detid: str = ""
    algs: Dict[str, Names] = field(default_factory=dict)
    fields: Dict[str, Dict[str, Field]] = field(default_factory=dict)


@dataclass
class _Declared:
    """One file's declarations as psana's dgram.software has them: {detname: {segment: _Segment}}."""

    configured: Configuration
    detectors: Dict[str, Dict[int, _Segment]]
    shapes: Dict[int, Dict[str, Tuple[int, ...]]]
    first: Dict[str, Any] = field(default_factory=dict)
    last: Dict[str, Any] = field(default_factory=dict)


def read_names(files: RunFiles, values: bool = False, shapes: bool = True) -> RunNames:
    """The names of a run; `values`: with the first and last value of each PV; `shapes`: with the detectors' shapes,
    which reads the first events.

    Raises Damaged when no file of the run can be read; what is wrong with single ones is in `.problems`.
    """
    declared: List[_Declared] = []
    problems: List[str] = []
    damaged: Optional[Damaged] = None
    for stream in files.streams:
        path = stream.smd
        if path is None:
            problems.append(f"{files.smd_name(stream.number)} is missing: psana leaves out stream {stream.number}.")
            continue
        try:
            configured = configuration(path, dgram.read_dgram(path))
            one = _Declared(configured, _segments(configured), {})
        except Damaged as error:
            damaged = error
            problems.append(f"{error}.")
            continue
        declared.append(one)
        try:
            _look_inside(stream, one, values, shapes)
        except Damaged as error:
            problems.append(f"{error}.")
    if not declared:
        raise damaged or Damaged(files.directory, 0, f"has no smd file of run {files.run}")
    classes = known()
    detectors, others = _detectors(declared, classes)
    return RunNames(
        files.experiment,
        files.run,
        detectors,
        others,
        _epics(declared),
        tuple(ScanName(f.name, alg, f.kind) for alg, f in _environment(declared, "scan")),
        _raw(declared),
        values,
        tuple(problems),
    )


def _look_inside(stream: Stream, one: _Declared, values: bool, shapes: bool) -> None:
    with_epics = values and "epics" in one.detectors
    if not (with_epics or shapes) or stream.smd is None:
        return
    walked: Walk = dgram.walk(stream.smd, pointers=True, events=None if with_epics else EVENTS)
    if with_epics:
        one.first, one.last = first_and_last(one.configured, walked)
    if shapes:
        one.shapes = first_shapes(stream, one.configured, walked)


def _segments(configured: Configuration) -> Dict[str, Dict[int, _Segment]]:
    """In the order of psana's dictionaries; of two declarations for the same segment the one met later overwrites."""
    result: Dict[str, Dict[int, _Segment]] = {}
    for names in psana_order(configured.names):
        segment = result.setdefault(names.detname, {}).setdefault(names.segment, _Segment())
        segment.dettype, segment.detid = names.dettype, names.detid
        segment.algs[names.alg] = names
        segment.fields.setdefault(names.alg, {}).update({f.name: f for f in names.fields})
    return result


def _raw(declared: List[_Declared]) -> Tuple[Tuple[str, str, str, str], ...]:
    rows: Dict[Tuple[str, str, str, str], None] = {}
    for one in declared:
        for name, segments in one.detectors.items():
            first = next(iter(segments.values()))
            for alg, names in first.algs.items():
                if not alg.startswith("_"):
                    rows[(name, first.dettype, alg, "_".join(map(str, names.version)))] = None
    return tuple(rows)


def _detectors(
    declared: List[_Declared], classes: Optional[FrozenSet[str]]
) -> Tuple[Tuple[DetectorName, ...], Tuple[DetectorName, ...]]:
    """psana looks at the first segment of a detector in each file, taking all segments for alike."""
    interfaces: Dict[str, Dict[str, DataType]] = {}
    for one in declared:
        for name, segments in one.detectors.items():
            if name in ENVIRONMENT or name in BOOKKEEPING:
                continue
            first = next(iter(segments.values()))
            for alg, names in first.algs.items():
                if alg.startswith("_"):
                    continue
                there = None if classes is None else _class_name(first, names) in classes
                found = interfaces.setdefault(name, {})
                if alg not in found or (there and not found[alg].known):
                    version = "_".join(map(str, names.version))
                    # those of epicsinfo are the PVs once more
                    fields = {} if name == "epicsinfo" else _fields(one, first, alg)
                    found[alg] = DataType(alg, version, there, fields)
    detectors: List[DetectorName] = []
    others: List[DetectorName] = []
    for name, types in interfaces.items():
        detector = _detector(declared, name, tuple(types.values()))
        (others if classes is not None and not any(t.known for t in types.values()) else detectors).append(detector)
    return tuple(detectors), tuple(others)


def _class_name(segment: _Segment, names: Names) -> str:
    return "_".join([segment.dettype, names.alg, *map(str, names.version)])


def _fields(one: _Declared, segment: _Segment, alg: str) -> Dict[str, Tuple[str, Optional[Tuple[int, ...]]]]:
    seen = one.shapes.get(segment.algs[alg].key, {})
    return {
        name: (entry.kind, () if not entry.rank or entry.kind == "str" else seen.get(name))
        for name, entry in segment.fields[alg].items()
    }


def _detector(declared: List[_Declared], name: str, types: Tuple[DataType, ...]) -> DetectorName:
    segments: List[int] = []
    ids: Dict[int, str] = {}
    shapes: Dict[int, Tuple[int, ...]] = {}
    dettype = ""
    main = dtype = None
    for one in declared:
        for number, segment in one.detectors.get(name, {}).items():
            segments.append(number)
            ids[number] = segment.detid
            dettype = segment.dettype
            names = segment.algs.get("raw") or next(iter(segment.algs.values()))
            own = main_field(names)
            if own is not None:
                main, dtype = own, segment.fields[names.alg][own].kind
                seen = one.shapes.get(names.key, {}).get(own)
                if seen is not None:
                    shapes[number] = seen[:1] if names.interface == "piranha4_raw_2_0_0" else seen
    segments.sort()
    whole = None
    if main is not None and shapes.keys() == set(segments):
        whole = stacked(main, dettype, [shapes[number] for number in segments])
    return DetectorName(
        name,
        dettype,
        types,
        tuple(segments),
        tuple(ids[number] for number in segments),
        "_".join([dettype, *(ids[number] for number in segments)]),
        whole,
        dtype,
    )


def _environment(declared: List[_Declared], which: str) -> List[Tuple[str, Field]]:
    """(algorithm, field) of the variables that psana's EnvStore finds, in its order.

    It keeps one segment per algorithm and file - the one met last - and one file per algorithm and segment; it skips
    names with a dot, which it takes for a hierarchy.
    """
    merged: Dict[str, Dict[int, Dict[str, Field]]] = {}
    for one in declared:
        kept: Dict[str, Tuple[int, Dict[str, Field]]] = {}
        for number, segment in one.detectors.get(which, {}).items():
            for alg, fields in segment.fields.items():
                kept[alg] = (number, {n: f for n, f in fields.items() if "." not in n})
        for alg, (number, variables) in kept.items():
            merged.setdefault(alg, {})[number] = variables
    unique: Dict[Tuple[str, str], Tuple[str, Field]] = {}
    for alg, by_segment in merged.items():
        for variables in by_segment.values():
            for name, entry in variables.items():
                # psana lists EPICS by name alone, scan variables by name and algorithm
                unique[(name, "" if which == "epics" else alg)] = (alg, entry)
    return list(unique.values())


def _epics(declared: List[_Declared]) -> Tuple[EpicsName, ...]:
    pvs: Dict[str, str] = {}
    first: Dict[str, Any] = {}
    last: Dict[str, Any] = {}
    for one in declared:
        own = {
            field.name
            for segment in one.detectors.get("epics", {}).values()
            for fields in segment.fields.values()
            for field in fields.values()
        }
        for names, said in one.configured.values:
            if names.detname == "epicsinfo":
                pvs.update({alias: str(pv) for alias, pv in said.items() if alias in own})
    for one in reversed(declared):  # of a name that several streams carry, psana takes the first
        first.update(one.first)
        last.update(one.last)
    return tuple(
        [
            EpicsName(
                name, pvs.get(name, ""), TYPE_NAMES[kind], 0 if kind == TEXT else rank, first.get(name), last.get(name)
            )
            for _, (name, kind, rank) in _environment(declared, "epics")
        ]
    )

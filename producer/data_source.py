"""A run as psana gives it, opened without the logbook and with constants from where `calibration` finds them.

All that is known here of psana's inside (4.x, LCLS-II) is in this file and in `step_history`. Import it only after
`ranks.settings_for_psana`: importing psana starts MPI and reads the environment.
"""

import bisect
from dataclasses import dataclass
from typing import Any, Callable, Dict, Iterator, List, Optional, Set, Tuple

import numpy as np

from producer.calibration import Found, Provider
from producer.run_files import RunFiles
from producer.step_history import bounded
from producer.xtc_tree import configuration

# psana's types of xtc data (xtcdata/ShapesData.hh); 10 is text, 11 an enum, 12 its dictionary
TYPES = dict(enumerate(("u1", "u2", "u4", "u8", "i1", "i2", "i4", "i8", "f4", "f8")))
TEXT_TYPE = 10
ENUM_TYPE = 11
LONGEST_PATH = 200  # characters; psana keeps no more of a file's name
SEARCH_BACK = 10  # slow updates; as psana's PS_N_STEP_SEARCH_STEPS
STALE = "StaleFlags"  # what the DAQ's EPICS archiver calls its flags of the PVs that do not answer


class CannotOpen(Exception):
    """psana cannot open the run; the message is a sentence."""


@dataclass(frozen=True)
class FieldType:
    """`dtype` is None for text and for what is no number."""

    dtype: Optional[np.dtype]
    rank: int
    text: bool = False


@dataclass(frozen=True)
class Interface:
    """What one detector has under one name: (``gmd``, ``raw``), read by a class of psana's."""

    detector: str
    name: str
    type: str  # as the DAQ calls that kind of detector
    fields: Dict[str, FieldType]
    segments: Tuple[int, ...]

    def parts(self, event: Any) -> Optional[Dict[int, Any]]:
        """Its contributions to an event by segment, or None unless every segment of the run gave one."""
        parts = event._det_segments.get((self.detector, self.name))
        if parts is None or len(parts) != len(self.segments):
            return None
        for segment in self.segments:
            if segment not in parts:
                return None
        return parts


class Variable:
    """An EPICS or scan variable; `value(timestamp)` is the last one recorded before that event."""

    def __init__(self, name: str, type: FieldType, store: str, places: List[Tuple[Any, str, int]]) -> None:
        self.name, self.type = name, type
        self._store, self._places = store, places

    def value(self, timestamp: int) -> Any:
        """A number, text, an array, or None when nothing was recorded yet, or not in the last SEARCH_BACK updates."""
        for place in self._places:
            value = _recorded(self._store, place, self.name, timestamp)
            if value is not None:
                return value
        return None

    def late(self, timestamp: int) -> bool:
        """Whether a value that is None is no longer there, rather than not yet."""
        return all(bisect.bisect_left(m._timestamps, timestamp) >= SEARCH_BACK for m, _, _ in self._places)


def _recorded(store: str, place: Tuple[Any, str, int], name: str, timestamp: int) -> Any:
    """The last value of a field before that time, None when there is none."""
    manager, interface, segment = place
    last = bisect.bisect_left(manager._timestamps, timestamp) - 1
    for position in range(last, max(-1, last - SEARCH_BACK), -1):
        recorded = getattr(manager.dgrams[position], store, None)
        held = None if recorded is None else getattr(recorded.get(segment), interface, None)
        value = None if held is None else getattr(held, name, None)
        if value is not None:
            return value
    return None


def _order(config: Any, store: str) -> Dict[Tuple[str, int], List[str]]:
    """The names of each (interface, segment) as the Configure declares them: psana leaves out those with a dot."""
    declared = configuration("the Configure", np.frombuffer(memoryview(config), np.uint8)).names
    return {(one.alg, one.segment): [field.name for field in one.fields] for one in declared if one.detname == store}


class Environment:
    """The variables of one of psana's stores: ``epics`` or ``scan``."""

    def __init__(self, run: Any, store: str) -> None:
        self._name = store
        self._store = run.esm.stores[store]
        self._managers = list(self._store.env_managers)
        self._types: Dict[str, FieldType] = {}
        self._places: Dict[str, List[Tuple[Any, str, int]]] = {}
        self._flagged: List[Tuple[Tuple[Any, str, int], List[str]]] = []  # place, its PVs in the order of their flags
        for manager in self._managers:
            order = _order(manager.config, store)
            for interface, segments in manager.env_variables.items():
                for segment, names in segments.items():
                    fields = _fields(getattr(getattr(manager.config.software, store)[segment], interface))
                    for name in names:
                        self._types.setdefault(name, fields[name])
                        self._places.setdefault(name, []).append((manager, interface, segment))
                    listed = order.get((interface, segment), [])
                    if STALE in listed:
                        behind = listed[listed.index(STALE) + 1 :]
                        self._flagged.append(((manager, interface, segment), behind))

    @property
    def names(self) -> List[str]:
        return list(self._places)

    def find(self, name: str) -> Optional[Variable]:
        """By alias, or by the PV's own name."""
        alias = name if name in self._places else dict(self._store.epics_inv_mapper).get(name)
        if alias not in self._places:
            return None
        return Variable(alias, self._types[alias], self._name, self._places[alias])

    def stale(self, timestamp: int) -> Set[str]:
        """The variables that did not answer when the last values before that event were recorded: the flag of the
        PV i behind StaleFlags is bit i % 32 of its word i // 32."""
        found: Set[str] = set()
        for place, names in self._flagged:
            flags = _recorded(self._name, place, STALE, timestamp)
            if flags is not None:
                bits = np.unpackbits(np.ascontiguousarray(flags, "<u4").view(np.uint8), bitorder="little")
                found.update(names[i] for i in np.flatnonzero(bits[: len(names)]))
        return found

    def stamp(self) -> Tuple[int, ...]:
        """Changes whenever variables may have."""
        return tuple(manager._timestamps[-1] if manager._timestamps else 0 for manager in self._managers)

    def forget(self) -> None:
        """Drop what no later event asks for: psana keeps every slow update of the run."""
        for manager in self._managers:
            if manager.n_items > 4 * SEARCH_BACK:
                del manager.dgrams[:-SEARCH_BACK], manager._timestamps[:-SEARCH_BACK]
                manager.n_items = len(manager.dgrams)


class OpenRun:
    """One opened run. `interfaces` by (detector, name), with those only that psana has a class for."""

    def __init__(self, source: Any, run: Any) -> None:
        self._source = source  # psana closes its files when this goes
        self._run = run
        self.epics = Environment(run, "epics")
        self.scan = Environment(run, "scan")
        self.interfaces: Dict[Tuple[str, str], Interface] = {}
        parameters = run.dsparms
        for detector, name in parameters.det_classes["normal"]:
            fields: Dict[str, FieldType] = {}
            for config in run.configs:
                for segment in getattr(config.software, detector, {}).values():
                    fields.update(_fields(getattr(segment, name, None)))
            self.interfaces[detector, name] = Interface(
                detector,
                name,
                str(parameters.det_info_table[detector][0]),
                fields,
                tuple(parameters.configinfo_dict[detector].sorted_segment_ids),
            )

    @property
    def begin(self) -> int:
        """Timestamp of BeginRun."""
        return int(self._run.timestamp)

    @property
    def recorded_as(self) -> Tuple[Optional[str], Optional[int]]:
        """Experiment and run as written in the data."""
        return self._run.expt, self._run.runnum

    def detectors(self) -> List[str]:
        return sorted({detector for detector, _ in self.interfaces})

    def methods(self, detector: str, name: str) -> List[str]:
        """What psana's class offers for an event."""
        listed = self._run.detinfo.get((detector, name), [])
        return [] if isinstance(listed, str) else [method for method in listed if method != "config"]

    def reader(self, detector: str, name: str) -> Any:
        """psana's own object for it; raises what psana's class raises."""
        return getattr(self._run.Detector(detector), name)

    def is_area(self, reader: Any) -> bool:
        """Whether a `reader` calibrates with constants: psana's area detectors do."""
        from psana.detector.areadetector import AreaDetector

        return isinstance(reader, AreaDetector)

    def keep_mask(self, reader: Any) -> None:
        """Ask psana's area detector for its mask once. psana keeps the mask too, but makes words for its log, which
        describe it, in every event: 0.2 ms."""
        ask = reader._mask
        kept: List[Any] = []

        def mask(**unused: Any) -> Any:
            if not kept:
                kept.append(ask())
            return kept[0]

        reader._mask = mask

    def keep_constants(self, reader: Any) -> None:
        """Ask psana's area detector for each constant once. psana makes words for its log of them, which print part of
        the array, in every event (0.4 ms), and copies those of tiled detectors."""
        for name in ("_pedestals", "_gain", "_gain_factor"):
            ask = getattr(reader, name, None)
            if ask is not None:
                setattr(reader, name, _kept(ask))

    def constants(self, detector: str) -> Dict[str, Any]:
        """ctype -> (array or text, metadata), on every rank."""
        return (self._run._calib_const or {}).get(detector) or {}

    def events(self) -> Iterator[Any]:
        """Those of this rank. Ranks that do not analyse work for the others in here and get none."""
        return iter(self._run.events())


def open_run(
    files: RunFiles, experiment: str, *, limit: int, batch: int, provider: Optional[Provider], analysed: List[str]
) -> OpenRun:
    """Every rank calls this together. `provider` is asked, on rank 0, for the constants of the `analysed` detectors.
    Raises `CannotOpen` and `calibration.BadConstants`."""
    paths = [str(path) for stream in files.streams for path in (stream.smd, *stream.bigdata) if path]
    longest = max(paths, key=len)
    if len(longest) > LONGEST_PATH:
        raise CannotOpen(
            f"{longest} has {len(longest)} characters, and psana keeps only the first {LONGEST_PATH} of a file's name: "
            "reach the folder through a link with a shorter name."
        )
    import psana
    import psana.psexp.ds_base
    import psana.psexp.run
    import psana.psexp.tools

    # The list of files comes from the disk: the logbook is a web service without which psana would not start.
    psana.psexp.ds_base.DataSourceBase._get_file_info_from_db = lambda self, run: {}
    psana.psexp.run.Run._setup_run_calibconst = _constants(provider, analysed)
    if psana.psexp.tools.mode == "mpi":
        import psana.psexp.node

        psana.psexp.node.StepHistory = bounded(psana.psexp.node.StepHistory)
    source = psana.DataSource(
        exp=experiment, run=files.run, dir=str(files.directory), max_events=limit, batch_size=batch
    )
    run = next(source.runs(), None)
    if run is None:
        raise CannotOpen(f"psana finds no BeginRun in every stream of run {files.run}, so it reads no event of it.")
    return OpenRun(source, run)


def _kept(ask: Callable[..., Any]) -> Callable[..., Any]:
    """`ask`, which remembers what it gives when it is asked for nothing in particular."""
    kept: List[Any] = []

    def answer(*one: Any, **particular: Any) -> Any:
        if one or particular:
            return ask(*one, **particular)
        if not kept:
            kept.append(ask())
        return kept[0]

    return answer


def service() -> Tuple[Callable[[str, str, int], Any], str]:
    """psana's way to the constants of the facility, and its address."""
    from psana.pscalib.calib import CalibConstants, MDBWebUtils

    def ask(uniqueid: str, experiment: str, run: int) -> Any:
        # For this experiment's data of the tests psana itself asks for these constants, whatever the detector.
        name = "cspad_detnum1234" if experiment == "xpptut15" else uniqueid
        return MDBWebUtils.calib_constants_all_types(name, exp=experiment, run=run)

    return ask, str(CalibConstants.URL)


def _constants(provider: Optional[Provider], analysed: List[str]) -> Callable[[Any], None]:
    """Takes the place of psana's method that asks the service for the constants of every detector of the run. Under
    MPI psana calls it on rank 0 and shares the constants with all ranks of a node."""

    def set_up(run: Any) -> None:
        run._clear_calibconst()
        infos = run.dsparms.configinfo_dict
        for detector in analysed:
            if provider is not None and detector in infos:
                found: Found = provider.get(detector, infos[detector].uniqueid, run.expt, run.runnum)
                if found.constants:
                    run._calib_const[detector] = found.constants
        run.dsparms.calibconst = run._calib_const

    return set_up


def _fields(software: Any) -> Dict[str, FieldType]:
    """Types of the fields of one interface of one segment, from its description in Configure."""
    if software is None:
        return {}
    found = {}
    for name, described in vars(software).items():
        number = getattr(described, "_type", None)
        if number is None:
            continue
        if number == TEXT_TYPE:
            found[name] = FieldType(None, 0, text=True)
        elif number == ENUM_TYPE:
            found[name] = FieldType(np.dtype("i4"), int(described._rank))
        else:
            dtype = TYPES.get(number)
            found[name] = FieldType(None if dtype is None else np.dtype(dtype), int(described._rank))
    return found

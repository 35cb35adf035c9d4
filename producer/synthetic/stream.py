"""One stream of a run: an xtc2 file and the smd file that points into it, written with psana's own DgramEdit.

DgramEdit aborts the whole process when it meets a wrong value half way (and, for one, a field whose name starts with
'_'), so everything is checked here before it is called. It also costs 50 us and more per datagram: it authors one
datagram of each layout (detectors and array shapes), which then serves as the template into which the values of the
following ones are laid.
"""

import re
from pathlib import Path
from typing import Any, Dict, Iterable, List, Mapping, NamedTuple, Tuple

import numpy as np

from producer.synthetic.fields import RUN_INFO, SMD_INFO, Kind

HEADER = 24  # sizeof(XtcData::Dgram)
NAMES = 12 + 4 + 4 * 256 + 4 + 4  # a Names block before its fields: Xtc, count, four texts, version, segment
FIELD = 256 + 4 + 256 + 4 + 4  # each of its fields: text, version, text, type, rank
CONFIGURE = 128 << 20  # room for the largest Configure; only what is written of it is ever touched
NAMES_TYPE = 4  # TypeId of a Names block
SMD_NODE = 512  # where psana looks for the offsets
_FIELD_NAME = re.compile(r"[A-Za-z0-9_.:]{1,254}\Z")
_DETECTOR_NAME = re.compile(r"[A-Za-z0-9_]{1,254}\Z")


class BadContribution(ValueError):
    """A declaration or a value that DgramEdit would answer by aborting the process."""


class Declared(NamedTuple):
    """A detector's contribution to a stream, as `Stream.declare` returns it."""

    label: str
    kind: Kind
    container: Any  # psana's own handle


Item = Tuple[Declared, Mapping[str, Any]]


class _Field(NamedTuple):
    name: str
    text: bool
    value: Any  # str, numpy scalar or C-contiguous array
    shape: Tuple[int, ...]
    raw: Any  # the bytes as they lie in the file


class _Template(NamedTuple):
    data: np.ndarray  # uint8
    places: List[slice]


class Stream:
    """Writes ``<dir>/<exp>-r0012-s003-c000.xtc2`` and its smd file; `recording` gives both their unfinished names.

    Order of calls: `declare` all, `configure` once, `transition` and `event`, `close`. Every transition must be in
    every stream of a run with the same timestamp; psana drops events, or the run, without a word otherwise.
    """

    def __init__(self, directory: Path, experiment: str, run: int, number: int, recording: bool = False):
        from psana.dgramedit import DgramEdit
        from psana.psexp import TransitionId

        self.number = number
        self.ids = TransitionId
        stem, tail = f"{experiment}-r{run:04d}-s{number:03d}-c000", ".inprogress" if recording else ""
        (Path(directory) / "smalldata").mkdir(parents=True, exist_ok=True)
        self.path = Path(directory) / f"{stem}.xtc2{tail}"
        self.smd_path = Path(directory) / "smalldata" / f"{stem}.smd.xtc2{tail}"
        self._declared: List[Declared] = []
        self._templates: Dict[Any, _Template] = {}
        self._size = HEADER
        self._offset = 0
        self._configure = DgramEdit(transition_id=TransitionId.Configure, ts=0, bufsize=CONFIGURE)
        self.run_info = self.declare("runinfo", RUN_INFO)
        for path in (self.path, self.smd_path):  # a file of its own, whatever was there and whoever reads that
            path.unlink(missing_ok=True)
        self._file = open(self.path, "wb")  # noqa: SIM115
        self._smd = open(self.smd_path, "wb", buffering=1 << 18)  # noqa: SIM115

    def __enter__(self) -> "Stream":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._file.close()
        self._smd.close()

    def declare(self, name: str, kind: Kind, detid: str = "", segment: int = 0) -> Declared:
        """Announce a contribution. Raises BadContribution for what DgramEdit does not survive."""
        if not _DETECTOR_NAME.match(name):
            raise BadContribution(f"detector name {name!r}: letters, digits and _ only, at most 254")
        for field, (_, rank) in kind.table.items():
            if not _FIELD_NAME.match(field) or rank > 4:
                raise BadContribution(f"{name}: field {field!r} of rank {rank} cannot be written")
        self._size += NAMES + FIELD * len(kind.table)
        if len(self._declared) > 250 or self._size > CONFIGURE // 2:
            raise BadContribution(f"{name}: too many detectors in the stream, or fields in them")
        from psana.dgramedit import AlgDef, DetectorDef

        handle = self._configure.Detector(
            DetectorDef(name, kind.type, detid),
            AlgDef(kind.algorithm, *kind.version),
            kind.table,
            nodeId=self.number + 1,
            namesId=len(self._declared),
            segment=segment,
        )
        declared = Declared(f"{name}.{kind.algorithm}", kind, getattr(handle, kind.algorithm))
        self._declared.append(declared)
        return declared

    def configure(self, timestamp: int, items: Iterable[Item] = ()) -> None:
        """Write the Configure datagram of both files; the smd's has one more Names block, for the offsets."""
        from psana.dgramedit import AlgDef, DetectorDef, DgramEdit

        self._configure.updatetimestamp(timestamp)
        checked = _check(items)
        size = self._size + sum(64 + sum(64 + len(f.raw) for f in fields) for _, fields in checked) + 4096
        if size > CONFIGURE:
            raise BadContribution(f"stream {self.number}: the Configure datagram is too large")
        _fill(self._configure, checked)
        raw = _save(self._configure, size)
        _lay(raw, _clear_names(raw), checked)
        self._write(raw)

        smd = DgramEdit(transition_id=self.ids.Configure, ts=timestamp, bufsize=8192)
        offsets = smd.Detector(
            DetectorDef("smdinfo", SMD_INFO.type, ""),
            AlgDef(SMD_INFO.algorithm, *SMD_INFO.version),
            SMD_INFO.table,
            nodeId=SMD_NODE,
            namesId=0,
        )
        extra = _save(smd, 8192)
        _clear_names(extra)
        both = np.concatenate([raw, extra[HEADER:]])
        both[20:24].view("<u4")[0] += len(extra) - HEADER  # the extent
        self._smd.write(both.data)

        record = DgramEdit(config_dgramedit=smd, transition_id=self.ids.L1Accept, ts=1, bufsize=8192)
        pointer = Declared("smdinfo", SMD_INFO, offsets.offsetAlg)
        _fill(record, _check([(pointer, {"intOffset": 0, "intDgramSize": 0})]))
        self._record = _save(record, 8192)

    def transition(self, service: int, timestamp: int, items: Iterable[Item] = ()) -> None:
        """Write a transition; the smd file holds a full copy (of EndRun only the header, as the DAQ's own has it)."""
        raw = self._compose(service, timestamp, items)
        if service == self.ids.EndRun:
            head = raw[:HEADER].copy()
            head[20:24].view("<u4")[0] = 12
            self._smd.write(head.data)
        else:
            self._smd.write(raw.data)
        self._write(raw)

    def event(self, timestamp: int, items: Iterable[Item], damage: int = 0) -> None:
        """Write an L1Accept with damage bits (uint16), and the record in the smd file that points at it."""
        raw = self._compose(self.ids.L1Accept, timestamp, items)
        raw[16:18].view("<u2")[0] = damage
        self._record[:12] = raw[:12]
        self._record[-16:].view("<u8")[:] = self._offset, len(raw)
        self._smd.write(self._record.data)
        self._write(raw)

    def _write(self, raw: np.ndarray) -> None:
        self._file.write(raw.data)
        self._offset += len(raw)

    def _compose(self, service: int, timestamp: int, items: Iterable[Item]) -> np.ndarray:
        """The datagram as uint8, valid until the next one of the same layout."""
        checked = _check(items)
        layout = (service, tuple((d.label, id(d), tuple(f.shape for f in fields)) for d, fields in checked))
        template = self._templates.get(layout)
        if template is None:
            template = self._templates[layout] = self._author(service, checked)
        raw = template.data
        raw[:8].view("<u4")[:] = timestamp & 0xFFFFFFFF, timestamp >> 32
        values = (field.raw for _, fields in checked for field in fields)
        for place, value in zip(template.places, values):
            raw[place] = np.frombuffer(value, np.uint8)
        return raw

    def _author(self, service: int, checked: List[Tuple[Declared, List[_Field]]]) -> _Template:
        from psana.dgramedit import DgramEdit

        size = 4096 + sum(64 + sum(64 + len(f.raw) for f in fields) for _, fields in checked)
        edit = DgramEdit(config_dgramedit=self._configure, transition_id=service, ts=1, bufsize=size)
        _fill(edit, checked)
        raw = _save(edit, size)
        return _Template(raw, _lay(raw, HEADER, checked))


def _check(items: Iterable[Item]) -> List[Tuple[Declared, List[_Field]]]:
    """Everything that DgramEdit would abort on, found first. Raises BadContribution."""
    checked = []
    for declared, values in items:
        table = declared.kind.table
        if values.keys() != table.keys():
            missing, extra = sorted(table.keys() - values.keys()), sorted(values.keys() - table.keys())
            raise BadContribution(f"{declared.label}: fields missing {missing}, unknown {extra}")
        checked.append((declared, [_field(declared, name, values[name]) for name in table]))
    return checked


def _field(declared: Declared, name: str, value: Any) -> _Field:
    dtype, rank = declared.kind.table[name]
    if dtype is str:
        if not isinstance(value, str) or "\0" in value:
            raise BadContribution(f"{declared.label}.{name}: {value!r} is not a text")
        raw = value.encode() + b"\0"
        raw += bytes(-len(raw) % 4)
        return _Field(name, True, value, (len(raw),), raw)
    try:
        array = np.asarray(value)
        if array.dtype != dtype:
            exact = array.astype(dtype)
            if np.issubdtype(dtype, np.integer) and not np.array_equal(exact, array):
                raise OverflowError(f"{value!r} does not fit {np.dtype(dtype)}")
            array = exact
    except (ValueError, TypeError, OverflowError) as error:
        raise BadContribution(f"{declared.label}.{name}: {error}") from error
    if array.ndim != rank:
        raise BadContribution(f"{declared.label}.{name}: rank {array.ndim} instead of {rank}")
    array = np.ascontiguousarray(array) if rank else array
    return _Field(name, False, array if rank else array[()], array.shape, array.reshape(-1).view(np.uint8))


def _fill(edit: Any, checked: List[Tuple[Declared, List[_Field]]]) -> None:
    """DgramEdit.adddata, but for the fields whose names start with '_', which that one leaves out."""
    for declared, fields in checked:
        detector = declared.container._det
        edit.uiter.createdata(edit.get_pydgram(), detector)
        for field in fields:
            if field.text:
                edit.uiter.setstring(detector.datadef, field.name, field.value)
            elif field.shape:
                shape = np.array(field.shape + (0,) * (5 - len(field.shape)), np.uint32)
                edit.uiter.adddata(detector, detector.datadef, field.name, shape, field.value)
            else:
                edit.uiter.setvalue(detector, detector.datadef, field.name, field.value)


def _save(edit: Any, size: int) -> np.ndarray:
    """`size`: at least what `edit` holds, since it writes past the end of a smaller buffer."""
    buffer = bytearray(size)
    edit.save(buffer)
    return np.frombuffer(buffer, np.uint8, edit.size).copy()


def _clear_names(raw: np.ndarray) -> int:
    """Zero what lies uninitialised behind the texts of the Names blocks; returns where these end."""
    at = HEADER
    while at < len(raw) and raw[at + 6 : at + 8].view("<u2")[0] & 0xFFF == NAMES_TYPE:
        extent = int(raw[at + 8 : at + 12].view("<u4")[0])
        texts = [at + 16 + 256 * i for i in range(4)]
        for field in range(at + NAMES, at + extent, FIELD):
            texts += [field, field + 260]
        for start in texts:
            text = raw[start : start + 256]
            text[bytes(text).find(0) :] = 0  # without any, the last one: it is never written
        at += extent
    return at


def _lay(raw: np.ndarray, at: int, checked: List[Tuple[Declared, List[_Field]]]) -> List[slice]:
    """Where in `raw`, from `at` on, each value lies, once it has been found there; zeroes what is uninitialised.

    Per detector: Xtc of the ShapesData | Xtc of the Shapes, 5 x uint32 per array, of which those beyond its rank are
    never written | Xtc of the Data, the values back to back.
    """
    places = []
    for _, fields in checked:
        at += 24
        for field in fields:
            if field.shape:
                raw[at + 4 * len(field.shape) : at + 20] = 0
                at += 20
        at += 12
        for field in fields:
            place = slice(at, at + len(field.raw))
            length = len(field.value.encode()) if field.text else len(field.raw)
            if bytes(raw[at : at + length]) != bytes(field.raw[:length]):
                raise RuntimeError(f"this psana lays out field {field.name!r} otherwise than expected")
            raw[place] = np.frombuffer(field.raw, np.uint8)
            places.append(place)
            at += len(field.raw)
    if at != len(raw):
        raise RuntimeError(f"this psana wrote a datagram of {len(raw)} bytes where {at} were expected")
    return places

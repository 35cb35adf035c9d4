"""What each EPICS PV did during a run: first, last, lowest, highest, how many different values, a small curve.

From the SlowUpdates alone, which the smd files repeat in full; no event is read.  Exact, in bounded memory: the values
of as many PVs as fit into `MATRIX` bytes are gathered over all updates at a time, and each pass reads only their part
of each update.
"""

import os
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import Any, Dict, Iterator, List, Optional, Sequence, Set, Tuple

import numpy as np

from producer import dgram
from producer.dgram import Damaged, Walk
from producer.first_values import plain
from producer.run_folder import RunFiles
from producer.xtc_tree import DATA as DATA_TYPE
from producer.xtc_tree import HIGHEST_RANK, SHAPES_DATA, TEXT, TYPES, XTC, Corrupt, Names, configuration, leaves
from producer.xtc_tree import SHAPES as SHAPES_TYPE

MATRIX = 48 << 20  # bytes
CURVE, LEVELS = 16, 8  # points of the small curve, and how high they can be
STALE = "StaleFlags"
DIGEST = 16  # bytes


@dataclass(frozen=True)
class PvStatistics:
    """`updates`: SlowUpdates that carry the PV; `stale`: of these, with its flag up: it did not answer.

    minimum, maximum: over finite values (all elements of an array), None for text and where there are none; distinct:
    different values, NaN counting as one; curve: CURVE characters at most, "0" (lowest) to "7", " " for no number.
    """

    updates: int
    stale: int
    first: Any
    last: Any
    minimum: Optional[float]
    maximum: Optional[float]
    distinct: int
    curve: str

    @property
    def changed(self) -> bool:
        return self.distinct > 1


@dataclass(frozen=True)
class Update:
    """Where one Names' values lie in the smd file: of the Shapes, of the Data."""

    shapes: Tuple[int, int]  # offset, bytes
    data: Tuple[int, int]


def statistics(files: RunFiles) -> Iterator[Tuple[float, Dict[str, PvStatistics]]]:
    """(share done, {name: its statistics}) in parts; of a name that several streams carry, psana takes the
    first stream that recorded a value.

    Raises Damaged when an smd file cannot be read.
    """
    count = max(len(files.streams), 1)
    recorded: Set[str] = set()
    for number, stream in enumerate(files.streams):
        if stream.smd is None:
            continue
        configured = configuration(stream.smd, dgram.read_dgram(stream.smd))
        epics = [names for names in configured.names if names.detname == "epics"]
        if not epics:
            continue
        walked = dgram.walk(stream.smd)
        descriptor = dgram.open_regular(stream.smd)
        try:
            parts = _stream(descriptor, walked, epics)
            own: Set[str] = set()
            for share, found in parts:
                own.update(name for name, one in found.items() if one.updates)
                yield (number + share) / count, {name: one for name, one in found.items() if name not in recorded}
            recorded |= own
        except Corrupt as corrupt:
            raise Damaged(stream.smd, 0, f"has a corrupt SlowUpdate: {corrupt}") from corrupt
        except OSError as error:
            raise Damaged(stream.smd, 0, f"cannot be read: {error.strerror}") from error
        finally:
            os.close(descriptor)


def all_statistics(files: RunFiles) -> Dict[str, PvStatistics]:
    """Of all PVs of a run; raises Damaged."""
    result: Dict[str, PvStatistics] = {}
    for _, part in statistics(files):
        result.update(part)
    return result


def _stream(descriptor: int, walked: Walk, epics: Sequence[Names]) -> Iterator[Tuple[float, Dict[str, PvStatistics]]]:
    found: Dict[int, List[Update]] = {names.key: [] for names in epics}
    wanted = np.flatnonzero((walked.services == dgram.SLOW_UPDATE) & (walked.headers["extent"] > 12))
    for done, index in enumerate(wanted.tolist()):
        offset, length = int(walked.offsets[index]), 12 + int(walked.headers["extent"][index])
        for key, update in places(dgram.read_at(descriptor, length, offset), offset):
            if key in found:
                found[key].append(update)
        if done % 100 == 99:
            yield 0.3 * done / len(wanted), {}
    for number, names in enumerate(epics):
        updates = found[names.key]
        flags = _stale_flags(descriptor, names, updates)
        step = max(1, MATRIX // (8 * max(len(updates), 1)))
        for low in range(0, len(names.fields), step):
            high = min(low + step, len(names.fields))
            part = _group(descriptor, names, updates, low, high, flags)
            share = (number + high / len(names.fields)) / len(epics)
            yield 0.3 + 0.7 * share, part


def places(data: bytes, base: int) -> Iterator[Tuple[int, Update]]:
    """(key, where its values are) of each ShapesData in a whole datagram that begins at byte `base` of the file."""
    array = np.frombuffer(data, np.uint8)
    for kind, key, begin, end in leaves(array):
        if kind != SHAPES_DATA:
            continue
        places = {SHAPES_TYPE: (base, 0), DATA_TYPE: (base, 0)}
        while begin + XTC.itemsize <= end:
            head = array[begin : begin + XTC.itemsize].view(XTC)[0]
            extent = int(head["extent"])
            if extent < XTC.itemsize or begin + extent > end:
                raise Corrupt(f"an Xtc at byte {base + begin} has a length of {extent}")
            places[int(head["contains"]) & 0xFFF] = (base + begin + XTC.itemsize, extent - XTC.itemsize)
            begin += extent
        yield key, Update(places[SHAPES_TYPE], places[DATA_TYPE])


class Layout:
    """Where the fields of one Names begin within the Data; computed anew only when an array or a text changes size."""

    def __init__(self, names: Names):
        self.names = names
        self.sizes = np.array([TYPES[field.type].itemsize for field in names.fields], np.int64)
        self.ranks = np.array([field.rank for field in names.fields], np.int64)
        self.ranked = np.flatnonzero(self.ranks)
        self._shapes: Optional[bytes] = None
        self.starts = np.zeros(len(names.fields) + 1, np.int64)
        self.shapes = np.zeros((0, HIGHEST_RANK), np.int64)

    def read(self, descriptor: int, update: Update) -> np.ndarray:
        """(fields + 1,) int64: bytes from the beginning of the Data."""
        raw = dgram.read_at(descriptor, update.shapes[1], update.shapes[0])
        if raw != self._shapes:
            table = np.frombuffer(raw[: len(raw) // 20 * 20], "<u4").reshape(-1, HIGHEST_RANK).astype(np.int64)
            if len(table) < len(self.ranked):
                raise Corrupt("there are fewer shapes than arrays")
            counts = np.ones(len(self.sizes), np.int64)
            for axis in range(HIGHEST_RANK):
                deep = self.ranked[self.ranks[self.ranked] > axis]
                counts[deep] *= table[: len(self.ranked)][self.ranks[self.ranked] > axis, axis]
            self.starts = np.concatenate([[0], np.cumsum(counts * self.sizes)])
            self._shapes, self.shapes = raw, table
        if self.starts[-1] > update.data[1] or (np.diff(self.starts) < 0).any():
            raise Corrupt("more data is declared than there is")
        return self.starts


def _group(
    descriptor: int,
    names: Names,
    updates: Sequence[Update],
    low: int,
    high: int,
    flags: Optional[np.ndarray],
) -> Dict[str, PvStatistics]:
    """Of the fields low to high."""
    fields = names.fields[low:high]
    layout = Layout(names)
    columns: Dict[int, np.ndarray] = {}  # type -> which of `fields` are scalars of it
    for kind in {field.type for field in fields if not field.rank}:
        columns[kind] = np.array([i for i, field in enumerate(fields) if field.type == kind and not field.rank])
    others = [i for i, field in enumerate(fields) if field.rank]
    matrices = {kind: np.zeros((len(updates), len(which)), TYPES[kind]) for kind, which in columns.items()}
    seen: Dict[int, _Values] = {i: _Values(fields[i].type == TEXT) for i in others}
    previous: Optional[np.ndarray] = None
    takes: Dict[int, np.ndarray] = {}
    for row, update in enumerate(updates):
        starts = layout.read(descriptor, update)
        begin, end = int(starts[low]), int(starts[high])
        block = np.frombuffer(dgram.read_at(descriptor, end - begin, update.data[0] + begin), np.uint8)
        if len(block) < end - begin:
            raise Corrupt("the file ends within it")
        if starts is not previous:
            previous = starts
            takes = {
                kind: (starts[low + which] - begin)[:, None] + np.arange(TYPES[kind].itemsize)
                for kind, which in columns.items()
            }
        for kind, take in takes.items():
            matrices[kind][row] = block[take].view(TYPES[kind])[:, 0]
        ranked = int((layout.ranks[:low] > 0).sum())
        for place, i in enumerate(others):
            entry = fields[i]
            piece = block[int(starts[low + i]) - begin : int(starts[low + i + 1]) - begin]
            seen[i].add(piece, entry.type, layout.shapes[ranked + place, : entry.rank])
    result: Dict[str, PvStatistics] = {}
    for kind, which in columns.items():
        _of_matrix(matrices.pop(kind), [fields[i].name for i in which.tolist()], result)
    for i, values in seen.items():
        result[fields[i].name] = values.statistics()
    if flags is not None:
        first = 1 + next((i for i, field in enumerate(names.fields) if field.name == STALE), -1)
        for i, entry in enumerate(fields):
            bit = low + i - first
            if 0 <= bit < len(flags) and flags[bit] and entry.name in result:
                result[entry.name] = replace(result[entry.name], stale=int(flags[bit]))
    return result


def _of_matrix(values: np.ndarray, names: Sequence[str], result: Dict[str, PvStatistics]) -> None:
    """values: (updates, PVs) of one type."""
    count = len(values)
    if not count:
        result.update({name: PvStatistics(0, 0, None, None, None, None, 0, "") for name in names})
        return
    firsts, lasts = values[0].tolist(), values[-1].tolist()
    floating = values.dtype.kind == "f"
    chosen = np.unique(np.linspace(0, count - 1, min(count, CURVE)).round().astype(int))
    if floating:
        finite = np.isfinite(values)
        lowest = np.where(finite, values, np.inf).min(axis=0)
        highest = np.where(finite, values, -np.inf).max(axis=0)
        none = ~finite.any(axis=0)
    else:
        lowest, highest, none = values.min(axis=0), values.max(axis=0), np.zeros(len(names), bool)
    curves = _curves(values[chosen], lowest, highest)
    values.sort(axis=0)  # NaNs go to the end
    differ = values[1:] != values[:-1]
    if floating:
        differ &= ~(np.isnan(values[1:]) & np.isnan(values[:-1]))
    distinct = (1 + differ.sum(axis=0)).tolist()
    lows, highs = lowest.tolist(), highest.tolist()
    for i, name in enumerate(names):
        low, high = (None, None) if none[i] else (lows[i], highs[i])
        result[name] = PvStatistics(count, 0, plain(firsts[i]), plain(lasts[i]), low, high, distinct[i], curves[i])


def _curves(values: np.ndarray, lowest: np.ndarray, highest: np.ndarray) -> List[str]:
    """One text per column of (points, PVs)."""
    wide = values.astype(np.float64)
    span = highest.astype(np.float64) - lowest.astype(np.float64)
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        share = (wide - lowest) / span
    share = np.where(span > 0, share, 0.5)
    bad = ~np.isfinite(wide) | ~np.isfinite(share)
    level = np.clip(np.where(bad, 0, share) * LEVELS, 0, LEVELS - 1).astype(np.uint8) + ord("0")
    level[bad] = ord(" ")
    text = np.ascontiguousarray(level.T).tobytes().decode("ascii")
    return [text[i : i + len(values)] for i in range(0, len(text), len(values))]


class _Values:
    """The values of one array or text, one after the other."""

    def __init__(self, text: bool):
        self.text, self.count = text, 0
        self.different: Set[bytes] = set()  # the values, or digests of the longer ones
        self.first: Any = None
        self.last: Any = None
        self.bounds: Optional[Tuple[float, float]] = None
        self._raw: Optional[bytes] = None

    def add(self, piece: np.ndarray, kind: int, shape: np.ndarray) -> None:
        self.count += 1
        raw = piece.tobytes()
        if raw == self._raw:
            return
        self._raw = raw
        if self.text:
            raw = raw.split(b"\0", 1)[0]
            value: Any = raw.decode("utf-8", "replace")
        else:
            array = piece.view(TYPES[kind]).reshape(shape)
            value = plain(array)
            finite = array[np.isfinite(array)] if array.dtype.kind == "f" else array
            if finite.size:
                low, high = finite.min().item(), finite.max().item()
                self.bounds = (
                    (low, high) if self.bounds is None else (min(low, self.bounds[0]), max(high, self.bounds[1]))
                )
            raw = bytes(str(array.shape), "ascii") + raw
        if not self.different:
            self.first = value
        self.different.add(raw if len(raw) <= DIGEST else blake2b(raw, digest_size=DIGEST).digest())
        self.last = value

    def statistics(self) -> PvStatistics:
        low, high = self.bounds or (None, None)
        return PvStatistics(self.count, 0, self.first, self.last, low, high, len(self.different), "")


def _stale_flags(descriptor: int, names: Names, updates: Sequence[Update]) -> Optional[np.ndarray]:
    """(PVs,) int64: in how many updates the flag of each PV behind StaleFlags was up (bit i of word i // 32)."""
    place = next((i for i, field in enumerate(names.fields) if field.name == STALE and field.rank == 1), None)
    if place is None:
        return None
    layout, count = Layout(names), np.zeros(len(names.fields) - place - 1, np.int64)
    for update in updates:
        starts = layout.read(descriptor, update)
        raw = dgram.read_at(descriptor, int(starts[place + 1] - starts[place]), update.data[0] + int(starts[place]))
        bits = np.unpackbits(np.frombuffer(raw, np.uint8), bitorder="little")[: len(count)]
        count[: len(bits)] += bits
    return count

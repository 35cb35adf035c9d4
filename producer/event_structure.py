"""Whether what events hold can be taken apart: the head of every Xtc in them, and the sizes that arrays are said to
have.  psana aborts, or segfaults, on those that cannot.  Many events are taken together, step by step.
"""

from typing import Callable, Dict, Iterator, List, Mapping, Tuple

import numpy as np

from producer import dgram
from producer.dgram import HEADER
from producer.xtc_tree import DATA, HIGHEST_RANK, NAMES, PARENT, SHAPES, SHAPES_DATA, TYPES, XTC, Names

NEAR = 1 << 16  # bytes; events no longer than this are read whole, in blocks, of longer ones the beginning at first
BEGINNING = 1 << 12  # bytes
TOGETHER = 1024  # long events
STEPS = 10_000  # more Xtcs side by side than this are none
CORRUPTED = 1 << 3  # the damage bit (xtcdata's Damage.hh) with which psana takes no notice of what is inside


def look_into(
    descriptor: int,
    begin: np.ndarray,
    length: np.ndarray,
    by_key: Mapping[int, Names],
    alive: Callable[[], None] = lambda: None,
) -> Tuple[np.ndarray, np.ndarray]:
    """(headers (n,) HEADER, corrupt (n,) bool) of the events at `begin` of `length` bytes, both (n,), in the file.

    What is behind the end of the file reads as zeros.  `alive` is called all the while.  Raises OSError.
    """
    headers = np.zeros(len(begin), HEADER)
    corrupt = np.zeros(len(begin), bool)
    for start, stop, block in _blocks(descriptor, begin.astype(np.int64), length.astype(np.int64)):
        headers[start:stop] = block.take(np.arange(stop - start), np.zeros(stop - start, np.int64), HEADER)
        corrupt[start:stop] = _corrupt(block, headers[start:stop], by_key)
        alive()
    return headers, corrupt


class _Block:
    """Some events, of each of which the first `held` bytes are in memory, at `base` of `data`."""

    def __init__(self, descriptor: int, begin: np.ndarray, data: np.ndarray, base: np.ndarray, held: np.ndarray):
        self.descriptor, self.begin, self.data, self.base, self.held = descriptor, begin, data, base, held

    def take(self, which: np.ndarray, at: np.ndarray, kind: np.dtype) -> np.ndarray:
        """(len(which),) of `kind`, at byte `at` of the events `which`."""
        raw = np.zeros((len(which), kind.itemsize), np.uint8)
        inside = at + kind.itemsize <= self.held[which]
        place = self.base[which[inside]] + at[inside]
        raw[inside] = self.data[place[:, None] + np.arange(kind.itemsize)]
        for i in np.flatnonzero(~inside).tolist():
            found = dgram.read_at(self.descriptor, kind.itemsize, int(self.begin[which[i]] + at[i]))
            raw[i, : len(found)] = np.frombuffer(found, np.uint8)
        return raw.view(kind)[:, 0]


def _blocks(descriptor: int, begin: np.ndarray, length: np.ndarray) -> Iterator[Tuple[int, int, _Block]]:
    """(first, behind the last, the events between)."""
    start = 0
    while start < len(begin):
        first = begin[start]
        ends = begin[start : start + 4096] + length[start : start + 4096] - first
        stop = int(np.searchsorted(ends > dgram.BLOCK, True)) if (np.diff(begin[start : start + 4096]) > 0).all() else 0
        if stop and ends[stop - 1] / stop < NEAR:
            data = np.zeros(int(ends[:stop].max()), np.uint8)
            found = dgram.read_at(descriptor, len(data), int(first))
            data[: len(found)] = np.frombuffer(found, np.uint8)
            stop += start
            yield (
                start,
                stop,
                _Block(descriptor, begin[start:stop], data, begin[start:stop] - first, length[start:stop]),
            )
        else:
            stop = min(start + TOGETHER, len(begin))
            held = np.minimum(length[start:stop], BEGINNING)
            base = np.cumsum(held) - held
            data = np.zeros(int(held.sum()), np.uint8)
            for i, size in enumerate(held.tolist()):
                found = dgram.read_at(descriptor, size, int(begin[start + i]))
                data[base[i] : base[i] + len(found)] = np.frombuffer(found, np.uint8)
            yield start, stop, _Block(descriptor, begin[start:stop], data, base, held)
        start = stop


def _corrupt(block: _Block, headers: np.ndarray, by_key: Mapping[int, Names]) -> np.ndarray:
    """(n,) bool.  A header that is none is not told here: who asks compares it with what it should be."""
    bad = np.zeros(len(headers), bool)
    ends = headers["extent"].astype(np.int64) + 12
    event = np.flatnonzero((ends > HEADER.itemsize) & ~_marked(headers))
    at, end = np.full(len(event), HEADER.itemsize, np.int64), ends[event]
    owner = np.full(len(event), -1, np.int64)  # which of `datas` the Xtcs are inside
    datas: List[Tuple[np.ndarray, np.ndarray]] = []  # (event, key) of every ShapesData met
    count = 0
    parts: Dict[int, List[Tuple[np.ndarray, np.ndarray, np.ndarray]]] = {SHAPES: [], DATA: []}  # (owner, at, bytes)
    for _ in range(STEPS):
        if not len(event):
            break
        heads = block.take(event, at, XTC)
        extent, kind = heads["extent"].astype(np.int64), heads["contains"] & 0xFFF
        wrong = (extent < XTC.itemsize) | (at + extent > end) | (kind > NAMES)
        bad[event[wrong]] = True
        fine = ~wrong
        for which, found in parts.items():
            hit = fine & (kind == which) & (owner >= 0)
            found.append((owner[hit], at[hit] + XTC.itemsize, extent[hit] - XTC.itemsize))
        inner = fine & ~_marked(heads) & ((kind == PARENT) | ((kind == SHAPES_DATA) & (owner < 0)))
        own = inner & (kind == SHAPES_DATA)
        inside = np.full(len(event), -1, np.int64)
        inside[own] = count + np.arange(int(own.sum()))
        datas.append((event[own], heads["src"][own] & 0xFFFFFFF))
        count += int(own.sum())
        further = fine & (at + extent + XTC.itemsize <= end)
        event, at, end, owner = (
            np.concatenate([now[inner], after[further]])
            for now, after in (
                (event, event),
                (at + XTC.itemsize, at + extent),
                (at + extent, end),
                (inside, owner),
            )
        )
        room = at + XTC.itemsize <= end
        event, at, end, owner = event[room], at[room], end[room], owner[room]
    bad[event] = True  # never came to an end
    if count:
        whose = np.concatenate([events for events, _ in datas])
        bad[whose[_too_much(block, whose, np.concatenate([keys for _, keys in datas]), parts, by_key)]] = True
    return bad


def _too_much(
    block: _Block,
    event: np.ndarray,
    keys: np.ndarray,
    parts: Mapping[int, List[Tuple[np.ndarray, np.ndarray, np.ndarray]]],
    by_key: Mapping[int, Names],
) -> np.ndarray:
    """(ShapesData,) bool: whether nobody declared it, its arrays are said to be larger than its data, or no sizes are
    said."""
    place, size = {}, {}
    for kind, found in parts.items():
        place[kind], size[kind] = np.zeros(len(event), np.int64), np.zeros(len(event), np.int64)
        for owner, at, length in found:
            place[kind][owner], size[kind][owner] = at, length
    bad = np.zeros(len(event), bool)
    for key in np.unique(keys).tolist():
        names = by_key.get(key)
        which = np.flatnonzero(keys == key)
        if names is None:  # which psana aborts on, too
            bad[which] = True
            continue
        arrays = [field for field in names.fields if field.rank]
        need = np.full(len(which), float(sum(TYPES[field.type].itemsize for field in names.fields if not field.rank)))
        bad[which] |= size[SHAPES][which] < 4 * HIGHEST_RANK * len(arrays)
        said = which[~bad[which]]
        if arrays and len(said):
            rows = np.dtype([("table", "<u4", (len(arrays), HIGHEST_RANK))])
            table = block.take(event[said], place[SHAPES][said], rows)["table"]
            counts = np.stack(
                [
                    table[:, i, : field.rank].astype(np.float64).prod(axis=1) * TYPES[field.type].itemsize
                    for i, field in enumerate(arrays)
                ]
            )
            need[~bad[which]] += counts.sum(axis=0)
        bad[which] |= need > size[DATA][which]
    return bad


def _marked(heads: np.ndarray) -> np.ndarray:
    return (heads["damage"] & CORRUPTED) != 0

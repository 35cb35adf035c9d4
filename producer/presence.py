"""In how many events of a run each detector is there, from the heads of its data; no pixel is read.

psana gives None for a detector unless all of its configured segments are in the event, so that is what is counted.
The head of each detector's data is 12 bytes in the event; of a long run EVENTS are looked at, evenly spread.
"""

import os
from dataclasses import dataclass
from typing import Dict, Iterator, List, Sequence, Tuple

import numpy as np

from producer import dgram
from producer.dgram import HEADER, Damaged, Walk
from producer.run_chunks import Chunk, chunks
from producer.run_folder import RunFiles, Stream
from producer.run_summary import among, distinct
from producer.xtc_tree import PARENT, SHAPES_DATA, XTC, Configuration, configuration

EVENTS = 2000
HEADS = 1 << 12  # bytes read at first of each event
CORRUPTED = 1 << 3  # the damage bit (xtcdata's Damage.hh) with which psana takes no notice of what is inside


@dataclass(frozen=True)
class Presence:
    """Of `looked_at` events the detector's data are in `present`; exact when these are all events of the run."""

    present: int
    looked_at: int
    events: int

    @property
    def share(self) -> float:
        return self.present / self.looked_at if self.looked_at else 0.0


def presence(files: RunFiles, most: int = EVENTS) -> Iterator[Tuple[float, Dict[Tuple[str, str], Presence]]]:
    """(share done, {}) and at the end (1.0, {(detector, algorithm): its presence}).  Raises Damaged."""
    walks: List[Tuple[Stream, Walk, Configuration]] = []
    for stream in files.streams:
        if stream.smd is not None and stream.bigdata:
            configured = configuration(stream.smd, dgram.read_dgram(stream.smd))
            walks.append((stream, dgram.walk(stream.smd, pointers=True), configured))
    times = distinct([walked.timestamps[walked.events] for _, walked, _ in walks])
    chosen = times
    if len(times) > most:
        chosen = times[np.unique(np.linspace(0, len(times) - 1, most).round().astype(int))]
    there: Dict[Tuple[str, str], np.ndarray] = {}
    for number, (stream, walked, configured) in enumerate(walks):
        for share, found in _stream(stream, walked, configured, chosen):
            for name, mask in found.items():
                there[name] = there[name] & mask if name in there else mask
            yield (number + share) / len(walks), {}
    yield 1.0, {name: Presence(int(mask.sum()), len(chosen), len(times)) for name, mask in there.items()}


def _stream(
    stream: Stream, walked: Walk, configured: Configuration, chosen: np.ndarray
) -> Iterator[Tuple[float, Dict[Tuple[str, str], np.ndarray]]]:
    """{(detector, algorithm): (chosen,) bool: whether all its segments of this stream are in the event}."""
    assert walked.pointers is not None
    payload = np.flatnonzero((walked.services == dgram.ENABLE) & (walked.headers["extent"] > 12))
    parts = chunks(stream, configured, walked.offsets[payload].tolist())
    events = np.flatnonzero(walked.events)
    events = events[among(walked.timestamps[events], chosen)]
    rows = np.searchsorted(chosen, walked.timestamps[events])
    keys = sorted({names.key for names in configured.names})
    found = np.zeros((len(keys), len(chosen)), bool)
    column = {key: i for i, key in enumerate(keys)}
    begins = walked.offsets[events]
    ends = [part.begin for part in parts[1:]] + [walked.end]
    done = 0
    for part, end in zip(parts, ends):
        inside = np.flatnonzero((begins >= part.begin) & (begins < end))
        descriptor = dgram.open_regular(part.path)
        try:
            for i in inside.tolist():
                place, size = (int(walked.pointers[name][events[i]]) for name in ("offset", "size"))
                for key in _keys(descriptor, part, place, size):
                    if key in column:
                        found[column[key], rows[i]] = True
                done += 1
                if done % 200 == 0:
                    yield done / len(events), {}
        except OSError as error:
            raise Damaged(part.path, 0, f"{dgram.UNREADABLE}: {error.strerror}") from error
        finally:
            os.close(descriptor)
    result: Dict[Tuple[str, str], np.ndarray] = {}
    for names in configured.names:
        name = (names.detname, names.alg)
        mask = found[column[names.key]]
        result[name] = result[name] & mask if name in result else mask.copy()
    yield 1.0, result


def _keys(descriptor: int, part: Chunk, place: int, size: int) -> Sequence[int]:
    """The keys of the ShapesData in one event."""
    block = dgram.read_at(descriptor, min(HEADS, size), place)
    if len(block) < HEADER.itemsize or 12 + int.from_bytes(block[20:24], "little") != size:
        raise Damaged(part.path, place, f"is truncated or corrupt at byte {place}")
    found: List[int] = []
    if int.from_bytes(block[16:18], "little") & CORRUPTED:
        return found
    stack = [(HEADER.itemsize, size)]
    while stack:
        begin, end = stack.pop()
        while begin + XTC.itemsize <= end:
            head = block[begin : begin + XTC.itemsize]
            if len(head) < XTC.itemsize:
                head = dgram.read_at(descriptor, XTC.itemsize, place + begin)
            extent = int.from_bytes(head[8:12], "little")
            if extent < XTC.itemsize or begin + extent > end:
                raise Damaged(part.path, place, f"has corrupt data in the event at byte {place}")
            kind = int.from_bytes(head[6:8], "little") & 0xFFF
            if int.from_bytes(head[4:6], "little") & CORRUPTED:
                pass
            elif kind == PARENT:
                stack.append((begin + XTC.itemsize, begin + extent))
            elif kind == SHAPES_DATA:
                found.append(int.from_bytes(head[0:4], "little") & 0xFFFFFFF)
            begin += extent
    return found

"""Walk the datagram headers of an xtc2 or smd.xtc2 file with numpy alone: no psana, no mmap, regular files only.

Layout, little endian (psana's xtcdata/Dgram.hh, Xtc.hh, TransitionId.hh, TypeId.hh): a datagram is a header of 24
bytes, ``HEADER``, and its payload; the next one begins at offset + 12 + extent.  Time counts from 1990-01-01 UTC.
"""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import List, Optional

import numpy as np

from producer.regular_file import AnyPath, not_a_file

HEADER = np.dtype(
    [
        ("nanoseconds", "<u4"),
        ("seconds", "<u4"),
        ("env", "<u4"),  # bits 24-27: the service (a TransitionId)
        ("src", "<u4"),
        ("damage", "<u2"),
        ("contains", "<u2"),
        ("extent", "<u4"),  # bytes of the Xtc, its own 12 included
    ]
)
# What an L1Accept of an smd file holds: where the same event is in the file of data, and how long it is there.
POINTER = np.dtype([("src", "<u4"), ("offset", "<u8"), ("size", "<u8")])

CONFIGURE, BEGIN_RUN, END_RUN, BEGIN_STEP, END_STEP, ENABLE, DISABLE, SLOW_UPDATE = 2, 4, 5, 6, 7, 8, 9, 10
L1_END_OF_BATCH, L1_ACCEPT = 11, 12
SERVICES = (
    "ClearReadout",
    "Reset",
    "Configure",
    "Unconfigure",
    "BeginRun",
    "EndRun",
    "BeginStep",
    "EndStep",
    "Enable",
    "Disable",
    "SlowUpdate",
    "L1Accept_EndOfBatch",
    "L1Accept",
)

SMD_EVENT = 76  # bytes of an L1Accept in an smd file: Dgram 24, ShapesData 12, Shapes 12, Data 12, two u64
EPOCH_1990 = 631152000  # unix time of 1990-01-01 UTC
UNREADABLE = "cannot be read"  # begins the reason where the file system, not the file, was at fault
LARGEST = 1 << 30  # bytes; a longer Configure or event is taken for a corrupt header
BLOCK, SHORT = 1 << 18, 1 << 12  # bytes read at a time where datagrams are short, and where they are long


class Damaged(Exception):
    """A file cannot be read as xtc2; the message is a sentence that names the file, and `offset` the byte."""

    def __init__(self, path: AnyPath, offset: int, reason: str):
        self.path, self.offset, self.reason = Path(path), offset, reason
        super().__init__(f"{path} {reason}")


@dataclass(frozen=True)
class Walk:
    """The headers of one file from `start` on.

    offsets (n,) int64 bytes from the file's start; headers (n,) HEADER; end: where a later walk continues;
    tail: bytes after `end` that do not make a whole datagram; damage: in words, or None (a tail is not damage: the
    file may be growing); pointers (n,) POINTER when asked for, zero for what is not an event of 76 bytes.
    """

    path: Path
    offsets: np.ndarray
    headers: np.ndarray
    end: int
    tail: int
    damage: Optional[str]
    pointers: Optional[np.ndarray] = None

    @property
    def services(self) -> np.ndarray:
        return service(self.headers)

    @property
    def timestamps(self) -> np.ndarray:
        return timestamp(self.headers)

    @property
    def events(self) -> np.ndarray:
        """(n,) bool: which datagrams are events."""
        return is_event(self.services)


def service(headers: np.ndarray) -> np.ndarray:
    return (headers["env"] >> 24) & 15


def timestamp(headers: np.ndarray) -> np.ndarray:
    """uint64 as psana's evt.timestamp: seconds since 1990 << 32 | nanoseconds."""
    return headers["seconds"].astype(np.uint64) << np.uint64(32) | headers["nanoseconds"]


def is_event(services: np.ndarray) -> np.ndarray:
    return (services == L1_ACCEPT) | (services == L1_END_OF_BATCH)


def unix_ns(stamp: int) -> int:
    """Nanoseconds since 1970-01-01 UTC of a psana timestamp."""
    return ((int(stamp) >> 32) + EPOCH_1990) * 10**9 + (int(stamp) & 0xFFFFFFFF)


def open_regular(path: AnyPath) -> int:
    """A read-only file descriptor, or Damaged in words.  A FIFO is never opened: that would wait for ever."""
    try:
        wrong = not_a_file(os.stat(path).st_mode)
        if wrong is None:
            descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
            wrong = not_a_file(os.fstat(descriptor).st_mode)
            if wrong is None:
                return descriptor
            os.close(descriptor)
    except FileNotFoundError:
        wrong = "is a link to nothing" if os.path.islink(path) else "is missing"
    except OSError as error:
        wrong = f"{UNREADABLE}: {error.strerror}"
    raise Damaged(path, 0, wrong)


def read_at(descriptor: int, size: int, offset: int) -> bytes:
    """`size` bytes at `offset`, fewer only at the end of the file."""
    parts: List[bytes] = []
    while size > 0:
        part = os.pread(descriptor, size, offset)
        if not part:
            break
        parts.append(part)
        size -= len(part)
        offset += len(part)
    return parts[0] if len(parts) == 1 else b"".join(parts)


def read_dgram(path: AnyPath, offset: int = 0) -> np.ndarray:
    """The whole datagram at `offset` as (n,) uint8; raises Damaged when it is not there or not whole."""
    descriptor = open_regular(path)
    try:
        head = read_at(descriptor, HEADER.itemsize, offset)
        if len(head) < HEADER.itemsize:
            raise Damaged(
                path, offset, "is empty" if offset == len(head) == 0 else f"ends at byte {offset + len(head)}"
            )
        size = 12 + int(np.frombuffer(head, HEADER)["extent"][0])
        if not HEADER.itemsize <= size <= LARGEST:
            raise Damaged(path, offset, f"has a corrupt datagram header at byte {offset}: a length of {size} bytes")
        data = read_at(descriptor, size, offset)
    except OSError as error:
        raise Damaged(path, offset, f"{UNREADABLE} at byte {offset}: {error.strerror}") from error
    finally:
        os.close(descriptor)
    if len(data) < size:
        raise Damaged(path, offset, f"is truncated: the datagram at byte {offset} has {len(data)} of its {size} bytes")
    return np.frombuffer(data, np.uint8)


def walk(path: AnyPath, start: int = 0, pointers: bool = False, events: Optional[int] = None) -> Walk:
    """The headers from byte `start` (an earlier walk's `end`) to the end of the file, or until there are so many
    `events` (some more may come along).

    Runs of equally long datagrams, which is what an smd file consists of, are taken at once: about a million a second.
    Large payloads are jumped over.  Raises Damaged when the file cannot be opened or read; a corrupt header ends the
    walk and is told in `damage`.
    """
    descriptor = open_regular(path)
    try:
        return _walk(descriptor, Path(path), start, pointers, events)
    except OSError as error:
        raise Damaged(path, start, f"{UNREADABLE}: {error.strerror}") from error
    finally:
        os.close(descriptor)


def _walk(descriptor: int, path: Path, start: int, want_pointers: bool, most: Optional[int]) -> Walk:
    size = os.fstat(descriptor).st_size
    offsets: List[np.ndarray] = []
    headers: List[np.ndarray] = []
    pointers: List[np.ndarray] = []
    damage = None
    here, met = start, 0
    longest = BLOCK
    while here + HEADER.itemsize <= size:
        block = read_at(descriptor, min(longest, size - here), here)
        if len(block) < HEADER.itemsize:  # it shrank while being read
            break
        at, look, taken = 0, 64, 0
        while at + HEADER.itemsize <= len(block):
            extent = int.from_bytes(block[at + 20 : at + 24], "little")
            length = 12 + extent
            if length < HEADER.itemsize or (block[at + 11] & 15) > L1_ACCEPT:
                damage = f"has a corrupt datagram header at byte {here + at}"
                break
            if at + length > len(block):
                break
            count = min((len(block) - at) // length, look)
            if count > 1:
                same = np.ndarray(count, "<u4", block, at + 20, (length,)) == extent
                count = count if same.all() else int(same.argmin())
                look = min(look * 4, 1 << 20) if count == look else 64
            run = np.ndarray(count, HEADER, block, at, (length,)).copy()
            if count > 1 and (service(run) > L1_ACCEPT).any():
                count = int((service(run) > L1_ACCEPT).argmax())
                run = run[:count]
            offsets.append(here + at + length * np.arange(count, dtype=np.int64))
            headers.append(run)
            if want_pointers:
                pointers.append(_pointers(block, at, length, run))
            at += length * count
            taken += count
            met += int(is_event(service(run)).sum()) if most is not None else 0
        here += at
        if damage is not None or (most is not None and met >= most):
            break
        if at == 0:  # the datagram is longer than the block: take its header, jump over its payload
            if here + length > size:
                damage = f"has a corrupt datagram header at byte {here}" if length > LARGEST and here else None
                break
            run = np.frombuffer(block, HEADER, 1).copy()
            offsets.append(np.array([here], np.int64))
            headers.append(run)
            if want_pointers:
                pointers.append(np.zeros(1, POINTER))
            here += length
        # long datagrams mostly come in rows: read no more of them than the headers
        longest = BLOCK if 0 < at <= SHORT * taken else SHORT
    return Walk(
        path,
        np.concatenate(offsets) if offsets else np.empty(0, np.int64),
        _joined(headers, HEADER),
        here,
        max(size - here, 0),
        damage,
        _joined(pointers, POINTER) if want_pointers else None,
    )


def _joined(parts: List[np.ndarray], kind: np.dtype) -> np.ndarray:
    """One after the other; as bytes, because numpy compares the fields of what it puts together."""
    if not parts:
        return np.empty(0, kind)
    return np.concatenate([part.view(np.uint8) for part in parts]).view(kind)


def _pointers(block: bytes, at: int, length: int, run: np.ndarray) -> np.ndarray:
    result = np.zeros(len(run), POINTER)
    if length == SMD_EVENT:
        events = is_event(service(run))
        for name, place in (("src", 24), ("offset", 60), ("size", 68)):
            kind = POINTER[name]
            result[name] = np.where(events, np.ndarray(len(run), kind, block, at + place, (length,)), 0)
    return result

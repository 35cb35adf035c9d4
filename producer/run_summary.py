"""One run in a line: when, how many events, whole or not, from its smd files' headers and the sizes of the others."""

import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Dict, List, Optional, Sequence, Tuple

import numpy as np

from producer import dgram
from producer.dgram import Damaged
from producer.run_chunks import chunks
from producer.run_folder import RunFiles, Stream
from producer.xtc_tree import configuration

# Files under their final names without an EndRun that were written this recently (seconds) are still being recorded.
JUST_WRITTEN = 60.0
# A stream under recording names that lacks a file is only just beginning when the run was written to this recently.
FRESH = 10.0
# A run under recording names that nobody has written to for this long (seconds) is told to be so.
LONG_SILENT = 600.0


@dataclass(frozen=True)
class RunSummary:
    """begin, end: unix ns of BeginRun and EndRun, None when absent; last: of the last event;
    events: distinct timestamps over all streams; stream_events: per stream, in the order of RunFiles.streams;
    chunks: files of data; format: "xtc2", or "xtc" for a run of LCLS-I, of which names and sizes are all that is known.

    state "recording": a file still has its ``.inprogress`` name, or EndRun is missing and a file was written within
    the last minute; "damaged": psana would lose data or stop, or the run has no EndRun; else "complete".  `problem`
    says what is wrong, in words that name the file; a run that is being recorded has one when nobody writes to it.
    """

    run: int
    begin: Optional[int]
    end: Optional[int]
    events: int
    steps: int
    scan: bool
    streams: int
    bytes: int
    state: str
    problem: Optional[str]
    stream_events: Tuple[int, ...]
    last: Optional[int] = None
    chunks: int = 0
    format: str = "xtc2"

    @property
    def seconds(self) -> Optional[float]:
        """From BeginRun to EndRun, or to the last event of a run without; None where the data do not tell."""
        stop = self.end or self.last
        return None if self.begin is None or stop is None else (stop - self.begin) / 1e9

    @property
    def rate(self) -> Optional[float]:
        """Events per second."""
        return self.events / self.seconds if self.seconds and self.events else None


@dataclass(frozen=True)
class StreamScan:
    """What one smd file says up to byte `end`; a later scan continues from there.

    times (n,) uint64: the timestamps of its events; transitions: {service: their timestamps};
    enables: offsets of the Enables that carry something; last_event: offset of the last event's record, -1 for none;
    problem: what is wrong with the file, as the rest of a sentence that begins with its name.
    """

    times: np.ndarray
    transitions: Dict[int, np.ndarray]
    enables: Tuple[int, ...] = ()
    last_event: int = -1
    end: int = 0
    tail: int = 0
    problem: Optional[str] = None


def scan_stream(stream: Stream, before: Optional[StreamScan] = None) -> StreamScan:
    """Read the smd file of a stream, from where `before` ended; what is wrong is in `.problem`, never raised."""
    nothing = StreamScan(np.empty(0, np.uint64), {})
    if stream.smd is None:
        return nothing
    before = before or nothing
    try:
        found = dgram.walk(stream.smd, before.end)
    except Damaged as damaged:
        return StreamScan(before.times, before.transitions, problem=damaged.reason)
    services, stamps, events = found.services, found.timestamps, found.events
    problem = found.damage
    if before.end == 0 and problem is None:
        if len(services) == 0:
            # of a file that is being written the first datagram may not be whole yet
            problem = None if stream.recording else _no_datagram(stream.smd, found.tail)
        elif services[0] != dgram.CONFIGURE:
            problem = "does not begin with a Configure: it is no smd file"
    transitions = dict(before.transitions)
    for kind in np.unique(services[~events]).tolist():
        transitions[kind] = np.concatenate([transitions.get(kind, nothing.times), stamps[services == kind]])
    enables = np.flatnonzero((services == dgram.ENABLE) & (found.headers["extent"] > 12))
    return StreamScan(
        np.concatenate([before.times, stamps[events]]) if events.any() else before.times,
        transitions,
        before.enables + tuple(found.offsets[enables].tolist()),
        int(found.offsets[events][-1]) if events.any() else before.last_event,
        found.end,
        found.tail,
        problem,
    )


def _no_datagram(path: Path, size: int) -> str:
    """What is wrong with an smd file without one whole datagram."""
    if not size:
        return "is empty"
    descriptor = dgram.open_regular(path)
    try:
        head = dgram.read_at(descriptor, dgram.HEADER.itemsize, 0)
    finally:
        os.close(descriptor)
    if len(head) == dgram.HEADER.itemsize and head[11] & 15 != dgram.CONFIGURE:
        return "does not begin with a Configure: it is no smd file"
    return "is truncated within its first datagram"


def scan_run(files: RunFiles) -> Tuple[StreamScan, ...]:
    return tuple(scan_stream(stream) for stream in files.streams)


def distinct(times: Sequence[np.ndarray]) -> np.ndarray:
    """The different timestamps of all streams, ascending, uint64; quick when streams have the same ones."""
    result = np.empty(0, np.uint64)
    for stamps in sorted(times, key=len, reverse=True):
        if len(stamps) and not np.array_equal(stamps, result):
            # sorted, because numpy's own unique hashes, which takes ten times as long on timestamps
            both = np.sort(np.concatenate([result, stamps]), kind="stable")
            result = both[np.concatenate([[True], both[1:] != both[:-1]])]
    return result


def among(stamps: np.ndarray, ascending: np.ndarray) -> np.ndarray:
    """bool, as long as `stamps`: which of them are in `ascending`."""
    if not len(ascending):
        return np.zeros(len(stamps), bool)
    place = np.searchsorted(ascending, stamps)
    place[place == len(ascending)] = 0
    return ascending[place] == stamps


def event_timestamps(files: RunFiles) -> np.ndarray:
    """The timestamps of a run's events, distinct and ascending (n,) uint64, over all its smd files.

    This is the count that does not depend on psana.  Raises Damaged when an smd file is missing or cannot be read to
    its last whole datagram.
    """
    scans = scan_run(files)
    for stream, scan in zip(files.streams, scans):
        if stream.smd is None:
            raise Damaged(files.smd_name(stream.number), 0, "is missing")
        if scan.problem:
            raise Damaged(stream.smd, scan.end, scan.problem)
    return distinct([scan.times for scan in scans])


def summarize(files: RunFiles, scans: Optional[Sequence[StreamScan]] = None) -> RunSummary:
    """`scans`: one per stream, when they were read before."""
    scans = scan_run(files) if scans is None else scans
    begins, ends, steps = (_stamps(scans, s) for s in (dgram.BEGIN_RUN, dgram.END_RUN, dgram.BEGIN_STEP))
    times = distinct([scan.times for scan in scans])
    no_end = not all(dgram.END_RUN in scan.transitions for scan in scans)
    recording = files.recording or (no_end and files.written_within(JUST_WRITTEN))
    problem = next(iter(_problems(files, scans, recording)), None)
    if problem is not None:
        state = "damaged"
    elif recording:
        state = "recording"
        if not files.written_within(LONG_SILENT):
            problem = f"not written to for {_ago(time.time() - files.modified)}: the recording may have died"
    elif no_end:
        state = "damaged"
        without = [
            s.smd.name for s, scan in zip(files.streams, scans) if s.smd and dgram.END_RUN not in scan.transitions
        ]
        problem = (
            f"{without[0]} has no EndRun: the recording did not end properly; the events that are there can be read"
        )
    else:
        state = "complete"
    return RunSummary(
        files.run,
        dgram.unix_ns(min(begins)) if begins else None,
        dgram.unix_ns(max(ends)) if ends else None,
        len(times),
        len(steps),
        len(steps) > 1,
        len(files.streams),
        files.bytes,
        state,
        problem,
        tuple(len(scan.times) for scan in scans),
        dgram.unix_ns(times[-1]) if len(times) else None,
        sum(len(stream.bigdata) for stream in files.streams),
    )


def _stamps(scans: Sequence[StreamScan], service: int) -> List[int]:
    return distinct([scan.transitions[service] for scan in scans if service in scan.transitions]).tolist()


def _problems(files: RunFiles, scans: Sequence[StreamScan], recording: bool) -> List[str]:
    """What is wrong with a run as far as headers of the smd and the sizes of the files of data tell, worst first."""
    found = []
    fresh = files.written_within(FRESH)
    for stream, scan in zip(files.streams, scans):
        if stream.recording and fresh and not (stream.smd and stream.bigdata):
            continue  # its files are being made, one after the other
        if stream.smd is None:
            found.append(f"stream {stream.number} has no smd file: {files.smd_name(stream.number).name} is missing")
        elif not stream.bigdata:
            found.append(f"stream {stream.number} has no data: {files.data_name(stream.number).name} is missing")
        if stream.doubles:
            found.append(f"stream {stream.number} is there twice: {stream.doubles[0].name} is one too many")
        for path in stream.bigdata:
            entry = files.entry(path)
            if entry is not None and (entry.wrong or not (entry.size or recording)):
                found.append(f"{path.name} {entry.wrong or 'is empty'}")
        if scan.problem and stream.smd is not None:
            found.append(f"{stream.smd.name} {scan.problem}")
        elif scan.tail and not recording and stream.smd is not None:
            found.append(f"{stream.smd.name} is truncated: its last {scan.tail} bytes are not a whole datagram")
        elif stream.smd is not None and not recording and dgram.BEGIN_RUN not in scan.transitions:
            found.append(f"{stream.smd.name} has no BeginRun: psana finds no run in it")
    if not found and not recording:
        found = [short for stream, scan in zip(files.streams, scans) for short in _short(files, stream, scan)]
    if not found:
        slow = [len(scan.transitions.get(dgram.SLOW_UPDATE, ())) for scan in scans]
        if not recording and min(slow, default=0) != max(slow, default=0):
            smd = files.streams[slow.index(min(slow))].smd
            found.append(f"{smd.name if smd else ''} has {min(slow)} SlowUpdates where another stream has {max(slow)}")
    return found


def _short(files: RunFiles, stream: Stream, scan: StreamScan) -> List[str]:
    """Whether the last event that the smd knows is in the file of data."""
    if scan.last_event < 0 or stream.smd is None:
        return []
    try:
        record = dgram.read_dgram(stream.smd, scan.last_event)
        if len(record) != dgram.SMD_EVENT:
            return []
        place, size = (int(n) for n in record[-16:].view("<u8"))
        path = stream.bigdata[0]
        if scan.enables:
            configured = configuration(stream.smd, dgram.read_dgram(stream.smd))
            path = [c.path for c in chunks(stream, configured, scan.enables) if c.begin <= scan.last_event][-1]
        entry = files.entry(path)
        if entry is not None:
            there = entry.size
        else:
            there = path.stat().st_size
    except Damaged as damaged:
        return [str(damaged)]
    except OSError as error:
        wrong = "is missing" if isinstance(error, FileNotFoundError) else dgram.UNREADABLE
        return [f"{path.name} {wrong}: {error.strerror}"]
    if place + size > there:
        return [f"{path.name} is truncated: {there} bytes, and its last event ends at byte {place + size}"]
    return []


def _ago(seconds: float) -> str:
    for unit, length in (("days", 86400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return f"{seconds:.0f} seconds"

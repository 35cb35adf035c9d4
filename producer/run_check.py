"""Everything about the files of a run that would make psana lose events, stop or die, found before it opens them.

Every record of every smd file is followed into the file of data and must meet the header of the same event there, whose
content can be taken apart; so must what transitions carry, which psana takes from the smd.  Values are not looked at.
"""

import os
from typing import Callable, List, Optional, Sequence, Tuple

import numpy as np

from producer import dgram
from producer.dgram import HEADER, Damaged, Walk
from producer.event_structure import look_into
from producer.problem import Problem
from producer.run_chunks import Chunk, chunks
from producer.run_folder import RunFiles, Stream
from producer.run_summary import among, distinct
from producer.xtc_tree import Configuration, configuration

UNMATCHED = "shares no event with any other stream: its times do not match theirs"
MATCHED = (dgram.BEGIN_RUN, dgram.BEGIN_STEP, dgram.END_STEP, dgram.ENABLE, dgram.DISABLE, dgram.SLOW_UPDATE)


def check_files(files: RunFiles, alive: Callable[[], None] = lambda: None) -> List[Problem]:
    """All that is wrong, with the file in `.file`; [] for a run that psana reads to its last event.

    Errors: a missing, double, truncated, empty or irregular file, a record that does not point at its event,
    transitions that are not the same in every stream, more than one run in a file.  Warnings: no EndRun, streams that
    share no event, a gap in the numbers of the streams.  What a run being recorded cannot have yet is no problem.
    `alive` is called all the while.
    """
    problems: List[Problem] = []
    walks: List[Tuple[Stream, Walk]] = []
    for stream in files.streams:
        alive()
        found = _names_and_kinds(files, stream)
        problems += found
        if stream.smd is None or any(p.file == str(stream.smd) for p in found):
            continue
        try:
            walked = dgram.walk(stream.smd, pointers=True)
        except Damaged as damaged:
            problems.append(_error(damaged.path, damaged.reason))
            continue
        problems += _check_stream(files, stream, walked, alive, data_is_there=not found)
        walks.append((stream, walked))
    problems += _compare(files, walks)
    numbers = [stream.number for stream in files.streams]
    for gap in sorted(set(range(max(numbers, default=0))) - set(numbers)):
        words = f"is not there, though stream {max(numbers)} is: it was not recorded, or is lost"
        problems.append(_error(files.data_name(gap), words, "warning"))
    return problems


def _error(path: object, words: str, severity: str = "error") -> Problem:
    return Problem(severity, f"{os.path.basename(str(path))} {words}", file=str(path))


def _names_and_kinds(files: RunFiles, stream: Stream) -> List[Problem]:
    problems = []
    if stream.smd is None:
        path = files.smd_name(stream.number)
        problems.append(_error(path, f"is missing: psana would leave out stream {stream.number} without a word"))
    if not stream.bigdata:
        path = files.data_name(stream.number)
        problems.append(_error(path, f"is missing: stream {stream.number} has an smd file but no data"))
    for path in stream.doubles:
        problems.append(_error(path, f"is a second file of stream {stream.number}: psana refuses two"))
    for path in (*([stream.smd] if stream.smd else []), *stream.bigdata):
        entry = files.entry(path)
        if entry is not None and (entry.wrong or (entry.size == 0 and not stream.recording)):
            problems.append(_error(path, entry.wrong or "is empty"))
    return problems


def _check_stream(
    files: RunFiles, stream: Stream, walked: Walk, alive: Callable[[], None], data_is_there: bool
) -> List[Problem]:
    smd = walked.path
    if walked.damage is not None:
        return [_error(smd, walked.damage)]
    if len(walked.headers) == 0 or walked.services[0] != dgram.CONFIGURE:
        if stream.recording and not len(walked.headers):
            return []
        words = (
            "is truncated within its first datagram" if not len(walked.headers) else "does not begin with a Configure"
        )
        return [_error(smd, f"{words}: psana cannot open it")]
    problems = []
    if walked.tail and not stream.recording:
        problems.append(_error(smd, f"is truncated: its last {walked.tail} bytes are not a whole datagram"))
    services = walked.services
    runs = int((services == dgram.BEGIN_RUN).sum())
    if runs == 0 and not stream.recording:
        problems.append(_error(smd, "has no BeginRun: psana finds no run in it"))
    elif runs > 1:
        problems.append(_error(smd, f"holds {runs} runs: psana reads only the first"))
    elif (services == dgram.CONFIGURE).sum() > 1:
        problems.append(_error(smd, "holds more than one Configure: psana uses the first", "warning"))
    if dgram.END_RUN not in services and not stream.recording:
        problems.append(_error(smd, "has no EndRun: the recording did not end properly", "warning"))
    events = np.flatnonzero(walked.events)
    ordered = np.flatnonzero(services != dgram.CONFIGURE)
    stamps = walked.timestamps[ordered]
    back = np.flatnonzero(stamps[1:] <= stamps[:-1])
    if len(back):
        at = int(walked.offsets[ordered[back[0] + 1]])
        problems.append(_error(smd, f"goes back in time at byte {at}: psana splits such events"))
    try:
        configured = configuration(smd, dgram.read_dgram(smd))
        problems += _look_into_transitions(walked, configured, alive)
        if not data_is_there:
            return problems
        problems += _compare_configures(stream, configured)
        payload = np.flatnonzero((services == dgram.ENABLE) & (walked.headers["extent"] > 12))
        parts = chunks(stream, configured, walked.offsets[payload].tolist())
    except Damaged as damaged:
        return [*problems, _error(damaged.path, damaged.reason)]
    odd = events[walked.headers["extent"][events] + 12 != dgram.SMD_EVENT]
    if len(odd):
        at = int(walked.offsets[odd[0]])
        problems.append(
            _error(smd, f"has an event record of unusual length at byte {at}: it was not checked", "warning")
        )
    key = next((n.key for n in configured.names if n.detname == "smdinfo"), None)
    if key is None:
        return [*problems, _error(smd, "does not declare smdinfo: it is no smd file")]
    events = events[walked.headers["extent"][events] + 12 == dgram.SMD_EVENT]
    return problems + _follow(stream, walked, events, configured, key, parts, alive)


def _look_into_transitions(walked: Walk, configured: Configuration, alive: Callable[[], None]) -> List[Problem]:
    """What SlowUpdates, BeginSteps and so on carry in the smd."""
    which = np.flatnonzero(~walked.events & (walked.services != dgram.CONFIGURE))
    descriptor = dgram.open_regular(walked.path)
    try:
        length = walked.headers["extent"][which].astype(np.int64) + 12
        _, corrupt = look_into(descriptor, walked.offsets[which], length, configured.by_key, alive)
    except OSError as error:
        return [_error(walked.path, f"{dgram.UNREADABLE}: {error.strerror}")]
    finally:
        os.close(descriptor)
    if not corrupt.any():
        return []
    first = which[corrupt][0]
    name, at = dgram.SERVICES[walked.services[first]], int(walked.offsets[first])
    words = f"has corrupt data in the {name} at byte {at}: psana would abort (transitions: {int(corrupt.sum())})"
    return [_error(walked.path, words)]


def _compare_configures(stream: Stream, configured: Configuration) -> List[Problem]:
    """The smd repeats the Configure of the data, with smdinfo added."""
    path = stream.bigdata[0]
    declared = configuration(path, dgram.read_dgram(path))
    if declared.names != tuple(names for names in configured.names if names.detname != "smdinfo"):
        return [_error(path, f"and {configured.path.name} do not declare the same detectors: one of them is corrupt")]
    return []


def _follow(
    stream: Stream,
    walked: Walk,
    events: np.ndarray,
    configured: Configuration,
    key: int,
    parts: Sequence[Chunk],
    alive: Callable[[], None],
) -> List[Problem]:
    assert walked.pointers is not None
    pointers = walked.pointers[events]
    strange = np.flatnonzero((pointers["src"] & 0xFFFFFFF) != key)
    if len(strange):
        at = int(walked.offsets[events[strange[0]]])
        return [_error(walked.path, f"has a corrupt event record at byte {at}: psana would abort")]
    problems = []
    places = walked.offsets[events]
    stamps = walked.timestamps[events]
    ends = [part.begin for part in parts[1:]] + [walked.end]
    for part, end in zip(parts, ends):
        inside = (places >= part.begin) & (places < end)
        problems += _follow_into(
            stream, part, walked, configured, pointers[inside], stamps[inside], places[inside], alive, part is parts[-1]
        )
    return problems


def _follow_into(
    stream: Stream,
    part: Chunk,
    walked: Walk,
    configured: Configuration,
    pointers: np.ndarray,
    stamps: np.ndarray,
    places: np.ndarray,
    alive: Callable[[], None],
    last: bool,
) -> List[Problem]:
    try:
        descriptor = dgram.open_regular(part.path)
    except Damaged as damaged:
        return [_error(part.path, damaged.reason)]
    try:
        size = os.fstat(descriptor).st_size
        begin, length = pointers["offset"], pointers["size"]
        room = np.uint64(size)
        fits = (begin < room) & (length <= room) & (length >= np.uint64(HEADER.itemsize))
        fits[fits] = begin[fits] + length[fits] <= room
        header, corrupt = look_into(descriptor, begin[fits], length[fits], configured.by_key, alive)
    except OSError as error:
        return [_error(part.path, f"{dgram.UNREADABLE}: {error.strerror}")]
    finally:
        os.close(descriptor)
    problems = []
    right = (dgram.timestamp(header) == stamps[fits]) & (header["extent"] + np.uint64(12) == length[fits])
    wrong = np.flatnonzero(fits)[~right]
    if len(wrong):
        i = wrong[0]
        problems.append(
            _error(
                part.path,
                f"is corrupt at byte {int(begin[i])}, or {walked.path.name} is at byte {int(places[i])}: "
                f"the event that should be there is not ({_count(len(wrong), len(stamps))} wrong)",
            )
        )
    bad = right & corrupt
    if bad.any():
        i = np.flatnonzero(fits)[bad][0]
        problems.append(
            _error(
                part.path,
                f"has corrupt data in the event at byte {int(begin[i])}: psana would abort (events: {int(bad.sum())})",
            )
        )
    outside = np.flatnonzero(~fits)
    if len(outside) and not stream.recording:
        i = outside[0]
        need = int(begin[i]) + int(length[i])
        tail = len(outside) == len(stamps) - outside[0] and need < size + (1 << 40)
        words = "is truncated" if tail else f"or {walked.path.name} is corrupt"
        problems.append(
            _error(
                part.path,
                f"{words}: it has {size} bytes, and {_count(len(outside), len(stamps))} "
                f"point{'s' * (len(outside) == 1)} beyond, the first to byte {need}",
            )
        )
    if last and not stream.recording and fits.all() and right.all():
        problems += _not_indexed(part, walked, int(begin[-1] + length[-1]) if len(begin) else 0, stamps)
    return problems


def _count(some: int, all_: int) -> str:
    return f"{some} of {all_} events"


def _not_indexed(part: Chunk, walked: Walk, end: int, stamps: np.ndarray) -> List[Problem]:
    """Events in the data behind the last one that the smd knows."""
    rest = dgram.walk(part.path, end)
    if rest.damage is not None:
        return [_error(part.path, rest.damage)]
    more = int((rest.events & ~among(rest.timestamps, distinct([stamps]))).sum())
    if more:
        return [_error(walked.path, f"is truncated: {part.path.name} holds {more} more events than it knows of")]
    if rest.tail:
        return [_error(part.path, f"is truncated: its last {rest.tail} bytes are not a whole datagram")]
    return []


def _compare(files: RunFiles, walks: Sequence[Tuple[Stream, Walk]]) -> List[Problem]:
    """psana needs each transition in every stream, and stops where the first stream stops."""
    whole = [(stream, w) for stream, w in walks if w.damage is None and len(w.headers)]
    problems: List[Problem] = []
    if len(whole) < 2:
        return problems
    lasts = [int(w.timestamps.max()) for _, w in whole]
    times = [w.timestamps[w.events] for _, w in whole]
    for (stream, w), last, own in zip(whole, lasts, times):
        early: Optional[str] = None
        for kind in MATCHED:
            all_ = distinct([v.timestamps[v.services == kind] for _, v in whole])
            missing = all_[~among(all_, distinct([w.timestamps[w.services == kind]]))]
            if kind == dgram.BEGIN_RUN and kind not in w.services:
                continue  # told already
            inside = missing[missing < np.uint64(last)]
            name = dgram.SERVICES[kind]
            if len(inside):
                problems.append(
                    _error(
                        w.path,
                        f"lacks {len(inside)} of the {name}s that other streams have: psana drops the events around",
                    )
                )
            elif len(missing) and not stream.recording:
                early = early or name
        if early is not None:
            lost = int((distinct(times) > np.uint64(last)).sum())
            problems.append(
                _error(w.path, f"ends before the other streams: psana stops there and loses {lost} events of the run")
            )
        others = [other for other in times if other is not own]
        if len(own) and any(len(o) for o in others) and not among(own, distinct(others)).any():
            problems.append(_error(w.path, UNMATCHED, "warning"))
    return problems

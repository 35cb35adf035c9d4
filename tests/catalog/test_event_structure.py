"""What events hold is taken apart for many together; the parser of single datagrams is the oracle."""

import os

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from producer import dgram
from producer.event_structure import look_into
from producer.run_files import find_run
from producer.xtc_tree import SHAPES_DATA, Corrupt, configuration, contents, leaves


def events_of(stream):
    """(bytes of each event, its keys) of a stream that may hold many detectors."""
    walked = dgram.walk(stream.smd, pointers=True)
    pointers = walked.pointers[walked.events]
    events = [dgram.read_dgram(stream.bigdata[0], int(place)) for place in pointers["offset"]]
    return events, configuration(stream.smd, dgram.read_dgram(stream.smd)).by_key


@pytest.fixture(scope="module")
def streams(written):
    """Small events of several detectors, events of two long panels, events with parts marked as damaged."""
    found = {stream.number: stream for stream in find_run(written[14].directory, 14).streams}
    return [events_of(found[number]) for number in (1, 4, 2)]


def looked(tmp_path, events, by_key):
    path = tmp_path / "events"
    path.write_bytes(b"".join(one.tobytes() for one in events))
    length = np.array([len(one) for one in events])
    descriptor = os.open(path, os.O_RDONLY)
    try:
        return look_into(descriptor, np.cumsum(length) - length, length, by_key)
    finally:
        os.close(descriptor)


def test_events_as_they_were_written_are_fine(streams, tmp_path):
    for events, by_key in streams:
        headers, corrupt = looked(tmp_path, events, by_key)
        assert dgram.timestamp(headers).tolist() == [int(dgram.timestamp(e[:24].view(dgram.HEADER))[0]) for e in events]
        assert not corrupt.any()


def refused(event, by_key):
    """Whether the parser cannot take it apart, or psana would meet what nobody declared."""
    try:
        list(contents(event, by_key))
        return any(kind == SHAPES_DATA and key not in by_key for kind, key, _, _ in leaves(event))
    except Corrupt:
        return True


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_what_the_parser_refuses_is_told_and_nothing_else(streams, tmp_path, data):
    events, by_key = streams[data.draw(st.integers(0, 2))]
    events = [one.copy() for one in events[:6]]
    which = data.draw(st.integers(0, len(events) - 1))
    # structure is dense at the beginning; a byte of a pixel changes nothing
    place = data.draw(st.integers(24, min(len(events[which]), 400) - 1))
    width = data.draw(st.sampled_from([1, 4]))
    events[which][place : place + width] = data.draw(st.integers(0, 255))
    _, corrupt = looked(tmp_path, events, by_key)
    assert not corrupt[[i for i in range(len(events)) if i != which]].any()
    if corrupt[which] != refused(events[which], by_key):
        # a kind of Xtc that there is not, and data marked as corrupt, the parser passes over
        kinds, damages = kinds_of(events[which])
        assert kinds > 4 if corrupt[which] else damages


def kinds_of(event):
    """(the highest kind of Xtc anywhere, whether any is marked as corrupted, or all), side by side and inside."""
    highest, marked, rows = 0, bool(event[16] & 8), [(24, len(event))]
    while rows:
        at, end = rows.pop()
        while at + 12 <= end:
            damage, kind, extent = (
                int.from_bytes(event[at + a : at + b].tobytes(), "little") for a, b in ((4, 6), (6, 8), (8, 12))
            )
            highest, marked = max(highest, kind & 0xFFF), marked or bool(damage & 8)
            if extent < 12 or at + extent > end:
                break
            if kind & 0xFFF in (0, 1):
                rows.append((at + 12, at + extent))
            at += extent
    return highest, marked


def test_sizes_that_cannot_be(streams, tmp_path):
    """As psana.md's table has it: the shape of an array, far too large in one, a bit in another."""
    events, by_key = streams[1]
    shapes = 24 + 12 + 12  # of the first detector, behind Dgram, ShapesData and Shapes
    for shape in ([100_000, 100_000, 100_000], [4_000_000, 64, 1], [0xFFFFFFFF] * 3):
        wrong = [one.copy() for one in events]
        wrong[3][shapes : shapes + 12] = np.array(shape, "<u4").view(np.uint8)
        assert np.flatnonzero(looked(tmp_path, wrong, by_key)[1]).tolist() == [3]

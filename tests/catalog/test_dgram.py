import os

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from producer import dgram

SERVICES = st.integers(0, 12)
DATAGRAMS = st.lists(st.tuples(SERVICES, st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1), st.integers(0, 300)))


def authored(datagrams):
    """The bytes of (service, seconds, nanoseconds, payload length) datagrams."""
    parts = []
    for service, seconds, nanoseconds, length in datagrams:
        header = np.array([(nanoseconds, seconds, service << 24, 0, 0, 0, 12 + length)], dgram.HEADER)
        parts.append(header.tobytes() + bytes(length))
    return b"".join(parts)


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return tmp_path_factory.mktemp("dgram") / "a.xtc2"


@given(DATAGRAMS)
def test_walk_finds_what_was_written(path, datagrams):
    data = authored(datagrams)
    path.write_bytes(data)
    walk = dgram.walk(path)
    assert walk.services.tolist() == [d[0] for d in datagrams]
    assert walk.timestamps.tolist() == [d[1] << 32 | d[2] for d in datagrams]
    lengths = [24 + d[3] for d in datagrams]
    assert walk.offsets.tolist() == [sum(lengths[:i]) for i in range(len(lengths))]
    assert (walk.end, walk.tail, walk.damage) == (len(data), 0, None)


@given(DATAGRAMS, st.data())
def test_a_growing_file_is_walked_in_parts(path, datagrams, data):
    whole = authored(datagrams)
    cut = data.draw(st.integers(0, len(whole)))
    path.write_bytes(whole[:cut])
    first = dgram.walk(path)
    assert first.end + first.tail == cut
    path.write_bytes(whole)
    second = dgram.walk(path, first.end)
    both = np.concatenate([first.timestamps, second.timestamps])
    assert both.tolist() == [d[1] << 32 | d[2] for d in datagrams]
    assert np.concatenate([first.offsets, second.offsets]).tolist() == dgram.walk(path).offsets.tolist()


@given(st.binary(max_size=4000))
def test_random_bytes_end_the_walk_in_words(path, data):
    path.write_bytes(data)
    walk = dgram.walk(path, pointers=True)
    assert walk.end + walk.tail == len(data)
    assert len(walk.offsets) == len(walk.headers) == len(walk.pointers)


def test_long_payloads_are_jumped_over(path):
    datagrams = [(12, 1, i, length) for i, length in enumerate([10, 600_000, 600_000, 40, 40, 5000, 300_000, 8, 9000])]
    path.write_bytes(authored(datagrams * 3))
    assert dgram.walk(path).headers["nanoseconds"].tolist() == list(range(9)) * 3


@pytest.mark.parametrize(("at", "value"), [(20, 0), (20, 4), (20, 11)])
def test_a_corrupt_header_is_named_with_its_place(path, at, value):
    data = bytearray(authored([(12, 1, 2, 52)] * 20))
    data[76 * 7 + at : 76 * 7 + at + 4] = value.to_bytes(4, "little")
    path.write_bytes(data)
    walk = dgram.walk(path)
    assert len(walk.headers) == 7
    assert walk.damage == f"has a corrupt datagram header at byte {76 * 7}"


def test_an_unknown_service_is_corrupt(path):
    data = bytearray(authored([(12, 1, 2, 52)] * 20))
    data[76 * 5 + 11] = 15
    path.write_bytes(data)
    walk = dgram.walk(path)
    assert (len(walk.headers), walk.damage) == (5, f"has a corrupt datagram header at byte {76 * 5}")


def test_pointers_of_event_records(path):
    records = bytearray()
    for i in range(50):
        record = bytearray(authored([(12 if i % 10 else 10, 1, i, 52)]))
        record[24:28] = (0x20000).to_bytes(4, "little")
        record[60:76] = np.array([1000 + i, 77], "<u8").tobytes()
        records += record
    path.write_bytes(records)
    pointers = dgram.walk(path, pointers=True).pointers
    expected = [(0x20000, 1000 + i, 77) if i % 10 else (0, 0, 0) for i in range(50)]
    assert pointers.tolist() == expected


def test_what_is_no_file_is_not_opened(tmp_path):
    os.mkfifo(tmp_path / "fifo.xtc2")
    (tmp_path / "folder.xtc2").mkdir()
    (tmp_path / "link.xtc2").symlink_to(tmp_path / "nothing")
    words = {
        "fifo.xtc2": "is a FIFO, not a file of data",
        "folder.xtc2": "is a folder, not a file of data",
        "link.xtc2": "is a link to nothing",
        "absent.xtc2": "is missing",
    }
    for name, reason in words.items():
        for read in (dgram.walk, dgram.read_dgram):
            with pytest.raises(dgram.Damaged) as caught:
                read(tmp_path / name)
            assert str(caught.value) == f"{tmp_path / name} {reason}"


def test_read_dgram_says_what_is_missing(path):
    path.write_bytes(b"")
    with pytest.raises(dgram.Damaged, match=r"a\.xtc2 is empty$"):
        dgram.read_dgram(path)
    path.write_bytes(authored([(2, 1, 2, 100)])[:90])
    with pytest.raises(dgram.Damaged, match="is truncated: the datagram at byte 0 has 90 of its 124 bytes"):
        dgram.read_dgram(path)
    path.write_bytes(authored([(2, 1, 2, 0)])[:20] + (5).to_bytes(4, "little"))
    with pytest.raises(dgram.Damaged, match="corrupt datagram header at byte 0: a length of 17 bytes"):
        dgram.read_dgram(path)


def test_time_counts_from_1990():
    assert dgram.unix_ns(0) == 631152000 * 10**9
    assert dgram.unix_ns((1_000_000 << 32) | 5) == (631152000 + 1_000_000) * 10**9 + 5

import os
import shutil

import damage
import numpy as np
import pytest
from real_data import SHARED

from producer import dgram
from producer.run_files import check_files, find_run, summarize

RUN = 12


def told(directory, run=RUN):
    """(severity, message) of every problem; each names an existing folder's file."""
    problems = check_files(find_run(directory, run))
    assert all(p.file and os.path.basename(p.file) in p.message for p in problems)
    return [(p.severity, p.message) for p in problems]


def errors(directory):
    return [message for severity, message in told(directory) if severity == "error"]


def age(directory):
    for file in [*directory.glob("*.xtc2*"), *directory.glob("smalldata/*.xtc2*")]:
        if file.is_file():
            os.utime(file, (1.7e9, 1.7e9))


def drop(path, unwanted):
    """Leave out the datagrams of which unwanted(how many of the service came before, service) is true."""
    data, kept, seen = path.read_bytes(), b"", {}
    for at, length, service in damage.datagrams(path):
        if not unwanted(seen.setdefault(service, 0), service):
            kept += data[at : at + length]
        seen[service] += 1
    assert 0 < len(kept) < len(data)
    path.write_bytes(kept)


def set_u4(path, at, *values):
    damage.patch(path, at, np.array(values, "<u4").tobytes())


def test_a_whole_run_has_no_problem(any_run):
    _, run, directory = any_run
    assert told(directory, run) == []
    summary = summarize(find_run(directory, run))
    assert (summary.state, summary.problem) == ("complete", None)


def test_a_recording_run_has_no_problem(recording):
    assert told(recording.directory, 16) == []


DATA, SMD = "s001-c000.xtc2", "s001-c000.smd.xtc2"
EXPECTED = {
    "truncate_bigdata": [f"{DATA} is truncated: it has"],
    "truncate_smd": [
        f"{SMD} is truncated: its last 38 bytes",
        "holds 16 more events",
        "psana stops there and loses 16 ev",
    ],
    "truncate_smd_between_events": ["holds 16 more events than it knows of", f"{SMD} ends before the other streams"],
    "remove_bigdata": [f"{DATA} is missing: stream 1 has an smd file but no data"],
    "remove_smd": [f"{SMD} is missing: psana would leave out stream 1"],
    "empty_bigdata": [f"{DATA} is empty"],
    "empty_smd": [f"{SMD} is empty"],
    "random_bytes": ["the event that should be there is not (1 of 32 events wrong)"],
    "random_payload": ["has corrupt data in the event at byte"],
    "random_configure": [f"{SMD} has a corrupt Configure"],
    "wrong_offset": [f"{DATA} is corrupt at byte 12345, or tmoc00126-r0012-{SMD} is at byte"],
    "fifo_bigdata": [f"{DATA} is a FIFO, not a file of data"],
    "fifo_smd": [f"{SMD} is a FIFO, not a file of data"],
    "directory_as_file": [f"{DATA} is a folder, not a file of data"],
    "dangling_link": [f"{DATA} is a link to nothing"],
    "text_files": [f"{SMD} is truncated within its first datagram"],
    "remove_smalldata": [f"{SMD} is missing"],
}


@pytest.mark.parametrize("name", EXPECTED)
def test_damage_is_named_with_its_file(copied, name):
    damage.DAMAGES[name](copied, RUN, 1)
    found = errors(copied)
    for words in EXPECTED[name]:
        assert any(words in message for message in found), found


# what the headers of the smd and the sizes of the files cannot tell
UNSEEN = {"random_bytes", "random_payload", "random_configure", "wrong_offset"}


@pytest.mark.parametrize("name", EXPECTED)
def test_the_summary_calls_a_run_damaged(copied, name):
    damage.DAMAGES[name](copied, RUN, 1)
    age(copied)
    summary = summarize(find_run(copied, RUN))
    assert (summary.state == "damaged") == (name not in UNSEEN)
    assert (summary.problem is None) == (name in UNSEEN)


def test_what_only_warns(copied):
    damage.remove_end_run(copied, RUN)
    found = told(copied)
    assert {severity for severity, _ in found} == {"warning"}
    assert all("has no EndRun: the recording did not end properly" in message for _, message in found)
    damage.remove_stream(copied, RUN, 2)
    assert (
        "warning",
        "tmoc00126-r0012-s002-c000.xtc2 is not there, though stream 6 is: it was not recorded, or is lost",
    ) in told(copied)


def record(directory, number):
    path = damage.smd(directory, RUN, 1)
    return path, *damage.event(path, number)


@pytest.mark.parametrize("extent", [0, 4])
def test_a_corrupt_record(copied, extent):
    path, at, _ = record(copied, 9)
    set_u4(path, at + 20, extent)
    assert f"{path.name} has a corrupt datagram header at byte {at}" in errors(copied)


def test_records_that_point_nowhere(copied):
    path, at, length = record(copied, 9)
    data = path.read_bytes()
    for offset, size, words in [
        (10**12, 100, "is corrupt: it has"),
        (0, 1 << 40, "is corrupt: it has"),
        (2**64 - 8, 100, "is corrupt: it has"),
        (0, 24, "the event that should be there is not (1 of 32 events wrong)"),
    ]:
        damage.patch(path, at + length - 16, np.array([offset, size], "<u8").tobytes())
        assert any(words in message for message in errors(copied)), (offset, size)
        path.write_bytes(data)
    set_u4(path, at + 24, 0x777)
    assert any(f"has a corrupt event record at byte {at}: psana would abort" in m for m in errors(copied))


@pytest.mark.parametrize(
    "at, value, service",
    [
        (24, 0x7777, dgram.SLOW_UPDATE),  # an Xtc that nobody declared: psana aborts
        (32, 1 << 20, dgram.SLOW_UPDATE),  # one that is longer than the datagram
        (32, 1 << 20, dgram.BEGIN_RUN),
        (32, 0, dgram.BEGIN_RUN),
    ],
)
def test_a_transition_that_cannot_be_taken_apart(copied, at, value, service):
    found = [
        (path, begin)
        for path in sorted(copied.glob("smalldata/*.xtc2"))
        for begin, length, kind in damage.datagrams(path)
        if kind == service and length > 24
    ]
    path, begin = found[-1]
    set_u4(path, begin + at, value)
    name = dgram.SERVICES[service]
    assert errors(copied) == [
        f"{path.name} has corrupt data in the {name} at byte {begin}: psana would abort (transitions: 1)"
    ]


def test_transitions_that_one_stream_lacks(copied):
    path = damage.smd(copied, RUN, 1)
    whole = path.read_bytes()
    drop(path, lambda before, service: service == dgram.SLOW_UPDATE and before == 1)
    assert errors(copied) == [
        f"{path.name} lacks 1 of the SlowUpdates that other streams have: psana drops the events around"
    ]
    age(copied)
    has = sum(service == dgram.SLOW_UPDATE for *_, service in damage.datagrams(path))
    problem = summarize(find_run(copied, RUN)).problem
    assert problem == f"{path.name} has {has} SlowUpdates where another stream has {has + 1}"
    path.write_bytes(whole)
    drop(path, lambda before, service: service == dgram.BEGIN_RUN)
    assert errors(copied) == [f"{path.name} has no BeginRun: psana finds no run in it"]


def test_time_that_goes_back(copied):
    path, at, _ = record(copied, 9)
    _, early, _ = record(copied, 3)
    damage.patch(path, at, path.read_bytes()[early : early + 8])
    assert any("goes back in time at byte" in message for message in errors(copied))


def test_streams_whose_times_do_not_match(copied):
    for path in (damage.smd(copied, RUN, 1), damage.bigdata(copied, RUN, 1)):
        for at, _, service in list(damage.datagrams(path)):
            if service == damage.L1_ACCEPT:
                nanoseconds = int.from_bytes(path.read_bytes()[at : at + 4], "little")
                set_u4(path, at, nanoseconds + 1)
    found = told(copied)
    assert all(severity == "warning" for severity, _ in found)
    assert any("s001-c000.smd.xtc2 shares no event with any other stream" in message for _, message in found)


def test_two_runs_in_one_file(copied):
    for path in copied.glob("smalldata/*.xtc2"):
        path.write_bytes(path.read_bytes() * 2)
    assert f"{damage.smd(copied, RUN, 1).name} holds 2 runs: psana reads only the first" in errors(copied)


def test_a_second_configure_does_no_harm(copied):
    for path in copied.glob("smalldata/*.xtc2"):
        data = path.read_bytes()
        _, length, _ = next(damage.datagrams(path))
        path.write_bytes(data[:length] + data)
    assert {severity for severity, _ in told(copied)} == {"warning"}


def test_a_file_that_is_there_twice(copied):
    path = damage.bigdata(copied, RUN, 1)
    shutil.copyfile(path, path.with_name(path.name + ".inprogress"))
    assert errors(copied) == [f"{path.name}.inprogress is a second file of stream 1: psana refuses two"]


def test_a_configure_that_is_not_the_smds(copied):
    path = damage.bigdata(copied, RUN, 1)
    name = path.read_bytes().index(b"gmd\0")
    damage.patch(path, name, b"xxd\0")
    assert any("do not declare the same detectors" in message for message in errors(copied))


@pytest.fixture
def chunking(tmp_path):
    if not (SHARED / "chunking").is_dir():
        pytest.skip("the real data are not on this machine (chunking)")
    shutil.copytree(SHARED / "chunking", tmp_path / "xtc")
    for path in [*tmp_path.rglob("*")]:
        path.chmod(0o755)
    return tmp_path / "xtc"


def test_later_chunks_are_followed_by_the_name_in_the_smd(chunking):
    later = chunking / "data-r0001-s000-c001.xtc2"
    os.truncate(later, 2000)
    assert [m for s, m in told(chunking, 14) if s == "error"] == [
        "data-r0001-s000-c001.xtc2 is truncated: it has 2000 bytes, "
        "and 3 of 5 events point beyond, the first to byte 2644"
    ]
    age(chunking)
    assert summarize(find_run(chunking, 14)).problem == (
        "data-r0001-s000-c001.xtc2 is truncated: 2000 bytes, and its last event ends at byte 4340"
    )
    later.unlink()
    assert [m for s, m in told(chunking, 14) if s == "error"] == ["data-r0001-s000-c001.xtc2 is missing"]
    assert "is missing" in summarize(find_run(chunking, 14)).problem

"""Every way to damage a run that psana was tried with, and what has to be said of each.

TABLE: name -> (what to do with the folder, the run and its stream 1; words of the reason).  A run may be named by
another number in the folder: only names of files tell which.
"""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import damage
import numpy as np
from damage import bigdata, datagrams, event, patch, smd

CONFIGURE, BEGIN_RUN, END_RUN, SLOW_UPDATE, L1_ACCEPT = 2, 4, 5, 10, 12
HALF = 5  # the event that is damaged, of 12


def smds(directory: Path, run: int) -> list[Path]:
    return sorted((directory / "smalldata").glob(f"*-r{run:04d}-*"))


def drop(path: Path, unwanted: Callable[[int, int], bool]) -> None:
    """Leave out the datagrams of which unwanted(service, how many of it came before) is true."""
    data, kept, seen = path.read_bytes(), b"", dict.fromkeys(range(16), 0)
    for at, length, service in datagrams(path):
        if not unwanted(service, seen[service]):
            kept += data[at : at + length]
        seen[service] += 1
    assert 0 < len(kept) < len(data)
    path.write_bytes(kept)


def cut(paths: list[Path], service: int) -> None:
    """Behind the first datagram of that service."""
    for path in paths:
        at, length = next((at, length) for at, length, found in datagrams(path) if found == service)
        os.truncate(path, at + length)


def extent(size: int) -> Callable[[Path, int], None]:
    """That length of a record in the smd file."""
    return lambda directory, run: patch(
        smd(directory, run), event(smd(directory, run), HALF)[0] + 20, size.to_bytes(4, "little")
    )


def pointer(offset: int | None = None, size: int | None = None) -> Callable[[Path, int], None]:
    """Where a record of the smd file says that its event is."""

    def change(directory: Path, run: int) -> None:
        at, length = event(smd(directory, run), HALF)
        for value, back in ((offset, 16), (size, 8)):
            if value is not None:
                patch(smd(directory, run), at + length - back, value.to_bytes(8, "little"))

    return change


def in_the_event(at: int, data: bytes | None) -> Callable[[Path, int], None]:
    """Other bytes in the file of data, from byte `at` of an event on; None: zeros to its end."""

    def change(directory: Path, run: int) -> None:
        path = bigdata(directory, run)
        place, length = event(path, HALF)
        patch(path, place + at, bytes(length - at) if data is None else data)

    return change


def shifted(paths: Callable[[Path, int], list[Path]]) -> Callable[[Path, int], None]:
    """All events a nanosecond later."""

    def change(directory: Path, run: int) -> None:
        for path in paths(directory, run):
            for at, _, service in list(datagrams(path)):
                if service == L1_ACCEPT:
                    time = int.from_bytes(path.read_bytes()[at : at + 4], "little")
                    patch(path, at, (time + 1).to_bytes(4, "little"))

    return change


def back_in_time(directory: Path, run: int) -> None:
    path = smd(directory, run)
    early, late = event(path, 1)[0], event(path, HALF)[0]
    patch(path, late, path.read_bytes()[early : early + 8])


def garbage(directory: Path, run: int) -> None:
    for path in (bigdata(directory, run), smd(directory, run)):
        path.write_bytes(np.random.default_rng(5).bytes(20_000))


def no_smalldata(directory: Path, run: int) -> None:
    for path in smds(directory, run):
        path.unlink()


def later_chunk_alone(directory: Path, run: int) -> None:
    """Nothing but a second chunk, which is no beginning of a stream."""
    path = bigdata(directory, run)
    path.rename(path.with_name(path.name.replace("-c000", "-c001")))


LONG = np.array([100_000, 100_000], "<u4").tobytes()
TABLE: dict[str, tuple[Callable[[Path, int], None], str]] = {
    "data truncated within an event": (damage.truncate_bigdata, "s001-c000.xtc2 is truncated"),
    "data truncated between events": (
        lambda d, r: os.truncate(bigdata(d, r), event(bigdata(d, r), HALF)[0]),
        "s001-c000.xtc2 is truncated",
    ),
    "data empty": (damage.empty_bigdata, "s001-c000.xtc2 is empty"),
    "smd points behind the end": (pointer(10**12), "points beyond, the first to byte 1000000"),
    "data missing": (damage.remove_bigdata, "stream 1 has no data"),
    "data a dangling link": (damage.dangling_link, "s001-c000.xtc2 is a link to nothing"),
    "data a folder": (damage.directory_as_file, "s001-c000.xtc2 is a folder"),
    "data a FIFO": (damage.fifo_bigdata, "s001-c000.xtc2 is a FIFO"),
    "smd missing": (damage.remove_smd, "stream 1 has no smd file"),
    "smd of stream 0 missing": (lambda d, r: damage.remove_smd(d, r, 0), "stream 0 has no smd file"),
    "all smd missing": (no_smalldata, "has no smd file"),
    "smd truncated within a record": (damage.truncate_smd, "s001-c000.smd.xtc2 is truncated"),
    "smd truncated between records": (damage.truncate_smd_between_events, "s001-c000.smd.xtc2 has"),
    "smd empty": (damage.empty_smd, "s001-c000.smd.xtc2 is empty"),
    "smd truncated in the Configure": (
        lambda d, r: os.truncate(smd(d, r), 500),
        "s001-c000.smd.xtc2 is truncated within its first datagram",
    ),
    "text in place of both": (damage.text_files, "it is no smd file"),
    "random bytes in place of both": (garbage, "it is no smd file"),
    "only the Configure": (lambda d, r: cut(smds(d, r), CONFIGURE), "has no BeginRun: psana finds no run in it"),
    "only Configure and BeginRun": (lambda d, r: cut(smds(d, r), BEGIN_RUN), "has no EndRun"),
    "EndRun missing": (damage.remove_end_run, "has no EndRun: the recording did not end properly"),
    "EndRun missing in one stream": (
        lambda d, r: drop(smd(d, r), lambda service, _: service == END_RUN),
        "s001-c000.smd.xtc2 has no EndRun",
    ),
    "BeginRun missing": (
        lambda d, r: [drop(path, lambda service, _: service == BEGIN_RUN) for path in smds(d, r)],
        "has no BeginRun",
    ),
    "BeginRun missing in one stream": (
        lambda d, r: drop(smd(d, r), lambda service, _: service == BEGIN_RUN),
        "s001-c000.smd.xtc2 has no BeginRun",
    ),
    "SlowUpdate missing in one stream": (
        lambda d, r: drop(smd(d, r), lambda service, before: service == SLOW_UPDATE and before == 1),
        "s001-c000.smd.xtc2 has 2 SlowUpdates where another stream has 3",
    ),
    "a timestamp out of order": (back_in_time, "s001-c000.smd.xtc2 goes back in time"),
    "the smd off by 1 ns": (shifted(lambda d, r: [smd(d, r)]), "the event that should be there is not"),
    "a stream off by 1 ns": (
        shifted(lambda d, r: [smd(d, r), bigdata(d, r)]),
        "shares no event with any other stream",
    ),
    "smd length 0": (extent(0), "s001-c000.smd.xtc2 has a corrupt datagram header at byte"),
    "smd length 4": (extent(4), "s001-c000.smd.xtc2 has a corrupt datagram header at byte"),
    "smd length huge": (extent(0x7FFFFFFF), "s001-c000.smd.xtc2 has a corrupt datagram header at byte"),
    "smd zeroed from a record on": (
        lambda d, r: patch(smd(d, r), event(smd(d, r), HALF)[0], bytes(300)),
        "s001-c000.smd.xtc2 has a corrupt datagram header at byte",
    ),
    "smd Configure corrupt": (damage.random_configure, "s001-c000.smd.xtc2 has a corrupt Configure"),
    "smd record of an unknown Names": (
        lambda d, r: patch(smd(d, r), event(smd(d, r), HALF)[0] + 24, (0x777).to_bytes(4, "little")),
        "s001-c000.smd.xtc2 has a corrupt event record at byte",
    ),
    "smd points into the middle": (pointer(123), "the event that should be there is not"),
    "smd size huge": (pointer(size=1 << 40), "points beyond"),
    "an event's header of data corrupt": (damage.random_payload, "s001-c000.xtc2 has corrupt data in the event at"),
    "the shape of an array corrupt": (in_the_event(48, LONG), "s001-c000.xtc2 has corrupt data in the event at"),
    "an event zeroed": (in_the_event(0, None), "s001-c000.xtc2 is corrupt at byte"),
    "an event random": (damage.random_bytes, "s001-c000.xtc2 is corrupt at byte"),
    "smd a FIFO": (damage.fifo_smd, "s001-c000.smd.xtc2 is a FIFO"),
    "a later chunk alone": (later_chunk_alone, "stream 1 has no data"),
}
# The reason that the list of a run's names has to give: where its smd files cannot be read, names are missing.
NAMES_SAY = {
    "smd missing": "is missing: psana leaves out stream 1",
    "smd of stream 0 missing": "is missing: psana leaves out stream 0",
    "all smd missing": "has no smd file",
    "smd empty": "s001-c000.smd.xtc2 is empty",
    "smd truncated in the Configure": "s001-c000.smd.xtc2 is truncated",
    "text in place of both": "s001-c000.smd.xtc2",
    "random bytes in place of both": "s001-c000.smd.xtc2",
    "smd Configure corrupt": "s001-c000.smd.xtc2 has a corrupt Configure",
    "smd a FIFO": "s001-c000.smd.xtc2 is a FIFO",
}
RUNS = {name: number for number, name in enumerate(TABLE, 1)}
WHOLE = len(TABLE) + 1  # nothing is wrong with that one


def write(base: Path, directory: Path) -> Path:
    """A folder with a small run for every kind of damage, long ago; the run as it was recorded goes to `base`."""
    from recorder import record

    record(base, 1, 12, 0.0)
    (directory / "smalldata").mkdir(parents=True)
    for run in range(1, WHOLE + 1):
        for file in [*base.glob("*.xtc2"), *base.glob("smalldata/*.xtc2")]:
            place = directory / file.relative_to(base)
            shutil.copyfile(file, place.with_name(place.name.replace("-r0001-", f"-r{run:04d}-")))
    for name, (change, _) in TABLE.items():
        change(directory, RUNS[name])
    for file in [*directory.glob("*.xtc2"), *directory.glob("smalldata/*.xtc2")]:
        if file.exists():
            os.utime(file, (1.7e9, 1.7e9))  # it was not written just now
    return directory

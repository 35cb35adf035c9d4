"""Ways to damage a copy of a run on disk, as it happens to real ones.

Each function takes the xtc folder, the run, and the stream to damage, and changes that folder: give it a copy. DAMAGES
lists them by name, for parametrised tests.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

END_RUN, L1_ACCEPT = 5, 12  # services of a datagram


def copy(source: Path, target: Path, run: int | None = None) -> Path:
    """A copy of an xtc folder (of one run), its bytes its own; returns `target`."""
    (target / "smalldata").mkdir(parents=True, exist_ok=True)
    mark = "" if run is None else f"-r{run:04d}-"
    for folder in (Path(), Path("smalldata")):
        for file in (source / folder).glob("*.xtc2*"):
            if mark in file.name:
                shutil.copyfile(file, target / folder / file.name)
    return target


def bigdata(directory: Path, run: int, stream: int = 1) -> Path:
    return _one(directory, f"*-r{run:04d}-s{stream:03d}-c000.xtc2*")


def smd(directory: Path, run: int, stream: int = 1) -> Path:
    return _one(directory / "smalldata", f"*-r{run:04d}-s{stream:03d}-c000.smd.xtc2*")


def _one(directory: Path, pattern: str) -> Path:
    found = sorted(directory.glob(pattern))
    assert len(found) == 1, f"{pattern} in {directory}: {found}"
    return found[0]


def datagrams(path: Path) -> Iterator[tuple[int, int, int]]:
    """(offset, length, service) of each datagram of a file."""
    data, at = path.read_bytes(), 0
    while at + 24 <= len(data):
        length = 12 + int.from_bytes(data[at + 20 : at + 24], "little")
        yield at, length, data[at + 11] & 15
        at += length


def event(path: Path, number: int) -> tuple[int, int]:
    """(offset, length) of the datagram of the event `number` of a stream; negative ones count from the end."""
    return [(at, length) for at, length, service in datagrams(path) if service == L1_ACCEPT][number]


def patch(path: Path, at: int, data: bytes) -> None:
    with path.open("r+b") as file:
        file.seek(at)
        file.write(data)


def truncate_bigdata(directory: Path, run: int, stream: int = 1) -> None:
    """In the middle of an event half way."""
    path = bigdata(directory, run, stream)
    at, length = event(path, sum(1 for *_, s in datagrams(path) if s == L1_ACCEPT) // 2)
    os.truncate(path, at + length // 2)


def truncate_smd(directory: Path, run: int, stream: int = 1) -> None:
    """In the middle of a record half way."""
    path = smd(directory, run, stream)
    at, length = event(path, sum(1 for *_, s in datagrams(path) if s == L1_ACCEPT) // 2)
    os.truncate(path, at + length // 2)


def truncate_smd_between_events(directory: Path, run: int, stream: int = 1) -> None:
    """All records of the last half are gone, and no byte shows it but the missing EndRun."""
    path = smd(directory, run, stream)
    os.truncate(path, event(path, sum(1 for *_, s in datagrams(path) if s == L1_ACCEPT) // 2)[0])


def remove_bigdata(directory: Path, run: int, stream: int = 1) -> None:
    bigdata(directory, run, stream).unlink()


def remove_smd(directory: Path, run: int, stream: int = 1) -> None:
    smd(directory, run, stream).unlink()


def remove_stream(directory: Path, run: int, stream: int = 1) -> None:
    """Both files: nothing on disk tells that there was one, but the gap in the numbers."""
    remove_bigdata(directory, run, stream)
    remove_smd(directory, run, stream)


def empty_bigdata(directory: Path, run: int, stream: int = 1) -> None:
    os.truncate(bigdata(directory, run, stream), 0)


def empty_smd(directory: Path, run: int, stream: int = 1) -> None:
    os.truncate(smd(directory, run, stream), 0)


def random_bytes(directory: Path, run: int, stream: int = 1) -> None:
    """Over one whole event half way, header included: psana gives None for its detectors, or aborts."""
    path = bigdata(directory, run, stream)
    at, length = event(path, sum(1 for *_, s in datagrams(path) if s == L1_ACCEPT) // 2)
    patch(path, at, np.random.default_rng(1).bytes(length))


def random_payload(directory: Path, run: int, stream: int = 1) -> None:
    """Behind the header of an event, so that only who unpacks it notices: psana aborts the process."""
    path = bigdata(directory, run, stream)
    at, _ = event(path, sum(1 for *_, s in datagrams(path) if s == L1_ACCEPT) // 2)
    patch(path, at + 24, np.random.default_rng(2).bytes(48))


def random_configure(directory: Path, run: int, stream: int = 1) -> None:
    """In the smd file's first datagram: psana aborts the process."""
    patch(smd(directory, run, stream), 24, np.random.default_rng(3).bytes(600))


def wrong_offset(directory: Path, run: int, stream: int = 1) -> None:
    """A record of the smd file points into the middle of the data: psana segfaults."""
    path = smd(directory, run, stream)
    at, length = event(path, 1)
    patch(path, at + length - 16, (12345).to_bytes(8, "little"))


def fifo_bigdata(directory: Path, run: int, stream: int = 1) -> None:
    """Opening it waits for ever."""
    path = bigdata(directory, run, stream)
    path.unlink()
    os.mkfifo(path)


def fifo_smd(directory: Path, run: int, stream: int = 1) -> None:
    path = smd(directory, run, stream)
    path.unlink()
    os.mkfifo(path)


def directory_as_file(directory: Path, run: int, stream: int = 1) -> None:
    path = bigdata(directory, run, stream)
    path.unlink()
    path.mkdir()


def dangling_link(directory: Path, run: int, stream: int = 1) -> None:
    path = bigdata(directory, run, stream)
    path.unlink()
    path.symlink_to(path.with_name("nowhere.xtc2"))


def text_files(directory: Path, run: int, stream: int = 1) -> None:
    for path in (bigdata(directory, run, stream), smd(directory, run, stream)):
        path.write_text("this is not xtc2\n" * 500)


def remove_end_run(directory: Path, run: int, stream: int = 1) -> None:
    """From every stream, whatever `stream` says: the data acquisition died."""
    for path in (*directory.glob(f"*-r{run:04d}-*.xtc2"), *(directory / "smalldata").glob(f"*-r{run:04d}-*.xtc2")):
        ends = [at for at, _, service in datagrams(path) if service == END_RUN]
        if ends:
            os.truncate(path, ends[-1])


def remove_smalldata(directory: Path, run: int, stream: int = 1) -> None:
    shutil.rmtree(directory / "smalldata")


DAMAGES: dict[str, Callable[[Path, int, int], None]] = {
    function.__name__: function
    for function in (
        truncate_bigdata,
        truncate_smd,
        truncate_smd_between_events,
        remove_bigdata,
        remove_smd,
        remove_stream,
        empty_bigdata,
        empty_smd,
        random_bytes,
        random_payload,
        random_configure,
        wrong_offset,
        fifo_bigdata,
        fifo_smd,
        directory_as_file,
        dangling_link,
        text_files,
        remove_end_run,
        remove_smalldata,
    )
}

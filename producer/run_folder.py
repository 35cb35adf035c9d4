"""Which runs a folder of data holds, from the names, sizes and times of its files; no file is opened.

``DIR/<experiment>-rNNNN-sSSS-cCCC.xtc2`` is one chunk of one stream of a run, ``DIR/smalldata/<same>.smd.xtc2`` the
stream's index; ``.inprogress`` is appended while the run is being recorded.  Everything else is ignored.
"""

import hashlib
import os
import re
import stat
import time
import zlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Callable, Dict, Iterable, Iterator, List, Mapping, Optional, Tuple, Union

from producer.regular_file import AnyPath, not_a_file

NAME = re.compile(
    r"(?P<experiment>.+)-r(?P<run>\d{4,})-s(?P<stream>\d{3,})-c(?P<chunk>\d{3,})(?P<smd>\.smd)?\.xtc2(?P<recording>\.inprogress)?"
)
GONE = "gone"
HEAD = re.compile(r".+-r(?P<run>\d{4,})")


class FolderProblem(Exception):
    """A folder cannot be used as one of xtc2 files; the message is a complete sentence."""


class RunNotFound(Exception):
    """A folder has no such run; the message is a complete sentence that names the nearest ones."""


@dataclass(frozen=True)
class FileEntry:
    """One file as the folder's listing gave it; `wrong` tells why it must not be opened ("is a FIFO, ...") or is ""."""

    path: Path
    size: int
    modified_ns: int
    wrong: str = ""


@dataclass(frozen=True)
class Stream:
    """One stream of a run: its smd file, its chunks of data in order, () without the first; `doubles` are files there
    a second time (final and .inprogress name, or under a second experiment's name), which psana refuses."""

    number: int
    smd: Optional[Path]
    bigdata: Tuple[Path, ...]
    recording: bool
    doubles: Tuple[Path, ...] = ()


@dataclass(frozen=True)
class RunFiles:
    experiment: str
    run: int
    directory: Path
    streams: Tuple[Stream, ...]
    entries: Tuple[FileEntry, ...] = ()

    @property
    def bytes(self) -> int:
        """Of the files of data; the smd files, which repeat it, do not count."""
        data = {path for stream in self.streams for path in stream.bigdata}
        return sum(entry.size for entry in self.entries if entry.path in data)

    @property
    def recording(self) -> bool:
        return any(stream.recording for stream in self.streams)

    @cached_property
    def identity(self) -> str:
        """Changes whenever a file of the run is added, removed, renamed, written or replaced."""
        lines = [f"{entry.path}\0{entry.size}\0{entry.modified_ns}\0{entry.wrong}\n" for entry in self.entries]
        return hashlib.sha256("".join(lines).encode("utf-8", "surrogateescape")).hexdigest()[:32]

    @property
    def modified(self) -> float:
        """Unix time of the last write to any file."""
        return max((entry.modified_ns for entry in self.entries), default=0) / 1e9

    def written_within(self, seconds: float) -> bool:
        return time.time() - self.modified < seconds

    @cached_property
    def _entries(self) -> Mapping[str, FileEntry]:
        return {str(entry.path): entry for entry in self.entries}

    def entry(self, path: Path) -> Optional[FileEntry]:
        return self._entries.get(str(path))

    def smd_name(self, number: int) -> Path:
        """Where the smd file of a stream ought to be."""
        return self.directory / "smalldata" / f"{self.experiment}-r{self.run:04d}-s{number:03d}-c000.smd.xtc2"

    def data_name(self, number: int) -> Path:
        return self.directory / f"{self.experiment}-r{self.run:04d}-s{number:03d}-c000.xtc2"


@dataclass(frozen=True)
class _Found:
    """A file whose name fits, taken apart."""

    experiment: str
    run: int
    stream: int
    chunk: int
    smd: bool
    recording: bool
    entry: FileEntry


class Runs(Mapping[int, RunFiles]):
    """The runs of a folder by number, ascending, as its names tell; a run's files are looked at when it is asked for.

    Looking at the files of thousands of runs takes half a minute, reading their names a second. KeyError also for a
    run whose files have gone since the folder was listed.
    """

    def __init__(self, folder: Path, data: Iterable[str] = (), smd: Iterable[str] = ()):
        self.folder = folder
        groups: Dict[str, List[Tuple[str, bool]]] = {}
        self.others: List[str] = []  # names in the folder that cannot be of xtc2 data
        for names, is_smd in ((data, False), (smd, True)):
            for name in names:
                if ".xtc2" in name:
                    groups.setdefault(name[: name.rfind("-s")], []).append((name, is_smd))
                elif not is_smd:
                    self.others.append(name)
        self._names: Dict[int, List[Tuple[str, bool]]] = {}
        for head, group in groups.items():
            match = HEAD.fullmatch(head)
            if match is not None:
                self._names.setdefault(int(match["run"]), []).extend(group)
        begun = [run for run, group in self._names.items() if any(_begins_a_stream(*one) for one in group)]
        self._runs = {run: None for run in sorted(begun)}

    def __iter__(self) -> Iterator[int]:
        return iter(self._runs)

    def __len__(self) -> int:
        return len(self._runs)

    def __contains__(self, run: object) -> bool:
        return run in self._runs

    def __getitem__(self, run: int) -> RunFiles:
        names = self._names[run]
        streams: Dict[int, List[_Found]] = {}
        for _ in range(3):
            looked = [_look_at(self.folder, *one) for one in names]
            streams = {}
            for found in looked:
                if isinstance(found, _Found):
                    streams.setdefault(found.stream, []).append(found)
            if not any(found is GONE for found in looked):
                break
            # renamed since the folder was listed, as happens when a recording ends: what are they named now?
            names = Runs(self.folder, listed(self.folder), listed(self.folder / "smalldata"))._names.get(run, [])
        begun = {number: files for number, files in streams.items() if any(f.smd or f.chunk == 0 for f in files)}
        if not begun:
            raise KeyError(run)
        return _run_files(self.folder, run, begun)

    def stamp(self, run: int) -> int:
        """Changes when a file of the run is added, removed or renamed; no file is looked at."""
        return zlib.crc32("\n".join(sorted(name for name, _ in self._names[run])).encode("utf-8", "surrogateescape"))


def find_runs(directory: AnyPath) -> Runs:
    """The runs of a folder; raises FolderProblem when it cannot be listed.

    A chunk without the first one of its stream does not make a run (chunks may be named after another run: the smd
    file tells which belong together).
    """
    folder = Path(directory).absolute()
    try:
        if not stat.S_ISDIR(os.stat(folder).st_mode):
            raise FolderProblem(f"{folder} is not a folder.")
    except FileNotFoundError:
        raise FolderProblem(f"There is no folder {folder}.") from None
    except OSError as error:
        raise FolderProblem(f"The folder {folder} cannot be read: {error.strerror}.") from error
    return Runs(folder, listed(folder), listed(folder / "smalldata"))


def listed(folder: Path) -> List[str]:
    """The names in a folder, [] when there is none; raises FolderProblem when it cannot be listed."""
    try:
        return os.listdir(folder)
    except FileNotFoundError:
        return []  # no smalldata folder: told per run, as missing smd files
    except OSError as error:
        raise FolderProblem(f"The folder {folder} cannot be listed: {error.strerror}.") from error


def run_numbers(smd: Iterable[str]) -> List[int]:
    """The runs that names of smd files tell of, ascending: what `Runs` finds, in a quarter of the time.

    Of each run one name is looked at, so that a strange one may hide it.
    """
    one = {name[: name.rfind("-s")]: name for name in smd}
    matches = [NAME.fullmatch(name) for name in one.values()]
    return sorted({int(match["run"]) for match in matches if match is not None and match["smd"]})


def find_run(directory: AnyPath, run: int) -> RunFiles:
    """One run's files; raises FolderProblem or RunNotFound."""
    runs = find_runs(directory)
    if not runs:
        raise FolderProblem(
            f"The folder {Path(directory).absolute()} has no runs: no file in it is named like "
            "<experiment>-r0001-s000-c000.xtc2."
        )
    try:
        return runs[run]
    except KeyError:
        near = sorted(sorted(set(runs) - {run}, key=lambda other: (abs(other - run), other))[:3])
    if not near:
        raise FolderProblem(f"The only run of {Path(directory).absolute()} has just gone.")
    raise RunNotFound(
        f"There is no run {run} in {Path(directory).absolute()}: "
        f"nearest {'is' if len(near) == 1 else 'are'} {', '.join(map(str, near))}; "
        f"it has {len(runs)} run{'s' * (len(runs) > 1)}, {min(runs)} to {max(runs)}."
    )


def _begins_a_stream(name: str, smd: bool) -> bool:
    match = NAME.fullmatch(name)
    return match is not None and bool(match["smd"]) == smd and (smd or int(match["chunk"]) == 0)


def _look_at(folder: Path, name: str, smd: bool) -> Union[_Found, str, None]:
    """None for a name that does not fit, GONE for a file renamed or removed since the listing."""
    match = NAME.fullmatch(name)
    if match is None or bool(match["smd"]) != smd:
        return None
    path = folder / "smalldata" / name if smd else folder / name
    entry = _described(path, path.stat)
    if entry is None:
        return GONE
    return _Found(
        match["experiment"],
        int(match["run"]),
        int(match["stream"]),
        int(match["chunk"]),
        smd,
        bool(match["recording"]),
        entry,
    )


def _described(path: Path, look: Callable[[], os.stat_result]) -> Optional[FileEntry]:
    """`look` follows links; None for a file that is gone."""
    try:
        status = look()
    except FileNotFoundError:
        return FileEntry(path, 0, 0, "is a link to nothing") if path.is_symlink() else None
    except OSError as error:
        return FileEntry(path, 0, 0, f"cannot be read: {error.strerror}")
    return FileEntry(path, status.st_size, status.st_mtime_ns, not_a_file(status.st_mode) or "")


def listing_stamp(directory: AnyPath) -> Tuple[int, int]:
    """Changes when a name is added to or removed from a folder of data (ns; 0 for a folder that is not there)."""
    stamps = []
    for folder in (Path(directory), Path(directory) / "smalldata"):
        try:
            stamps.append(os.stat(folder).st_mtime_ns)
        except OSError:
            stamps.append(0)
    return stamps[0], stamps[1]


def _run_files(folder: Path, run: int, groups: Dict[int, List[_Found]]) -> RunFiles:
    files = [found for group in groups.values() for found in group]
    named = [found.experiment for found in files if found.smd] or [found.experiment for found in files]
    experiment = max(sorted(set(named)), key=named.count)
    streams = []
    for number in sorted(groups):
        # of two under one number the experiment's own, final name is the file and the other its double
        ordered = sorted(
            groups[number], key=lambda f: (f.chunk, f.smd, f.experiment != experiment, f.recording, str(f.entry.path))
        )
        smd: Optional[Path] = None
        chunks: Dict[int, Path] = {}
        doubles = []
        for found in ordered:
            if found.smd and smd is None:
                smd = found.entry.path
            elif not found.smd and found.chunk not in chunks:
                chunks[found.chunk] = found.entry.path
            else:
                doubles.append(found.entry.path)
        recording = any(found.recording for found in ordered if found.entry.path not in doubles)
        data = tuple(chunks[c] for c in sorted(chunks)) if 0 in chunks else ()  # later ones are nothing without it
        streams.append(Stream(number, smd, data, recording, tuple(doubles)))
    entries = tuple(sorted((found.entry for found in files), key=lambda entry: str(entry.path)))
    return RunFiles(experiment, run, folder, tuple(streams), entries)

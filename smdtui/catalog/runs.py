"""The runs of an experiment, kept up to date by looking at the folder again."""

import threading
import time
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from producer.run_files import RunFiles, RunSummary, StreamScan, find_runs, scan_stream, summarize
from producer.run_folder import listing_stamp, look_again
from smdtui.catalog import cache

FORMAT = 1  # of the cache file; changes with the meaning of RunSummary
# Between two listings of the folder this many seconds apart, only names that were added or removed and runs written to
# in the last hour are looked at.
LISTING_SECONDS, LIVELY_SECONDS = 60.0, 3600.0
SETTLED_NS = 2 * 10**9  # a folder changed more recently may change again within its clock's tick


class RunCatalog:
    """Summaries of all runs in a folder of xtc2 files.

    Only `poll` and `summaries` touch the disk; they may be called from any thread.  A run is read again only when its
    files changed, and one that is being recorded from where it was read last; whole runs are remembered between
    sessions in the user's cache folder.
    """

    def __init__(self, directory: Path, remember: bool = True):
        self.directory = Path(directory).absolute()
        self.files: dict[int, RunFiles] = {}
        self.known: dict[int, RunSummary] = {}
        self.removed: tuple[int, ...] = ()  # the runs that the last poll no longer found
        self.cache_problem: str | None = None
        self._identity: dict[int, str] = {}
        self._scans: dict[int, tuple[StreamScan, ...]] = {}
        self._lock = threading.Lock()
        self._file = cache.place("runs", self.directory) if remember else None
        self._dirty = False
        self._read_cache = remember
        self._stamp = (0, 0)
        self._listed = 0.0

    @property
    def pending(self) -> int:
        """How many runs are known by number only, because no poll came round to reading them."""
        return sum(run not in self.known for run in self.files)

    def poll(self, seconds: float | None = None) -> list[RunSummary]:
        """Look at the folder; the summaries that are new or changed, newest run first.

        `seconds`: read for about that long and leave the rest (`pending`) to the next poll.  Raises FolderProblem.
        """
        with self._lock:
            began = time.monotonic()
            files = self._look()
            self._remembered(files)
            removed = tuple(run for run in self.files if run not in files)
            known = {run: summary for run, summary in self.known.items() if run in files}
            for run in removed:
                self._identity.pop(run, None)
                self._scans.pop(run, None)
                self._dirty = True
            changed: list[RunSummary] = []
            for run in sorted(files, reverse=True):
                if not self._stale(run, files[run]):
                    continue
                if seconds is not None and changed and time.monotonic() - began > seconds:
                    break
                summary = self._summarize(run, files[run])
                if summary != known.get(run):
                    known[run] = summary
                    changed.append(summary)
            # replaced, not altered: another thread may be reading them
            self.files, self.known, self.removed = files, known, removed
            self._save()
            return changed

    def summaries(self) -> list[RunSummary]:
        """All runs, ascending, as they are now."""
        self.poll()
        return [self.known[run] for run in sorted(self.known)]

    def _look(self) -> dict[int, RunFiles]:
        """The files of all runs; without listing thousands that nobody writes to each time."""
        now, stamp = time.monotonic(), listing_stamp(self.directory)
        same = stamp == self._stamp and time.time_ns() - max(stamp) > SETTLED_NS
        if self.files and same and now - self._listed < LISTING_SECONDS:
            lively = {
                run: look_again(files)
                for run, files in self.files.items()
                if files.recording or files.written_within(LIVELY_SECONDS)
            }
            return {**self.files, **lively}
        self._stamp, self._listed = stamp, now
        return find_runs(self.directory)

    def _stale(self, run: int, files: RunFiles) -> bool:
        summary = self.known.get(run)
        # whether a recording goes on depends on the time, not only on the files
        return summary is None or summary.state == "recording" or self._identity.get(run) != files.identity

    def _summarize(self, run: int, files: RunFiles) -> RunSummary:
        before = self._scans.get(run, ())
        scans = []
        for number, stream in enumerate(files.streams):
            previous = before[number] if number < len(before) else None
            entry = files.entry(stream.smd) if stream.smd is not None else None
            if entry is None or previous is None or entry.size < previous.end or previous.problem:
                previous = None
            scans.append(scan_stream(stream, previous))
        summary = summarize(files, scans)
        if summary.state == "recording":
            self._scans[run] = tuple(scans)
        else:
            self._scans.pop(run, None)
            self._dirty = True
        self._identity[run] = files.identity
        return summary

    def _remembered(self, files: dict[int, RunFiles]) -> None:
        """Once: take over what an earlier session read, where the files are still the same."""
        if not self._read_cache or self._file is None:
            return
        self._read_cache = False
        found = _decode(cache.read(self._file), self.directory)
        same = [one for one in found if one[0] in files and files[one[0]].identity == one[1]]
        self.known = {run: summary for run, _, summary in same}
        self._identity = {run: identity for run, identity, _ in same}

    def _save(self) -> None:
        if self._file is None or not self._dirty:
            return
        whole = [run for run, summary in self.known.items() if summary.state != "recording"]
        self.cache_problem = cache.write(
            self._file,
            {
                "format": FORMAT,
                "directory": str(self.directory),
                "runs": [[self._identity[run], asdict(self.known[run])] for run in sorted(whole)],
            },
        )
        self._dirty = False


def _decode(table: Any, directory: Path) -> list[tuple[int, str, RunSummary]]:
    """What `_save` wrote; [] for anything else, it is only a cache."""
    names = {field.name for field in fields(RunSummary)}
    found = []
    try:
        if table["format"] != FORMAT or table["directory"] != str(directory):
            return []
        for identity, stored in table["runs"]:
            if stored.keys() != names:
                return []
            summary = RunSummary(**{**stored, "stream_events": tuple(stored["stream_events"])})
            found.append((int(summary.run), str(identity), summary))
    except (TypeError, KeyError, ValueError, AttributeError):
        return []
    return found

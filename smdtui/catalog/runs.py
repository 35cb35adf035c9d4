"""The runs of an experiment, kept up to date by looking at the folder again."""

import threading
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import Any

from producer.dgram import UNREADABLE
from producer.run_check import UNMATCHED
from producer.run_files import RunFiles, RunSummary, StreamScan, check_files, find_runs, scan_stream, summarize
from producer.run_folder import Runs, listing_stamp
from smdtui.catalog import cache, lcls1_runs

FORMAT = 4  # of the cache file; changes with the meaning of RunSummary
# The folder is listed again when its time of change is another, at the latest after so many seconds.
LISTING_SECONDS = 60.0
LIVELY_SECONDS, LIVELY = 3600.0, 50  # of the runs written to within the last hour so many are looked at in every poll
REVIEW_SECONDS = 4.0  # between two such looks while other runs wait to be read for the first time
REVIEWED = 5  # settled runs looked at again in every poll, in turn
SETTLED_NS = 2 * 10**9  # a folder changed more recently may change again within its clock's tick
SAVE_SECONDS = 20.0  # between two writings of the cache while thousands of runs are being read


class RunCatalog:
    """Summaries of all runs in a folder of xtc2 files (those of LCLS-I too, by name and size).

    Only `poll` and `summaries` touch the disk; they may be called from any thread.  A run is read again only when its
    files changed, and one that is being recorded from where it was read last; whole runs are remembered between
    sessions in the user's cache folder, and shown from there until their files have been looked at.
    """

    def __init__(self, directory: Path, remember: bool = True):
        self.directory = Path(directory).absolute()
        self.files = Runs(self.directory)
        self.known: dict[int, RunSummary] = {}
        self.removed: tuple[int, ...] = ()  # the runs that the last poll no longer found
        self.cache_problem: str | None = None
        self._old: dict[int, list[str]] = {}  # runs of LCLS-I
        self._identity: dict[int, str] = {}
        self._stamps: dict[int, int] = {}  # of the names of a run's files
        self._modified: dict[int, float] = {}
        self._scans: dict[int, tuple[StreamScan, ...]] = {}
        self._unseen: set[int] = set()  # not looked at since the session began
        self._lock = threading.Lock()
        self._file = cache.place("runs", self.directory) if remember else None
        self._checked: dict[int, str] = {}  # run -> identity of the files whose every record was followed
        self._dirty = False
        self._saved = 0.0
        self._read_cache = remember
        self._listing = (0, 0)
        self._listed = 0.0
        self._turn = 0
        self._reviewed = 0.0

    @property
    def runs(self) -> Sequence[int]:
        """All numbers, ascending."""
        return sorted({*self.files, *self._old}) if self._old else list(self.files)

    @property
    def pending(self) -> int:
        """How many runs are known by number only, or from an earlier session only, because no poll came to them."""
        return len(self._unseen)

    def list_again(self) -> None:
        """Let the next poll list the folder and look at every run, whatever the times of change say."""
        with self._lock:
            self._listing = (0, 0)
            self._unseen.update(self.runs)
            for run, summary in self.known.items():
                if summary.state == "damaged":
                    self._identity.pop(run, None)

    def poll(self, seconds: float | None = None, first: Iterable[int] = ()) -> list[RunSummary]:
        """Look at the folder; the summaries that are new or changed, newest run first.

        `seconds`: read for about that long and leave the rest (`pending`) to the next poll; `first`: runs to be read
        before others.  Raises FolderProblem.
        """
        with self._lock:
            began = time.monotonic()
            self.removed = self._list()
            known = {run: summary for run, summary in self.known.items() if run not in self.removed}
            changed: list[RunSummary] = []
            for run in self._agenda(first):
                if seconds is not None and changed and time.monotonic() - began > seconds:
                    break
                summary = self._look_at(run)
                if summary is None:
                    known.pop(run, None)
                elif summary != known.get(run):
                    known[run] = summary
                    changed.append(summary)
            self.known = known  # replaced, not altered: another thread may be reading it
            self._save()
            return changed

    def check_next(self) -> int | None:
        """Follow every record of the newest whole run that was not checked yet into its data, which finds what headers
        and sizes do not tell; the run's number, or None when all are checked.  What is wrong is in `known`.

        It takes a second per million events and stream, and a read of each event's beginning.
        """
        with self._lock:
            todo = (
                run
                for run in sorted(self.known, reverse=True)
                if self.known[run].state == "complete"
                and run in self.files
                and self._checked.get(run) != self._identity.get(run)
            )
            run = next(todo, None)
            if run is None:
                return None
            self._checked[run] = self._identity[run]
            self._dirty = True
            try:
                files = self.files[run]
            except KeyError:
                return run
            if files.identity == self._identity[run]:
                found = check_files(files)
                wrong = [p.message for p in found if p.severity == "error"]
                wrong += [p.message for p in found if p.message.endswith(UNMATCHED)]
                if wrong:
                    damaged = replace(self.known[run], state="damaged", problem=wrong[0])
                    self.known = {**self.known, run: damaged}
            return run

    def identity(self, run: int) -> str:
        """Of the run's files as they were when last looked at; "" before that."""
        return self._identity.get(run, "")

    def checked(self, run: int) -> bool:
        """Whether nothing more can be found out about a run: it is not whole, or its records were followed."""
        summary = self.known.get(run)
        return summary is not None and (
            summary.state != "complete" or summary.format != "xtc2" or self._checked.get(run) == self._identity.get(run)
        )

    def check(self, seconds: float) -> None:
        """Follow the records of run after run for about so long, and remember what was found."""
        end = time.monotonic() + seconds
        while time.monotonic() < end and self.check_next() is not None:
            pass
        with self._lock:
            self._save()

    def summaries(self) -> list[RunSummary]:
        """All runs, ascending, as they are now."""
        self.poll()
        return [self.known[run] for run in sorted(self.known)]

    def _list(self) -> tuple[int, ...]:
        """Take over the names in the folder; the runs that are no longer there."""
        now, listing = time.monotonic(), listing_stamp(self.directory)
        same = listing == self._listing and time.time_ns() - max(listing) > SETTLED_NS
        if self._listed and same and now - self._listed < LISTING_SECONDS:
            return ()
        before = set(self.runs)
        files = find_runs(self.directory)
        self._listing, self._listed = listing, now
        self.files, self._old = files, lcls1_runs.group(files.others)
        runs = set(self.runs)
        stamps = {run: files.stamp(run) for run in files}
        stamps.update({run: hash(tuple(names)) for run, names in self._old.items() if run not in stamps})
        self._unseen = {
            run for run in runs if run in self._unseen or run not in before or stamps[run] != self._stamps.get(run)
        }
        self._stamps = stamps
        self._remembered()
        removed = tuple(sorted(before - runs))
        for run in removed:
            for table in (self._identity, self._modified, self._scans, self._checked):
                table.pop(run, None)
            self._dirty = True
        return removed

    def _agenda(self, first: Iterable[int]) -> list[int]:
        """The runs to be looked at now: those asked for, the recording, the unseen, the lively, some settled."""
        wanted = [run for run in first if run in self._unseen]
        unseen = sorted(self._unseen - set(wanted), reverse=True)
        now = time.monotonic()
        if unseen and self._reviewed and now - self._reviewed < REVIEW_SECONDS:
            return [*wanted, *unseen]
        self._reviewed = now
        recording = sorted(run for run, summary in self.known.items() if summary.state == "recording")[-LIVELY:]
        if unseen:
            return list(dict.fromkeys([*wanted, *recording, *unseen]))
        horizon = time.time() - LIVELY_SECONDS
        lively = sorted(run for run, modified in self._modified.items() if modified > horizon)[-LIVELY:]
        runs = self.runs
        review = [runs[(self._turn + i) % len(runs)] for i in range(min(REVIEWED, len(runs)))]
        self._turn += REVIEWED
        return sorted({*wanted, *recording, *lively, *review}, reverse=True)

    def _look_at(self, run: int) -> RunSummary | None:
        """None when its files have just gone."""
        self._unseen.discard(run)
        if run not in self.files:
            if run not in self._old:
                return None
            summary, identity = lcls1_runs.summarize(self.directory, run, self._old[run])
            self._dirty |= self._identity.get(run) != identity
            self._identity[run], self._modified[run] = identity, (summary.last or 0) / 1e9
            return summary
        try:
            files = self.files[run]
        except KeyError:
            return None
        self._modified[run] = files.modified
        before = self.known.get(run)
        # whether a recording goes on depends on the time, not only on the files
        if before is not None and before.state != "recording" and self._identity.get(run) == files.identity:
            return before
        for _ in range(3):
            summary = self._summarize(run, files)
            if summary.state != "damaged" or not files.recording:
                break
            try:  # its files may have been renamed while they were read: the recording has ended
                now = self.files[run]
            except KeyError:
                return None
            if now.identity == files.identity:
                break
            files = now
        return summary

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
        if _unreadable(summary):
            self._identity.pop(run, None)
        else:
            self._identity[run] = files.identity
        return summary

    def _remembered(self) -> None:
        """Once: take over what an earlier session read of runs whose files still have the same names."""
        if not self._read_cache or self._file is None:
            return
        self._read_cache = False
        found = _decode(cache.read(self._file), self.directory)
        same = [one for one in found if self._stamps.get(one[0]) == one[2] or one[0] in self._old]
        self.known = {run: summary for run, _, _, _, summary in same}
        self._identity = {run: identity for run, identity, _, _, _ in same}
        self._checked = {run: identity for run, identity, _, checked, _ in same if checked}

    def _save(self) -> None:
        now = time.monotonic()
        if self._file is None or not self._dirty or (self._unseen and now - self._saved < SAVE_SECONDS):
            return
        whole = [run for run, summary in self.known.items() if _keeps(summary) and run in self._identity]
        self.cache_problem = cache.write(
            self._file,
            {
                "format": FORMAT,
                "directory": str(self.directory),
                "runs": [
                    [
                        self._identity[run],
                        self._stamps.get(run, 0),
                        self._checked.get(run) == self._identity[run],
                        asdict(self.known[run]),
                    ]
                    for run in sorted(whole)
                ],
            },
        )
        self._dirty, self._saved = False, now


def _unreadable(summary: RunSummary) -> bool:
    """Whether the file system failed, not the run: that may pass without any file changing."""
    return summary.state == "damaged" and UNREADABLE in (summary.problem or "")


def _keeps(summary: RunSummary) -> bool:
    """Whether it holds until the run's files change."""
    return summary.state != "recording" and not _unreadable(summary)


def _decode(table: Any, directory: Path) -> list[tuple[int, str, int, bool, RunSummary]]:
    """What `_save` wrote; [] for anything else, it is only a cache."""
    names = {field.name for field in fields(RunSummary)}
    found = []
    try:
        if table["format"] != FORMAT or table["directory"] != str(directory):
            return []
        for identity, stamp, checked, stored in table["runs"]:
            if stored.keys() != names:
                return []
            summary = RunSummary(**{**stored, "stream_events": tuple(stored["stream_events"])})
            found.append((int(summary.run), str(identity), int(stamp), bool(checked), summary))
    except (TypeError, KeyError, ValueError, AttributeError):
        return []
    return found

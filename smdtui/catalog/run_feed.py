"""The runs of a folder as another process finds them: smdtui.catalog.fill, started, listened to and started again."""

import contextlib
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from producer.run_folder import FolderProblem

if TYPE_CHECKING:  # they import numpy; the process is started before that
    from producer.run_summary import RunSummary
    from smdtui.catalog.runs import RunCatalog

SILENT = 20.0  # seconds after which the file system is said not to answer
STARTS, WITHIN = 3, 60.0  # no more than so many starts in so many seconds


@dataclass(frozen=True)
class Found:
    """What is known at one moment. `summaries`: None for a run of which only the number is known; `complete`: the
    folder was listed; `pending`: runs still to be read; `problem`: why the folder cannot be read, in a sentence."""

    summaries: "dict[int, RunSummary | None]"
    pending: int = 0
    problem: str | None = None
    complete: bool = False


class CatalogFeed:
    """The same from a catalog in this process, for folders known to be small and quick."""

    silent = None

    def __init__(self, catalog: "RunCatalog"):
        self.catalog = catalog
        self._before: Found | None = None
        self._wake = threading.Event()

    def begin(self) -> None:
        """It reads when it is asked."""

    def take(self, seconds: float) -> Found | None:
        problem = None
        try:
            self.catalog.poll(0.1)
        except FolderProblem as error:
            problem = str(error)
        known = self.catalog.known
        now = Found({run: known.get(run) for run in self.catalog.runs}, self.catalog.pending, problem, True)
        if now == self._before:
            self._wake.wait(seconds)
            self._wake.clear()
            return None
        self._before = now
        return now

    def watch(self, runs: Sequence[int]) -> None:
        """Nothing is quicker than to read on."""

    def again(self) -> None:
        self.catalog.list_again()
        self._wake.set()

    def close(self) -> None:
        self._wake.set()


class RunFeed:
    """Ask `take` again and again from one thread; `watch` and `again` from any."""

    def __init__(self, directory: Path):
        self.directory = Path(directory).absolute()
        self._lock = threading.Condition()
        self._process: subprocess.Popen[bytes] | None = None
        self._known: dict[int, RunSummary] = {}
        self._runs: Sequence[int] = ()
        self._pending = 0
        self._problem: str | None = None
        self._complete = False
        self._news = False
        self._heard = 0.0
        self._starts: list[float] = []
        self._unsaid: dict[str, object] = {}
        self._closed = False
        self._wanted = threading.Event()

    def begin(self) -> None:
        """Start the process; what it cannot do, `take` tries again and tells."""
        with contextlib.suppress(OSError):
            self._start()

    def take(self, seconds: float) -> Found | None:
        """What is known, as soon as there is news, or None after so many seconds without."""
        self._wanted.set()
        self._start()
        self._say()
        with self._lock:
            if not self._news:
                self._lock.wait(seconds)
            if not self._news:
                return None
            self._news = False
            known = self._known
            table = {run: known.get(run) for run in self._runs}
            return Found(table, self._pending, self._problem, self._complete)

    @property
    def silent(self) -> float | None:
        """For how many seconds the file system has not answered, once that is long; else None."""
        gone = time.monotonic() - self._heard
        busy = self._process is not None and (not self._complete or self._pending)
        return gone if busy and gone > SILENT else None

    def watch(self, runs: Sequence[int]) -> None:
        """These are on the screen: read them first."""
        self._ask(first=list(runs))

    def again(self) -> None:
        """Look at the folder now."""
        self._ask(again=True)

    def close(self) -> None:
        """End the process; one that hangs in the file system is left to end by itself."""
        with self._lock:
            self._closed = True
            self._wanted.set()
            process, self._process = self._process, None
        if process is not None:
            process.kill()
            if process.stdin is not None:
                process.stdin.close()

    def _ask(self, **what: object) -> None:
        with self._lock:
            self._unsaid |= what
        self._say()

    def _say(self) -> None:
        """Send what was not said yet; while the process hangs and its pipe is full, `take` tries again."""
        with self._lock:
            process = self._process
            if not self._unsaid or process is None or process.stdin is None:
                return
            try:
                os.write(process.stdin.fileno(), json.dumps(self._unsaid).encode() + b"\n")
            except BlockingIOError:
                return
            except (OSError, ValueError):  # it has just died; `take` starts another, which reads all in any case
                pass
            self._unsaid = {}

    def _start(self) -> None:
        with self._lock:
            if self._closed or (self._process is not None and self._process.poll() is None):
                return
            now = time.monotonic()
            self._starts = [at for at in self._starts if now - at < WITHIN]
            if len(self._starts) >= STARTS:
                if self._problem is None:
                    self._problem, self._news = (
                        "The reading of the runs stops again and again; r tries once more.",
                        True,
                    )
                return
            self._starts.append(now)
            self._heard = now
            self._process = subprocess.Popen(
                [sys.executable, "-m", "smdtui.catalog.fill", str(self.directory)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                cwd=Path(__file__).resolve().parents[2],
                start_new_session=True,
                bufsize=0,
            )
            assert self._process.stdin is not None
            os.set_blocking(self._process.stdin.fileno(), False)  # lines are short enough to go whole or not at all
            threading.Thread(target=self._listen, args=(self._process,), name="smdtui runs", daemon=True).start()

    def _listen(self, process: "subprocess.Popen[bytes]") -> None:
        assert process.stdout is not None
        self._wanted.wait()  # what is imported for the first answer must not delay the first picture
        with process.stdout as lines:
            for line in lines:
                try:
                    said = json.loads(line)
                except ValueError:  # it was killed in the middle of a line
                    continue
                with self._lock:
                    if process is not self._process:
                        return
                    self._heard = time.monotonic()
                    self._take_in(said)
                    self._lock.notify_all()
        process.wait()
        with self._lock:
            if process is self._process and not self._closed:
                self._lock.notify_all()

    def _take_in(self, said: dict[str, object]) -> None:
        if "runs" in said:
            pairs: list[list[int]] = said["runs"]  # type: ignore[assignment]
            self._runs = [run for first, last in pairs for run in range(first, last + 1)]
            here = set(self._runs)
            self._known = {run: summary for run, summary in self._known.items() if run in here}
            self._news = True
        elif "summaries" in said:
            from smdtui.catalog.fill import summary_of

            rows: list[list[object]] = said["summaries"]  # type: ignore[assignment]
            self._known.update({summary.run: summary for summary in map(summary_of, rows)})
            self._news = True
        elif "pending" in said:
            pending: int = said["pending"]  # type: ignore[assignment]
            self._news |= not self._complete or pending != self._pending
            self._pending, self._complete = pending, True
        elif "problem" in said:
            self._news |= said["problem"] != self._problem
            self._problem = said["problem"]  # type: ignore[assignment]

"""Reads the runs of a folder in a process of its own, so that no key ever waits for a file system or for the reading.

``python -m smdtui.catalog.fill DIRECTORY`` prints JSON lines: {"runs": [[first, last], ...]} (all numbers),
{"summaries": [[field, ...], ...]} in the order of FIELDS, {"pending": n}, {"problem": words or null}.  It reads lines
from its standard input: {"first": [run, ...]} (the runs on the screen), {"again": true} (look at everything again);
it ends when that is closed.
"""

import json
import os
import select
import sys
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from producer.ends_with import end_with
from producer.run_folder import FolderProblem, listed, run_numbers

if TYPE_CHECKING:  # numpy is imported when the first numbers are out
    from producer.run_summary import RunSummary
    from smdtui.catalog.runs import RunCatalog

# what is sent of a run; the events of each stream stay here
FIELDS = (
    *("run", "begin", "end", "events", "steps", "scan", "streams", "bytes", "state", "problem"),
    *("last", "chunks", "format"),
)
SLICE = 0.2  # seconds of reading between two looks at what is asked for
POLL = 4.0  # seconds between looks at the folder


def ranges(runs: Iterable[int]) -> list[list[int]]:
    """Ascending numbers as [first, last] pairs."""
    result: list[list[int]] = []
    for run in runs:
        if result and run == result[-1][1] + 1:
            result[-1][1] = run
        else:
            result.append([run, run])
    return result


def row(summary: "RunSummary") -> list[Any]:
    return [getattr(summary, name) for name in FIELDS]


def summary_of(values: Sequence[Any]) -> "RunSummary":
    from producer.run_summary import RunSummary

    return RunSummary(stream_events=(), **dict(zip(FIELDS, values, strict=True)))


class _Conversation:
    """What is asked for comes and what is found goes, as JSON lines."""

    def __init__(self, source: int, sink: int):
        self.source, self.sink, self.rest = source, sink, b""
        self.first: list[int] = []
        self.again = False

    def tell(self, **what: Any) -> None:
        data = (json.dumps(what, separators=(",", ":")) + "\n").encode()
        while data:
            data = data[os.write(self.sink, data) :]

    def listen(self, seconds: float) -> bool:
        """Wait for requests at most so long; False when the other side has gone."""
        if not select.select([self.source], [], [], seconds)[0]:
            return True
        data = os.read(self.source, 1 << 16)
        *lines, self.rest = (self.rest + data).split(b"\n")
        for line in lines:
            asked = json.loads(line)
            self.first = asked.get("first", self.first)
            self.again |= bool(asked.get("again"))
        return bool(data)


def main(argv: Sequence[str] | None = None, source: int = 0, sink: int = 1) -> int:
    directory = Path((sys.argv[1:] if argv is None else list(argv))[0])
    talk = _Conversation(source, sink)
    try:
        _quickly(directory, talk)
        from smdtui.catalog.runs import RunCatalog

        _serve(RunCatalog(directory), talk)
    except BrokenPipeError:  # the app has gone
        return 0
    return 0


def _quickly(directory: Path, talk: _Conversation) -> None:
    """The numbers of the runs, from the names in the shorter of the two folders, before anything is looked at."""
    try:
        runs = run_numbers(listed(directory / "smalldata"))
    except FolderProblem:
        return
    if runs:
        talk.tell(runs=ranges(runs))


def _serve(catalog: "RunCatalog", talk: _Conversation) -> None:
    told: dict[int, RunSummary] = {}
    numbers: list[list[int]] = []
    trouble: str | None = None
    while True:
        problem = None
        try:
            if talk.again:
                talk.again = False
                catalog.list_again()
            catalog.poll(SLICE, talk.first)
        except FolderProblem as error:
            problem = str(error)
        except OSError as error:
            problem = f"{error.filename or catalog.directory}: {error.strerror}"
        if problem != trouble or problem:
            trouble = problem
            talk.tell(problem=problem)
        now = ranges(catalog.runs)
        if now != numbers:
            numbers = now
            talk.tell(runs=now)
        fresh = [summary for run, summary in catalog.known.items() if told.get(run) is not summary]
        wanted = set(talk.first)
        fresh.sort(key=lambda summary: (summary.run not in wanted, -summary.run))
        for begin in range(0, len(fresh), 500):
            talk.tell(summaries=[row(summary) for summary in fresh[begin : begin + 500]])
        told = dict(catalog.known)
        talk.tell(pending=catalog.pending)
        if not talk.listen(_rest(catalog) if problem is None else POLL):
            return


def _rest(catalog: "RunCatalog") -> float:
    """Seconds until the next look: none while runs are to be read; then whole runs are checked, one after the other,
    with as long a rest as each took."""
    if catalog.pending:
        return 0.0
    began = time.monotonic()
    return POLL if catalog.check_next() is None else time.monotonic() - began


if __name__ == "__main__":
    time.tzset()
    end_with(0)
    sys.exit(main())

"""Reads the names of one run after another for smdtui.catalog.name_index, gently, in a process of its own.

``python -m smdtui.catalog.index_fill DIRECTORY [--once]``: the newest run first; it rests as long as it read, so that
it never takes more than half of what the file system gives; it goes on where an earlier one stopped; one at a time per
folder; it ends when its standard input is closed.
"""

import argparse
import fcntl
import os
import select
import sys
import time
from pathlib import Path

from producer.configure import read_names
from producer.dgram import Damaged
from producer.ends_with import end_with
from producer.run_folder import FolderProblem, Runs, find_runs
from smdtui.catalog.name_index import NameIndex

POLL = 10.0  # seconds between looks at the folder
REST = 1.0  # of the time a run took
NICE = 10


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m smdtui.catalog.index_fill", description=__doc__)
    parser.add_argument("directory", type=Path)
    parser.add_argument(
        "--once", action="store_true", help="end when all runs are read; standard input does not matter"
    )
    options = parser.parse_args(argv)
    os.nice(NICE)
    if not options.once:
        end_with(0)
    index = NameIndex(options.directory)
    index.folder.mkdir(parents=True, exist_ok=True)
    with (index.folder / "lock").open("w") as lock:
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except OSError:  # another app of this user sees to it; take over when that ends
                if options.once or not _wait(POLL):
                    return 0
        return _fill(index, options.directory, options.once)


def _fill(index: NameIndex, directory: Path, once: bool) -> int:
    index.refresh()
    looked: dict[int, int] = {}  # run -> stamp of its names when it was looked at in this session
    while True:
        try:
            runs = find_runs(directory)
        except FolderProblem as error:
            if once:
                print(error, file=sys.stderr)
                return 1
            runs = Runs(directory)
        for run in sorted(runs, reverse=True):
            stamp = runs.stamp(run)
            if looked.get(run) == stamp:
                continue
            began = time.monotonic()
            settled, trouble = _read(index, runs, run)
            if trouble is not None:
                print(trouble, file=sys.stderr)
                return 1
            if settled:
                looked[run] = stamp
            if not once and not _wait(REST * (time.monotonic() - began)):
                return 0
        if once:
            return 0
        if not _wait(POLL):
            return 0


def _read(index: NameIndex, runs: Runs, run: int) -> tuple[bool, str | None]:
    """(whether the run will not change any more, why the index cannot be written)."""
    try:
        files = runs[run]
    except KeyError:
        return True, None
    if index.known.get(run, {}).get("identity") == files.identity:
        return not files.recording, None
    if files.recording and run in index.known:
        return False, None  # its values are read when it has ended
    try:
        answer = read_names(files, values=True, shapes=False).as_json()
    except Damaged as error:
        return not files.recording, index.add_problem(run, files.identity, f"{error}.")
    return not files.recording, index.add(run, files.identity, answer)


def _wait(seconds: float) -> bool:
    """False when the app has gone."""
    if not select.select([0], [], [], seconds)[0]:
        return True
    return bool(os.read(0, 1 << 12))


if __name__ == "__main__":
    sys.exit(main())

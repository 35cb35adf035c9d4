"""What killed MPICH jobs leave in /dev/shm: about 1 MB per rank each time, until a small one is full."""

import glob
import os
import time
from collections.abc import Iterable
from pathlib import Path

RECORD = "shared_memory.txt"
PATTERN = "/dev/shm/mpich_shm_*"


def mapped_by(pids: Iterable[int]) -> set[str]:
    """The segments that any of these processes has mapped."""
    prefix = PATTERN[:-1]
    found = set()
    for pid in pids:
        try:
            with open(f"/proc/{pid}/maps", errors="replace") as maps:
                found |= {line[line.index("/") :].strip() for line in maps if prefix in line}
        except OSError:  # gone, or another user's
            continue
    return {path for path in found if not path.endswith(" (deleted)")}


def record(folder: Path, segments: set[str]) -> None:
    """Writes the segments down for whoever has to clean up should the supervisor be killed."""
    fresh = folder / f".{RECORD}.{os.getpid()}"
    try:
        fresh.write_text("".join(f"{path}\n" for path in sorted(segments)))
        fresh.replace(folder / RECORD)
    except OSError as e:  # a full disk: the supervisor itself still knows them
        print(f"{RECORD}: {e.strerror}", flush=True)


def sweep_recorded(folder: Path) -> None:
    """Removes what a killed supervisor had seen its job's processes map, unless somebody maps it now."""
    try:
        known = set((folder / RECORD).read_text().split())
    except FileNotFoundError:
        return
    for path in leftovers(known, 0.0, failed=False):
        Path(path).unlink(missing_ok=True)


def _unmapped(paths: set[str]) -> set[str]:
    return paths - mapped_by(int(p) for p in os.listdir("/proc") if p.isdigit())


def leftovers(known: set[str], began: float, failed: bool) -> list[str]:
    """The segments to remove after a job: those it had mapped (`known`) and, after a failure that may have been too
    fast to see them, those of this user made since `began` that nobody has mapped at two looks. Never one in use."""
    own = {p for p in known if p.startswith(PATTERN[:-1]) and os.path.exists(p) and os.stat(p).st_uid == os.getuid()}
    unseen: set[str] = set()
    if failed and not own:
        for path in glob.glob(PATTERN):
            try:
                facts = os.stat(path)
            except FileNotFoundError:
                continue
            if facts.st_uid == os.getuid() and facts.st_ctime >= began:
                unseen.add(path)
        unseen = _unmapped(unseen)
        if unseen:
            # Between its making and its mapping a segment of another job looks just the same.
            time.sleep(0.5)
    return sorted(_unmapped(own | unseen))

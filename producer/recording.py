"""Waiting for the end of a recording: psana loses events of a run that it reads while the files grow, so a job that is
there early lets it end first."""

import time
from pathlib import Path
from typing import Callable, Optional

from producer import dgram
from producer.run_files import FolderProblem, RunFiles, find_runs
from producer.run_summary import JUST_WRITTEN, scan_run

LOOK_SECONDS = 3.0


def stream_without_end(files: RunFiles) -> Optional[str]:
    """Of a run that was just written to: the smd file that has no EndRun yet, though the files may have their final
    names; None where there is none, or nobody has written for `JUST_WRITTEN` seconds."""
    if files.written_within(JUST_WRITTEN):
        for stream, scan in zip(files.streams, scan_run(files)):
            if stream.smd is not None and dgram.END_RUN not in scan.transitions:
                return stream.smd.name
    return None


def wait_for_end(
    run: int,
    directory: Path,
    patience: float,
    say: Callable[[str], None],
    alive: Callable[[], None],
    look: float = LOOK_SECONDS,
) -> bool:
    """Returns when the run is whole: True if that was waited for. Gives up, for the caller to find out what is wrong,
    when nothing was written to the run (or it has not begun) for `patience` seconds. `say` is told once what is waited
    for, `alive` called at each look."""
    begin = time.time()
    said = ""
    while True:
        files: Optional[RunFiles] = None
        try:
            files = find_runs(directory)[run]
        except KeyError:  # the DAQ makes its first file any moment
            pass
        except FolderProblem:
            return bool(said)
        if files is not None and not files.recording and stream_without_end(files) is None:
            return bool(said)
        quiet = time.time() - (begin if files is None else max(begin, files.modified))
        if quiet > patience:
            return bool(said)
        words = "has not begun yet" if files is None else "is still being recorded"
        if words != said:
            said = words
            say(f"run {run} {words}: waiting for its end, as long as it grows (or {patience:.0f} s without a change)")
        alive()
        time.sleep(look)

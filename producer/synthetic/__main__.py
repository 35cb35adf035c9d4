"""``python -m producer.synthetic DIR [--seed N] [--events N] [--pvs N] [--runs 12,13]``: write the demo experiment.

One JSON object per line on stdout: ``{"done": 120, "total": 456, "what": "run 13"}`` as it goes, at the end
``{"finished": {"runs": [...], "bytes": ..., "seconds": ...}}`` and exit status 0, or ``{"error": "a sentence"}`` and 1.
"""

import argparse
import errno
import json
import os
import sys
import time
from pathlib import Path
from typing import Any, List, Optional

from producer.synthetic import experiment, marker


def main(argv: Optional[List[str]] = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m producer.synthetic", description="Write the demo experiment.")
    parser.add_argument("directory", type=Path)
    parser.add_argument("--experiment", default=experiment.EXPERIMENT)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--events", type=int, default=240, help="of the longest run (240)")
    parser.add_argument("--pvs", type=int, default=2000)
    parser.add_argument("--runs", default="", help="some of the demo's runs, such as 12,13 (all)")
    options = parser.parse_args(argv)
    # psana's C code prints to descriptor 1: keep that away from the lines somebody parses.
    out = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    started = reported = time.monotonic()
    reported_what = ""

    def say(**what: Any) -> None:
        out.write(json.dumps(what) + "\n")

    def progress(done: int, total: int, what: str) -> None:
        nonlocal reported, reported_what
        if done == total or what != reported_what or time.monotonic() - reported > 0.05:
            reported, reported_what = time.monotonic(), what
            say(done=done, total=total, what=what)

    try:
        stranger = marker.foreign(options.directory)
        if stranger:
            say(error=marker.foreign_words(options.directory, stranger))
            return 1
        runs = [int(word) for word in options.runs.split(",") if word] or None
        written = experiment.write_experiment(
            options.directory, options.experiment, options.seed, options.events, options.pvs, runs, progress
        )
        size = sum(run.bytes for run in written.values())
    except ImportError as error:
        say(error=f"psana, whose writer makes the demo, cannot be imported by {sys.executable}: {error}")
        return 1
    except BrokenPipeError:  # who asked is gone; the demo stays half-written, and is known to be
        os.dup2(os.open(os.devnull, os.O_WRONLY), out.fileno())
        return 1
    except OSError as error:
        say(error=_sentence(error, options.directory))
        return 1
    except (ValueError, RuntimeError) as error:
        say(error=str(error))
        return 1
    say(finished={"runs": list(written), "bytes": size, "seconds": round(time.monotonic() - started, 2)})
    return 0


def _sentence(error: OSError, directory: Path) -> str:
    where = error.filename or directory
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return f"no room left for {where}: the demo needs about 560 MB; free some, or name another folder"
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return f"{where} cannot be written ({error.strerror}); name a folder of your own"
    return f"{where}: {error.strerror or error}"


if __name__ == "__main__":
    sys.exit(main())

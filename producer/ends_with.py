"""A helper process ends with whoever asks it: also when that is killed, also in the midst of long work."""

import os
import select
import threading
import time

GRACE = 2.0  # seconds in which it may end by itself


def end_with(source: int, grace: float = GRACE) -> None:
    """From now on the process ends when the other end of the pipe `source` is closed, `grace` seconds later at most.

    What is read from the pipe is left to others.  A process that waits for a file system that never answers ends only
    when that does: no process can be ended there.
    """
    closed = select.poll()
    closed.register(source, 0)  # only the end is reported

    def watch() -> None:
        closed.poll()
        time.sleep(grace)
        os._exit(0)

    threading.Thread(target=watch, name="end with the other side", daemon=True).start()

"""What kind of thing a path is: only regular files are opened as data. No numpy, for whoever only lists a folder."""

import os
import stat
from typing import Optional, Union

AnyPath = Union[str, "os.PathLike[str]"]


def not_a_file(mode: int) -> Optional[str]:
    """Why something with this st_mode must not be opened as data, in words, or None for a regular file."""
    if stat.S_ISREG(mode):
        return None
    kinds = (
        (stat.S_ISFIFO, "is a FIFO"),
        (stat.S_ISDIR, "is a folder"),
        (stat.S_ISSOCK, "is a socket"),
        (stat.S_ISCHR, "is a device"),
        (stat.S_ISBLK, "is a device"),
    )
    kind = next((words for test, words in kinds if test(mode)), "is something else")
    return f"{kind}, not a file of data"

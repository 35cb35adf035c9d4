"""The mode that a new file of the user gets in a folder."""

import os
import secrets
from pathlib import Path


def new_file_mode(folder: Path) -> int:
    """As umask and the folder's defaults would have it, never writable for everybody. Read off a file that is made for
    it: asking for the umask means setting it, for all threads. Raises OSError."""
    trial = folder / f".{secrets.token_hex(8)}.mode"
    descriptor = os.open(trial, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666)
    try:
        return os.fstat(descriptor).st_mode & 0o777 & ~0o002
    finally:
        os.close(descriptor)
        os.unlink(trial)

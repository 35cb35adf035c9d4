"""Starts the reading of the names of all runs (smdtui.catalog.index_fill) and ends it."""

import subprocess
import sys
from pathlib import Path

STARTS = 3


class IndexProcess:
    """It reads gently for as long as the app is open; what it reads is found in smdtui.catalog.name_index."""

    def __init__(self, directory: Path):
        self.directory = Path(directory).absolute()
        self._process: subprocess.Popen[bytes] | None = None
        self._starts = 0

    def start(self) -> None:
        """Again too when it has died, a few times. Raises OSError."""
        if (self._process is not None and self._process.poll() is None) or self._starts >= STARTS:
            return
        self._starts += 1
        self._process = subprocess.Popen(
            [sys.executable, "-m", "smdtui.catalog.index_fill", str(self.directory)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=Path(__file__).resolve().parents[2],
            start_new_session=True,
        )

    def close(self) -> None:
        if self._process is not None:
            self._process.kill()
            if self._process.stdin is not None:
                self._process.stdin.close()
        self._process = None

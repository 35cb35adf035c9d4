"""One program in the psana environment, run to its end or killed with all that it started."""

import os
import signal
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from smdtui.environment import Environment


@dataclass(frozen=True)
class Ended:
    """`status` None: it did not end in time and was killed; `log` the last 64 kB of stderr."""

    status: int | None
    said: bytes
    log: str


def run_to_end(environment: Environment, argv: Sequence[str], timeout: float) -> Ended:
    """Raises OSError when it cannot be started."""
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(
            environment.command(argv),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            env=environment.variables(),
            cwd="/",
            start_new_session=True,
        )
        try:
            said, _ = process.communicate(timeout=timeout)
            status: int | None = process.returncode
        except subprocess.TimeoutExpired:
            said, status = b"", None
        finally:
            _kill(process)
        return Ended(status, said, _text(log))


def _kill(process: "subprocess.Popen[bytes]") -> None:
    """The whole session: a process that was left behind would hold the pipe."""
    if process.poll() is None:
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            return
        process.wait()
    if process.stdout is not None:
        process.stdout.close()


def _text(log: Any) -> str:
    size = log.seek(0, os.SEEK_END)
    log.seek(max(0, size - (1 << 16)))
    return str(log.read().decode(errors="replace"))

"""The report of a bug: in a file, for whoever mends it; the operator sees a sentence."""

from __future__ import annotations

import os
import platform
import sys
import tempfile
import time
import traceback
from pathlib import Path


def record(error: BaseException, state_dir: Path, where: str = "") -> Path:
    """Write the traceback under `state_dir`/crashes (the folder for temporary files if that cannot be written)."""
    lines = [
        f"time      {time.strftime('%Y-%m-%dT%H:%M:%S%z')}",
        f"where     {where}",
        f"python    {platform.python_version()} on {platform.platform()}",
        f"command   {sys.argv}",
        f"terminal  {os.environ.get('TERM', '')} {os.environ.get('COLORTERM', '')}",
        "",
        *traceback.format_exception(error),
    ]
    name = f"crash-{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}-{time.monotonic_ns() % 10**6:06d}.txt"
    for folder in (state_dir / "crashes", Path(tempfile.gettempdir())):
        try:
            folder.mkdir(parents=True, exist_ok=True)
            path = folder / name
            path.write_text("\n".join(lines), encoding="utf-8")
            return path
        except OSError:
            continue
    return Path(os.devnull)

"""Has the writer, which needs psana, write the demo in a process of its own, and shows how far it is."""

import fcntl
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

from smdtui.demo.place import Demo, DemoError
from smdtui.site import Site

WIDTH = 30


def write(demo: Demo, site: Site, out: TextIO) -> None:
    """Write the demo. Progress goes to `out`: a bar that moves on a terminal, else a line per run. Raises DemoError."""
    words = ["python", "-m", "producer.synthetic", str(demo.directory), "--seed", str(demo.seed)]
    words += ["--events", str(demo.events), "--pvs", str(demo.pvs)]
    with _alone(demo.directory), tempfile.TemporaryFile("w+", errors="replace") as said:
        if demo.written():  # by the one we waited for
            return
        demo.check_room()
        try:
            child = subprocess.Popen(
                site.environment.command(words),
                env=site.environment.variables(),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=said,
                text=True,
            )
        except OSError as error:
            raise DemoError(f"{error.filename} cannot be started: {error.strerror}") from error
        last: dict[str, Any] = {}
        try:
            assert child.stdout is not None
            show = _Bar(out)
            show.to(0, 1, "starting the writer")
            for line in child.stdout:
                last = _reading(line)
                if "done" in last:
                    show.to(last["done"], last["total"], last["what"])
            child.wait()
            show.end()
        except BaseException:
            child.terminate()
            child.wait()
            raise
        if child.returncode or not demo.written():
            said.seek(0)
            raise DemoError(_why(child.returncode, last, said.read()))


def _reading(line: str) -> dict[str, Any]:
    try:
        found = json.loads(line)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _why(code: int, last: dict[str, Any], said: str) -> str:
    if "error" in last:
        return str(last["error"])
    end = f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with exit status {code}"
    lines = [line for line in said.splitlines() if line.strip()]
    return f"the demo's writer {end}" + (f": {lines[-1].strip()}" if lines else "")


@contextmanager
def _alone(directory: Path) -> Iterator[None]:
    """One writer at a time: another one waits here for its end. Raises DemoError where the folder cannot be made."""
    try:
        directory.mkdir(parents=True, exist_ok=True)
        lock = os.open(directory / ".DEMO.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise DemoError(f"{error.filename} cannot be written ({error.strerror}); name a folder of your own") from error
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("another smdtui is writing this demo; waiting for it", file=sys.stderr)
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


class _Bar:
    """``writing the demo [#########.....]  61%  run 15`` on a terminal; elsewhere a line whenever the words change."""

    def __init__(self, out: TextIO):
        self.out, self.moves, self.words, self.drawn = out, out.isatty(), "", ""

    def to(self, done: int, total: int, words: str) -> None:
        share = done / total if total else 1.0
        if self.moves:
            full = round(WIDTH * share)
            line = f"writing the demo [{'#' * full}{'.' * (WIDTH - full)}] {share:4.0%}  {words}"
            if line != self.drawn:
                self.out.write(f"\r{line}\x1b[K")
                self.drawn = line
        elif words != self.words:
            self.words = words
            so_far = f", {done} of {total} events" if done else ""
            self.out.write(f"writing the demo: {words}{so_far}\n")
        self.out.flush()

    def end(self) -> None:
        if self.drawn:
            self.out.write("\r\x1b[K")
            self.out.flush()

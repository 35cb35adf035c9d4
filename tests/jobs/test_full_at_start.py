"""A disk that fills up between the launch and the start of a local job."""

import os
import subprocess
import sys

import pytest

from smdtui.jobs.folder import create
from smdtui.jobs.job import read_job

# The real supervisor in a process of its own, on whose disk there is room no more from some moment on.
FULL = """
import errno, sys
from pathlib import Path
from smdtui.jobs import folder, supervisor

whole = folder.write_whole

def write_whole(path, text, executable=False):
    if path.name in ("exit.toml", "waits.toml") or "started" in text:
        raise OSError(errno.ENOSPC, "No space left on device")
    whole(path, text, executable)

folder.write_whole = write_whole

class Ticket:
    def __init__(self, *about):
        self.before = [int(word) for word in sys.argv[2:]]
    def ahead(self):
        return self.before.pop(0) if self.before else 0
    def release(self):
        pass

supervisor.Ticket = Ticket
sys.exit(supervisor.Supervisor(folder.JobFolder(Path(sys.argv[1]))).run())
"""


@pytest.mark.parametrize("before", [[], ["1"]], ids=["at once", "after another job"])
def test_it_failed_for_want_of_room_and_is_not_lost(tmp_path, before):
    (tmp_path / "jobs").mkdir()
    folder = create(tmp_path / "jobs", 7, {"experiment": "xppfake", "run": 7, "ranks": 1})
    (folder.path / "submit.sh").write_text("#!/bin/sh\ntouch began\n")
    (folder.path / "submit.sh").chmod(0o755)
    words = [sys.executable, "-c", FULL, str(folder.path), *before]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60, env=dict(os.environ))
    job = read_job(folder)
    assert job.state == "failed" and "is full (No space left on device); make room" in job.cause, (job, done.stderr)
    assert str(folder.path) in job.cause and done.returncode == 1 and "Traceback" not in done.stderr
    assert not folder.has("began") and not folder.has("exit.reserve")

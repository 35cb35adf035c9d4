"""Jobs of which somebody may not read everything are shown with what can be read, and so are all others."""

import os
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from smdtui.jobs.folder import create, open_append

LIST = """
import os, sys
from pathlib import Path
from smdtui.jobs.store import list_jobs
os.setresuid(65534, 65534, 65534)
for job in list_jobs([Path(sys.argv[1])]):
    print(job.run, job.state, job.cause, [event.get("text") for event in job.folder.events()])
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_one_file_that_may_not_be_read_hides_no_job():
    with tempfile.TemporaryDirectory() as above:  # pytest's own folders are closed to others
        os.chmod(above, 0o755)
        _listed_by_somebody_else(Path(above) / "jobs")


def _listed_by_somebody_else(jobs):
    jobs.mkdir()
    for run, closed in enumerate(("", "events.jsonl", "log.txt", "progress", "."), 1):
        folder = create(jobs, run, {"experiment": "xppfake", "run": run, "who": "ada"})
        folder.write("exit.toml", {"status": 1, "when": "2026-11-22T10:00:00Z"})
        folder.event("submitted", "ada")
        (folder.path / "log.txt").write_text("mpirun: command not found\n")
        if closed:
            (folder.path / closed).chmod(0o700 if closed in ("progress", ".") else 0o600)
    done = subprocess.run([sys.executable, "-c", LIST, str(jobs)], capture_output=True, text=True, timeout=60)
    lines = done.stdout.splitlines()[::-1]
    assert len(lines) == 5, done.stderr
    assert "may say why, cannot be read by you" in lines[2] and "['events.jsonl: Permission denied']" in lines[1]
    assert [line.split()[:2] for line in lines[:4]] == [[str(run), "failed"] for run in (1, 2, 3, 4)]
    assert "Permission denied" in lines[4], lines[4]


def test_what_grows_is_as_readable_as_what_is_written_whole(tmp_path):
    before = os.umask(0)
    try:
        open_append(tmp_path / "events.jsonl").close()
        os.umask(0o022)
        open_append(tmp_path / "other.jsonl").close()
    finally:
        os.umask(before)
    modes = [stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("events.jsonl", "other.jsonl")]
    assert modes == [0o664, 0o644]

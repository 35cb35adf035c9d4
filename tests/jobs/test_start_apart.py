"""Programs of ours that outlive whoever starts them."""

import os
from pathlib import Path

from conftest_jobs import wait_for

from smdtui.jobs import local


def test_it_is_in_a_session_of_its_own_and_collected_by_the_next(tmp_path):
    log = tmp_path / "log.txt"
    log.write_text("before\n")
    first = local.start_apart(["this"], log)
    assert os.getsid(first.pid) == first.pid
    wait_for(lambda: Path(f"/proc/{first.pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z", "its end")
    second = local.start_apart(["os", "environ"], log)
    assert first.returncode == 0, "collected, no zombie is left"
    second.wait()
    assert "before\n" in log.read_text() and "Beautiful is better than ugly." in log.read_text()

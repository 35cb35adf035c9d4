"""The processes that read for the app end with it, however it ends, and whatever they are doing."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from terminal import Terminal

ROOT = Path(__file__).resolve().parents[2]
HELPERS = ("smdtui.catalog.fill", "smdtui.catalog.index_fill", "producer.probe")


def helpers(parent):
    """{name: pid} of the helpers that a process has started."""
    found = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                words = (folder / "cmdline").read_bytes().decode().split("\0")
                owner = int((folder / "stat").read_text().rsplit(")", 1)[1].split()[1])
            except OSError:
                continue
            if owner == parent:
                found.update({name: int(folder.name) for name in HELPERS if name in words})
    return found


def alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.parametrize("end", ["killed", "hung up", "left"])
def test_they_end_with_the_app(written, tmp_path, end):
    command = [sys.executable, "-m", "smdtui.cli", "tmoc00126", "--site", written / "site.toml"]
    command += ["--results", tmp_path / "results"]
    environment = {"PYTHONPATH": str(ROOT)}
    with Terminal(command, 100, 30, env=environment, cwd=ROOT) as terminal:
        terminal.wait_for("recording", 60)
        terminal.press(":", "1", "3", "enter", "2")
        terminal.wait_for("sam_x", 60)
        terminal.press("/")
        terminal.type("=sam_x")
        terminal.press("enter")
        terminal.wait_for("runs read", 60)  # the third of them has begun
        started = helpers(terminal.pid)
        assert started.keys() == set(HELPERS)
        if end == "killed":
            terminal.kill(signal.SIGKILL)
        elif end == "hung up":
            terminal.hang_up()
        else:
            terminal.press("escape", "ctrl+q")
            terminal.wait_exit(30)
        limit = time.monotonic() + 60
        while any(alive(pid) for pid in started.values()) and time.monotonic() < limit:
            time.sleep(0.1)
        assert not {name for name, pid in started.items() if alive(pid)}


def test_one_in_the_midst_of_long_work_ends_too(tmp_path):
    code = "import time; from producer.ends_with import end_with; end_with(0, 0.1); print('here', flush=True); "
    work = subprocess.Popen(
        [sys.executable, "-c", code + "time.sleep(1000)"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT
    )
    with work:
        assert work.stdout.readline() == b"here\n"
        assert work.poll() is None
        work.stdin.close()
        assert work.wait(60) == 0

"""A file system that does not answer: the keys go on, the app says so, and quitting does not wait for it."""

import os
import sys
from pathlib import Path

import pytest
from terminal import Terminal

ROOT = Path(__file__).resolve().parents[2]
OPEN = """
import os, sys
from smdtui import site as sites
from smdtui.app import run
from smdtui.catalog.experiment import resolve
from smdtui.services import Selection, Services
site = sites.load({site!r})
services = Services(site=site, experiment=resolve(site, "tmoc00126", results={results!r}), demo=True)
services.selection = Selection(run=13)
os.environ["SLOW_FILES"] = str(services.experiment.directory)
import smdtui.catalog.run_feed as feed
feed.SILENT = 1.0
sys.exit(run(services))
"""


@pytest.mark.parametrize("seconds", [2, 1000])
def test_keys_go_on_while_the_file_system_does_not_answer(written, tmp_path, seconds):
    code = OPEN.format(site=str(written / "site.toml"), results=str(tmp_path / "results"))
    path = os.pathsep.join([str(ROOT / "tests" / "slow_files"), str(ROOT)])
    environment = {"PYTHONPATH": path, "SLOW_SECONDS": str(seconds)}
    with Terminal([sys.executable, "-c", code], 100, 30, env=environment, cwd=ROOT) as terminal:
        terminal.wait_for("Reading", 60)
        if seconds > 100:
            terminal.wait_for("The file system has not answered for", 30)
        else:
            terminal.wait_for("16 ", 60)  # the numbers come from two listings
        # with 1000 s per answer, a single question on the thread of the keys would end this test
        terminal.press("2")
        terminal.wait_for("Asking run", 20)
        terminal.press("/")
        terminal.type("sam")
        terminal.wait_for("/ sam", 20)
        terminal.press("escape")
        terminal.wait_gone("/ sam", 20)
        terminal.press("1")
        terminal.wait_for("[1 Runs]", 20)
        terminal.press("x")
        terminal.wait_for("under", 20)
        terminal.press("escape")
        terminal.wait_gone("under", 20)
        terminal.press("4")
        terminal.wait_for("[4 Jobs]", 20)
        terminal.press("ctrl+q")
        assert terminal.wait_exit(20) == 0

"""Who else edits a profile, and the buffers of consoles that were killed."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from smdtui.profile.presence import STALE, Presence, others
from smdtui.profile.rescue import Keeper, rescued

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def profile(tmp_path):
    path = tmp_path / "p.toml"
    path.write_text("format = 1\n")
    return path


def console(code, *arguments):
    """Another console: a process of its own that waits, after some lines of Python, until its input ends."""
    words = [
        sys.executable,
        "-c",
        f"{code}\nprint('ready', flush=True)\nimport sys; sys.stdin.read()",
        *map(str, arguments),
    ]
    process = subprocess.Popen(words, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "ready\n"
    return process


EDITING = """
import sys; from pathlib import Path
from smdtui.profile.presence import Presence
Presence(Path(sys.argv[1]), "anna", now=1_800_000_000).announce()
"""
UNSAVED = """
import sys; from pathlib import Path
from smdtui.profile.rescue import Keeper
keeper = Keeper(Path(sys.argv[1]), Path(sys.argv[2]))
keeper.keep("first", "format = 1\\n"); keeper.keep("second", "format = 1\\n")
"""


def test_another_console_is_told_of_until_it_is_gone(profile):
    other = console(EDITING, profile)
    try:
        [editor] = others(profile)
        assert editor.who == "anna" and editor.pid == other.pid and "being edited by anna since " in editor.text()
        link = profile.with_name("link.toml")
        link.symlink_to(profile)
        assert others(link) == [editor]
    finally:
        other.kill()
        other.wait()
    assert others(profile) == [] and not list(profile.parent.glob(".p.toml.editing-*")), "it is cleared away"


def test_our_own_notice_is_not_somebody_else(profile):
    presence = Presence(profile, "ben")
    assert presence.announce() and presence.announce() and others(profile) == []
    presence.withdraw()
    assert list(profile.parent.iterdir()) == [profile]


def test_a_notice_of_another_host_goes_stale(profile):
    notice = profile.with_name(".p.toml.editing-elsewhere-1")
    notice.write_text(json.dumps({"who": "eva", "host": "elsewhere", "pid": 1, "born": 1, "since": time.time()}))
    assert [e.host for e in others(profile)] == ["elsewhere"]
    old = time.time() - STALE - 1
    os.utime(notice, (old, old))
    assert others(profile) == []


def test_a_notice_cut_short_is_nobody(profile):
    profile.with_name(".p.toml.editing-x-1").write_text('{"who": ')
    assert others(profile) == []


def test_a_process_number_that_came_again_is_not_the_same_console(profile):
    entry = {"who": "eva", "host": Presence(profile, "").editor.host, "pid": os.getppid(), "born": 1, "since": 1.0}
    profile.with_name(".p.toml.editing-x-2").write_text(json.dumps(entry))
    assert others(profile) == []


def test_the_buffer_of_a_killed_console_is_offered_and_of_a_running_one_not(profile, tmp_path):
    other = console(UNSAVED, tmp_path / "state", profile)
    try:
        assert rescued(tmp_path / "state", profile) == []
    finally:
        other.kill()
        other.wait()
    [kept] = rescued(tmp_path / "state", profile)
    assert (kept.text, kept.seen) == ("second", "format = 1\n")
    assert rescued(tmp_path / "state", profile.with_name("q.toml")) == []
    kept.discard()
    assert rescued(tmp_path / "state", profile) == []


def test_what_was_kept_before_survives_a_keep_that_fails(profile, tmp_path, monkeypatch):
    keeper = Keeper(tmp_path / "state", profile)
    keeper.keep("first", None)

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError):
        keeper.keep("second", None)
    [file] = (tmp_path / "state" / "unsaved").iterdir()
    assert json.loads(file.read_text())["text"] == "first"
    keeper.forget()
    assert not file.exists()

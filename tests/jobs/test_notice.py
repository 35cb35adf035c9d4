"""What is sent to a terminal when a job ends, byte by byte; through a real pty and a real tmux where there is one."""

import os
import shutil
import subprocess
import sys
import time
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smdtui.jobs.notice import BELL, KINDS, OSC9, OSC777, Switch, fitting, sequence, together, told


def test_the_bytes():
    assert sequence("smdtui", "run 7 verified", [BELL], {}) == "\a"
    assert sequence("smdtui", "run 7 verified", [OSC9], {}) == "\x1b]9;smdtui: run 7 verified\a"
    assert sequence("smdtui", "run 7 verified", [OSC777], {}) == "\x1b]777;notify;smdtui;run 7 verified\a"
    assert sequence("smdtui", "run 7 verified", [], {}) == ""


def test_multiplexers_let_it_through_in_a_wrapping():
    inside = sequence("smdtui", "x", [BELL, OSC9], {"TMUX": "/tmp/tmux-0/default,1,0"})
    assert inside == "\a\x1bPtmux;\x1b\x1b]9;smdtui: x\a\x1b\\"
    assert sequence("smdtui", "x", [OSC9], {"STY": "1.pts"}) == "\x1bP\x1b]9;smdtui: x\a\x1b\\"


@given(st.text(), st.text())
def test_no_text_breaks_out_of_the_sequence(title, text):
    found = sequence(title, text, KINDS, {})
    assert found.count("\x1b") == 2 and found.count("\a") == 3 and "\x9c" not in found and "\x9b" not in found
    assert found.split("\x1b]777;notify;")[1].count(";") >= 1
    assert len(found) < 1000


@pytest.mark.parametrize(
    "environment, kinds",
    [
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "iTerm.app"}, (BELL, OSC9)),
        ({"TERM": "xterm-kitty"}, (BELL, OSC9)),
        ({"TERM": "xterm-256color", "VTE_VERSION": "7200"}, (BELL, OSC777)),
        ({"TERM": "foot"}, (BELL, OSC777)),
        ({"TERM": "xterm-256color"}, KINDS),
        ({"TERM": "tmux-256color", "TMUX": "x"}, KINDS),
        ({"TERM": "linux"}, (BELL,)),
        ({}, (BELL,)),
    ],
)
def test_what_suits_the_terminal(environment, kinds):
    assert fitting(environment) == kinds


def test_the_switch_is_kept_and_the_site_decides_the_kinds(tmp_path):
    switch = Switch(tmp_path / "state", None, {"TERM": "foot"})
    assert switch.on and switch.kinds == (BELL, OSC777)
    assert switch.flip() is False and switch.kinds == ()
    again = Switch(tmp_path / "state", ["bell"], {"TERM": "foot"})
    assert not again.on and again.kinds == ()
    assert again.flip() is True and Switch(tmp_path / "state", ["bell"], {"TERM": "foot"}).kinds == ("bell",)
    assert Switch(tmp_path, [], {}).kinds == ()


def job(run, state="verified", cause=None, by=None):
    return SimpleNamespace(run=run, state=state, cause=cause, by=by)


def test_the_words():
    assert told(job(7)) == "run 7 verified"
    assert told(job(7, "failed", "Rank 3: no calibration")) == "run 7 failed: Rank 3: no calibration"
    assert told(job(7, "cancelled", by="bob")) == "run 7 cancelled by bob"
    assert together([job(7)]) == "run 7 verified"
    assert together([job(7), job(8, "failed"), job(9)]) == "3 jobs ended: 1 failed, 2 verified"


@pytest.mark.skipif(not shutil.which("tmux"), reason="tmux is not installed")
def test_a_real_tmux_rings_and_lets_it_through_and_its_screen_stays_as_it_was(tmp_path):
    """The bytes arrive at the terminal around tmux; the program's own screen shows none of them."""
    from terminal import Terminal

    code = (
        "import os, sys, time; from smdtui.jobs.notice import KINDS, sequence;"
        "sys.stdout.write('before ' + sequence('smdtui', 'run 7 verified', KINDS, os.environ) + 'after');"
        "sys.stdout.flush(); time.sleep(600)"
    )
    socket = f"{tmp_path}/tmux"
    script = tmp_path / "inside.sh"
    script.write_text(f'#!/bin/sh\nexec {sys.executable} -c "{code}"\n')
    script.chmod(0o755)
    (tmp_path / "tmux.conf").write_text("set -g allow-passthrough on\nset -g status off\n")
    words = ["tmux", "-S", socket, "-f", str(tmp_path / "tmux.conf"), "new-session", str(script)]
    seen = b""
    with Terminal(words, env={"PYTHONPATH": os.getcwd()}) as terminal:
        try:
            deadline = time.monotonic() + 60
            while b"after" not in seen and time.monotonic() < deadline:
                try:
                    seen += os.read(terminal.fd, 65536)
                except OSError:
                    break
        finally:
            subprocess.run(["tmux", "-S", socket, "kill-server"], capture_output=True)
    assert b"\x1b]9;smdtui: run 7 verified\x07" in seen and b"\x1b]777;notify;smdtui;run 7 verified\x07" in seen
    shown = seen
    for code in (b"\x1b]9;smdtui: run 7 verified\x07", b"\x1b]777;notify;smdtui;run 7 verified\x07"):
        shown = shown.replace(code, b"")
    assert b"run 7 verified" not in shown and b"tmux;" not in shown and b"\x07" in shown

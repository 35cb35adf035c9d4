"""Telling a person who looks elsewhere that a job has ended: the terminal's bell, and the notifications of terminals.

OSC 9 is understood by iTerm2, kitty, WezTerm, Ghostty and Windows Terminal, OSC 777 by VTE, Konsole, foot and urxvt;
a terminal that knows neither shows nothing. tmux and screen keep such sequences to themselves unless they are wrapped
(and tmux only lets them through with ``set -g allow-passthrough on``). None of this moves the cursor.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from smdtui.jobs.folder import make_folder, write_whole
from smdtui.site import NOTICES as KINDS

BELL, OSC9, OSC777 = KINDS
LONGEST = 200  # characters of a text: some terminals drop a sequence that is too long


def fitting(environment: Mapping[str, str]) -> tuple[str, ...]:
    """The kinds that suit the terminal: one notification where it is known which it understands, both where it is not
    (one is ignored), the bell alone on a Linux console and a terminal of no abilities."""
    term, program = environment.get("TERM", ""), environment.get("TERM_PROGRAM", "").casefold()
    if term in ("linux", "dumb", ""):
        return (BELL,)
    if program in ("iterm.app", "wezterm", "ghostty") or term.startswith(("xterm-kitty", "xterm-ghostty")):
        return (BELL, OSC9)
    if term.startswith(("rxvt", "foot")) or "VTE_VERSION" in environment or "KONSOLE_VERSION" in environment:
        return (BELL, OSC777)
    return KINDS


def sequence(title: str, text: str, kinds: Iterable[str], environment: Mapping[str, str]) -> str:
    """What is written to the terminal; nothing of it is ever shown as text on the screen."""
    title, text = _plain(title).replace(";", ","), _plain(text)
    found = "\a" if BELL in kinds else ""
    if OSC9 in kinds:
        found += _through(f"\x1b]9;{title}: {text}\a", environment)
    if OSC777 in kinds:
        found += _through(f"\x1b]777;notify;{title};{text}\a", environment)
    return found


def _plain(text: str) -> str:
    """Without control characters, which could end the sequence and begin another."""
    return "".join(c if c.isprintable() else " " for c in text)[:LONGEST]


def _through(code: str, environment: Mapping[str, str]) -> str:
    if environment.get("TMUX"):
        return "\x1bPtmux;" + code.replace("\x1b", "\x1b\x1b") + "\x1b\\"
    if environment.get("STY"):
        return f"\x1bP{code}\x1b\\"
    return code


def told(job: Any) -> str:
    """The end of a job in one line."""
    why = f": {job.cause}" if job.cause else f" by {job.by}" if job.by else ""
    return f"run {job.run} {job.state}{why}"


def together(jobs: Iterable[Any]) -> str:
    """The ends of several jobs that were seen at one look, in one line."""
    from smdtui.jobs.board import counted

    jobs = list(jobs)
    return told(jobs[0]) if len(jobs) == 1 else f"{len(jobs)} jobs ended: {counted(jobs)}"


class Switch:
    """Whether and how this user is told, kept between sessions. `site`: the kinds of the site file, None for those that
    suit the terminal."""

    def __init__(self, state: Path, site: Iterable[str] | None, environment: Mapping[str, str] | None = None) -> None:
        self._file = Path(state) / "notify"
        self.environment: Mapping[str, str] = os.environ if environment is None else environment
        self._site = fitting(self.environment) if site is None else tuple(site)

    @property
    def kinds(self) -> tuple[str, ...]:
        return self._site if self.on else ()

    @property
    def on(self) -> bool:
        try:
            return self._file.read_text(encoding="utf-8").strip() != "off"
        except (OSError, UnicodeDecodeError):
            return True

    def flip(self) -> bool:
        """The other way from now on; returns which. Raises OSError where it cannot be kept."""
        on = not self.on
        if not self._file.parent.exists():
            make_folder(self._file.parent)
        write_whole(self._file, "on\n" if on else "off\n")
        return on

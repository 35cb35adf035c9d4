"""The app: the five screens, what they share, and the funnel for bugs."""

from __future__ import annotations

import gc
import importlib
import os
import sys
import traceback
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

from rich.text import Text
from textual.app import SystemCommand
from textual.message import Message
from textual.screen import Screen
from textual.signal import Signal
from textual.theme import Theme

from smdtui import crash
from smdtui.jobs.feed import Look
from smdtui.keys import KEYS
from smdtui.screens.base import BaseScreen
from smdtui.services import Services
from smdtui.theme import OKABE_ITO
from smdtui.widgets.bindings import bindings
from smdtui.widgets.ordered_keys import OrderedKeys

DARK = Theme(
    name="smdtui-dark",
    primary=OKABE_ITO["blue"],
    accent=OKABE_ITO["blue"],
    success="#2BC49A",  # the bluish green of Okabe and Ito, lighter to be read on black
    warning=OKABE_ITO["orange"],
    error="#F0783C",  # their vermillion, lighter likewise
    background="#101418",
    surface="#101418",
    panel="#252C34",
    dark=True,
    variables={"text-muted": "#94A0AC", "block-cursor-foreground": "#101418"},
)
LIGHT = Theme(
    name="smdtui-light",
    primary="#0072B2",
    accent="#0072B2",
    success="#00734F",
    warning="#8A5F00",
    error="#B34700",
    background="#FFFFFF",
    surface="#FFFFFF",
    panel="#E4E8EC",
    dark=False,
    variables={"text-muted": "#5A6672", "block-cursor-foreground": "#FFFFFF"},
)


JOBS_AFTER = 1.0  # seconds after the first picture, from when on the jobs are looked at


def _lazily(name: str, screen: str) -> Callable[[], Screen[Any]]:
    """A screen whose module is imported when it is first shown."""

    def make() -> Screen[Any]:
        cls: Callable[[], Screen[Any]] = getattr(importlib.import_module(f"smdtui.screens.{name}"), screen)
        return cls()

    return make


class SmdApp(OrderedKeys):
    """The operator's console on one experiment."""

    CSS_PATH = Path(__file__).with_suffix(".tcss")
    TITLE = "smdtui"
    BINDINGS = bindings("app")
    MODES: ClassVar[dict[str, str | Callable[[], Screen[Any]]]] = {
        "runs": _lazily("runs", "RunsScreen"),
        "names": _lazily("names", "NamesScreen"),
        "profile": _lazily("profile", "ProfileScreen"),
        "jobs": _lazily("jobs", "JobsScreen"),
        "result": _lazily("result", "ResultScreen"),
    }
    DEFAULT_MODE = "runs"
    HORIZONTAL_BREAKPOINTS = [(0, "-tiny"), (60, "-narrow"), (100, "-medium"), (140, "-wide")]  # noqa: RUF012
    VERTICAL_BREAKPOINTS = [(0, "-flat"), (16, "-short"), (30, "-tall")]  # noqa: RUF012
    PAUSE_GC_ON_SCROLL = True

    @dataclass
    class Seen(Message):
        """The jobs, as they were looked at."""

        look: Look

    def __init__(self, services: Services) -> None:
        super().__init__()
        self.services = services
        self.look = Look()
        self.jobs_seen: Signal[Look] = Signal(self, "jobs seen")
        self.animation_level = "none"
        self.crash_report: Path | None = None
        self._visited: list[str] = []
        self._crashes: dict[str, Path] = {}  # traceback -> its report

    def on_mount(self) -> None:
        self.register_theme(DARK)
        self.register_theme(LIGHT)
        self.theme = "ansi-dark" if self.console.color_system == "standard" else DARK.name
        self.call_after_refresh(_settle_memory)
        self.set_timer(JOBS_AFTER, self.watch_jobs)  # what it imports must not delay the first picture

    # -- jobs
    def watch_jobs(self, near: bool | None = None) -> None:
        """Look at the jobs from now on; `near`: somebody looks at their list, or no longer does."""
        feed = self.services.job_feed(lambda look: self.post_message(self.Seen(look)))
        feed.failed = self._looking_failed
        if near is not None:
            feed.look_closely(near)

    def jobs_again(self) -> None:
        """Look at once: something was done to a job."""
        self.watch_jobs()
        self.services.job_feed(lambda look: None).again()

    def _looking_failed(self, error: Exception) -> None:
        """In the thread of the feed."""
        report = self.record_crash(error)
        name = getattr(self.services.experiment, "name", "")
        self.post_message(self.Seen(Look(name, trouble=f"something unexpected; the report is in {report}")))

    def on_smd_app_seen(self, event: Seen) -> None:
        self.look = event.look
        self.jobs_seen.publish(event.look)
        if event.look.ended:
            self._announce(event.look.ended)

    def _announce(self, ended: tuple[Any, ...]) -> None:
        """Say aloud that jobs have ended, on the screen and to the terminal around it."""
        from smdtui.jobs.notice import sequence, together

        text, switch = together(ended), self.services.notify
        good = all(job.state in ("verified", "cancelled") for job in ended)
        self.notify(text, severity="information" if good else "error", markup=False)
        if self._driver is not None:
            self._driver.write(sequence("smdtui", text, switch.kinds, switch.environment))

    def on_unmount(self) -> None:
        self.services.close()

    # -- screens
    def show_screen(self, name: str) -> None:
        """Go to a main screen; it is as it was left."""
        if name != self.current_mode:
            self._visited.append(self.current_mode)
            self.switch_mode(name)

    def action_show_screen(self, name: str) -> None:
        self.show_screen(name)

    async def action_back(self) -> None:
        """Leave the filter, then the marks, then the sheet, then the screen. Never the app."""
        screen = self.screen
        if isinstance(screen, BaseScreen) and screen.go_back():
            return
        if len(self.screen_stack) > 1:
            screen.dismiss(None)
        elif self._visited:
            self.switch_mode(self._visited.pop())
        elif isinstance(screen, BaseScreen):
            screen.say("Ctrl+q leaves smdtui; running jobs go on without it.")

    def action_help(self) -> None:
        from smdtui.widgets.help import Help

        self.push_screen(Help(self.screen))

    async def action_quit(self) -> None:
        """Leave; asks first when an edit would be lost."""
        from smdtui.widgets.confirm import Confirm

        screens = [screen for stack in self._screen_stacks.values() for screen in stack]
        found = [self.services.unsaved(), *(screen.unsaved() for screen in screens if isinstance(screen, BaseScreen))]
        unsaved = list(dict.fromkeys(text for text in found if text))
        if not unsaved or isinstance(self.screen, Confirm):  # a second ctrl+q at the question means it
            self._leave()
            return
        question = Confirm("Not saved", "\n".join([*unsaved, "Leave and lose it?"]))
        await self.push_screen(question, lambda yes: self._leave() if yes else None)

    def _leave(self) -> None:
        """On purpose: what is not saved is given up. However else the app ends, it is offered at the next start."""
        self.services.session.end()
        self.exit()

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """The palette: every key of this screen by its name, then the themes."""
        for group in (*getattr(screen, "KEY_GROUPS", ()), "app"):
            for key in KEYS[group]:
                if key.palette:
                    name = f"{key.help[0].upper()}{key.help[1:]} ({key.shown})"
                    yield SystemCommand(name, "", partial(self.simulate_key, key.keys.split(",")[0]))
        yield SystemCommand("Change the theme", "", self.action_change_theme)

    # -- bugs
    def record_crash(self, error: BaseException) -> Path:
        """Write the report of an unexpected exception, once for the same one; returns where."""
        what = "".join(traceback.format_exception(error))
        if what not in self._crashes:
            self._crashes[what] = crash.record(error, self.services.state_dir, where=f"screen {self.current_mode}")
        return self._crashes[what]

    def _handle_exception(self, error: Exception) -> None:
        if self.is_headless:  # tests want the exception itself
            super()._handle_exception(error)
            return
        if self.crash_report is None:
            self.crash_report = self.record_crash(error)
            self._exit_renderables.append(
                Text(f"smdtui stopped on something unexpected; your jobs go on. The report is in {self.crash_report}")
            )
        self._return_code = 1
        self._close_messages_no_wait()


def _settle_memory() -> None:
    """What start-up made stays: the collector need not walk it again."""
    gc.freeze()
    gc.enable()


def run(services: Services, mouse: bool = True) -> int:
    """Open the app; returns the exit status."""
    sys.setswitchinterval(0.0005)  # keys stay quick beside busy threads
    os.environ.setdefault("TEXTUAL_ANIMATIONS", "none")
    for name in ("COLUMNS", "LINES"):  # left by a program before; Textual would believe them, not the terminal
        os.environ.pop(name, None)
    gc.disable()  # until the first picture: nothing of what is made before it is garbage
    app = SmdApp(services)
    try:
        app.run(mouse=mouse)
    finally:
        services.close()
    return app.return_code or 0

"""The log of a job, of any size: opens at its end and follows it; only the lines on the screen are read."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from rich.segment import Segment
from textual.geometry import Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from smdtui.jobs.log_file import LogFile
from smdtui.jobs.log_filter import FilteredLog, LineFilter
from smdtui.jobs.log_level import ERROR, level_of
from smdtui.jobs.log_search import ERRORS, Wanted
from smdtui.widgets.bindings import bindings
from smdtui.widgets.columns import clean

POLL = 0.15  # seconds between looks at the file
TOLD = 0.2  # seconds between two words on how far a search is
SYNC = 7  # the scroll bar follows every so many of them: moving it costs more than painting the lines


class LogView(ScrollView, can_focus=True):
    """`open` another file; `find`, `find_again` and `find_error` search; `only` leaves lines out. `follow` is on while
    it shows the end."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"log--error", "log--warn", "log--hit", "log--muted"}
    DEFAULT_CSS = """
    LogView {
        height: 1fr; background: $background; color: $foreground; overflow-x: hidden; scrollbar-size-vertical: 1;
    }
    LogView .log--error { color: $error; }
    LogView .log--warn { color: $warning; }
    LogView .log--hit { text-style: reverse; }
    LogView .log--muted { color: $text-muted; }
    """
    BINDINGS = bindings("log")
    follow: reactive[bool] = reactive(True, repaint=False, init=False)

    @dataclass
    class Grew(Message):
        """What is shown of the file has other lines than before; `error` says why it cannot be read."""

        view: LogView
        file: LogFile | FilteredLog | None
        error: str = ""

        def can_replace(self, message: Message) -> bool:
            return isinstance(message, LogView.Grew) and message.view is self.view

    @dataclass
    class Found(Message):
        """The search ended; `line` None: nowhere."""

        view: LogView
        text: str
        line: int | None

        @property
        def control(self) -> LogView:
            return self.view

    @dataclass
    class Searching(Message):
        """How far the search is, 0 to 1."""

        view: LogView
        share: float

        def can_replace(self, message: Message) -> bool:
            return isinstance(message, LogView.Searching) and message.view is self.view

    def __init__(self, path: Path | None = None, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.path = path
        self.file: LogFile | FilteredLog | None = None
        self.wanted = LineFilter()
        self.lines = 0
        self.hit = -1
        self.needle = ""
        self._left = 0
        self._polls = 0
        self._words = ""
        self._page: tuple[int, Sequence[str]] = (0, ())
        self._stop = threading.Event()
        self._search = threading.Event()
        self.searching = False

    # -- the file
    def on_mount(self) -> None:
        if self.path is not None:
            self.open(self.path)

    def on_unmount(self) -> None:
        self._stop.set()
        self._search.set()

    def open(self, path: Path | None) -> None:
        """Show another file (None: nothing), at its end."""
        self._stop.set()
        self.stop_search()
        self._stop = threading.Event()
        self.path, self.file, self.lines, self.hit, self._page = path, None, 0, -1, (0, ())
        self.virtual_size = Size(1, 0)
        self.follow, self._words = True, "" if path is None else "nothing written yet"
        self.refresh()
        if path is not None:
            watching = (path, self.wanted, self._stop)
            threading.Thread(target=self._watch, args=watching, name="smdtui log", daemon=True).start()

    def only(self, wanted: LineFilter) -> None:
        """Show these lines only; begins again at the end."""
        if wanted != self.wanted:
            self.wanted = wanted
            self.open(self.path)
            if self.path is not None and not wanted.open:
                self._words = "no line of this log is shown"

    def _watch(self, path: Path, wanted: LineFilter, stop: threading.Event) -> None:
        """Count the lines that arrive, in a thread of its own."""
        file: LogFile | None = None
        shown: LogFile | FilteredLog | None = None
        try:
            while not stop.is_set():
                if file is None and path.exists():
                    file = LogFile(path)
                    shown = file if wanted.open else FilteredLog(file, wanted)
                if file is not None and shown is not None:
                    grew = file.grow(0.05)
                    if isinstance(shown, FilteredLog):
                        grew = shown.grow(0.05)
                    if grew:
                        self.post_message(self.Grew(self, shown))
                    if not (file.complete and shown.complete):
                        stop.wait(0.001)  # let the screen have its turn
                        continue
                stop.wait(POLL)
        except OSError as error:
            if not stop.is_set():
                self.post_message(self.Grew(self, None, f"{path.name}: {error.strerror or error}"))
        finally:
            if file is not None:
                file.close()

    def on_log_view_grew(self, event: Grew) -> None:
        event.stop()
        if event.error:
            self._words, self.file, self.lines = event.error, None, 0
            self.refresh()
            return
        first = self.file is not event.file
        self.file = event.file
        assert event.file is not None
        self.lines, self._page = event.file.lines, (0, ())
        self._polls += 1
        if first or not self.follow or self._polls % SYNC == 0:
            self._sync()
        self.refresh()

    def _sync(self) -> None:
        self.virtual_size = Size(1, self.lines)
        if self.follow:
            self.scroll_to(y=self._end, animate=False, force=True, immediate=True)

    # -- painting
    @property
    def _end(self) -> int:
        return max(0, self.lines - self.size.height)

    @property
    def top(self) -> int:
        """The first line on the screen."""
        return self._end if self.follow else self.scroll_offset.y

    def _line(self, number: int) -> str | None:
        begin, page = self._page
        if not begin <= number < begin + len(page):
            if self.file is None or not 0 <= number < self.lines:
                return None
            begin = max(0, self.top - self.size.height)
            try:
                page = self.file.get(begin, 3 * self.size.height)
            except (OSError, ValueError):  # closed while a frame was under way
                return None
            self._page = (begin, page)
        return page[number - begin] if 0 <= number - begin < len(page) else None

    def render_line(self, y: int) -> Strip:
        width, base = self.size.width, self.rich_style
        number = y + self.top
        text = self._line(number)
        if text is None:
            words = f" {self._words}" if y == 0 and not self.lines else ""
            style = base + self.get_component_rich_style("log--muted", partial=True)
            return Strip([Segment(words, style)]).adjust_cell_length(width, style)
        style = base
        if level := level_of(text):
            name = "error" if level == ERROR else "warn"
            style += self.get_component_rich_style(f"log--{name}", partial=True)
        if number == self.hit:
            style += self.get_component_rich_style("log--hit", partial=True)
        return Strip([Segment(clean(text), style)]).crop_extend(self._left, self._left + width, style)

    # -- keys
    def _go(self, top: int) -> None:
        """Put a line on top; the end follows again."""
        self.virtual_size = Size(1, self.lines)
        self.follow = top >= self._end
        self.scroll_to(y=max(0, min(top, self._end)), animate=False, force=True, immediate=True)
        self.refresh()

    def action_move(self, by: int) -> None:
        self._go(self.top + by)

    def action_page(self, by: int) -> None:
        self._go(self.top + by * max(1, self.size.height - 1))

    def action_jump(self, where: int) -> None:
        self._go(0 if where == 0 else self.lines)

    def action_shift(self, by: int) -> None:
        self._left = max(0, self._left + by)
        self.refresh()

    def watch_scroll_y(self, old: float, new: float) -> None:
        super().watch_scroll_y(old, new)
        if self.follow and round(new) < round(old) and new < self._end:
            self.follow = False  # the wheel or the scroll bar

    def on_resize(self) -> None:
        if self.follow:
            self._sync()

    # -- search
    def find(self, text: str) -> None:
        """Go to the next line with the text, from the top of the screen on, then from the beginning."""
        self.needle, self.hit = text, -1
        self.find_again()

    def find_again(self, forward: bool = True) -> None:
        """The next place, or the one before; posts Found."""
        if self.file is None or not self.needle:
            self.post_message(self.Found(self, self.needle, None))
        else:
            self._seek(self.needle, self.needle, forward)

    def find_error(self, forward: bool) -> None:
        """The next line that tells of an error, or the one before, seen from the one found last, else from the end."""
        if self.file is None:
            self.post_message(self.Found(self, "an error", None))
        else:
            self._seek(ERRORS, "an error", forward)

    def stop_search(self) -> bool:
        """True when one was under way."""
        was, self.searching = self.searching, False
        self._search.set()
        return was

    def _seek(self, wanted: str | Wanted, words: str, forward: bool) -> None:
        file = self.file
        assert file is not None
        self.stop_search()
        stop = self._search = threading.Event()
        self.searching = True
        top = self.lines if self.follow and not forward and not isinstance(wanted, str) else self.top
        start = (self.hit if self.hit >= 0 else top - (1 if forward else 0)) + (1 if forward else -1)
        told = time.monotonic()

        def progress(share: float) -> None:
            nonlocal told
            if time.monotonic() - told > TOLD and not stop.is_set():
                told = time.monotonic()
                self.post_message(self.Searching(self, share))

        def search() -> None:
            try:
                line = file.search(wanted, start, stop.is_set, not forward, progress)
                if line is None:
                    around = 0 if forward else file.lines
                    line = file.search(wanted, around, stop.is_set, not forward, progress)
            except (OSError, ValueError):  # closed meanwhile
                return
            if not stop.is_set():
                self.post_message(self.Found(self, words, line))

        threading.Thread(target=search, name="smdtui search", daemon=True).start()

    def on_log_view_found(self, event: Found) -> None:
        self.searching = False
        if event.line is not None:
            self.hit = event.line
            self._go(max(0, event.line - self.size.height // 3))
            self.follow = False
            self.refresh()

"""The log part of the Jobs screen: search, errors, which lines are shown."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from textual.widgets import ContentSwitcher

from smdtui.jobs.log_filter import LineFilter
from smdtui.jobs.log_level import ERROR, WARNING
from smdtui.words import plural

if TYPE_CHECKING:
    from smdtui.screens.base import BaseScreen as Base
else:
    Base = object

from smdtui.widgets.filter_bar import FilterBar
from smdtui.widgets.log_view import LogView

LEVELS = {"": "every line", WARNING: "warnings and errors only", ERROR: "errors only"}


class JobLog(Base):
    """Mixed into the Jobs screen."""

    if TYPE_CHECKING:

        def show_status(self) -> None: ...

    @property
    def log_view(self) -> LogView:
        return self.query_one("#log", LogView)

    def _to_log(self) -> None:
        self.query_one("#pane", ContentSwitcher).current = "log"

    # -- the end, and searching
    def action_follow(self) -> None:
        self._to_log()
        self.log_view.action_jump(-1)

    def start_search(self) -> None:
        self._to_log()
        self.query_one("#search", FilterBar).start("log", " find ")

    def typed_for_log(self, event: FilterBar.Left) -> None:
        """What was typed under the log: a text to find, or ranks."""
        self.log_view.focus()
        if event.mode == "ranks":
            event.bar.clear()
            if event.accepted:
                self._only_ranks(event.text.strip())
        elif event.accepted and event.text:
            self.log_view.find(event.text)

    def leave_search(self) -> bool:
        """Out of the search that is going on, or out of the line where it was typed."""
        if self.log_view.stop_search():
            self.say("Not searched to the end.", "warn")
            return True
        bar = self.query_one("#search", FilterBar)
        if bar.text:
            bar.clear()
            return True
        return False

    def action_search_next(self) -> None:
        self._to_log()
        self.log_view.find_again()

    def action_search_previous(self) -> None:
        self._to_log()
        self.log_view.find_again(forward=False)

    def action_error(self, by: int) -> None:
        """The next error of the log, or the one before."""
        self._to_log()
        self.log_view.find_error(forward=by > 0)

    def on_log_view_searching(self, event: LogView.Searching) -> None:
        if self.log_view.searching:
            self.say(f"searching … {event.share:.0%}   esc stops")

    def on_log_view_found(self, event: LogView.Found) -> None:
        if event.line is not None:
            more = "] next error, [ before" if event.text == "an error" else "n next, N before"
            self.say(f"line {event.line + 1:,}   {more}")
        elif event.text == "an error":
            self.say("No line of the log tells of an error.", "ok")
        else:
            self.say(
                f"{event.text!r} is nowhere in the log." if event.text else "Press enter, then / to search.", "warn"
            )

    # -- which lines
    def action_level(self) -> None:
        """All lines, warnings and errors, errors; and round again."""
        levels = list(LEVELS)
        now = levels.index(self.log_view.wanted.level)
        self._only(replace(self.log_view.wanted, level=levels[(now + 1) % len(levels)]))

    def action_collapse(self) -> None:
        self._only(replace(self.log_view.wanted, collapse=not self.log_view.wanted.collapse))

    def action_only_ranks(self) -> None:
        """Type ranks; with some chosen already: all again."""
        if self.log_view.wanted.ranks is not None:
            self._only(replace(self.log_view.wanted, ranks=None))
            return
        self._to_log()
        self.query_one("#search", FilterBar).start("ranks", " only ranks (0,3-5): ")

    def _only_ranks(self, text: str) -> None:
        from producer.run_ranges import RunRange

        if not text:
            return
        try:
            wanted = RunRange.parse(text)
        except ValueError:
            self.say(f"{text!r} names no ranks; write 3, 0-5 or 0,3-5", "warn")
            return
        job: Any = self.current  # type: ignore[attr-defined]
        most = max(job.ranks if job is not None else 0, 1)
        ranks = frozenset(rank for rank in range(max(most, 4096)) if wanted.contains(rank))
        self._only(replace(self.log_view.wanted, ranks=ranks))

    def _only(self, wanted: LineFilter) -> None:
        self._to_log()
        self.log_view.only(wanted)
        self.say(f"The log: {filter_words(wanted)}.")
        self.show_status()


def filter_words(wanted: LineFilter) -> str:
    """ "errors only, of 2 ranks, repeated lines once"."""
    parts = [LEVELS[wanted.level]]
    if wanted.ranks is not None:
        few = sorted(wanted.ranks)
        parts.append(f"of rank {', '.join(map(str, few))}" if len(few) <= 4 else f"of {plural(len(few), 'rank')}")
    if wanted.collapse:
        parts.append("repeated lines once")
    return ", ".join(parts)

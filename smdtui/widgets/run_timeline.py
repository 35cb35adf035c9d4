"""The run-range timeline on the screen: a row per detector and function, the selected run marked, a run per click."""

from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.events import Click
from textual.geometry import Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from smdtui.profile.timeline import BASE, CLASH, GAP, SECTION, Timeline

LEGEND = f"{SECTION[0]}{SECTION[1]} sections  {BASE} all  {GAP} gap  {CLASH} clash"


class RunTimeline(ScrollView, can_focus=False):
    """Paints a `Timeline`; `RunClicked` carries the run under the mouse."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "timeline--title",
        "timeline--bar",
        "timeline--gap",
        "timeline--clash",
        "timeline--selected",
        "timeline--current",
    }
    DEFAULT_CSS = """
    RunTimeline { height: auto; max-height: 6; }
    RunTimeline .timeline--title { color: $text-muted; }
    RunTimeline .timeline--bar { color: $primary; }
    RunTimeline .timeline--gap { color: $text-warning; }
    RunTimeline .timeline--clash { color: $text-error; text-style: bold; }
    RunTimeline .timeline--selected { text-style: reverse; }
    RunTimeline .timeline--current { text-style: underline; color: $foreground; }
    """

    timeline: reactive[Timeline] = reactive(lambda: Timeline((), ()))

    class RunClicked(Message):
        def __init__(self, run: int) -> None:
            super().__init__()
            self.run = run

    def watch_timeline(self, timeline: Timeline) -> None:
        self.virtual_size = Size(self.size.width, len(timeline.rows) + 1)
        self.refresh(layout=True)
        row = timeline.current_row
        if row is not None and self.is_mounted and self.size.height > 1:
            top, page = self.scroll_offset.y, self.size.height
            if not top < row + 1 < top + page:
                self.scroll_to(y=max(0, row + 1 - page // 2), animate=False, immediate=True)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return len(self.timeline.rows) + 1

    @property
    def _title_width(self) -> int:
        widest = max((len(row.title) for row in self.timeline.rows), default=0)
        return min(widest + 1, max(8, self.size.width // 3))

    @property
    def _bar_width(self) -> int:
        return max(0, self.size.width - self._title_width)

    def render_line(self, y: int) -> Strip:
        line, timeline, base = y + self.scroll_offset.y, self.timeline, self.rich_style
        title = self._title_width
        muted = base + self.get_component_rich_style("timeline--title", partial=True)
        if line == 0:
            text = timeline.scale(self._bar_width) if timeline.runs else "no recorded run"
            return Strip([Segment(" " * title + text, muted)]).adjust_cell_length(self.size.width, base)
        if line > len(timeline.rows):
            return Strip.blank(self.size.width, base)
        row = timeline.rows[line - 1]
        name = row.title if len(row.title) < title else row.title[: title - 2] + "…"
        current = timeline.is_current(row)
        if current:
            muted = base + self.get_component_rich_style("timeline--current", partial=True)
        marked = timeline.bar_of_current(self._bar_width) if current else set()
        segments = [Segment(name.ljust(title), muted), *self._bar(timeline.bar(row, self._bar_width), base, marked)]
        return Strip(segments).adjust_cell_length(self.size.width, base)

    def _bar(self, bar: str, base: Style, marked: set[int]) -> list[Segment]:
        styles = {GAP: "timeline--gap", CLASH: "timeline--clash"}
        width = self._bar_width
        at, cell = self.timeline.selected_column(width), self.timeline.cell_width(width)
        segments = []
        for n, character in enumerate(bar):
            style = base + self.get_component_rich_style(styles.get(character, "timeline--bar"), partial=True)
            if n in marked:
                style += self.get_component_rich_style("timeline--current", partial=True)
            if at is not None and at <= n < at + cell:
                style += self.get_component_rich_style("timeline--selected", partial=True)
            segments.append(Segment(character, style))
        return segments

    def on_click(self, event: Click) -> None:
        run = self.timeline.run_at(event.x - self._title_width, self._bar_width)
        if run is not None and event.x >= self._title_width:
            self.post_message(self.RunClicked(run))

"""A list that paints only the lines on the screen, whatever the number of rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from smdtui.widgets.bindings import bindings
from smdtui.widgets.columns import GAP, Column, clean, fit, fit_columns
from smdtui.widgets.list_state import ListState

ROLES = ("muted", "busy", "ok", "warn", "error", "strong")
MARK = 2  # cells in front for the mark


@dataclass(frozen=True)
class Cell:
    """A cell with a role (muted, busy, ok, warn, error, strong), which gives its colour."""

    text: str
    role: str = ""


Cells = Sequence["Cell | str"]


class VirtualList(ScrollView, can_focus=True):
    """Rows by number: `cells(row)` is asked for the lines on the screen only. Set `state` or call `show`."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"list--cursor", "list--head", "list--mark", "list--match"} | {
        f"list--{role}" for role in ROLES
    }
    DEFAULT_CSS = """
    VirtualList {
        height: 1fr; background: $background; color: $foreground; overflow-x: hidden; scrollbar-size-vertical: 1;
    }
    VirtualList .list--head { color: $text-muted; text-style: bold; }
    VirtualList .list--cursor { background: $panel; text-style: bold; }
    VirtualList:focus .list--cursor {
        background: $block-cursor-background; color: $block-cursor-foreground; text-style: bold;
    }
    VirtualList .list--mark { color: $accent; text-style: bold; }
    VirtualList .list--match { text-style: underline; }
    VirtualList .list--muted { color: $text-muted; }
    VirtualList .list--busy { color: $accent; }
    VirtualList .list--ok { color: $success; }
    VirtualList .list--warn { color: $warning; }
    VirtualList .list--error { color: $error; text-style: bold; }
    VirtualList .list--strong { text-style: bold; }
    VirtualList:ansi .list--cursor { text-style: reverse; }
    VirtualList:ansi .list--muted { text-style: dim; }
    """
    BINDINGS = bindings("list", "mark")
    state: reactive[ListState] = reactive(ListState, repaint=False, init=False)

    @dataclass
    class Highlighted(Message):
        """The cursor went to another row (None: there is none)."""

        list: VirtualList
        row: int | None

        @property
        def control(self) -> VirtualList:
            return self.list

        def can_replace(self, message: Message) -> bool:
            return isinstance(message, VirtualList.Highlighted) and message.list is self.list

    @dataclass
    class Opened(Message):
        """Enter on a row, or a click on the row of the cursor."""

        list: VirtualList
        row: int

        @property
        def control(self) -> VirtualList:
            return self.list

    @dataclass
    class Marked(Message):
        """The marks changed."""

        list: VirtualList
        marked: frozenset[int]

        @property
        def control(self) -> VirtualList:
            return self.list

    def __init__(
        self,
        columns: Sequence[Column],
        cells: Callable[[int], Cells] = lambda row: (),
        *,
        empty: str = "",
        markable: bool = False,
        header: bool = True,
        match_columns: Sequence[int] = (0,),
        id: str | None = None,
    ) -> None:
        super().__init__(id=id)
        self.columns, self.cells, self.empty = columns, cells, empty
        self.markable, self.head, self.match_columns = markable, int(header), frozenset(match_columns)
        self._styles: dict[str, Style] = {}
        self._fitted: tuple[int, list[tuple[int, int]]] = (-1, [])

    # -- what it shows
    def show(self, view: Sequence[int], query: str = "", cells: Callable[[int], Cells] | None = None) -> None:
        """Other rows, or the same rows with other contents."""
        if cells is not None:
            self.cells = cells
        self.state = self.state.show(view, query)
        self.repaint()

    def set_columns(self, columns: Sequence[Column]) -> None:
        self.columns, self._fitted = columns, (-1, [])
        self.refresh()

    def set_empty(self, text: str) -> None:
        """What is said where there are no rows."""
        if text != self.empty:
            self.empty = text
            self.refresh()

    def repaint(self) -> None:
        self.refresh()

    @property
    def visible_rows(self) -> list[int]:
        """The rows that are on the screen."""
        top = self.scroll_offset.y
        return list(self.state.view[top : top + self._page])

    @property
    def _page(self) -> int:
        return max(1, self.scrollable_content_region.height - self.head)

    def watch_state(self, old: ListState, new: ListState) -> None:
        size = Size(self.size.width, len(new.view) + self.head)
        if size.height != self.virtual_size.height:
            self.virtual_size = size
        top = self.scroll_offset.y
        if self.is_mounted:
            self._follow_cursor()
        if (old.view, old.marked, old.query) == (new.view, new.marked, new.query) and self.scroll_offset.y == top:
            for at in (old.cursor, new.cursor):
                self.refresh(Region(0, at - top + self.head, self.size.width, 1))
        else:
            self.refresh()
        if old.row != new.row:
            self.post_message(self.Highlighted(self, new.row))
        if old.marked != new.marked:
            self.post_message(self.Marked(self, new.marked))

    def _follow_cursor(self) -> None:
        top, page, cursor = self.scroll_offset.y, self._page, self.state.cursor
        if cursor < top:
            self.scroll_to(y=cursor, animate=False, force=True, immediate=True)
        elif cursor >= top + page:
            self.scroll_to(y=cursor - page + 1, animate=False, force=True, immediate=True)

    def on_resize(self) -> None:
        self._follow_cursor()

    # -- painting
    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._styles.clear()

    def watch_has_focus(self, value: bool) -> None:
        self._styles.clear()
        super().watch_has_focus(value)

    def _style(self, name: str) -> Style:
        style = self._styles.get(name)
        if style is None:
            style = self.rich_style if not name else self.get_component_rich_style(f"list--{name}", partial=True)
            self._styles[name] = style
        return style

    def _layout(self, width: int) -> list[tuple[int, int]]:
        if self._fitted[0] != width:
            self._fitted = (width, fit_columns(self.columns, width - self._indent))
        return self._fitted[1]

    @property
    def _indent(self) -> int:
        return MARK if self.markable else 1

    def render_line(self, y: int) -> Strip:
        width, base = self.scrollable_content_region.width, self._style("")
        if self.head and y == 0:
            return self._head_line(width, base)
        at = y - self.head + self.scroll_offset.y
        state = self.state
        if at >= len(state.view):
            lines = self.empty.split("\n") if not state.view and self.empty else []
            line = y - self.head - 1
            text = f"  {clean(lines[line])}" if 0 <= line < len(lines) else ""
            return Strip([Segment(fit(text, width), base + self._style("muted"))], width)
        row = state.view[at]
        on, marked = at == state.cursor, row in state.marked
        line_style = base + self._style("cursor") if on else base
        front = "● " if marked and self.markable else " " * self._indent
        if self.app.services.ascii:  # type: ignore[attr-defined]
            front = front.replace("●", "*")
        segments = [Segment(front, line_style if on else line_style + self._style("mark"))]
        cells = self.cells(row)
        gap = Segment(" " * GAP, line_style)
        for index, cell_width in self._layout(width):
            cell = cells[index]
            text, role = (cell, "") if isinstance(cell, str) else (cell.text, cell.role)
            style = line_style + self._style(role) if role and not on else line_style
            if marked and not role and not on:
                style = line_style + self._style("mark")
            text = fit(text, cell_width, self.columns[index].right)
            if state.query and index in self.match_columns:
                segments += self._matched(text, style)
            else:
                segments.append(Segment(text, style))
            segments.append(gap)
        return Strip(segments).adjust_cell_length(width, line_style)

    def _head_line(self, width: int, base: Style) -> Strip:
        parts = [fit(self.columns[i].title, w, self.columns[i].right) for i, w in self._layout(width)]
        text = " " * self._indent + (" " * GAP).join(parts)
        return Strip([Segment(fit(text, width), base + self._style("head"))], width)

    def _matched(self, text: str, style: Style) -> list[Segment]:
        """The words of the query underlined."""
        folded = text.casefold()
        if len(folded) != len(text):
            return [Segment(text, style)]
        spans = sorted((at, at + len(w)) for w in self.state.query.split() if (at := folded.find(w.casefold())) >= 0)
        segments, done = [], 0
        for begin, end in spans:
            begin = max(begin, done)
            if end > begin:
                segments += [Segment(text[done:begin], style), Segment(text[begin:end], style + self._style("match"))]
                done = end
        return [*segments, Segment(text[done:], style)]

    # -- keys
    def action_move(self, by: int) -> None:
        self.state = self.state.move(by)

    def action_page(self, by: int) -> None:
        self.state = self.state.move(by * max(1, self._page - 1))

    def action_jump(self, where: int) -> None:
        self.state = self.state.last() if where < 0 else self.state.to(where)

    def action_mark(self) -> None:
        self.state = self.state.mark()

    def action_mark_range(self) -> None:
        self.state = self.state.mark_range()

    def action_mark_all(self) -> None:
        self.state = self.state.mark_all()

    def action_mark_none(self) -> None:
        self.state = self.state.unmarked()

    def action_open(self) -> None:
        if self.state.row is not None:
            self.post_message(self.Opened(self, self.state.row))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action in ("mark", "mark_range", "mark_all", "mark_none"):
            return self.markable
        return True

    def on_click(self, event: events.Click) -> None:
        at = event.y - self.head + self.scroll_offset.y
        if event.y < self.head or at >= len(self.state.view):
            return
        if at == self.state.cursor and event.chain == 2:
            self.action_open()
        self.state = self.state.to(at)

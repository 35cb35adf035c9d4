"""A list in a window over the screen, with the whole of the row of the cursor beneath."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Generic, TypeVar

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.screen import ModalScreen

from smdtui.widgets.columns import Column
from smdtui.widgets.key_footer import KeyFooter
from smdtui.widgets.plain import Plain
from smdtui.widgets.virtual_list import Cells, VirtualList

R = TypeVar("R")


class ListSheet(ModalScreen[R], Generic[R]):
    """A subclass has COLUMNS and the bindings, and says what is in row `row`."""

    DEFAULT_CSS = """
    ListSheet { align: center middle; }
    ListSheet > Vertical { width: 100%; height: 90%; border: round $primary; background: $panel; padding: 0 1; }
    ListSheet .title { text-style: bold; height: auto; max-height: 2; }
    ListSheet VirtualList { background: $panel; height: 1fr; }
    ListSheet .whole { height: auto; max-height: 6; color: $text-muted; }
    """
    COLUMNS: ClassVar[Sequence[Column]] = ()
    HEADER = False

    def __init__(self, title: str, empty: str = "") -> None:
        super().__init__()
        self._title_text, self._empty = title, empty

    def count(self) -> int:
        raise NotImplementedError

    def cells(self, row: int) -> Cells:
        raise NotImplementedError

    def whole(self, row: int) -> str:
        return ""

    def compose(self) -> ComposeResult:
        with Vertical():
            yield Plain(self._title_text, classes="title")
            yield VirtualList(self.COLUMNS, self.cells, empty=self._empty, header=self.HEADER)
            yield Plain("", classes="whole")
        yield KeyFooter()

    def on_mount(self) -> None:
        self.list.focus()
        self.fill()

    @property
    def list(self) -> VirtualList:
        return self.query_one(VirtualList)

    @property
    def row(self) -> int | None:
        return self.list.state.row

    def fill(self) -> None:
        """The rows, again."""
        self.list.show(range(self.count()))
        self._say()

    def set_title(self, text: str) -> None:
        self.query_one(".title", Plain).set_text(text, layout=True)

    def _say(self) -> None:
        row = self.row
        self.query_one(".whole", Plain).set_text("" if row is None else self.whole(row), layout=True)

    def on_virtual_list_highlighted(self, event: Any) -> None:
        self._say()

    def action_close(self) -> None:
        self.dismiss(None)

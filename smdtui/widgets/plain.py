"""Text that is never read as markup: names of detectors and PVs may hold any bracket."""

from __future__ import annotations

from rich.text import Text
from textual.widgets import Static

from smdtui.widgets.columns import clean


class Plain(Static):
    """A Static that shows what it is given, letter by letter."""

    def __init__(self, text: str = "", *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(Text(_lines(text)), id=id, classes=classes, markup=False)
        self.shown = text

    def set_text(self, text: str, layout: bool = False) -> None:
        """Show another text; `layout` when its height may change."""
        if text != self.shown:
            self.shown = text
            self.update(Text(_lines(text)), layout=layout)


def _lines(text: str) -> str:
    return "\n".join(clean(line) for line in text.split("\n"))

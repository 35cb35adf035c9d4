"""Text that is never read as markup: names of detectors and PVs may hold any bracket."""

from __future__ import annotations

from textual.content import Content
from textual.widgets import Static

from smdtui.widgets.columns import clean


class Plain(Static):
    """A Static that shows what it is given, letter by letter."""

    def __init__(self, text: str = "", *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(self.content_of(text), id=id, classes=classes, markup=False)
        self.shown = text

    @staticmethod
    def content_of(text: str) -> Content:
        """The text as content without markup, control characters made visible."""
        return Content("\n".join(clean(line) for line in text.split("\n")))

    def set_text(self, text: str, layout: bool = False) -> None:
        """Show another text; `layout` when its height may change."""
        if text != self.shown:
            self.shown = text
            self.update(self.content_of(text), layout=layout)

"""A line to type into that shows the end of a long path, where paths differ, while nobody types there."""

from __future__ import annotations

from rich.cells import cell_len
from rich.segment import Segment
from textual.strip import Strip
from textual.widgets import Input


def ending(text: str, width: int, ellipsis: str = "…") -> str:
    """The text in at most `width` cells: what is cut goes from its beginning, at a slash where one is near."""
    if cell_len(text) <= width:
        return text
    room = width - cell_len(ellipsis)
    if room <= 0:
        return ""
    while cell_len(text) > room:
        text = text[1:]
    slash = text.find("/")
    return ellipsis + (text[slash:] if 0 <= slash < len(text) // 2 else text)


class LineInput(Input):
    def render_line(self, y: int) -> Strip:
        width = self.scrollable_content_region.width
        if y or self.has_focus or "/" not in self.value or cell_len(self.value) <= width:
            return super().render_line(y)
        ellipsis = "..." if self.app.services.ascii else "…"  # type: ignore[attr-defined]
        strip = Strip([Segment(ending(self.value, width, ellipsis))])
        return strip.extend_cell_length(width + 1).apply_style(self.rich_style)

"""How far something is: a bar of one line, with its numbers in words."""

from __future__ import annotations

from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget

EIGHTHS = " ▏▎▍▌▋▊▉"


def bar(fraction: float, width: int, ascii: bool = False) -> str:
    """`fraction` (0 to 1) of `width` cells filled."""
    fraction = min(1.0, max(0.0, fraction))
    if ascii:
        full = int(fraction * width)
        return "#" * full + "." * (width - full)
    full, rest = divmod(int(fraction * width * 8), 8)
    return ("█" * full + (EIGHTHS[rest] if rest else "")).ljust(width, "░")


class ProgressLine(Widget):
    """`fraction` None = not known yet: no bar, only the words."""

    DEFAULT_CSS = """
    ProgressLine { height: 1; padding: 0 1; }
    """
    fraction: reactive[float | None] = reactive(None)
    words: reactive[str] = reactive("")

    def __init__(self, id: str | None = None, ascii: bool = False) -> None:
        super().__init__(id=id)
        self.ascii = ascii

    def render(self) -> Content:
        if self.fraction is None:
            return Content(self.words)
        room = max(8, min(40, self.size.width - len(self.words) - 8))
        return Content.assemble(
            (bar(self.fraction, room, self.ascii), "$accent"), f" {self.fraction:4.0%} ", Content(self.words)
        )

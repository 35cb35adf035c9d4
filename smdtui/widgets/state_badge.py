"""A state as glyph, word and colour."""

from __future__ import annotations

from textual.content import Content

from smdtui.theme import look
from smdtui.widgets.virtual_list import Cell

COLOURS = {
    "ok": "$success",
    "busy": "$accent",
    "warn": "$warning",
    "error": "bold $error",
    "muted": "dim",
    "strong": "bold",
}


def badge_cell(state: str, ascii: bool = False, note: str = "") -> Cell:
    """The state for a list; `note` follows the word ("running 40%")."""
    shown = look(state)
    return Cell(shown.text(ascii) + (f" {note}" if note else ""), shown.role)


def badge(state: str, ascii: bool = False) -> Content:
    """The state for a line of text."""
    shown = look(state)
    return Content.styled(shown.text(ascii), COLOURS.get(shown.role, ""))

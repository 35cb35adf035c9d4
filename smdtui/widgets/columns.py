"""Columns of a list: which fit, how wide, and text cut to its cells. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.cells import cell_len, set_cell_size

GAP = 1


@dataclass(frozen=True)
class Column:
    """`width` cells; `drop` > 0: the highest is left out first when room is short; `grow`: takes what is left."""

    title: str
    width: int
    right: bool = False
    drop: int = 0
    grow: bool = False


def fit_columns(columns: Sequence[Column], room: int) -> list[tuple[int, int]]:
    """(index, width) of the columns that are shown in `room` cells, in order."""
    shown = list(range(len(columns)))
    while len(shown) > 1 and sum(columns[i].width + GAP for i in shown) - GAP > room:
        last = max(shown, key=lambda i: (columns[i].drop, i))
        if columns[last].drop == 0:
            break
        shown.remove(last)
    spare = max(0, room - (sum(columns[i].width + GAP for i in shown) - GAP))
    growing = [i for i in shown if columns[i].grow]
    widths = {i: columns[i].width for i in shown}
    for n, i in enumerate(growing):
        widths[i] += spare // len(growing) + (n < spare % len(growing))
    return [(i, widths[i]) for i in shown]


def clean(text: str) -> str:
    """Control characters (a name may hold an escape sequence) become a dot."""
    return text if text.isprintable() else "".join(c if c.isprintable() else "·" for c in text)


def fit(text: str, width: int, right: bool = False) -> str:
    """`text` in exactly `width` cells, cut with an ellipsis."""
    text = clean(text)
    if text.isascii():
        if len(text) <= width:
            return text.rjust(width) if right else text.ljust(width)
        return text[: width - 1] + "…" if width else ""
    length = cell_len(text)
    if length > width:
        return set_cell_size(text, width - 1) + "…" if width else ""
    return " " * (width - length) + text if right else text + " " * (width - length)

"""What a list shows: which rows, the cursor and the marks. Frozen; every key gives a new one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class ListState:
    """`view` holds row numbers in the order shown; marks are row numbers too, so they survive a filter."""

    view: Sequence[int] = ()
    cursor: int = 0
    marked: frozenset[int] = frozenset()
    query: str = ""
    anchor: int | None = None  # the row that was marked last

    @property
    def row(self) -> int | None:
        """The row under the cursor."""
        return self.view[self.cursor] if self.view else None

    @property
    def chosen(self) -> list[int]:
        """The marked rows; without marks the one under the cursor."""
        if self.marked:
            return sorted(self.marked)
        return [] if self.row is None else [self.row]

    def move(self, by: int) -> ListState:
        return self.to(self.cursor + by)

    def to(self, position: int) -> ListState:
        """Put the cursor at a position of the view, or the nearest there is."""
        return replace(self, cursor=max(0, min(len(self.view) - 1, position)))

    def last(self) -> ListState:
        return replace(self, cursor=max(0, len(self.view) - 1))

    def at(self, row: int) -> ListState:
        """Put the cursor on a row, when the view has it."""
        try:
            return replace(self, cursor=self.view.index(row))
        except ValueError:
            return self

    def show(self, view: Sequence[int], query: str = "") -> ListState:
        """Other rows. The same query keeps the cursor's row, a new one starts at the top."""
        if query != self.query and query:
            return replace(self, view=view, query=query, cursor=0)
        new = replace(self, view=view, query=query, cursor=min(self.cursor, max(0, len(view) - 1)))
        return new if self.row is None else new.at(self.row)

    def mark(self) -> ListState:
        """Turn the mark of the row around and go to the next."""
        return self if self.row is None else replace(self, marked=self.marked ^ {self.row}, anchor=self.row).move(1)

    def mark_range(self) -> ListState:
        """Mark the rows shown from the one that was marked last to the cursor's, which alone is marked without one."""
        if self.row is None:
            return self
        try:
            start = self.cursor if self.anchor is None else self.view.index(self.anchor)
        except ValueError:  # the filter hides it
            start = self.cursor
        low, high = sorted((start, self.cursor))
        return replace(self, marked=self.marked | set(self.view[low : high + 1]), anchor=self.row)

    def mark_all(self) -> ListState:
        return replace(self, marked=self.marked | set(self.view))

    def with_marks(self, marked: frozenset[int]) -> ListState:
        return replace(self, marked=marked, anchor=None)

    def unmarked(self) -> ListState:
        return replace(self, marked=frozenset(), anchor=None)

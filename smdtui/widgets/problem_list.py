"""Problems as a list: how bad, where, what. The whole of one is said beneath."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.containers import Vertical

from producer.problem import Problem
from smdtui.profile.problem_order import in_a_line
from smdtui.widgets.columns import Column
from smdtui.widgets.plain import Plain
from smdtui.widgets.state_badge import badge_cell
from smdtui.widgets.virtual_list import Cells, VirtualList

COLUMNS = (Column("", 9), Column("place", 9, drop=1), Column("what", 30, grow=True))


def place(problem: Problem) -> str:
    return f"line {problem.line}" if problem.line else ""


def whole(problem: Problem) -> str:
    """Everything that is known of a problem, for a few lines of text."""
    parts = [problem.message]
    if problem.suggestion:
        parts.append(f"Did you mean {problem.suggestion}?")
    where = ":".join(str(part) for part in (problem.file, problem.line, problem.column) if part)
    if where:
        parts.append(where)
    return "\n".join(parts)


class ProblemList(Vertical):
    """`VirtualList.Opened` of its list means: go to `problems[row]`."""

    DEFAULT_CSS = """
    ProblemList { height: 1fr; }
    ProblemList .whole { height: auto; max-height: 4; padding: 0 1; color: $text-muted; }
    """

    def __init__(self, problems: Sequence[Problem] = (), empty: str = "", id: str | None = None) -> None:
        super().__init__(id=id)
        self.problems = tuple(problems)
        self._empty = empty

    def compose(self) -> ComposeResult:
        yield VirtualList(COLUMNS, self._cells, empty=self._empty, header=False)
        yield Plain("", classes="whole")

    def on_mount(self) -> None:
        self.show(self.problems)

    @property
    def list(self) -> VirtualList:
        return self.query_one(VirtualList)

    @property
    def current(self) -> Problem | None:
        row = self.list.state.row
        return None if row is None or row >= len(self.problems) else self.problems[row]

    def show(self, problems: Sequence[Problem], empty: str = "") -> None:
        self.problems = tuple(problems)
        if empty:
            self.list.set_empty(empty)
        self.list.show(range(len(self.problems)))
        self._say()

    def _cells(self, row: int) -> Cells:
        problem = self.problems[row]
        ascii_only = self.app.services.ascii  # type: ignore[attr-defined]
        return badge_cell(problem.severity, ascii_only), place(problem), in_a_line(problem)

    def _say(self) -> None:
        current = self.current
        self.query_one(".whole", Plain).set_text(whole(current) if current else "", layout=True)

    def on_virtual_list_highlighted(self) -> None:
        self._say()

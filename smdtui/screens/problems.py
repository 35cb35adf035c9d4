"""All problems of a profile in a window: enter goes to the place of one."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.screen import ModalScreen

from producer.problem import Problem
from smdtui.profile.problem_order import ordered
from smdtui.widgets.bindings import bindings
from smdtui.widgets.plain import Plain
from smdtui.widgets.problem_list import ProblemList
from smdtui.widgets.virtual_list import VirtualList


class ProblemsSheet(ModalScreen[Problem | None]):
    """Dismissed with the problem to go to, or None."""

    DEFAULT_CSS = """
    ProblemsSheet { align: center middle; }
    ProblemsSheet > Vertical { width: 95%; height: 90%; border: round $warning; background: $panel; padding: 0 1; }
    ProblemsSheet .title { text-style: bold; }
    ProblemsSheet VirtualList { background: $panel; }
    """
    BINDINGS = bindings("check")

    def __init__(self, title: str, problems: Sequence[Problem]) -> None:
        super().__init__()
        self._title_text, self.problems = title, ordered(problems)

    def compose(self) -> ComposeResult:
        with Vertical():
            yield Plain(f"{self._title_text}   (enter goes there, esc closes)", classes="title")
            yield ProblemList(self.problems, empty="Nothing is wrong.")

    def on_mount(self) -> None:
        self.query_one(ProblemList).list.focus()

    def on_virtual_list_opened(self, event: VirtualList.Opened) -> None:
        self.dismiss(self.problems[event.row])

    def action_go(self) -> None:
        self.dismiss(self.query_one(ProblemList).current)

    def action_close(self) -> None:
        self.dismiss(None)

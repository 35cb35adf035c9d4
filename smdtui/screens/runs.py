"""Runs: what has been recorded, whether it is whole, and whether it has been produced."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import ClassVar

from textual.widget import Widget

from smdtui.screens.background import Task
from smdtui.screens.base import BaseScreen
from smdtui.screens.base import words as in_words
from smdtui.screens.run_rows import RunRows, runs_text
from smdtui.services import Selection, Services
from smdtui.widgets.bindings import bindings
from smdtui.widgets.columns import Column
from smdtui.widgets.filter_bar import FilterBar
from smdtui.widgets.plain import Plain
from smdtui.widgets.state_badge import badge_cell
from smdtui.widgets.virtual_list import Cell, Cells, VirtualList

POLL = 4.0  # seconds between looks at the folder
COLUMNS = (
    Column("run", 5, right=True),
    Column("state", 12),
    Column("begin", 12, right=True),
    Column("duration", 8, right=True, drop=2),
    Column("events", 10, right=True),
    Column("size", 8, right=True, drop=1),
    Column("streams", 7, right=True, drop=3),
    Column("scan", 9, drop=4),
    Column("production", 14, grow=True),
)


class RunsScreen(BaseScreen):
    """Newest first; fills while it reads, and looks again every few seconds."""

    NAME = "runs"
    KEY_GROUPS: ClassVar[tuple[str, ...]] = ("runs", "list", "mark", "filter")
    BINDINGS = bindings("runs", "filter")
    CSS_PATH = Path(__file__).with_suffix(".tcss")

    def __init__(self) -> None:
        super().__init__()
        self.rows = RunRows()

    def compose_body(self) -> Iterable[Widget]:
        yield VirtualList(COLUMNS, self._cells, id="runs", markable=True, match_columns=(0,))
        yield FilterBar()
        yield Plain("", id="about")

    def on_mount(self) -> None:
        self.list.focus()
        self.set_interval(POLL, self._look)

    @property
    def list(self) -> VirtualList:
        return self.query_one(VirtualList)

    # -- reading the folder
    def selection_changed(self, old: Selection | None, new: Selection) -> None:
        if old is None or old.experiment != new.experiment:
            self.rows = RunRows()
            self.list.state = self.list.state.unmarked().show([])
            if new.experiment or self.services.experiment is not None:
                self.list.set_empty("Reading the folder …")
            self.call_after_refresh(self._look)  # what it imports must not delay the first picture
        else:
            self._stand_on(new.run)

    def on_screen_resume(self) -> None:
        super().on_screen_resume()
        if self.services.selection.run is None:
            self._highlight(self.list.state.row)

    def _look(self) -> None:
        services = self.services
        if services.experiment is None:
            self.list.set_empty(services.trouble or "No experiment is open.\nPress x to choose one.")
        elif self.is_current and not self.busy("look"):
            if not self.rows.runs:
                self.list.set_empty(f"Reading {services.experiment.directory} …")
            from producer.run_folder import FolderProblem

            self.background("look", lambda task: _look(services, task), self._looked, failed=self._failed,
                            progress=self._partly, expected=(OSError, FolderProblem))  # fmt: skip

    def _partly(self, rows: RunRows) -> None:
        self._found(RunRows(rows.summaries, self.rows.production))

    def _found(self, rows: RunRows) -> None:
        keep = self._run()
        marked = {self.rows.runs[row] for row in self.list.state.marked}
        first = not self.rows.runs
        self.rows = rows
        numbers = frozenset(rows.position[run] for run in marked if run in rows.position)
        if numbers != self.list.state.marked:
            self.list.state = self.list.state.with_marks(numbers)
        self._refilter()
        self._stand_on(self.services.selection.run if first else keep)
        if first:
            self.refresh_bindings()
            self._highlight(self.list.state.row)
        self._tell()

    def _looked(self, rows: RunRows) -> None:
        if rows != self.rows:
            self._found(rows)
        if not rows.runs:
            self.list.set_empty(
                f"There are no runs in {self.services.experiment.directory} yet.\n"
                "This screen looks again by itself; x chooses another experiment."
            )
        self._tell()

    def _failed(self, error: Exception) -> None:
        if not self.rows.runs:
            self.list.set_empty(f"{in_words(error)}\nx chooses another experiment, r looks again.")
        self.say(in_words(error), "error")

    def _tell(self) -> None:
        """The line of the screen: how far the reading is, or what is wrong with the run of the cursor."""
        run = self._run()
        summary = self.rows.summaries.get(run) if run is not None else None
        marked = len(self.list.state.marked)
        parts = [f"{marked} selected"] if marked else []
        if self.rows.unread:
            parts.append(f"reading {len(self.rows.runs) - self.rows.unread} of {len(self.rows.runs)}")
        if summary is not None and summary.problem:
            parts.append(f"run {run}: {summary.problem}")
        self.query_one("#about", Plain).set_text("   ".join(parts))

    # -- the list
    def _stand_on(self, run: int | None) -> None:
        row = self.rows.position.get(run) if run is not None else None
        if row is not None:
            self.list.state = self.list.state.at(row)

    def _run(self) -> int | None:
        row = self.list.state.row
        return self.rows.runs[row] if row is not None and row < len(self.rows.runs) else None

    def _cells(self, row: int) -> Cells:
        run = self.rows.runs[row]
        text = self.rows.text(run, self.services.now())
        ascii = self.services.ascii
        produced = badge_cell(text["production"], ascii)
        if text["production"] == "none":
            produced = Cell("not produced" if len(text) > 3 else "", "muted")
        return (
            text["run"],
            badge_cell(text["state"], ascii),
            *(text.get(key, "") for key in ("begin", "duration", "events", "size", "streams")),
            Cell(text.get("scan", ""), "muted"),
            produced,
        )

    def _refilter(self) -> None:
        bar = self.query_one(FilterBar)
        query = bar.text.strip() if bar.mode == "filter" else ""
        if query:
            self.list.set_empty("No run matches. Esc leaves the filter.")
        view = self.rows.search(query, self.services.now()) if query else range(len(self.rows.runs))
        self.list.show(view, query)

    def _highlight(self, row: int | None) -> None:
        if row is not None and row < len(self.rows.runs) and self.is_current:
            self.select(run=self.rows.runs[row])
        self._tell()

    def on_virtual_list_highlighted(self, event: VirtualList.Highlighted) -> None:
        self._highlight(self.list.state.row)

    def on_virtual_list_marked(self, event: VirtualList.Marked) -> None:
        self._tell()

    def on_virtual_list_opened(self, event: VirtualList.Opened) -> None:
        self.select(run=self.rows.runs[event.row])
        self.show_screen("names")

    # -- keys
    def action_profile(self) -> None:
        self.show_screen("profile")

    def action_result(self) -> None:
        self.show_screen("result")

    def action_launch(self) -> None:
        """The launch sheet for the selected runs."""
        chosen = [self.rows.runs[row] for row in self.list.state.chosen]
        if chosen:
            self.open_launch(runs_text(chosen))

    def action_refresh_runs(self) -> None:
        self._look()

    def action_experiments(self) -> None:
        """Choose another experiment."""
        from smdtui.screens.experiments import ExperimentsScreen

        self.app.push_screen(ExperimentsScreen())

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action in ("launch", "result", "profile", "go_to_run"):
            return True if self.rows.runs else None
        return True

    # -- filter, and going to a run by its number
    def action_filter(self) -> None:
        self.query_one(FilterBar).start()

    def action_go_to_run(self) -> None:
        bar = self.query_one(FilterBar)
        if bar.text:
            bar.clear()
            self._refilter()
        bar.start("run", " run number: ")

    def on_filter_bar_changed(self, event: FilterBar.Changed) -> None:
        if event.mode == "filter":
            self._refilter()
        elif event.text.strip().isdigit():
            row = self.rows.nearest(int(event.text))
            if row is not None:
                self.list.state = self.list.state.at(row)

    def on_filter_bar_left(self, event: FilterBar.Left) -> None:
        bar = event.bar
        if event.mode == "run":
            typed = event.text.strip()
            if event.accepted and typed.isdigit() and self._run() != int(typed):
                self.say(f"There is no run {typed}; the nearest is {self._run()}.", "warn")
            elif event.accepted and typed and not typed.isdigit():
                self.say(f"{typed!r} is not a run number.", "warn")
            bar.clear()
            bar.mode = "filter"
        self._refilter()
        self.list.focus()

    def go_back(self) -> bool:
        bar = self.query_one(FilterBar)
        if bar.text:
            bar.clear()
            self._refilter()
            return True
        if self.list.state.marked:
            self.list.state = self.list.state.unmarked()
            return True
        return False


def _look(services: Services, task: Task) -> RunRows:
    """What the folder holds now; what is read on the way is reported a few times a second."""
    from smdtui.jobs.production import production_states

    catalog = services.run_catalog()
    production: dict[int, str] = {}
    seconds = 0.1
    while True:
        catalog.poll(seconds)
        runs = list(catalog.files)
        rows = RunRows({run: catalog.known.get(run) for run in runs}, production)
        if not catalog.pending or task.cancelled:
            break
        task.report(rows)
        seconds = 0.4
    return RunRows(rows.summaries, production_states(services.experiment, runs))

"""Jobs: how far each production is, its log while it grows, why it failed; and what can be done with them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

from textual.containers import Vertical
from textual.widget import Widget
from textual.widgets import ContentSwitcher

from smdtui.jobs.board import Board
from smdtui.jobs.folder import LOG, PROGRESS
from smdtui.screens.background import Task
from smdtui.screens.base import BaseScreen
from smdtui.screens.job_control import JobControl
from smdtui.screens.job_log import JobLog, filter_words
from smdtui.screens.job_rows import JOB_COLUMNS, RANK_COLUMNS, SORTED, job_cells, rank_cells, status_line, told
from smdtui.services import Selection
from smdtui.widgets.bindings import bindings
from smdtui.widgets.filter_bar import FilterBar
from smdtui.widgets.log_view import LogView
from smdtui.widgets.plain import Plain
from smdtui.widgets.virtual_list import Cells, VirtualList

EMPTY = "No job yet.\nGo to Runs (1), choose runs and press L to produce them."


class JobsScreen(JobControl, JobLog, BaseScreen):
    """Jobs above, of the one under the cursor the log (or its ranks) below. Enter goes into the log, esc back."""

    NAME = "jobs"
    KEY_GROUPS: ClassVar[tuple[str, ...]] = ("jobs", "job log", "list", "mark", "log")
    BINDINGS = bindings("jobs", "job log")
    CSS_PATH = "jobs.tcss"

    def __init__(self) -> None:
        super().__init__()
        self.board = Board()
        self._log_of: Path | None = None
        self._last_ranks: tuple[str, tuple[Any, ...]] = ("", ())  # of the job of that id, after its end
        self._wanted: str | None = None  # a job that another screen chose and that has not been seen yet

    def compose_body(self) -> Iterable[Widget]:
        yield VirtualList(JOB_COLUMNS, self._cells, empty="Looking for jobs …", id="jobs", markable=True)
        yield FilterBar(id="filter")
        yield Plain("", id="status")
        with Vertical(id="job"):
            yield Plain("", id="told")
            with ContentSwitcher(initial="log", id="pane"):
                yield LogView(id="log")
                yield VirtualList(RANK_COLUMNS, self._rank_cells, empty="No rank has reported.", id="ranks")
            yield FilterBar(id="search")

    def on_mount(self) -> None:
        self.list.focus()
        if self.services.experiment is None:
            self.list.set_empty(self.services.trouble or "No experiment is open.")
        app: Any = self.app
        app.jobs_seen.subscribe(self, self._arrived)
        app.watch_jobs(near=True)
        if app.look.experiment:
            self._arrived(app.look)

    def on_screen_resume(self) -> None:
        super().on_screen_resume()
        self.app.watch_jobs(near=True)  # type: ignore[attr-defined]

    def on_screen_suspend(self) -> None:
        self.app.watch_jobs(near=False)  # type: ignore[attr-defined]

    # -- the jobs
    @property
    def look(self) -> Any:
        """smdtui.jobs.feed.Look: what is known of the experiment's jobs, its follower and other consoles."""
        return self.app.look  # type: ignore[attr-defined]

    def _arrived(self, look: Any) -> None:
        if self.services.experiment is None or look.experiment != self.services.experiment.name:
            return  # said of the experiment before
        if look.trouble:
            self.list.set_empty(look.trouble)
            self.say(f"The jobs cannot be read: {look.trouble}", "error")
            return
        self._show(self.board.with_jobs(look.jobs))
        self._wanted = None if self._wanted in self.board.position else self._wanted
        self._show_job()

    def _show(self, board: Board) -> None:
        """Other jobs or another order: cursor and marks stay with their jobs."""
        before = self.current
        marked = {self.jobs[row].id for row in self.list.state.marked if row < len(self.jobs)}
        self.board = board
        rows = board.rows(marked)
        if rows != self.list.state.marked:
            self.list.state = self.list.state.with_marks(rows)
        self._refilter()
        if not self._put_cursor(self._wanted) and before is not None:
            self._put_cursor(before.id)
        self.show_status()

    def _refilter(self) -> None:
        query = self.query_one("#filter", FilterBar).text.strip()
        self.list.set_empty("No job matches. Esc leaves the filter." if query and self.jobs else EMPTY)
        self.list.show(self.board.search(query) if query else range(len(self.jobs)), query)

    def show_status(self) -> None:
        """The line between list and log: marks, numbers, follower, other consoles, what one may not do."""
        line = self.query_one("#status", Plain)
        text, role = status_line(self.board, len(self.list.state.marked), self.look)
        if not self.log_view.wanted.open:
            text += f"  ·  log: {filter_words(self.log_view.wanted)}"
        line.set_classes([f"-{role}"] if role else [])
        line.set_text(text)

    def selection_changed(self, old: Selection | None, new: Selection) -> None:
        """Another screen chose an experiment, a job, or a run whose newest job is wanted."""
        if old is not None and old.experiment != new.experiment:
            self.board = Board()
            self.list.state = self.list.state.unmarked().show([])
            self.list.set_empty("Looking for jobs …")
            self._show_job()
            self.app.watch_jobs(near=True)  # type: ignore[attr-defined]
        if new.job:
            self._wanted = None if self._put_cursor(new.job) else new.job
        elif old is not None and new.run != old.run:
            newest = next((job.id for job in self.board.found if job.run == new.run), None)
            self._put_cursor(newest)

    def _put_cursor(self, job_id: str | None) -> bool:
        row = self.board.position.get(job_id or "")
        if row is None:
            return False
        self.list.state = self.list.state.at(row)
        return True

    @property
    def list(self) -> VirtualList:
        return self.query_one("#jobs", VirtualList)

    @property
    def jobs(self) -> Any:
        """In the order shown."""
        return self.board.jobs

    @property
    def current(self) -> Any:
        """The job under the cursor, or None."""
        row = self.list.state.row
        return None if row is None or row >= len(self.jobs) else self.jobs[row]

    @property
    def chosen(self) -> Sequence[Any]:
        """The marked jobs; without marks the one under the cursor."""
        return [self.jobs[row] for row in self.list.state.chosen if row < len(self.jobs)]

    def _cells(self, row: int) -> Cells:
        return job_cells(self.jobs[row], self.services.now(), self.services.ascii)

    # -- order and filter
    def action_sort(self) -> None:
        """By the next column."""
        self._sorted(self.board.next_sort())

    def action_reverse(self) -> None:
        self._sorted(self.board.reverse())

    def _sorted(self, board: Board) -> None:
        self._show(board)
        sign = ("^", "v") if self.services.ascii else ("▲", "▼")
        at, title = SORTED[board.sort], f"{sign[not board.turned]}{JOB_COLUMNS[SORTED[board.sort]].title}"
        self.list.set_columns([replace(c, title=title) if i == at else c for i, c in enumerate(JOB_COLUMNS)])

    def on_filter_bar_changed(self, event: FilterBar.Changed) -> None:
        if event.bar.id == "filter":
            self._refilter()

    def on_filter_bar_left(self, event: FilterBar.Left) -> None:
        if event.bar.id == "filter":
            self._refilter()
            self.list.focus()
        else:
            self.typed_for_log(event)

    # -- the one under the cursor
    def on_virtual_list_highlighted(self, event: VirtualList.Highlighted) -> None:
        if event.list is self.list:
            self._show_job()

    def on_virtual_list_marked(self, event: VirtualList.Marked) -> None:
        self.show_status()

    def on_virtual_list_opened(self, event: VirtualList.Opened) -> None:
        if event.list is self.list and self.current is not None:
            self._pane(self.query_one("#pane", ContentSwitcher).current or "log").focus()
            self.query_one("#body").add_class("-log")

    def _pane(self, name: str) -> Widget:
        return self.query_one(f"#{name}")

    def _show_job(self) -> None:
        job = self.current
        line = self.query_one("#told", Plain)
        role, text = told(job, self.look.closed.get(job.id, "")) if job is not None else ("", "")
        line.set_classes([f"-{role}"] if role else [])
        line.set_text(text, layout=True)
        log = job.folder.path / LOG if job is not None else None
        if log != self._log_of:
            self._log_of = log
            self.log_view.open(log)
        self._show_ranks()
        if job is not None and (job.run, job.id) != (self.services.selection.run, self.services.selection.job):
            output = Path(job.output) if job.output else None
            there = output if output is not None and job.state == "verified" else None
            if self.is_current:
                self.select(run=job.run, job=job.id, result=there)
        self.refresh_bindings()

    @property
    def _shown_ranks(self) -> tuple[Any, ...]:
        """Of a job at work as the list has them, of one that has ended as they were read for it."""
        job = self.current
        if job is None:
            return ()
        return job.progress.ranks or (self._last_ranks[1] if self._last_ranks[0] == job.id else ())

    def _show_ranks(self) -> None:
        job = self.current
        self.query_one("#ranks", VirtualList).show(range(len(self._shown_ranks)))
        wanted = self.query_one("#pane", ContentSwitcher).current == "ranks"
        if not wanted or job is None or job.active or job.progress.ranks or self._last_ranks[0] == job.id:
            return

        def read(task: Task) -> tuple[str, tuple[Any, ...]]:
            from smdtui.jobs.progress import read as read_progress

            return job.id, read_progress(job.folder.path / PROGRESS).ranks

        def done(found: tuple[str, tuple[Any, ...]]) -> None:
            self._last_ranks = found
            self.query_one("#ranks", VirtualList).show(range(len(self._shown_ranks)))

        self.background("ranks", read, done)

    def _rank_cells(self, row: int) -> Cells:
        ranks = self._shown_ranks
        if row >= len(ranks):
            return ("",) * len(RANK_COLUMNS)
        most = max(r.done for r in ranks)
        return rank_cells(ranks[row], most, self.services.now(), self.services.ascii)

    def action_ranks(self) -> None:
        """The log, or how far each rank is."""
        switcher = self.query_one("#pane", ContentSwitcher)
        had_focus = switcher.has_focus_within
        switcher.current = "ranks" if switcher.current == "log" else "log"
        self._show_ranks()
        if had_focus:
            self._pane(switcher.current).focus()

    def action_find(self) -> None:
        """In the log while the focus is there, else among the jobs."""
        if self.query_one("#job").has_focus_within:
            self.start_search()
        else:
            self.query_one("#filter", FilterBar).start()

    def go_back(self) -> bool:
        """Out of a search, out of the log, then out of the filter, then the marks."""
        if self.leave_search():
            return True
        if self.query_one("#job").has_focus_within:
            self.query_one("#body").remove_class("-log")
            self.list.focus()
            return True
        bar = self.query_one("#filter", FilterBar)
        if bar.text:
            bar.clear()
            self._refilter()
            return True
        if self.list.state.marked:
            self.list.state = self.list.state.unmarked()
            return True
        return False

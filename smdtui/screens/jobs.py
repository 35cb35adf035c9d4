"""Jobs: how far each production is, its log while it grows, why it failed; cancel and launch again."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, ClassVar

from textual.containers import Vertical
from textual.widget import Widget
from textual.widgets import ContentSwitcher

from smdtui.jobs.folder import LOG, PROGRESS
from smdtui.screens.background import Task
from smdtui.screens.base import BaseScreen
from smdtui.screens.base import words as in_words
from smdtui.screens.job_rows import JOB_COLUMNS, RANK_COLUMNS, cancel_question, job_cells, rank_cells, signature, told
from smdtui.services import Selection
from smdtui.widgets.bindings import bindings
from smdtui.widgets.confirm import Confirm
from smdtui.widgets.filter_bar import FilterBar
from smdtui.widgets.log_view import LogView
from smdtui.widgets.plain import Plain
from smdtui.widgets.text_view import TextView
from smdtui.widgets.virtual_list import Cells, VirtualList

NEAR, FAR = 0.5, 3.0  # seconds between looks at the folders: on this screen, on another one
EMPTY = "No job yet.\nGo to Runs (1), choose runs and press L to produce them."


class JobsScreen(BaseScreen):
    """Jobs above, of the one under the cursor the log (or its ranks) below. Enter goes into the log, esc back."""

    NAME = "jobs"
    KEY_GROUPS: ClassVar[tuple[str, ...]] = ("jobs", "list", "log")
    BINDINGS = bindings("jobs")
    CSS_PATH = "jobs.tcss"

    def __init__(self) -> None:
        super().__init__()
        self.jobs: list[Any] = []
        self._near = True
        self._log_of: Path | None = None
        self._states: dict[str, str] = {}
        self._last_ranks: tuple[str, tuple[Any, ...]] = ("", ())  # of the job of that id, after its end
        self._wanted: str | None = None  # a job that another screen chose and that has not been seen yet

    def compose_body(self) -> Iterable[Widget]:
        yield VirtualList(JOB_COLUMNS, self._cells, empty="Looking for jobs …", id="jobs")
        with Vertical(id="job"):
            yield Plain("", id="told")
            with ContentSwitcher(initial="log", id="pane"):
                yield LogView(id="log")
                yield VirtualList(RANK_COLUMNS, self._rank_cells, empty="No rank has reported.", id="ranks")
            yield FilterBar()

    def on_mount(self) -> None:
        self.list.focus()
        if self.services.experiment is None:
            self.list.set_empty(self.services.trouble or "No experiment is open.")
            return
        self.background("poll", self._poll, lambda nothing: None, progress=self._arrived)

    def on_screen_resume(self) -> None:
        super().on_screen_resume()
        self._near = True

    def on_screen_suspend(self) -> None:
        self._near = False

    # -- the jobs
    def _poll(self, task: Task) -> None:
        """Look at all jobs' folders, again and again; only what has changed is reported."""
        from smdtui.jobs.launch import jobs_folder
        from smdtui.jobs.store import list_jobs

        root = jobs_folder(self.services.experiment)
        shown: Any = None
        while True:
            jobs: list[Any] | OSError
            try:
                jobs = list_jobs([root])
                now: Any = [signature(job) for job in jobs]
            except OSError as error:
                jobs, now = error, str(error)
            if now != shown:
                shown = now
                task.report(jobs)
            waited = 0.0
            while waited < (NEAR if self._near else FAR):
                if task.wait(0.1):
                    return
                waited += 0.1

    def _arrived(self, jobs: list[Any] | OSError) -> None:
        if isinstance(jobs, OSError):
            self.list.set_empty(in_words(jobs))
            self.say(f"The jobs cannot be read: {in_words(jobs)}", "error")
            return
        before = self.current
        self._announce(jobs)
        self.jobs = jobs
        self.list.set_empty(EMPTY)
        self.list.show(range(len(jobs)))
        if not self._put_cursor(self._wanted) and before is not None:
            self._put_cursor(before.id)
        self._wanted = None if self._wanted in {job.id for job in jobs} else self._wanted
        self._show_job()

    def selection_changed(self, old: Selection | None, new: Selection) -> None:
        """Another screen chose a job, or a run whose newest job is wanted."""
        if new.job:
            self._wanted = None if self._put_cursor(new.job) else new.job
        elif old is not None and new.run != old.run:
            newest = next((job.id for job in self.jobs if job.run == new.run), None)
            self._put_cursor(newest)

    def _put_cursor(self, job_id: str | None) -> bool:
        for row, job in enumerate(self.jobs):
            if job.id == job_id:
                self.list.state = self.list.state.at(row)
                return True
        return False

    def _announce(self, jobs: list[Any]) -> None:
        """Say aloud that a job ended since the last look."""
        for job in jobs:
            before = self._states.get(job.id)
            self._states[job.id] = job.state
            if before in ("pending", "running", "stalled") and not job.active:
                good = job.state in ("verified", "cancelled")
                self.app.bell()
                text = f"run {job.run}: {job.state}" + (f": {job.cause}" if job.cause else "")
                self.app.notify(text, severity="information" if good else "error", markup=False)

    @property
    def list(self) -> VirtualList:
        return self.query_one("#jobs", VirtualList)

    @property
    def log_view(self) -> LogView:
        return self.query_one("#log", LogView)

    @property
    def current(self) -> Any:
        """The job under the cursor, or None."""
        row = self.list.state.row
        return None if row is None or row >= len(self.jobs) else self.jobs[row]

    def _cells(self, row: int) -> Cells:
        return job_cells(self.jobs[row], self.services.now(), self.services.ascii)

    # -- the one under the cursor
    def on_virtual_list_highlighted(self, event: VirtualList.Highlighted) -> None:
        if event.list is self.list:
            self._show_job()

    def on_virtual_list_opened(self, event: VirtualList.Opened) -> None:
        if event.list is self.list and self.current is not None:
            self._pane(self.query_one("#pane", ContentSwitcher).current or "log").focus()
            self.query_one("#body").add_class("-log")

    def _pane(self, name: str) -> Widget:
        return self.query_one(f"#{name}")

    def _show_job(self) -> None:
        job = self.current
        line = self.query_one("#told", Plain)
        role, text = told(job) if job is not None else ("", "")
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

    def action_script(self) -> None:
        job = self.current
        if job is None:
            return
        try:
            text = (job.folder.path / "submit.sh").read_text(encoding="utf-8", errors="replace")
        except OSError as error:
            self.say(f"Its script cannot be read: {in_words(error)}", "warn")
            return
        self.app.push_screen(TextView(f"submit.sh of {job.id}", text))

    # -- control
    def action_cancel_job(self) -> None:
        job = self.current
        if job is None:
            return
        if not job.active:
            self.say(f"Run {job.run} is {job.state} already; there is nothing to cancel.", "warn")
            return
        asked = Confirm("Cancel this job?", cancel_question(job), yes="Cancel the job (y)", no="Let it run (n)")
        self.app.push_screen(asked, lambda yes: self._cancel(job) if yes else None)

    def _cancel(self, job: Any) -> None:
        from smdtui.jobs import engine

        who = self.services.who
        self.say(f"Cancelling run {job.run} ...")
        self.background(
            "cancel",
            lambda task: engine.cancel(job.folder, who),
            lambda outcome: self.say(outcome.message, "ok" if outcome.done else "warn"),
            failed=lambda error: self.say(f"Not cancelled: {in_words(error)}", "error"),
            expected=(OSError, TimeoutError),
        )

    def action_retry(self) -> None:
        """The launch sheet, filled in as this job was."""
        job = self.current
        if job is not None:
            from smdtui.screens.launch import LaunchScreen

            self.app.push_screen(LaunchScreen(str(job.run), job))

    def action_result(self) -> None:
        job = self.current
        if job is None or not job.output or not Path(job.output).exists():
            why = f"run {job.run} has no file yet" if job is not None else "there is no job"
            self.say(f"Nothing to open: {why}.", "warn")
            return
        self.select(run=job.run, job=job.id, result=Path(job.output))
        self.show_screen("result")

    # -- the log
    def action_follow(self) -> None:
        self.query_one("#pane", ContentSwitcher).current = "log"
        self.log_view.action_jump(-1)

    def action_search(self) -> None:
        self.query_one("#pane", ContentSwitcher).current = "log"
        self.query_one(FilterBar).start("log", " find ")

    def on_filter_bar_left(self, event: FilterBar.Left) -> None:
        self.log_view.focus()
        if event.accepted and event.text:
            self.log_view.find(event.text)

    def action_search_next(self) -> None:
        self.log_view.find_again()

    def action_search_previous(self) -> None:
        self.log_view.find_again(forward=False)

    def on_log_view_found(self, event: LogView.Found) -> None:
        if event.line is None:
            self.say(f"{event.text!r} is nowhere in the log." if event.text else "Press / to search.", "warn")
        else:
            self.say(f"line {event.line + 1:,}   n next, N before")

    def go_back(self) -> bool:
        """Out of the log, back to the list."""
        bar = self.query_one(FilterBar)
        if bar.text:
            bar.clear()
            return True
        if self.query_one("#job").has_focus_within:
            self.query_one("#body").remove_class("-log")
            self.list.focus()
            return True
        return False

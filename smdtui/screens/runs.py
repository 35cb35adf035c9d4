"""Runs: what has been recorded, whether it is whole, and whether it has been produced."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

from textual.widget import Widget

from smdtui.screens.background import Task
from smdtui.screens.base import BaseScreen
from smdtui.screens.job_rows import follow_words
from smdtui.screens.run_rows import RunRows, runs_text
from smdtui.services import Selection, Services
from smdtui.widgets.bindings import bindings
from smdtui.widgets.columns import Column
from smdtui.widgets.filter_bar import FilterBar
from smdtui.widgets.plain import Plain
from smdtui.widgets.state_badge import badge_cell
from smdtui.widgets.virtual_list import Cell, Cells, VirtualList
from smdtui.words import duration as in_seconds
from smdtui.words import plural

POLL = 4.0  # seconds between looks at the state of the productions
REST = 0.25  # seconds between two pictures of the runs while thousands are being read
SORTED = {"begin": 2, "duration": 3, "events": 4, "rate": 5, "size": 6, "production": 10, "run": 0, "state": 1}
COLUMNS = (
    Column("run", 5, right=True),
    Column("state", 12),
    Column("begin", 12, right=True),
    Column("duration", 8, right=True, drop=2),
    Column("events", 10, right=True),
    Column("rate", 8, right=True, drop=5),
    Column("size", 8, right=True, drop=1),
    Column("streams", 7, right=True, drop=3),
    Column("chunks", 6, right=True, drop=6),
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
        self._given: int | None = None

    def compose_body(self) -> Iterable[Widget]:
        yield VirtualList(COLUMNS, self._cells, id="runs", markable=True, match_columns=(0,))
        yield FilterBar()
        yield Plain("", id="about")

    def on_mount(self) -> None:
        self.list.focus()
        self.set_interval(POLL, self._look)
        self.app.jobs_seen.subscribe(self, self._jobs_seen)  # type: ignore[attr-defined]

    def _jobs_seen(self, look: Any) -> None:
        """A job has moved, or somebody began to follow."""
        if look.ended:
            self._look_at_productions()
        self._tell()

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
        self._look_at_productions()  # jobs may have ended meanwhile

    def _look(self) -> None:
        """Listen to what is found of the runs, as long as the experiment is open."""
        services = self.services
        if services.experiment is None:
            self.list.set_empty(services.trouble or "No experiment is open.\nPress x to choose one.")
            return
        if not self.busy("look"):
            if not self.rows.runs:
                self.list.set_empty(f"Reading {services.experiment.directory} …")
            self.background("look", lambda task: _listen(services, task), lambda _: None, progress=self._looked)
        self._look_at_productions()

    def _look_at_productions(self) -> None:
        services = self.services
        if services.experiment is not None and self.is_current and not self.busy("production") and self.rows.runs:
            runs = self.rows.runs
            self.background("production", lambda task: _production(services, runs), self._produced, expected=(OSError,))

    def _looked(self, found: Any) -> None:
        if isinstance(found, float):
            self.say(f"The file system has not answered for {in_seconds(found)}; the keys go on.", "warn")
            return
        old = self.rows
        self._found(
            replace(
                old,
                summaries=found.summaries,
                pending=found.pending,
                problem=found.problem,
                complete=found.complete,
            )
        )
        if found.problem:
            self._failed(found.problem)
        elif old.problem:
            self.say("")
        if not found.summaries and found.complete and not found.problem:
            self.list.set_empty(
                f"There are no runs in {self.services.experiment.directory} yet.\n"
                "This screen looks again by itself; x chooses another experiment."
            )
        if old.runs == () or not old.summaries:
            self._look()  # the productions

    def _produced(self, production: dict[int, str]) -> None:
        if production != self.rows.production:
            self._found(replace(self.rows, production=production))

    def _found(self, rows: RunRows) -> None:
        """Other rows, or another order: cursor and marks stay with their runs."""
        keep = self._run()
        marked = {self.rows.runs[row] for row in self.list.state.marked}
        first = not self.rows.runs
        same = rows.runs == self.rows.runs
        self.rows = rows
        if not same:
            numbers = frozenset(rows.position[run] for run in marked if run in rows.position)
            if numbers != self.list.state.marked:
                self.list.state = self.list.state.with_marks(numbers)
        self._refilter()
        if not same:
            self._stand_on(self.services.selection.run if first else keep)
            if first and self.services.selection.run is not None:
                self._given = self.list.state.row  # where the cursor happens to be does not change what was selected
        if first:
            self.refresh_bindings()
            if self.services.selection.run is None:
                self._highlight(self.list.state.row)
        self._watch()
        self._tell()

    def _watch(self) -> None:
        """What is on the screen is read first."""
        feed = self.services.feed
        if feed is not None and self.rows.pending:
            runs = [self.rows.runs[row] for row in self.list.visible_rows]
            feed.watch([run for run in runs if self.rows.summaries[run] is None])

    def _failed(self, problem: str) -> None:
        if not self.rows.runs:
            self.list.set_empty(f"{problem}\nx chooses another experiment, r looks again.")
        self.say(problem, "error")

    def _tell(self) -> None:
        """The line of the screen: how far the reading is, or what is wrong with the run of the cursor."""
        run = self._run()
        summary = self.rows.summaries.get(run) if run is not None else None
        marked = len(self.list.state.marked)
        parts = [f"{marked} selected"] if marked else []
        if self.rows.sort != "run" or self.rows.ascending:
            parts.append(f"by {self.rows.sort}{', ascending' if self.rows.ascending else ''}")
        if self.rows.unread:
            parts.append(f"reading {len(self.rows.runs) - self.rows.unread:,} of {len(self.rows.runs):,}")
        if summary is not None and summary.problem:
            parts.append(f"run {run}: {summary.problem}")
        look: Any = self.app.look  # type: ignore[attr-defined]
        if look.follow is not None and self.services.experiment is not None:
            parts += [text for text in (follow_words(look.follow),) if text]
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
            *(text.get(key, "") for key in ("begin", "duration", "events", "rate", "size", "streams", "chunks")),
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
        self._watch()
        self._tell()

    def on_virtual_list_highlighted(self, event: VirtualList.Highlighted) -> None:
        given, self._given = self._given, None
        if given is None or given != event.row:
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
        feed = self.services.feed
        if feed is not None:
            feed.again()
        self._look()

    def action_sort(self) -> None:
        """By the next column."""
        self._sorted(self.rows.next_sort())

    def action_reverse(self) -> None:
        self._sorted(self.rows.sorted_by(self.rows.sort, not self.rows.ascending))

    def _sorted(self, rows: RunRows) -> None:
        self._found(rows)
        sign = ("^", "v") if self.services.ascii else ("▲", "▼")
        at = SORTED[rows.sort]
        title = f"{sign[not rows.ascending]}{COLUMNS[at].title}"
        self.list.set_columns([replace(c, title=title) if i == at else c for i, c in enumerate(COLUMNS)])

    def action_follow_runs(self) -> None:
        if self.services.experiment is not None:
            from smdtui.screens.follow_sheet import ask_about_following

            ask_about_following(self)

    def action_handover(self) -> None:
        if self.services.experiment is not None:
            from smdtui.screens.handover_sheet import HandoverSheet

            self.app.push_screen(HandoverSheet(self.services))

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
        bar.start("run", " run, or runs to select (12-20,25): ")

    def on_filter_bar_changed(self, event: FilterBar.Changed) -> None:
        if event.mode == "filter":
            self._refilter()
        elif event.text.strip().isdecimal():
            row = self.rows.nearest(int(event.text))
            if row is not None:
                self.list.state = self.list.state.at(row)

    def on_filter_bar_left(self, event: FilterBar.Left) -> None:
        bar = event.bar
        if event.mode == "run":
            typed = event.text.strip()
            if event.accepted and typed.isdecimal() and self._run() != int(typed):
                self.say(f"There is no run {typed}; the nearest is {self._run()}.", "warn")
            elif event.accepted and typed.isdecimal():
                self.say("")
            elif event.accepted and typed:
                self._mark_runs(typed)
            bar.clear()
            bar.mode = "filter"
        self._refilter()
        self.list.focus()

    def _mark_runs(self, typed: str) -> None:
        from producer.run_ranges import RunRange

        try:
            wanted = RunRange.parse(typed)
        except ValueError as error:
            self.say(str(error), "warn")
            return
        rows = {row for row, run in enumerate(self.rows.runs) if wanted.contains(run)}
        self.list.state = self.list.state.with_marks(self.list.state.marked | rows)
        self.say(f"{plural(len(rows), 'run')} of {typed} selected", "ok" if rows else "warn")

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


def _listen(services: Services, task: Task) -> None:
    """Report what is found of the runs, a few times a second, and a file system that does not answer."""
    feed = services.run_feed()
    while not task.cancelled:
        found = feed.take(1.0)
        if found is not None:
            task.report(found)
            task.wait(REST)
        elif feed.silent:
            task.report(feed.silent)
            task.wait(4.0)


def _production(services: Services, runs: Sequence[int]) -> dict[int, str]:
    from smdtui.jobs.production import production_states

    return production_states(services.experiment, runs)

"""Profile: what is extracted from which run; the parts, the run ranges, and the plan of the selected run."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, ClassVar

from textual.containers import Horizontal
from textual.widget import Widget

from producer.report import Path
from smdtui.profile import place
from smdtui.profile.change import EditFailed, remove, toggle_all_pvs
from smdtui.profile.document import ProfileDocument
from smdtui.profile.outline import Part, first_row, nearest_row, row_at
from smdtui.profile.presence import BEAT
from smdtui.screens.background import Task
from smdtui.screens.base import BaseScreen
from smdtui.screens.base import words as in_words
from smdtui.screens.profile_check import CheckKeys
from smdtui.screens.profile_choice import choose, offer
from smdtui.screens.profile_compare import CompareKeys
from smdtui.screens.profile_forms import form_to_add, form_to_change, what_to_add
from smdtui.screens.profile_ranges import RangeKeys
from smdtui.screens.profile_rows import PART_COLUMNS, PLAN_COLUMNS, ProfileState, part_cells, plan_cells
from smdtui.screens.profile_saving import save
from smdtui.screens.profile_session import SessionKeys
from smdtui.screens.profile_writing import TextKeys
from smdtui.screens.why_form import WhyDraft, WhyForm
from smdtui.services import Selection
from smdtui.widgets.bindings import bindings
from smdtui.widgets.plain import Plain
from smdtui.widgets.profile_text import ProfileText
from smdtui.widgets.question import Question
from smdtui.widgets.run_timeline import RunTimeline
from smdtui.widgets.virtual_list import Cells, VirtualList

DISK_SECONDS = 2.0  # between looks whether somebody else wrote the file


class ProfileScreen(RangeKeys, CompareKeys, CheckKeys, SessionKeys, TextKeys, BaseScreen):
    """The parts on the left, the plan on the right (p, where there is no room for both), t the text."""

    NAME = "profile"
    KEY_GROUPS: ClassVar[tuple[str, ...]] = ("profile", "list")
    BINDINGS = bindings("profile")
    CSS_PATH = "profile.tcss"

    def __init__(self) -> None:
        super().__init__()
        self.state = ProfileState()
        self.runs: list[int] = []
        self._wanted: Path | None = None  # where the cursor is to go

    def compose_body(self) -> Iterable[Widget]:
        yield Plain("", id="profile-head")
        yield RunTimeline()
        with Horizontal(id="panes"):
            yield VirtualList(PART_COLUMNS, self._part_cells, id="parts", header=False)
            empty = "No run is selected: [ and ] select one."
            yield VirtualList(PLAN_COLUMNS, self._plan_cells, id="plan", empty=empty)
        yield ProfileText(id="text")

    def on_mount(self) -> None:
        self.parts.focus()
        if self.services.selection.profile is None and self.services.experiment is not None:
            there = place.profiles(self.services.experiment)
            if there:
                self.select(profile=there[0])
        self._look_for_runs()
        self.look_again()
        self.look_at_session()
        self.set_interval(BEAT, self.look_at_session)
        self.set_interval(DISK_SECONDS, self.look_at_disk)

    def on_screen_resume(self) -> None:
        super().on_screen_resume()
        if self.is_mounted and self.parts.is_mounted:
            self.look_again()

    @property
    def parts(self) -> VirtualList:
        return self.query_one("#parts", VirtualList)

    @property
    def document(self) -> ProfileDocument | None:
        """The open profile; None, and why on the message line, when there is none to be edited."""
        try:
            return self.services.document
        except (OSError, ValueError) as error:
            self.parts.set_empty(
                f"The profile cannot be opened:\n{in_words(error)}\n\nn makes a new one, o opens another."
            )
            self.say(f"The profile cannot be opened: {in_words(error)}", "error")
            return None

    @property
    def part(self) -> Part | None:
        """The part under the cursor."""
        row = self.parts.state.row
        return None if row is None or row >= len(self.state.parts) else self.state.parts[row]

    # -- what is shown
    def _look_for_runs(self) -> None:
        experiment = self.services.experiment
        if experiment is None:
            return

        def work(task: Task) -> list[int]:
            from producer.run_folder import FolderProblem, find_runs

            try:
                return sorted(find_runs(experiment.directory))
            except FolderProblem:
                return []  # the Runs screen says what is wrong with the folder

        def done(runs: list[int]) -> None:
            self.runs = runs
            if self.services.selection.run is None and runs:
                self.select(run=runs[-1])
            self.look_again()

        self.background("runs", work, done)

    def selection_changed(self, old: Selection | None, new: Selection) -> None:
        if old is not None and (old.run, old.profile) != (new.run, new.profile):
            self.look_again()
        if old is not None and old.profile != new.profile:
            self.look_at_session()

    def changed_profile(self) -> None:
        super().changed_profile()
        self.look_again()

    def look_again(self) -> None:
        """Make everything that is shown from the buffer and the selected run, aside of the screen's thread."""
        document = self.document
        if document is None:
            self._show_nothing()
            return
        copy = ProfileDocument(document.path, document.text, None)
        run, runs, before = self.services.selection.run, self.runs, self.state
        self.background("state", lambda task: ProfileState.of(copy, run, runs, before), self._show)

    def _show_nothing(self) -> None:
        self.state = ProfileState(run=self.services.selection.run)
        if self.services.selection.profile is None:
            self.parts.set_empty(offer(self))
        self._paint()

    def _show(self, state: ProfileState) -> None:
        before, self.state = self.state, state
        at = nearest_row(before.parts, self.parts.state.cursor, state.parts)
        if not before.parts:
            at = first_row(state.parts)
        if self._wanted is not None:
            at = row_at(state.parts, self._wanted, at)
            self._wanted = None
        self._paint()
        self.parts.state = self.parts.state.to(at)
        self.show_in_text(state.text, state.problems)

    def _paint(self) -> None:
        state = self.state
        self.paint_head()
        self.query_one(RunTimeline).timeline = state.timeline.with_current(self._current)
        self.parts.show(range(len(state.parts)))
        self.query_one("#plan", VirtualList).show(range(len(state.plan)))
        self.refresh_bindings()

    def paint_head(self) -> None:
        state, dirty = self.state, self.services.unsaved() is not None
        head = state.head(dirty, self.services.ascii, self.editors) if state.file else ""
        self.query_one("#profile-head", Plain).set_text(head)

    @property
    def _current(self) -> tuple[str, str, str] | None:
        """What of the timeline the cursor is on."""
        part = self.part
        if part is None or part.path[:1] != ("runs",) or len(part.path) < 3:
            return None
        return str(part.path[2]), str(part.path[3]) if len(part.path) > 3 else "", str(part.path[1])

    def _part_cells(self, row: int) -> Cells:
        return part_cells(self.state.parts[row], self.services.ascii)

    def _plan_cells(self, row: int) -> Cells:
        return plan_cells(self.state.plan[row], self.state.file)

    def on_virtual_list_highlighted(self, event: VirtualList.Highlighted) -> None:
        line = self.query_one(RunTimeline)
        line.timeline = line.timeline.with_current(self._current)
        self.refresh_bindings()

    def stand_on(self, place: Path) -> None:
        """Where the cursor goes when the change that was just made is shown."""
        self._wanted = place

    def unsaved(self) -> str | None:
        self.take_text()
        return self.services.unsaved()

    # -- runs
    def action_step(self, by: int) -> None:
        """Another recorded run."""
        line = (
            self.state.timeline if self.state.timeline.runs else self.state.timeline.of((), self.runs, self.state.run)
        )
        selected = line.step(by).selected
        if selected is None:
            self.say("There is no recorded run.", "warn")
        else:
            self.select(run=selected)

    def on_run_timeline_run_clicked(self, event: RunTimeline.RunClicked) -> None:
        self.select(run=event.run)

    # -- changing
    def edit(
        self,
        change: Callable[[ProfileDocument], Any],
        told: str | Callable[[], str],
        then: Callable[[], Path] | None = None,
    ) -> None:
        """Change the document; the cursor goes to the place that `then` gives afterwards."""
        document = self.document
        if document is None:
            return
        try:
            change(document)
        except EditFailed as refused:
            self.say(str(refused), "error")
            return
        self._wanted = then() if then is not None else None
        self.say(told if isinstance(told, str) else told(), "ok")
        self.changed_profile()

    def on_virtual_list_opened(self, event: VirtualList.Opened) -> None:
        if event.list is self.parts:
            self.action_change()

    def action_change(self) -> None:
        part = self.part
        if part is None:
            return
        form = form_to_change(part)
        if form is not None:
            self.app.push_screen(form)
        elif part.kind == "all_pvs":
            self.edit(lambda document: toggle_all_pvs(document, part), "Every EPICS PV: turned around")
        elif part.kind == "problem":
            self.show_text(part.data.line, part.data.column)
        else:
            self.action_add()

    def action_add(self) -> None:
        """Add where the cursor is; what, is asked where it is not clear."""
        if self.document is None:
            return
        path = self.part.path if self.part is not None else ()
        answers, part = what_to_add(path, self.part), self.part

        def chosen(what: str | None) -> None:
            if what:
                self.app.push_screen(form_to_add(what, path, part))

        if len(answers) == 1:
            chosen(answers[0].name)
        else:
            self.app.push_screen(Question("Add", "Add what?", answers, escape=""), chosen)

    def action_remove(self) -> None:
        part = self.part
        if part is not None:
            self.edit(lambda document: remove(document, part), f"{part.title} removed; u brings it back")

    def action_undo(self) -> None:
        document = self.document
        if document is not None:
            if not document.undo():
                self.say("Nothing to undo.")
                return
            self.say("Taken back; ctrl+r does it again.")
            self.changed_profile()

    def action_redo(self) -> None:
        document = self.document
        if document is not None:
            if not document.redo():
                self.say("Nothing to do again.")
                return
            self.say("Done again.")
            self.changed_profile()

    # -- the file
    def action_save(self) -> None:
        self.take_text()
        document = self.document
        if document is None:
            return
        if not document.unsaved and document.on_disk() is None:
            self.say("There is nothing to save.")
            return
        save(self, document, self._now_editing)

    def action_save_why(self) -> None:
        self.take_text()
        document = self.document
        if document is None:
            return
        if not document.unsaved:
            self.say("There is nothing to save.")
            return

        def answered(draft: WhyDraft | None) -> None:
            if draft is not None:
                save(self, document, self._now_editing, draft.why)

        self.app.push_screen(WhyForm(), answered)

    def _now_editing(self, document: ProfileDocument) -> None:
        if document is not self.services.document:
            self.services.edit(document)
            self.select(profile=document.path)
        self.changed_profile()

    def action_new(self) -> None:
        experiment = self.services.experiment
        if experiment is None or self.services.selection.profile is not None:
            return
        try:
            path = place.create(experiment)
        except OSError as error:
            self.say(f"The profile cannot be made: {in_words(error)}", "error")
            return
        self.say(f"Made {path}", "ok")
        self.select(profile=path)
        self.look_again()

    def action_open_other(self) -> None:
        choose(self, self.unsaved(), lambda path: self.select(profile=path))

    def action_plan(self) -> None:
        self.remove_class("-text")
        self.toggle_class("-plan")
        (self.query_one("#plan", VirtualList) if self.has_class("-plan") else self.parts).focus()

    def action_launch(self) -> None:
        run = self.services.selection.run
        if run is not None and self.document is not None:
            self.open_launch(str(run))

    def go_back(self) -> bool:
        if self.has_class("-text"):
            self.take_text()
            self.remove_class("-text")
            self.parts.focus()
            return True
        if self.has_class("-plan"):
            self.action_plan()
            return True
        return False

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if not self.is_mounted:
            return True
        has = self.services.selection.profile is not None
        if action == "new":
            return not has
        if action in ("add", "check", "save", "text", "editor", "plan", "launch", "change"):
            return True if has else None
        if action == "remove":
            part = self.part
            return True if part is not None and (part.removable or part.kind == "pv") else None
        if action in ("undo", "redo"):
            return True if self.state.file else None
        return True

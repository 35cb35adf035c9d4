"""Profile: what is extracted from which run; the parts, the run ranges, and the plan of the selected run."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, ClassVar

from textual import on
from textual.containers import Horizontal
from textual.timer import Timer
from textual.widget import Widget
from textual.widgets import TextArea

from producer.analysis import FUNCTIONS
from producer.problem import Problem
from smdtui.profile import place
from smdtui.profile.change import EditFailed, remove, toggle_all_pvs
from smdtui.profile.document import ProfileDocument
from smdtui.profile.outline import Part, nearest_row
from smdtui.screens.background import Task
from smdtui.screens.base import BaseScreen
from smdtui.screens.base import words as in_words
from smdtui.screens.editor import EditorFailed, edit_outside
from smdtui.screens.problems import ProblemsSheet
from smdtui.screens.profile_check import check_buffer
from smdtui.screens.profile_rows import EMPTY, PART_COLUMNS, PLAN_COLUMNS, ProfileState, part_cells, plan_cells
from smdtui.screens.profile_saving import save
from smdtui.screens.pv_form import EntryForm, PvForm
from smdtui.screens.roi_form import RoiForm
from smdtui.services import Selection
from smdtui.widgets.bindings import bindings
from smdtui.widgets.confirm import Confirm
from smdtui.widgets.plain import Plain
from smdtui.widgets.question import Answer, Question
from smdtui.widgets.run_timeline import RunTimeline
from smdtui.widgets.virtual_list import Cells, VirtualList

SETTLE_SECONDS = 0.3  # after the last key in the text


class ProfileScreen(BaseScreen):
    """The parts on the left, the plan on the right (p, where there is no room for both), t the text."""

    NAME = "profile"
    KEY_GROUPS: ClassVar[tuple[str, ...]] = ("profile", "list")
    BINDINGS = bindings("profile")
    CSS_PATH = "profile.tcss"

    def __init__(self) -> None:
        super().__init__()
        self.state = ProfileState()
        self.runs: list[int] = []
        self._settle: Timer | None = None

    def compose_body(self) -> Iterable[Widget]:
        yield Plain("", id="profile-head")
        yield RunTimeline()
        with Horizontal(id="panes"):
            yield VirtualList(PART_COLUMNS, self._part_cells, id="parts", header=False)
            empty = "No run is selected: [ and ] select one."
            yield VirtualList(PLAN_COLUMNS, self._plan_cells, id="plan", empty=empty)
        yield TextArea(id="text", show_line_numbers=True, soft_wrap=False, tab_behavior="focus")

    def on_mount(self) -> None:
        self.parts.focus()
        if self.services.selection.profile is None and self.services.experiment is not None:
            there = place.profiles(self.services.experiment)
            if there:
                self.select(profile=there[0])
        self._look_for_runs()
        self.look_again()

    def on_screen_resume(self) -> None:
        super().on_screen_resume()
        if self.is_mounted and self.parts.is_mounted:
            self.look_again()

    @property
    def parts(self) -> VirtualList:
        return self.query_one("#parts", VirtualList)

    @property
    def text_area(self) -> TextArea:
        return self.query_one("#text", TextArea)

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
            self.parts.set_empty(EMPTY + self._offer())
        self._paint()

    def _offer(self) -> str:
        experiment = self.services.experiment
        if experiment is None:
            return self.services.trouble or "No experiment is open."
        hutch = place.hutch_of(experiment)
        kind = f"on the base of hutch {hutch}" if hutch else "an empty one"
        return f"Press n to make one, {kind}:\n{place.folder(experiment) / experiment.name}.toml"

    def _show(self, state: ProfileState) -> None:
        before, self.state = self.state, state
        at = nearest_row(before.parts, self.parts.state.cursor, state.parts)
        if not before.parts and state.problems:
            at = 0
        self._paint()
        self.parts.state = self.parts.state.to(at)
        if self.has_class("-text") and self.text_area.text != state.text and not self._settle:
            self.text_area.text = state.text

    def _paint(self) -> None:
        state, document = self.state, self.services.selection.profile and self.services.document
        dirty = bool(document and document.unsaved)
        self.query_one("#profile-head", Plain).set_text(state.head(dirty, self.services.ascii) if document else "")
        self.query_one(RunTimeline).timeline = state.timeline
        self.parts.show(range(len(state.parts)))
        self.query_one("#plan", VirtualList).show(range(len(state.plan)))
        self.refresh_bindings()

    def _part_cells(self, row: int) -> Cells:
        return part_cells(self.state.parts[row], self.services.ascii)

    def _plan_cells(self, row: int) -> Cells:
        return plan_cells(self.state.plan[row], self.state.file)

    def on_virtual_list_highlighted(self, event: VirtualList.Highlighted) -> None:
        self.refresh_bindings()

    def unsaved(self) -> str | None:
        if self.services.selection.profile is None:
            return None
        document = self.document
        return f"The changes of {document.path.name} are not saved." if document and document.unsaved else None

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
    def _edit(self, change: Callable[[ProfileDocument], Any], told: str) -> None:
        document = self.document
        if document is None:
            return
        try:
            change(document)
        except EditFailed as refused:
            self.say(str(refused), "error")
            return
        self.say(told, "ok")
        self.changed_profile()

    def on_virtual_list_opened(self, event: VirtualList.Opened) -> None:
        if event.list is self.parts:
            self.action_change()

    def action_change(self) -> None:
        part = self.part
        if part is None:
            return
        if part.kind == "pv":
            self.app.push_screen(PvForm(part))
        elif part.kind == "all_pvs":
            self._edit(lambda document: toggle_all_pvs(document, part), "Every EPICS PV: turned around")
        elif part.kind == "setting":
            self.app.push_screen(EntryForm(str(part.path[0]), part))
        elif part.kind == "function" and part.data is not None:
            name = str(part.path[3])
            self.app.push_screen(RoiForm(part=part) if name == "roi" else EntryForm(name, part))
        elif part.kind == "problem":
            self._go_to(part.data)
        else:
            self.action_add()

    def action_add(self) -> None:
        """A PV among the PVs, an analog input among these; elsewhere it is asked what."""
        if self.document is None:
            return
        path = self.part.path if self.part is not None else ()
        if path[:1] == ("epics",):
            self.app.push_screen(PvForm(per_event=path[1:2] != ("once",)))
        elif path[:1] == ("analog_input",):
            self.app.push_screen(EntryForm("analog_input"))
        elif path[:1] == ("runs",):
            self._ask_what([Answer(name, _about(name)) for name in sorted(FUNCTIONS, key=lambda n: n != "roi")])
        else:
            pv = Answer("pv", "an EPICS PV (screen 2 has the names)")
            self._ask_what([pv, *(Answer(name, _about(name)) for name in FUNCTIONS)])

    def _ask_what(self, answers: list[Answer]) -> None:
        path = self.part.path if self.part is not None else ()
        runs = str(path[1]) if path[:1] == ("runs",) and len(path) > 1 else ""
        detector = str(path[2]) if path[:1] == ("runs",) and len(path) > 2 else ""

        def chosen(what: str | None) -> None:
            if what == "roi":
                self.app.push_screen(RoiForm(detector, runs=runs))
            elif what == "pv":
                self.app.push_screen(PvForm())
            elif what:
                self.app.push_screen(EntryForm(what, runs=runs or "all", detector=detector))

        if len(answers) == 1:
            chosen(answers[0].name)
            return
        self.app.push_screen(Question("Add", "Add what?", answers, escape=""), chosen)

    def action_remove(self) -> None:
        part = self.part
        if part is not None:
            self._edit(lambda document: remove(document, part), f"{part.title} removed; u brings it back")

    def action_undo(self) -> None:
        document = self.document
        if document is not None:
            self.say("Taken back; ctrl+r does it again." if document.undo() else "There is nothing to take back.")
            self.changed_profile()

    def action_redo(self) -> None:
        document = self.document
        if document is not None:
            self.say("Done again." if document.redo() else "There is nothing to do again.")
            self.changed_profile()

    # -- the file
    def action_save(self) -> None:
        self._take_text()
        document = self.document
        if document is None:
            return
        if not document.unsaved and document.on_disk() is None:
            self.say("There is nothing to save.")
            return
        save(self, document, self._now_editing)

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
        """Another profile of the experiment; asks first when this one is not saved."""
        experiment, here = self.services.experiment, self.services.selection.profile
        others = [path for path in (place.profiles(experiment) if experiment is not None else []) if path != here]
        if not others:
            self.say("The experiment has no other profile." if here else "The experiment has no profile yet.", "warn")
            return
        answers = [Answer(str(path), path.name) for path in others[:9]]

        def chosen(answer: str | None) -> None:
            if not answer:
                return
            unsaved = self.unsaved()
            if unsaved is None:
                self.select(profile=Path(answer))
                return
            question = f"{unsaved}\nOpen {Path(answer).name} and lose them?"
            self.app.push_screen(
                Confirm("Not saved", question), lambda yes: self.select(profile=Path(answer)) if yes else None
            )

        self.app.push_screen(Question("Open", "Which profile?", answers, escape=""), chosen)

    # -- checking
    def action_check(self) -> None:
        self._take_text()
        document, services = self.document, self.services
        if document is None:
            return
        run = services.selection.run
        buffer = ProfileDocument(document.path, document.text, None)
        dirty = document.unsaved
        self.say(f"Checking against run {run} ..." if run is not None else "Checking the file ...")

        def done(problems: list[Problem]) -> None:
            what = f"run {run}" if run is not None else "the file"
            self.say(f"Checked against {what}: nothing is wrong." if not problems else "", "ok")
            if problems:
                self.app.push_screen(ProblemsSheet(f"Problems with {what}", problems), chosen)

        def chosen(problem: Problem | None) -> None:
            if problem is not None:
                self._go_to(problem)

        self.background(
            "check", lambda task: check_buffer(buffer, dirty, services.site, services.experiment, run), done
        )

    def _go_to(self, problem: Problem) -> None:
        """The part that a problem is about when it has a row, else its line in the text."""
        if problem.file and problem.file != self.state.file:
            self.say(f"That is in the base {problem.file}, line {problem.line}.", "warn")
            return
        for row, part in enumerate(self.state.parts):
            if part.kind not in ("problem", "head") and part.origin.line == problem.line and part.own:
                self.parts.focus()
                self.parts.state = self.parts.state.to(row)
                self.say(problem.message, "error" if problem.severity == "error" else "warn")
                return
        self._show_text(problem.line, problem.column)
        self.say(problem.message, "error" if problem.severity == "error" else "warn")

    # -- the text
    def action_plan(self) -> None:
        self.remove_class("-text")
        self.toggle_class("-plan")
        (self.query_one("#plan", VirtualList) if self.has_class("-plan") else self.parts).focus()

    def action_text(self) -> None:
        part = self.part
        self._show_text(part.origin.line if part is not None and part.own else 1, 1)

    def _show_text(self, line: int, column: int) -> None:
        document = self.document
        if document is None:
            return
        area = self.text_area
        area.text = document.text
        self.add_class("-text")
        area.focus()
        area.move_cursor((max(0, line - 1), max(0, column - 1)), center=True)

    @on(TextArea.Changed, "#text")
    def _typed(self) -> None:
        document = self.document
        if document is None or self.text_area.text == document.text:
            return
        if self._settle:
            self._settle.stop()
        self._settle = self.set_timer(SETTLE_SECONDS, self._take_text)

    def _take_text(self) -> None:
        """What was typed into the text becomes the buffer."""
        if self._settle:
            self._settle.stop()
            self._settle = None
        document = self.document
        if document is not None and self.has_class("-text") and document.text != self.text_area.text:
            document.text = self.text_area.text
            self.changed_profile()

    def action_editor(self) -> None:
        """The text in $EDITOR; what is written there becomes the buffer, not the file."""
        self._take_text()
        document = self.document
        if document is None:
            return
        try:
            text = edit_outside(self.app, document.path.name, document.text)
        except EditorFailed as failed:
            self.say(str(failed), "warn")
            return
        if text != document.text:
            document.text = text
            self.say("Taken over from the editor; not saved yet.", "ok")
            self.changed_profile()
            if self.has_class("-text"):
                self.text_area.text = text

    def action_launch(self) -> None:
        run = self.services.selection.run
        if run is not None and self.document is not None:
            self.open_launch(str(run))

    def go_back(self) -> bool:
        if self.has_class("-text"):
            self._take_text()
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
            document = self.services.document if has else None
            return True if document is not None and getattr(document, f"can_{action}") else None
        return True


def _about(function: str) -> str:
    first = (FUNCTIONS[function].__doc__ or "").strip().split(".")[0].split("\n")[0]
    return f"{function}: {first[:1].lower()}{first[1:]}" if first else function

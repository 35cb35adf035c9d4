"""The launch sheet: what will run, where, with which command; and every problem, before anything is sent."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from pathlib import Path
from typing import Any, ClassVar

from textual import on
from textual.containers import Horizontal
from textual.timer import Timer
from textual.widget import Widget
from textual.widgets import Button

from producer.problem import Problem, errors
from smdtui import words
from smdtui.jobs.launch_sheet import Check, LaunchSheet, Request
from smdtui.screens.background import Task
from smdtui.screens.base import BaseScreen
from smdtui.screens.base import words as in_words
from smdtui.services import Selection
from smdtui.theme import look
from smdtui.widgets.bindings import bindings
from smdtui.widgets.form import FormView
from smdtui.widgets.plain import Plain
from smdtui.widgets.problem_list import ProblemList, whole
from smdtui.widgets.question import Answer, Question
from smdtui.widgets.text_view import TextView
from smdtui.widgets.virtual_list import VirtualList

WAIT, UNCHECKED, NOT = "wait", "unchecked", "not"
SETTLE_SECONDS = 0.25  # after the last key, before the script is made and the check begins


class LaunchScreen(BaseScreen):
    """Dismissed when launched or left. `job` fills it in as that job was, `plan`: with this in place of its profile."""

    NAME = "launch"
    KEY_GROUPS: ClassVar[tuple[str, ...]] = ("launch", "fields")
    BINDINGS = bindings("launch")
    CSS_PATH = "launch.tcss"

    def __init__(self, runs: str, job: Any = None, plan: Path | None = None) -> None:
        super().__init__()
        self._runs, self._job, self._plan = runs, job, plan
        self.sheet: LaunchSheet
        self._settle: Timer | None = None
        self._launching = False
        self._waits = False  # for the check, to launch then
        self._before: Request | None = None

    # -- what is shown
    def compose_body(self) -> Iterable[Widget]:
        self.sheet = self._first_sheet()
        yield Plain("Launch", id="launch-title")
        yield FormView(self.sheet.form, self.sheet.problems, enter_submits=True)
        yield Plain("", id="launch-output")
        yield Plain("the script is being made", id="launch-command")
        yield Plain("check against the run: checking ...", id="launch-check")
        yield ProblemList(id="launch-problems")
        with Horizontal(id="launch-buttons"):
            yield Button("Launch  enter", id="launch-go", compact=True, variant="primary")
            yield Button("Script  ^t", id="launch-script", compact=True)
            yield Button("Cancel  esc", id="launch-cancel", compact=True)

    def _first_sheet(self) -> LaunchSheet:
        services, job = self.services, self._job
        engines = services.site.engines
        profile = services.selection.profile
        engine = services.site.default_engine
        ranks, events = engines[engine].ranks, 0
        if job is not None:
            profile = self._plan or (Path(job.profile) if job.profile else profile)
            engine = job.engine if job.engine in engines else engine
            ranks, events = job.ranks or ranks, job.events_limit
        return LaunchSheet.new(
            self._runs,
            self._resolver(),
            engines,
            engine=engine,
            ranks=ranks,
            events=events or None,
            profile=str(profile or ""),
        )

    def _resolver(self) -> Any:
        """Run numbers from text. Where the folders cannot be read, that is what is wrong with any text."""
        from producer.run_folder import FolderProblem
        from smdtui.jobs.run_argument import resolver

        try:
            return resolver(self.services.experiment)
        except (FolderProblem, OSError) as error:
            why = in_words(error)

            def refuse(text: str) -> list[int]:
                raise ValueError(why)

            return refuse

    def on_mount(self) -> None:
        self.query_one("#launch-go").focus()
        self._ask()

    def selection_changed(self, old: Selection | None, new: Selection) -> None:
        if old is not None:
            self._ask(again=True)  # back from the profile, perhaps with its edits saved

    def show(self) -> None:
        """Paint the sheet."""
        sheet, ready = self.sheet, self.sheet.is_prepared
        runs = sheet.runs
        title = f"Launch run {runs[0]}" if len(runs) == 1 else f"Launch {words.plural(len(runs), 'run')}"
        self.query_one("#launch-title", Plain).set_text(title)
        first = sheet.prepared[0] if ready and sheet.prepared else None
        self.query_one("#launch-output", Plain).set_text(self._output_words() if first else "", layout=True)
        command = shlex.join(first.command) if first else "the script is being made"  # type: ignore[attr-defined]
        self.query_one("#launch-command", Plain).set_text(f"$ {command}", layout=True)
        state, text = sheet.check_words()
        shown = look(state)
        line = self.query_one("#launch-check", Plain)
        line.set_classes([f"-{shown.role}"])
        glyph = shown.ascii if self.services.ascii else shown.glyph
        line.set_text(f"{glyph} check against the run: {text}")
        self.query_one(ProblemList).show(sheet.found)
        obstacle = sheet.obstacle
        self.query_one("#launch-go", Button).set_class(bool(obstacle), "-held")
        if not self._waits and not self._launching:
            self.say(obstacle, "warn" if obstacle else "")

    def _output_words(self) -> str:
        outputs = [Path(ready.output) for ready in self.sheet.prepared]
        earlier = [path for path in outputs if path.exists()]
        kept = f"{words.plural(len(earlier), 'file')} of before are kept, moved aside; " if earlier else ""
        if len(outputs) == 1:
            kept = "the file of before is kept, moved aside; " if earlier else ""
            return f"{kept}into {outputs[0]}"
        return f"{kept}into {outputs[0].parent}, a file per run"

    # -- typing
    @on(FormView.Changed)
    async def _typed(self, event: FormView.Changed) -> None:
        engine = self.sheet.form.text("engine")
        self.sheet = self.sheet.set(event.field, event.text)
        self._waits = False  # it was said of another request
        if event.field == "engine":
            engines = self.services.site.engines
            if event.text in engines and self.sheet.form.text("ranks") == str(engines[engine].ranks):
                self.sheet = self.sheet.set("ranks", str(engines[event.text].ranks))
        form = self.query_one(FormView)
        await form.show(self.sheet.form, self.sheet.problems)
        self.show()
        if self._settle:
            self._settle.stop()
        self._settle = self.set_timer(SETTLE_SECONDS, self._ask)

    # -- asking the rooms behind
    def _ask(self, again: bool = False) -> None:
        """Have the script made and the profile checked for what the fields say now."""
        request, before = self.sheet.request, self._before
        if request is None or (request == before and not again):
            self.show()
            return
        self._before = request
        unsaved = self._unsaved_profile(request.profile)
        self.background("prepare", lambda task: self._prepare(task, request, unsaved), self._prepared)
        same_check = before and (before.runs, before.profile) == (request.runs, request.profile)
        if not same_check or again:
            self.sheet = self.sheet.with_check(request, Check("checking"))
            self.background(
                "check",
                lambda task: (request, self._check(task, request)),
                self._checked,
                failed=lambda error: self._not_checked(request, error),
                progress=lambda message: self._checking(request, message),
                expected=(OSError, RuntimeError, ValueError, _probe_failed()),
            )
        self.show()

    def _unsaved_profile(self, profile: str) -> bool:
        if self.services.selection.profile != Path(profile).expanduser():
            return False
        return self.services.unsaved() is not None

    def _prepare(self, task: Task, request: Request, unsaved: bool) -> tuple[Request, list[Any]]:
        from smdtui.jobs import launch

        services = self.services
        path = Path(request.profile).expanduser()
        prepared = []
        for run in request.runs:
            if task.cancelled:
                break
            asked = launch.Request(
                services.experiment, run, path, request.engine, request.ranks, request.events or 0, services.who
            )
            prepared.append(launch.prepare(services.site, asked))
        if unsaved and prepared:
            from dataclasses import replace

            message = "the profile has changes that are not saved: 3 goes there, w saves them"
            problem = Problem("error", message, file=str(path))
            prepared[0] = replace(prepared[0], problems=(problem, *prepared[0].problems))
        return request, prepared

    def _prepared(self, answer: tuple[Request, list[Any]]) -> None:
        self.sheet = self.sheet.with_prepared(*answer)
        self.show()

    def _check(self, task: Task, request: Request) -> list[Problem]:
        from smdtui.profile.check import check_run

        services, found = self.services, []
        for n, run in enumerate(request.runs, 1):
            if task.cancelled:
                break
            of = f" ({n} of {len(request.runs)})" if len(request.runs) > 1 else ""
            task.report(f"checking run {run}{of} ...")
            path = Path(request.profile).expanduser()
            found += check_run(path, services.site, services.experiment, run)
        return found

    def _checking(self, request: Request, message: str) -> None:
        self.sheet = self.sheet.with_check(request, Check("checking", message=message))
        self.show()

    def _checked(self, answer: tuple[Request, list[Problem]]) -> None:
        self.sheet = self.sheet.with_check(answer[0], Check("done", tuple(answer[1])))
        self.show()
        self._go_on()

    def _not_checked(self, request: Request, error: Exception) -> None:
        self.sheet = self.sheet.with_check(request, Check("failed", message=str(error)))
        self.show()
        self._go_on()

    # -- launching
    @on(FormView.Submitted)
    @on(Button.Pressed, "#launch-go")
    def action_go(self) -> None:
        if self._launching:
            return
        obstacle = self.sheet.obstacle
        if obstacle:
            self.say(f"Not launched: {obstacle}", "error")
            self.app.bell()
            if self.sheet.problems:
                self.query_one(FormView).insist()
            return
        unchecked = self.sheet.unchecked
        if not unchecked:
            self._launch()
            return
        answers = [Answer(UNCHECKED, "Launch without knowing", harmful=True), Answer(NOT, "Do not launch")]
        if self.sheet.check_now.name != "failed":
            answers.insert(0, Answer(WAIT, "Launch when it is through and finds no error"))
        else:
            answers.reverse()
        self.app.push_screen(
            Question("Not checked", f"{unchecked[:1].upper()}{unchecked[1:]}.", answers, NOT), self._told
        )

    def _told(self, answer: str | None) -> None:
        if answer == UNCHECKED and not self.sheet.obstacle:
            self._launch()
        elif answer == WAIT:
            self._waits = True
            self._go_on()

    def _go_on(self) -> None:
        """Launch if that was to happen once the check is through."""
        if not self._waits:
            return
        if self.sheet.obstacle or self.sheet.check_now.name == "failed":
            self._waits = False
            self.say(f"Not launched: {self.sheet.obstacle or self.sheet.unchecked}", "error")
        elif not self.sheet.unchecked:
            self._waits = False
            self._launch()
        else:
            self.say("Launched when the check is through without an error; esc calls it off.")

    def _launch(self) -> None:
        self._launching = True
        prepared = list(self.sheet.prepared)
        self.stop("check")
        self.say(
            f"Launching {words.plural(len(prepared), 'run') if len(prepared) > 1 else f'run {self.sheet.runs[0]}'} ..."
        )
        self.query_one("#launch-go", Button).add_class("-held")
        self.background("launch", lambda task: _submit(task, prepared), self._launched, progress=self.say)

    def _launched(self, outcome: tuple[list[Any], list[Problem]]) -> None:
        folders, refused = outcome
        self._launching = False
        if not folders:
            self.query_one("#launch-go", Button).remove_class("-held")
            self.query_one(ProblemList).show(refused)
            self.say(f"Not launched: {refused[0].message}", "error")
            return
        self.services.select(job=folders[-1].id)
        app = self.app
        self.dismiss(None)
        app.show_screen("jobs")  # type: ignore[attr-defined]
        if refused:
            text = f"{words.plural(len(folders), 'job')} launched, {len(refused)} refused: {refused[0].message}"
            app.notify(text, severity="warning", markup=False)

    # -- the rest of the keys
    @on(Button.Pressed, "#launch-script")
    def action_script(self) -> None:
        if not self.sheet.is_prepared or not self.sheet.prepared:
            self.say("The script is not made yet.", "warn")
            return
        first = self.sheet.prepared[0]
        more = f", the first of {len(self.sheet.prepared)}" if len(self.sheet.prepared) > 1 else ""
        sending = shlex.join(first.sending)  # type: ignore[attr-defined]
        sent = f"# sent with: {sending}\n" if sending else ""
        self.app.push_screen(TextView(f"submit.sh of run {self.sheet.runs[0]}{more}", f"{sent}{first.script}"))

    @on(Button.Pressed, "#launch-cancel")
    def action_cancel(self) -> None:
        """Call off the launch that waits for the check, else leave."""
        if self._waits:
            self._waits = False
            self.say("Called off; nothing is launched.", "warn")
        else:
            self.dismiss(None)

    def on_virtual_list_opened(self, event: VirtualList.Opened) -> None:
        problem = self.query_one(ProblemList).problems[event.row]
        self.app.push_screen(TextView(problem.severity, whole(problem)))


def _probe_failed() -> type[Exception]:
    from smdtui.catalog.names import ProbeFailed

    return ProbeFailed


def _submit(task: Task, prepared: list[Any]) -> tuple[list[Any], list[Problem]]:
    """The folders of the jobs that were launched, and why others were not. One that is refused stops none."""
    from smdtui.jobs.batch import submit_all
    from smdtui.jobs.launch import LaunchError

    folders, refused = [], []
    for n, (one, outcome) in enumerate(submit_all(prepared), 1):
        if len(prepared) > 1:
            task.report(f"run {one.request.run} is launched ({n} of {len(prepared)}) ...")
        if isinstance(outcome, LaunchError):
            refused += errors(outcome.problems)
        else:
            folders.append(outcome)
    return folders, refused

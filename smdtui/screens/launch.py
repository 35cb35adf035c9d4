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

from producer.problem import Problem
from smdtui import words
from smdtui.jobs.launch_sheet import Check, LaunchSheet, Request
from smdtui.screens.base import BaseScreen
from smdtui.screens.base import words as in_words
from smdtui.screens.launch_work import check, is_test, looking, prepare, probe_failed, resolver
from smdtui.screens.launch_work import submit as _submit
from smdtui.services import Selection
from smdtui.theme import look
from smdtui.widgets.bindings import bindings
from smdtui.widgets.form import FormView
from smdtui.widgets.plain import Plain
from smdtui.widgets.problem_list import ProblemList, whole
from smdtui.widgets.question import Answer, Question
from smdtui.widgets.text_view import TextView
from smdtui.widgets.virtual_list import VirtualList

WAIT, UNCHECKED, TEST, ALL, NOT = "wait", "unchecked", "test", "all", "not"
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
        self._earlier = 0  # files of before
        self._waits = False  # for the check, to launch then
        self._before: Request | None = None
        self._first_profile = ""

    # -- what is shown
    def compose_body(self) -> Iterable[Widget]:
        self.sheet = self._first_sheet()
        yield Plain("Launch", id="launch-title")
        yield FormView(self.sheet.form, self.sheet.problems, enter_submits=True)
        yield Plain("", id="launch-cost")
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
            profile = Path(job.profile) if job.profile else profile
            if self._plan is not None and not (profile and profile.is_file()):
                profile = self._plan  # all that is left of it
            engine = job.engine if job.engine in engines else engine
            ranks, events = job.ranks or ranks, job.events_limit
        self._first_profile = str(profile or "")
        return LaunchSheet.new(
            self._runs,
            looking,
            engines,
            engine=engine,
            ranks=ranks,
            events=events or None,
            profile=self._first_profile,
            node_hours=self._node_hours,
            arrays={name: one.concurrency for name, one in engines.items() if one.kind == "slurm"},
        )

    def _node_hours(self, engine: str, ranks: int, runs: int) -> float:
        """What a launch costs at most; 0 where that is not known."""
        from smdtui.jobs.cost import cost

        engines = self.services.site.engines
        return (cost(engines[engine], ranks, runs).node_hours or 0.0) if engine in engines and ranks > 0 else 0.0

    def on_mount(self) -> None:
        self.query_one("#launch-go").focus()
        services = self.services
        self.background("runs", lambda task: resolver(task, services), self._found_runs)
        self.show()

    def _found_runs(self, resolve: Any) -> None:
        self.sheet = self.sheet.with_resolve(resolve)
        self.call_later(self._show_form)
        self._ask()

    async def _show_form(self) -> None:
        await self.query_one(FormView).show(self.sheet.form, self.sheet.problems)

    def selection_changed(self, old: Selection | None, new: Selection) -> None:
        if old is not None and not self.busy("runs"):
            self._ask(again=True)  # back from the profile, perhaps with its edits saved

    def show(self) -> None:
        """Paint the sheet."""
        sheet, ready = self.sheet, self.sheet.is_prepared
        runs = sheet.runs
        title = f"Launch run {runs[0]}" if len(runs) == 1 else f"Launch {words.plural(len(runs), 'run')}"
        if self.busy("runs"):
            title = f"Launch {self._runs}"
        title += ", a test of first events" if is_test(self._job, sheet.request) else ""
        title += " with the plan of before" if self._plan_of(sheet.request) else ""
        self.query_one("#launch-title", Plain).set_text(title)
        first = sheet.prepared[0] if ready and sheet.prepared else None
        self.query_one("#launch-output", Plain).set_text(self._output_words() if first else "", layout=True)
        self.query_one("#launch-cost", Plain).set_text(self._cost_words() if first else "", layout=True)
        self.query_one("#launch-command", Plain).set_text(self._command_words(), layout=True)
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
            self.say(
                obstacle
                or (f"a new plan: a test of {sheet.gate.events} events first is offered" if sheet.gate else ""),
                "warn" if obstacle else "",
            )

    def _cost_words(self) -> str:
        """What it costs at most, and what psana's ranks do."""
        from smdtui.jobs.cost import cost
        from smdtui.jobs.rank_split import rank_split

        first: Any = self.sheet.prepared[0]
        said = cost(first.engine, first.ranks, len(self.sheet.prepared)).words
        split = rank_split(first.engine, first.ranks).words
        return f"{said}; {split}" if split else said

    def _command_words(self) -> str:
        """How it is sent and what then runs, of the first run."""
        from smdtui.jobs.sending import sending

        if not (self.sheet.is_prepared and self.sheet.prepared):
            return "$ the script is being made"
        prepared: Any = self.sheet.prepared
        sent = sending(prepared)
        return "\n".join([*([f"$ {sent}"] if sent else []), f"$ {shlex.join(prepared[0].command)}"])

    def _plan_of(self, request: Request | None) -> Path | None:
        """The plan of before, while the sheet still names the profile that it came from."""
        return self._plan if request is not None and request.profile == self._first_profile else None

    def _output_words(self) -> str:
        outputs = [Path(ready.output) for ready in self.sheet.prepared]
        earlier = self._earlier
        kept = f"{words.plural(earlier, 'file')} of before are kept, moved aside; " if earlier else ""
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
        await self._show_form()
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
        services, plan = self.services, self._plan_of(request)
        unsaved = self._unsaved_profile(request.profile)
        self.background(
            "prepare", lambda task: prepare(task, services, request, plan, unsaved, self._job), self._prepared
        )
        same_check = before and (before.runs, before.profile) == (request.runs, request.profile)
        if not same_check or again:
            self.sheet = self.sheet.with_check(request, Check("checking"))
            self.background(
                "check",
                lambda task: (request, check(task, services, request, plan)),
                self._checked,
                failed=lambda error: self._not_checked(request, error),
                progress=lambda message: self._checking(request, message),
                expected=(OSError, RuntimeError, ValueError, probe_failed()),
            )
        self.show()

    def _unsaved_profile(self, profile: str) -> bool:
        if self.services.selection.profile != Path(profile).expanduser():
            return False
        return self.services.unsaved() is not None

    def _prepared(self, answer: tuple[Request, list[Any], Any, int]) -> None:
        *made, self._earlier = answer
        self.sheet = self.sheet.with_prepared(*made)
        self.show()

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
            self._launch_or_test()
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
            self._launch_or_test()
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
            self._launch_or_test()
        else:
            self.say("Launched when the check is through without an error; esc calls it off.")

    def _launch_or_test(self) -> None:
        """A batch with a plan that nobody has seen work is tested first, unless the operator knows better."""
        gate, count = self.sheet.gate, len(self.sheet.prepared)
        if not gate or self._plan_of(self.sheet.request):
            self._launch()
            return
        answers = [
            Answer(TEST, f"Test first; the {count} runs follow if it is verified"),
            Answer(ALL, f"Launch all {count} now", harmful=True),
            Answer(NOT, "Do not launch"),
        ]
        text = f"{gate.words[:1].upper()}{gate.words[1:]}?"

        def told(answer: str | None) -> None:
            if answer == TEST:
                self._test()
            elif answer == ALL and not self.sheet.obstacle:
                self._launch()

        self.app.push_screen(Question("A changed plan", text, answers, NOT), told)

    def _test(self) -> None:
        from smdtui.jobs.gated import start
        from smdtui.jobs.place_words import PlaceError

        prepared: Any = list(self.sheet.prepared)
        events = self.sheet.gate.events
        self._launching = True

        def done(path: Path) -> None:
            app: Any = self.app
            if self.leave():
                app.show_screen("jobs")
            app.notify(f"The test is being launched; what comes of it is also in {path}", markup=False)

        def failed(error: Exception) -> None:
            self._launching = False
            self.say(f"Not launched: {in_words(error)}", "error")

        self.background(
            "launch", lambda task: start(prepared, events), done, failed=failed, expected=(OSError, PlaceError)
        )

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
        if self.leave():
            app.show_screen("jobs")  # type: ignore[attr-defined]
        elif not refused:
            app.notify(f"{words.plural(len(folders), 'job')} launched", markup=False)
        if refused:
            text = f"{words.plural(len(folders), 'job')} launched, {len(refused)} refused: {refused[0].message}"
            app.notify(text, severity="warning", markup=False)

    # -- the rest of the keys
    @on(Button.Pressed, "#launch-script")
    def action_script(self) -> None:
        if not self.sheet.is_prepared or not self.sheet.prepared:
            self.say("The script is not made yet.", "warn")
            return
        from smdtui.jobs.sending import sending

        first = self.sheet.prepared[0]
        more = f", the first of {len(self.sheet.prepared)}" if len(self.sheet.prepared) > 1 else ""
        line = sending(self.sheet.prepared)  # type: ignore[arg-type]
        sent = f"# sent with: {line}\n" if line else ""
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

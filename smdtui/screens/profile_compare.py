"""The keys of the Profile screen that compare: two runs, the file, an earlier version, what a produced file was made
with."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from producer.plan import check, effective
from smdtui.profile.difference import Change, between_plans, between_texts
from smdtui.profile.document import ProfileDocument
from smdtui.profile.save import Version
from smdtui.screens.difference_sheet import DifferenceSheet
from smdtui.screens.history_sheet import HistorySheet
from smdtui.widgets.question import Answer, Question


class CompareKeys:
    """Mixed into the Profile screen."""

    if TYPE_CHECKING:
        app: Any
        services: Any
        runs: list[int]

        @property
        def document(self) -> ProfileDocument | None: ...

        def say(self, text: str, role: str = "") -> None: ...

        def changed_profile(self) -> None: ...

        def background(self, group: str, work: Any, done: Any, **more: Any) -> Any: ...

    def action_compare(self) -> None:
        document, run = self.document, self.services.selection.run
        if document is None:
            return
        answers = []
        if run is not None:
            neighbours = [r for r in self.runs if r < run][-1:] + [r for r in self.runs if r > run][:1]
            answers += [Answer(f"run {other}", f"run {run} with run {other}") for other in neighbours]
        answers.append(Answer("file", "the buffer with the file as it is on disk"))
        answers += [Answer("history", "the buffer with an earlier version")] if document.history() else []
        produced = self._produced(run)
        if produced is not None:
            answers.append(Answer("produced", f"run {run} with what {produced.name} was made with"))

        def chosen(what: str | None) -> None:
            if what == "history":
                self.action_history()
            elif what == "produced" and produced is not None and run is not None:
                self._with_produced(document, produced, run)
            elif what == "file":
                self._show_changes("the file", "the buffer", lambda: between_texts(_on_disk(document), document.text))
            elif what and run is not None:
                self._runs(document, int(what.removeprefix("run ")), run)

        self.app.push_screen(Question("Compare", "What with what?", answers, escape=""), chosen)

    def _produced(self, run: int | None) -> Path | None:
        experiment = self.services.experiment
        if experiment is None or run is None:
            return None
        path = Path(experiment.hdf5) / f"{experiment.name}_Run{run:04d}.h5"
        return path if path.is_file() else None

    def _runs(self, document: ProfileDocument, one: int, other: int) -> None:
        def changes() -> list[Change]:
            profile = document.profile()
            if profile is None:
                raise ValueError("mend the text first, it is no TOML")
            return between_plans(effective(profile, one), effective(profile, other))

        self._show_changes(f"run {one}", f"run {other}", changes)

    def _with_produced(self, document: ProfileDocument, path: Path, run: int) -> None:
        def work(task: Any) -> list[Change]:
            from smdtui.results.value import plan_text

            before, now = check("plan.toml", plan_text(path))[0], document.profile()
            if before is None or now is None:
                raise ValueError("the text of one of the two plans cannot be read")
            return between_plans(effective(before, run), effective(now, run))

        def done(changes: list[Change]) -> None:
            self.app.push_screen(DifferenceSheet(path.name, "the profile now", changes))

        self.background("compare", work, done, expected=(OSError, ValueError, KeyError))

    def _show_changes(self, first: str, second: str, changes: Callable[[], list[Change]]) -> None:
        try:
            found = changes()
        except (OSError, ValueError) as error:
            self.say(f"They cannot be compared: {error}", "error")
            return
        self.app.push_screen(DifferenceSheet(first, second, found))

    def action_history(self) -> None:
        document = self.document
        if document is None:
            return

        def chosen(version: Version | None) -> None:
            if version is None:
                return
            try:
                document.restore(version)
            except (OSError, ValueError) as error:
                self.say(f"{version.path} cannot be read: {error}", "error")
                return
            when = version.time.astimezone().strftime("%H:%M")
            self.say(f"The version until {when} is back in the buffer, not saved yet; u undoes that.", "ok")
            self.changed_profile()

        self.app.push_screen(HistorySheet(document.path.name, document.history(), lambda: document.text), chosen)


def _on_disk(document: ProfileDocument) -> str:
    there = document.on_disk()
    return (document.seen or "") if there is None else there

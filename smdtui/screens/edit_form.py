"""What the forms on the profile share: the document they change, and the names of the run, asked meanwhile."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from producer.run_folder import find_runs
from producer.run_ranges import RangeError, RunRange
from smdtui.profile.document import EditFailed, ProfileDocument
from smdtui.screens.background import Finished, Task
from smdtui.screens.base import BaseScreen
from smdtui.services import Services
from smdtui.widgets.form import Draft, FormSheet

D = TypeVar("D", bound=Draft)


class EditForm(FormSheet[D]):
    """A subclass says in `change` what an accepted draft does to the document, and in `named` what the names of the run
    change in the draft. `done` is what is said afterwards."""

    done = ""

    @property
    def services(self) -> Services:
        services: Services = self.app.services  # type: ignore[attr-defined]
        return services

    @property
    def document(self) -> ProfileDocument:
        document: ProfileDocument = self.services.document
        return document

    def change(self, document: ProfileDocument, draft: D) -> None:
        raise NotImplementedError

    async def named(self, names: Mapping[str, Any]) -> None:
        """The run's names have arrived."""

    def ask_names(self, runs: str = "") -> None:
        """Ask the selected run for its names, or the first of `runs` when that is not one of them; `named` follows."""
        services, selected = self.services, self.services.selection.run
        if services.experiment is None:
            return

        def work(task: Task) -> Any:
            from smdtui.catalog.names import ask_names

            run = run_within(services.experiment.directory, runs, selected)
            return ask_names(services.site, services.experiment, run) if run is not None else {}

        Task(self, "names").start(work)

    async def on_finished(self, event: Finished) -> None:
        event.stop()
        if event.error is None:
            await self.named(event.value)
        else:
            self.view.refuse(
                f"The names of the run cannot be read: {event.error}. What you type is not compared with it."
            )

    def apply(self, draft: D) -> str:
        try:
            self.change(self.document, draft)
        except EditFailed as refused:
            return str(refused)
        below = self.app.screen_stack[-2]
        if isinstance(below, BaseScreen):
            below.changed_profile()
            below.say(f"{self.done}; not saved yet" + ("" if below.NAME == "profile" else " (3, then w saves)"), "ok")
        return ""


def run_within(directory: Path, runs: str, selected: int | None) -> int | None:
    """`selected` where the range `runs` holds it (or is none), else the first recorded run that it holds."""
    try:
        wanted = RunRange.parse(runs or "all")
    except RangeError:
        return selected
    if selected is not None and wanted.contains(selected):
        return selected
    recorded = sorted(find_runs(directory))
    return next((run for run in recorded if wanted.contains(run)), selected)

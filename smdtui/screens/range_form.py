"""The form for a run range: of a section that is there, or for a copy of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from producer.report import Path
from smdtui.profile import sections
from smdtui.profile.change import one_step
from smdtui.profile.document import ProfileDocument
from smdtui.profile.form import Field, Form
from smdtui.profile.roi_draft import range_problem
from smdtui.screens.edit_form import EditForm

What = Literal["range", "copy"]


@dataclass(frozen=True)
class RangeDraft:
    form: Form

    @classmethod
    def of(cls, runs: str) -> RangeDraft:
        field = Field("runs", required=True, check=range_problem, help="7, 21-, -20, 7,9,12-14, or all")
        return cls(Form.of((field,), {"runs": runs}))

    def set(self, name: str, text: str) -> RangeDraft:
        return replace(self, form=self.form.set(name, text))

    @property
    def problems(self) -> dict[str, str]:
        return self.form.problems

    @property
    def runs(self) -> str:
        return self.form.text("runs").strip()


class RangeForm(EditForm[RangeDraft]):
    """Other runs for the section at `place`, or a copy of it for other runs."""

    def __init__(self, place: Path, what: What) -> None:
        title = sections.named(place)
        super().__init__(
            f"Runs of {title}" if what == "range" else f"A copy of {title} for which runs?", RangeDraft.of("")
        )
        self._place, self._what = place, what
        if what == "range":
            self.draft = RangeDraft.of(str(place[1]))

    def change(self, document: ProfileDocument, draft: RangeDraft) -> None:
        make = sections.set_range if self._what == "range" else sections.duplicate

        def step(scratch: ProfileDocument) -> None:
            scratch.text = make(scratch.text, self._place, draft.runs)

        one_step(document, step)
        self.done = f"{sections.named(self._place)} for runs {draft.runs}"

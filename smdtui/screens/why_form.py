"""A word on why, to be saved with a version of the profile."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from smdtui.profile.form import Field, Form
from smdtui.widgets.form import FormSheet


@dataclass(frozen=True)
class WhyDraft:
    form: Form = field(default_factory=lambda: Form.of((Field("why", help="For the history, e.g. new sample"),)))

    def set(self, name: str, text: str) -> WhyDraft:
        return replace(self, form=self.form.set(name, text))

    @property
    def problems(self) -> dict[str, str]:
        return self.form.problems

    @property
    def why(self) -> str:
        return self.form.text("why").strip()


class WhyForm(FormSheet[WhyDraft]):
    def __init__(self) -> None:
        super().__init__("Save", WhyDraft())

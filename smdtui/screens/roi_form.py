"""The form for a region of a detector."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from smdtui.profile.change import put_roi
from smdtui.profile.document import ProfileDocument
from smdtui.profile.outline import Part
from smdtui.profile.roi_draft import RoiDraft, areas, range_in_force, taken
from smdtui.screens.edit_form import EditForm


class RoiForm(EditForm[RoiDraft]):
    """A new region of `detector` for `runs` ("" = the range in force for the selected run), or the one of `part`."""

    def __init__(self, detector: str = "", part: Part | None = None, runs: str = "") -> None:
        super().__init__("Region" if part is None else f"Region {part.data.name}", RoiDraft.new((), detector=detector))
        self.part, self._runs, self._detector = part, runs, detector

    def on_mount(self) -> None:
        if self.services.document is None:
            self.app.notify("No profile is open: press 3 to choose or make one.", severity="warning", markup=False)
            self.dismiss(None)
            return
        self.ask_names(str(self.part.path[1]) if self.part else self._runs)
        self.call_later(self._begin, {})

    async def _begin(self, names: Mapping[str, Any]) -> None:
        draft = self._draft(names)
        if self.touched:  # before the names were there: what was typed stays
            for field in self.draft.form.fields:
                if field.name == "name" and self.draft.is_proposed:
                    continue
                if field.name in {f.name for f in draft.form.fields} and self.draft.form.text(field.name):
                    draft = draft.set(field.name, self.draft.form.text(field.name))
        await self.set_draft(draft)
        if not self.touched:
            names_of = [f.name for f in draft.form.fields]
            self.view.focus_field(names_of[3] if self._detector or self.part else "detector")

    def _draft(self, names: Mapping[str, Any]) -> RoiDraft:
        profile, run = self.document.profile(), self.services.selection.run
        known = areas(names)
        there = taken(profile) if profile else set()
        if self.part is None:
            detector = self._detector or (known[0].name if known else "")
            runs = self._runs or range_in_force(profile, detector, run)
            return RoiDraft.new(known, runs, detector, taken=there)
        _, key, of, *_ = self.part.path
        values = {"name": self.part.data.name, **self.part.values}
        there.discard((str(key), str(of), self.part.data.name))
        return RoiDraft.new(known, str(key), str(of), values, there)

    async def named(self, names: Mapping[str, Any]) -> None:
        await self._begin(names)

    def change(self, document: ProfileDocument, draft: RoiDraft) -> None:
        put_roi(document, draft, self.part)
        self.done = f"{draft.name} of {draft.detector} {'changed' if self.part else 'added'}"
        entries = document.value(("runs", document.range_key(draft.runs), draft.detector, "roi")) or []
        at = next((n for n, entry in enumerate(entries) if entry.get("name") == draft.name), 0)
        stand_on = getattr(self.app.screen_stack[-2], "stand_on", None)  # the Profile screen
        if stand_on is not None:
            stand_on(("runs", document.range_key(draft.runs), draft.detector, "roi", at))

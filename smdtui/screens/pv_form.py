"""The form for an EPICS PV, and the ones for functions and sections, which are made from their parameters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from producer.analysis import FUNCTIONS
from smdtui.profile.change import put_entry, put_inner, put_pv
from smdtui.profile.document import ProfileDocument
from smdtui.profile.entry_draft import EntryDraft
from smdtui.profile.form import inner_tables
from smdtui.profile.outline import Part, section_title
from smdtui.profile.pv_draft import PvDraft
from smdtui.screens.edit_form import EditForm


class PvForm(EditForm[PvDraft]):
    """A new PV, or the one of `part`."""

    def __init__(self, part: Part | None = None, per_event: bool = True) -> None:
        if part is None:
            draft = PvDraft.new(per_event=per_event)
        else:
            draft = PvDraft.new(part.data.pv, part.data.alias or "", part.path[1] == "per_event")
        super().__init__("EPICS PV" if part is None else f"EPICS PV {part.data.name}", draft)
        self.part = part

    def on_mount(self) -> None:
        super().on_mount()
        self.ask_names()

    async def named(self, names: Mapping[str, Any]) -> None:
        known = {word for pv in names.get("epics", ()) for word in (pv["pv"], pv["alias"]) if word}
        await self.set_draft(self.draft.knowing(known))

    def change(self, document: ProfileDocument, draft: PvDraft) -> None:
        put_pv(document, draft, self.part)
        self.done = f"{draft.alias or draft.pv} {'changed' if self.part else 'added'}"


class EntryForm(EditForm[EntryDraft]):
    """The parameters of a function (`name` among the analysis functions) or of a section, new or those of `part`."""

    def __init__(self, name: str, part: Part | None = None, runs: str = "all", detector: str = "") -> None:
        data = part.data if part is not None else None
        self._is_function = name in FUNCTIONS
        if self._is_function:
            if part is not None:
                runs, detector = str(part.path[1]), str(part.path[2])
            draft = EntryDraft.function(name, (), runs, detector, data)
        else:
            draft = EntryDraft.section(name, data)
        names = [f.name for f in draft.form.fields if f.name not in ("runs", "detector")]
        focus = names[0] if names and (part is not None or detector) else ""
        super().__init__(name if self._is_function else section_title(name), draft, focus)
        self.part, self._where = part, (runs, detector)

    def on_mount(self) -> None:
        super().on_mount()
        if self._is_function:
            self.ask_names(self._where[0])

    async def named(self, names: Mapping[str, Any]) -> None:
        await self.set_draft(self.draft.with_detectors(d["name"] for d in names.get("detectors", ())))

    def change(self, document: ProfileDocument, draft: EntryDraft) -> None:
        put_entry(document, draft, self.part)
        self.done = f"{self.sheet_title} {'changed' if self.part else 'added'}"


class InnerForm(EditForm[EntryDraft]):
    """A table within the function or section of `owner`: a new one called `name`, or the one of `part`."""

    def __init__(self, owner: Part, part: Part | None = None, name: str = "") -> None:
        if part is not None:
            name, parameters, values = part.title, type(part.data), part.data
        else:
            table = next(table for table in inner_tables(cast(Any, type(owner.data))) if table.name == name)
            parameters, values = table.parameters, None
        super().__init__(name.replace("_", " "), EntryDraft.table(name, parameters, values))
        self.owner, self.part = owner, part

    def change(self, document: ProfileDocument, draft: EntryDraft) -> None:
        put_inner(document, draft, self.owner, self.part)
        self.done = f"{self.sheet_title} {'changed' if self.part else 'added'}"

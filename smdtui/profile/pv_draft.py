"""A PV of the profile while it is being typed: its name, the name of its dataset, with each event or once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from producer.defaults.epics import Pv
from producer.problem import nearest
from smdtui.profile.form import Field, Form, fields_of, reader

PER_EVENT, ONCE = "with each event", "once per run"


@dataclass(frozen=True)
class PvDraft:
    """`known` are the PVs and aliases of the run ({} when not asked): a name that is not among them is remarked on, not
    refused, since another run may have it."""

    form: Form
    known: frozenset[str] = frozenset()
    taken: frozenset[str] = frozenset()

    @classmethod
    def new(
        cls,
        pv: str = "",
        alias: str = "",
        per_event: bool = True,
        known: Iterable[str] = (),
        taken: Iterable[str] = (),
    ) -> PvDraft:
        """`taken` are the names of datasets that other PVs of the profile have."""
        when = Field("when", kind="choice", choices=(PER_EVENT, ONCE), required=True, help="How often it is written")
        fields = (*(replace(f, required=f.name == "pv") for f in fields_of(Pv)), when)
        read = reader(Pv)
        form = Form.of(
            fields,
            {"pv": pv, "alias": alias, "when": PER_EVENT if per_event else ONCE},
            lambda values: read({k: v for k, v in values.items() if k != "when"}),
        )
        return cls(form, frozenset(known), frozenset(taken))

    def set(self, name: str, text: str) -> PvDraft:
        return replace(self, form=self.form.set(name, text))

    def knowing(self, known: Iterable[str]) -> PvDraft:
        """With the names of the run, which have arrived meanwhile."""
        return replace(self, known=frozenset(known))

    @property
    def pv(self) -> str:
        return self.form.text("pv").strip()

    @property
    def alias(self) -> str:
        return self.form.text("alias").strip()

    @property
    def per_event(self) -> bool:
        return self.form.text("when") == PER_EVENT

    @property
    def problems(self) -> dict[str, str]:
        found = dict(self.form.problems)
        name = self.alias or self.pv
        if name in self.taken:
            found.setdefault("alias", f"another PV is already called {name!r}; give this one another alias")
        return found

    @property
    def remarks(self) -> dict[str, str]:
        """What does not stand in the way but should be seen, by field name."""
        if not self.known or not self.pv or self.pv in self.known:
            return {}
        close = nearest(self.pv, self.known, 1)
        return {"pv": "not in this run" + (f"; did you mean {close[0]}?" if close else "")}

"""The parameters of one analysis function, or of one run-independent section, while they are being typed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from producer.analysis import FUNCTIONS
from producer.defaults import SECTIONS
from producer.parameters import as_toml, only_short, short_field
from smdtui.profile.form import Field, Form, fields_of, reader
from smdtui.profile.roi_draft import range_problem


@dataclass(frozen=True)
class EntryDraft:
    """`name` is that of the function, section or inner table. A function has two fields more, for which runs and which
    detector."""

    name: str
    form: Form
    parameters: Any  # the class

    @classmethod
    def function(
        cls, name: str, detectors: Iterable[str], runs: str = "all", detector: str = "", values: Any = None
    ) -> EntryDraft:
        """`values`: the instance of its parameters that is changed, None for a new one."""
        names = list(detectors)
        if detector and detector not in names:
            names.append(detector)
        where = (
            Field("runs", required=True, check=range_problem, help="For which runs: 7, 21-, -20, 7,9,12-14, or all"),
            Field(
                "detector",
                kind="choice" if names else "text",
                choices=tuple(names),
                required=True,
                help="The detector that this is done with",
            ),
        )
        shown = {"runs": runs, "detector": detector or (names[0] if names else "")}
        parameters = FUNCTIONS[name].Parameters
        return cls(name, _form(parameters, where, {**shown, **_table(values)}), parameters)

    @classmethod
    def section(cls, name: str, values: Any = None) -> EntryDraft:
        return cls.table(name, SECTIONS[name].Parameters, values)

    @classmethod
    def table(cls, name: str, parameters: type, values: Any = None) -> EntryDraft:
        """An inner table of a function or section."""
        return cls(name, _form(parameters, (), _table(values)), parameters)

    def set(self, name: str, text: str) -> EntryDraft:
        return replace(self, form=self.form.set(name, text))

    def with_detectors(self, detectors: Iterable[str]) -> EntryDraft:
        """With the detectors of the run to choose from, which have arrived meanwhile."""
        here = self.detector
        names = tuple(dict.fromkeys([*detectors, *([here] if here else [])]))
        if not names:
            return self
        fields = tuple(
            replace(f, kind="choice", choices=names) if f.name == "detector" else f for f in self.form.fields
        )
        draft = replace(self, form=replace(self.form, fields=fields))
        return draft if here else draft.set("detector", names[0])

    @property
    def problems(self) -> dict[str, str]:
        return self.form.problems

    @property
    def runs(self) -> str:
        return self.form.text("runs").strip()

    @property
    def detector(self) -> str:
        return self.form.text("detector").strip()

    @property
    def value(self) -> Any:
        """What is to stand in the profile: a table of what differs from the defaults, or the short form where that is
        the only one."""
        parameters = self.parameters
        if only_short(parameters):
            return self.form.values.get(short_field(parameters) or "", [])
        return {name: value for name, value in self.whole.items() if value != _default(parameters, name)}

    @property
    def whole(self) -> dict[str, Any]:
        """Every parameter, with its default where nothing was typed."""
        parameters = self.parameters
        return {f.name: self.form.values.get(f.name, _default(parameters, f.name)) for f in fields_of(parameters)}


def _default(parameters: type, name: str) -> Any:
    default = next(f.default for f in fields_of(parameters) if f.name == name)
    return list(default) if isinstance(default, tuple) else default


def _table(values: Any) -> dict[str, Any]:
    """The parameters that differ from their defaults, by name."""
    if values is None:
        return {}
    written = as_toml(values)
    if only_short(type(values)):
        return {short_field(type(values)) or "": written}
    cls = type(values)
    names = [f.name for f in fields_of(cls)]
    return {n: written[n] for n in names if n in written and written[n] != _default(cls, n)}


def _form(parameters: type, where: tuple[Field, ...], shown: Mapping[str, Any]) -> Form:
    fields = fields_of(parameters)
    if only_short(parameters):
        fields = tuple(replace(f, required=True) for f in fields)
    check_values, names = reader(parameters), {f.name for f in fields}

    def check(values: Mapping[str, Any]) -> Mapping[str, str]:
        table = {k: v for k, v in values.items() if k in names}
        return check_values(table) if table or not only_short(parameters) else {}

    return Form.of((*where, *fields), shown, check)

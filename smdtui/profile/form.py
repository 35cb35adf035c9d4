"""A form as a value: fields made from a parameters class, the text typed into each, and what is wrong with it.

Nothing here knows a screen. A field is declared once, where the computation is; this only turns typed text into the
values that a profile would hold and asks the same reader that loads profiles whether they will do.
"""

import types
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, is_dataclass, replace
from functools import cache
from typing import Any, Literal, Union, get_args, get_origin

import tomllib

from producer.parameters import Field as Declared
from producer.parameters import describe, only_short, read_at, short_field
from producer.problem import errors, nearest
from producer.report import Report

Check = Callable[[Mapping[str, Any]], Mapping[str, str]]
Kind = Literal["text", "integer", "number", "boolean", "choice", "list", "value"]


@dataclass(frozen=True)
class Field:
    """One line of a form. `default` is what holds when nothing is typed; None: nothing holds, the key is left out."""

    name: str
    kind: Kind = "text"
    label: str = ""
    help: str = ""
    unit: str = ""
    default: Any = None
    required: bool = False
    choices: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()  # how the choices are shown, where not as they are
    minimum: float | None = None
    maximum: float | None = None
    check: Callable[[str], str] | None = None  # text -> what is wrong with it, or ""
    empty: str = ""  # what an empty field means, in a word

    @property
    def title(self) -> str:
        return self.label or self.name.replace("_", " ")

    @property
    def hint(self) -> str:
        """What the empty field shows: what it means, the default, else what may be typed."""
        if self.empty:
            return self.empty
        if self.default not in (None, (), []):
            return as_text(self.default)
        low, high = self.minimum, self.maximum
        limits = f"{low:g} to {high:g}" if low is not None and high is not None else ""
        limits = limits or (f"at least {low:g}" if low is not None else f"at most {high:g}" if high is not None else "")
        return limits or ("needed" if self.required else "")

    @property
    def options(self) -> list[tuple[str, str]]:
        """(as shown, value) of each choice."""
        return list(zip(self.labels or self.choices, self.choices, strict=True))

    @property
    def explanation(self) -> str:
        return self.help + (f" [{self.unit}]" if self.unit else "")

    def parse(self, text: str) -> Any:
        """The value that `text` stands for; None for an empty text. ValueError in words when there is none."""
        text = text.strip()
        if not text:
            if self.required:
                raise ValueError("needs a value")
            return None
        if self.check and (wrong := self.check(text)):
            raise ValueError(wrong)
        if self.kind == "boolean":
            if text not in ("true", "false"):
                raise ValueError("write true or false")
            return text == "true"
        if self.kind == "choice" and text not in self.choices:
            close = nearest(text, self.choices, 1)
            raise ValueError(f"no {text!r} here" + (f", did you mean {close[0]!r}?" if close else ""))
        if self.kind in ("integer", "number"):
            return self._number(text)
        if self.kind in ("list", "value"):
            value = _toml_value(text)
            return [value] if self.kind == "list" and not isinstance(value, list) else value
        return text

    def _number(self, text: str) -> int | float:
        value: int | float
        try:
            value = int(text)
        except ValueError:
            if self.kind == "integer":
                raise ValueError(f"{text!r} is not a whole number") from None
            try:
                value = float(text)
            except ValueError:
                raise ValueError(f"{text!r} is not a number") from None
        unit = f" {self.unit}" if self.unit else ""
        if self.minimum is not None and not value >= self.minimum:
            raise ValueError(f"must be at least {self.minimum:g}{unit}")
        if self.maximum is not None and not value <= self.maximum:
            raise ValueError(f"must be at most {self.maximum:g}{unit}")
        return value


def _toml_value(text: str) -> Any:
    for attempt in (text, f"[{text}]"):  # a bare `1, 2` is a list that someone was in a hurry with
        try:
            return tomllib.loads(f"value = {attempt}")["value"]
        except tomllib.TOMLDecodeError:
            continue
    words = [word.strip() for word in text.split(",")]
    if all(word and word.replace("_", "").replace(":", "").isalnum() for word in words):
        return words if len(words) > 1 or "," in text else words[0]
    raise ValueError(f"{text!r} cannot be read: write it as in TOML, e.g. [1, 2] or ['a', 'b']")


def as_text(value: Any) -> str:
    """`value` as it is typed into a form: text bare, lists as in TOML, None empty."""
    if value is None:
        return ""
    return value if isinstance(value, str) else _literal(value)


def _literal(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return "'" + value + "'" if "'" not in value else '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{key} = {_literal(v)}" for key, v in value.items() if v is not None) + " }"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(_literal(v) for v in value) + "]"
    return f"{value:g}" if isinstance(value, float) and float(f"{value:g}") == value else str(value)


def fields_of(parameters: type, leave_out: Iterable[str] = ()) -> tuple[Field, ...]:
    """The fields of a form for a parameters class, in the order of the class."""
    left_out = {*leave_out, *(inner.name for inner in inner_tables(parameters))}
    return tuple(_field(declared) for declared in describe(parameters) if declared.name not in left_out)


@dataclass(frozen=True)
class InnerTable:
    """A field that is a table of parameters, or (`many`) any number of them, and so has a form of its own."""

    name: str
    parameters: type
    many: bool
    help: str


@cache
def inner_tables(parameters: type) -> tuple[InnerTable, ...]:
    found = []
    for declared in describe(parameters):
        hint, many = _not_none(declared.type), False
        if get_origin(hint) is tuple and get_args(hint)[-1] is Ellipsis:
            hint, many = get_args(hint)[0], True
        if is_dataclass(hint) and isinstance(hint, type) and short_field(hint) is None:
            found.append(InnerTable(declared.name, hint, many, declared.meta.help))
    return tuple(found)


def _not_none(hint: Any) -> Any:
    if get_origin(hint) in (Union, types.UnionType):
        return next(part for part in get_args(hint) if part is not type(None))
    return hint


def _field(declared: Declared) -> Field:
    hint, meta = declared.type, declared.meta
    hint = _not_none(hint)
    kinds: dict[Any, Kind] = {bool: "boolean", int: "integer", float: "number", str: "text"}
    kind = kinds.get(hint, "value")
    if get_origin(hint) is tuple and get_args(hint)[-1] is Ellipsis and get_args(hint)[0] in kinds:
        kind = "list"
    if kind == "text" and meta.choices:
        kind = "choice"
    number = kind in ("integer", "number")
    return Field(
        name=declared.name,
        kind=kind,
        help=meta.help,
        unit=meta.unit,
        default=declared.default,
        required=declared.required,
        choices=(meta.choices or ()) if kind == "choice" else (),
        minimum=meta.minimum if number else None,
        maximum=meta.maximum if number else None,
    )


def reader(parameters: type) -> Check:
    """What the profile reader says of the values of a form, by field name ("" for what belongs to no field)."""

    short = (short_field(parameters) or "") if only_short(parameters) else ""

    def check(values: Mapping[str, Any]) -> dict[str, str]:
        report = Report()
        read_at(parameters, values.get(short, []) if short else dict(values), ("form",), report)
        found: dict[str, str] = {}
        for problem in errors(report.problems):
            name = short or problem.key.removeprefix("form").lstrip(".").split(".")[0].split("[")[0]
            hint = f" (did you mean {problem.suggestion}?)" if problem.suggestion else ""
            found.setdefault(name, problem.message + hint)
        return found

    return check


def _no_check(values: Mapping[str, Any]) -> Mapping[str, str]:
    return {}


@dataclass(frozen=True)
class Form:
    """Fields with the text typed into each (same order and length)."""

    fields: tuple[Field, ...]
    texts: tuple[str, ...]
    check: Check = _no_check

    @classmethod
    def of(cls, fields: Iterable[Field], values: Mapping[str, Any] | None = None, check: Check = _no_check) -> "Form":
        fields = tuple(fields)
        values = values or {}
        return cls(fields, tuple(_initial(f, values) for f in fields), check)

    def text(self, name: str) -> str:
        return self.texts[self._index(name)]

    def set(self, name: str, text: str) -> "Form":
        at = self._index(name)
        return replace(self, texts=(*self.texts[:at], text, *self.texts[at + 1 :]))

    def _index(self, name: str) -> int:
        return next(n for n, f in enumerate(self.fields) if f.name == name)

    @property
    def values(self) -> dict[str, Any]:
        """What was typed and can be read. A field left empty is absent, as is a switch that stands at its default."""
        found = {}
        for field, text in zip(self.fields, self.texts, strict=True):
            try:
                value = field.parse(text)
            except ValueError:
                continue
            if value is not None and not (field.kind == "boolean" and value == bool(field.default)):
                found[field.name] = value
        return found

    @property
    def problems(self) -> dict[str, str]:
        """What is wrong, by field name; {} when the form may be accepted."""
        found = {}
        for field, text in zip(self.fields, self.texts, strict=True):
            try:
                field.parse(text)
            except ValueError as error:
                found[field.name] = str(error)
        unread = bool(found)
        for name, message in self.check(self.values).items():
            if name or not unread:  # what belongs to no field may only be the lack of one that is wrong
                found.setdefault(name, message)
        return found


def _initial(field: Field, values: Mapping[str, Any]) -> str:
    if field.name in values:
        return as_text(values[field.name])
    if field.kind == "boolean":
        return "true" if field.default else "false"
    if field.kind == "choice" and field.default:
        return as_text(field.default)
    return ""

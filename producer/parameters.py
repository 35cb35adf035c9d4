"""Parameters declared once, as frozen dataclasses whose fields say what they mean, and read strictly from TOML.

A field is ``threshold: Annotated[Optional[float], Meta("pixels below are 0", unit="keV")] = None``. Forms, checks, the
schema and the documentation are made from that. Understood: bool, int, float, str, Optional[T], Tuple[T, ...], fixed
Tuple[A, B], and nested such dataclasses. A class may add

* ``SHORT = "pv"``: a value that is no table stands for that one field (``"s1h_w"`` for ``{pv = "s1h_w"}``); when the
  class has no other field, the short form is the only one;
* ``check(self)``: yields (path within the table such as ("region", 0), message, suggestion) for what only shows when
  values are seen together.
"""

import math
import re
from dataclasses import MISSING, dataclass, fields, is_dataclass, replace
from functools import cache
from typing import (
    Annotated,
    Any,
    Callable,
    Dict,
    Iterable,
    List,
    Optional,
    Tuple,
    Union,
    get_args,
    get_origin,
    get_type_hints,
)

from producer.problem import Problem, nearest
from producer.report import Path, Report, dotted


@dataclass(frozen=True)
class Meta:
    """What a field means. `minimum`, `maximum` (both allowed values), `choices` and `check` apply to each single value
    in it; `check` raises `Wrong`. `lengths`: allowed lengths of a list."""

    help: str
    unit: str = ""
    minimum: Optional[float] = None
    maximum: Optional[float] = None
    choices: Optional[Tuple[str, ...]] = None
    lengths: Optional[Tuple[int, ...]] = None
    check: Optional[Callable[[Any], Any]] = None


class Wrong(ValueError):
    """A value that is refused: `str()` says why (it follows "<name> "), `suggestion` what to write instead."""

    def __init__(self, message: str, suggestion: str = "") -> None:
        super().__init__(message)
        self.suggestion = suggestion


@dataclass(frozen=True)
class Field:
    """One parameter: `type` without Annotated; `required` when there is no default."""

    name: str
    type: Any
    meta: Meta
    default: Any
    required: bool


@cache
def describe(cls: type) -> Tuple[Field, ...]:
    """The fields of a parameter class in the order declared."""
    hints = get_type_hints(cls, include_extras=True)
    found = []
    for field in fields(cls):
        hint, meta = hints[field.name], Meta("")
        if get_origin(hint) is Annotated:
            hint, meta = get_args(hint)[0], next((m for m in get_args(hint)[1:] if isinstance(m, Meta)), meta)
        default = field.default_factory() if field.default_factory is not MISSING else field.default
        found.append(Field(field.name, hint, meta, None if default is MISSING else default, default is MISSING))
    return tuple(found)


def short_field(cls: type) -> Optional[str]:
    """The field that a value stands for which is no table, or None."""
    return getattr(cls, "SHORT", None)


def only_short(cls: type) -> bool:
    return short_field(cls) is not None and len(describe(cls)) == 1


_REFUSED = object()


def read(cls: type, table: Any, key: str, problems: List[Problem]) -> Optional[Any]:
    """An instance of `cls` from the TOML value `table`, or None; every problem is appended to `problems`, its `key`
    being `key` and the path below it."""
    report = Report()
    instance = read_at(cls, table, (key,), report)
    quoted = dotted((key,))
    problems += [replace(problem, key=key + problem.key[len(quoted) :]) for problem in report.problems]
    return instance


def read_at(cls: type, table: Any, path: Path, report: Report) -> Optional[Any]:
    """As `read`, for a table at `path` of the file that `report` is about."""
    before = len(report.problems)
    given = read_fields(cls, table, path, report)
    if given is None:
        return None
    said = report.problems[before:]
    named = list(table) if isinstance(table, dict) else [short_field(cls)]
    instance = build(cls, given, path, report, apart=[*named, *(p.suggestion for p in said)] if said else [])
    return None if said else instance


def read_fields(cls: type, table: Any, path: Path, report: Report) -> Optional[Dict[str, Any]]:
    """The values given for fields of `cls`, each checked on its own: without those that were refused, with a problem,
    and those not given, see `build`. None when `table` is no table."""
    short = short_field(cls)
    if short is not None and (not isinstance(table, dict) or only_short(cls)):
        table, place = {short: table}, {short: path}
    elif isinstance(table, dict):
        place = {name: (*path, name) for name in table}
    else:
        report.error(path, f"{dotted(path[-1:])} must be a table of parameters, not {in_words(table)}")
        return None
    known = {field.name: field for field in describe(cls)}
    values = {}
    for name, value in table.items():
        if name not in known:
            unknown_key(name, [n for n in known if n not in table], place[name], report, all_known=list(known))
            continue
        result = _value(known[name].type, known[name].meta, value, place[name], report)
        if result is not _REFUSED:
            values[name] = result
    return values


def build(
    cls: type,
    given: Dict[str, Any],
    path: Path,
    report: Report,
    of_field: Optional[Dict[str, Report]] = None,
    apart: Iterable[Optional[str]] = (),
) -> Optional[Any]:
    """The instance with `given` values and defaults for the rest; None and problems if one is missing or some clash.

    `of_field`: where to report a clash of a field that came from another file than `report` is about. `apart`: fields
    that are not to be reported as missing, for something was said about them already."""
    missing = [field for field in describe(cls) if field.required and field.name not in given]
    for field in missing:
        if field.name in apart:
            continue
        report.error(path, f"{dotted(path)} needs {field.name} ({field.meta.help})", suggestion=f"{field.name} = ")
    if missing:
        return None
    instance = cls(**given)
    clashes = list(instance.check()) if hasattr(instance, "check") else []
    for where, message, suggestion in clashes:
        target = (of_field or {}).get(where[0] if where else "", report)
        target.error((*path, *(where[1:] if only_short(cls) else where)), message, suggestion)
    return None if clashes else instance


def unknown_key(name: str, candidates: List[str], path: Path, report: Report, all_known: List[str]) -> None:
    close = nearest(name, candidates, most=1)
    message = f"unknown key {name!r}" + ("" if close else f"; known here: {', '.join(all_known)}")
    report.error(path, message, suggestion=close[0] if close else "")


def _value(kind: Any, meta: Meta, value: Any, path: Path, report: Report) -> Any:
    """`value` as `kind`, or _REFUSED after saying why."""
    if get_origin(kind) is Union:  # Optional[T]; TOML has no null, so a value that is there is a T
        kind = next(part for part in get_args(kind) if part is not type(None))
    if get_origin(kind) is tuple:
        return _sequence(kind, meta, value, path, report)
    if is_dataclass(kind):
        result = read_at(kind, value, path, report)  # type: ignore[arg-type]
        return _REFUSED if result is None else result
    try:
        return _single(kind, meta, value)
    except Wrong as wrong:
        report.error(path, f"{_called(path)} {wrong}", suggestion=wrong.suggestion)
        return _REFUSED


def _sequence(kind: Any, meta: Meta, value: Any, path: Path, report: Report) -> Any:
    parts = get_args(kind)
    endless = len(parts) == 2 and parts[1] is Ellipsis
    allowed = meta.lengths if endless else (len(parts),)
    if not isinstance(value, list):
        report.error(path, f"{_called(path)} must be a list {_example(kind)}, not {in_words(value)}")
        return _REFUSED
    if allowed is not None and len(value) not in allowed:
        wanted = " or ".join(str(n) for n in allowed)
        report.error(path, f"{_called(path)} must have {wanted} entries {_example(kind)}, not {len(value)}")
        return _REFUSED
    inner = _of_entry(meta)
    kinds = [parts[0]] * len(value) if endless else parts
    read_all = [_value(k, inner, v, (*path, i), report) for i, (k, v) in enumerate(zip(kinds, value))]
    return _REFUSED if any(v is _REFUSED for v in read_all) else tuple(read_all)


@cache
def _of_entry(meta: Meta) -> Meta:
    """Without what is meant for the outermost list only."""
    return replace(meta, lengths=None)


_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$")
_NAMES = {bool: "true or false", int: "a whole number", float: "a number", str: "text in quotes"}


def _single(kind: Any, meta: Meta, value: Any) -> Any:
    if kind is float and type(value) is int:
        value = float(value)
    if not _is(kind, value):
        raise Wrong(f"must be {_NAMES[kind]}, not {in_words(value)}", _converted(kind, value))
    if kind is float and not math.isfinite(value):
        raise Wrong(f"must be a finite number, not {value}")
    unit = f" {meta.unit}" if meta.unit else ""
    if meta.minimum is not None and value < meta.minimum:
        raise Wrong(f"must be at least {meta.minimum:g}{unit}, not {value}")
    if meta.maximum is not None and value > meta.maximum:
        raise Wrong(f"must be at most {meta.maximum:g}{unit}, not {value}")
    if meta.choices is not None and value not in meta.choices:
        close = nearest(value, meta.choices, most=1)
        raise Wrong(f"must be one of {', '.join(meta.choices)}, not {value!r}", close[0] if close else "")
    if meta.check is not None:
        meta.check(value)
    return value


def _is(kind: Any, value: Any) -> bool:
    return bool(type(value) is kind)  # not isinstance: True is an int to it


def _converted(kind: type, value: Any) -> str:
    """What was probably meant, as TOML text: 12 for "12", true for "true"."""
    if kind in (int, float) and isinstance(value, str) and _NUMBER.match(value) and (kind is float or value.isdigit()):
        return value
    if kind is int and isinstance(value, float) and math.isfinite(value) and value == int(value):
        return str(int(value))
    if kind is bool and isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower()
    if kind is bool and value in (0, 1) and not isinstance(value, str):
        return "true" if value else "false"
    if kind is str and type(value) in (int, float):
        return f'"{value}"'
    return ""


def in_words(value: Any) -> str:
    """What a TOML value is, for a message."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return f"text ({value[:37] + '...' if len(value) > 40 else value!r})"
    if isinstance(value, (int, float)):
        return f"{'a whole number' if isinstance(value, int) else 'a number'} ({value})"
    if isinstance(value, dict):
        return "a table"
    return "a list" if isinstance(value, list) else f"a {type(value).__name__}"


def _called(path: Path) -> str:
    """How a message calls the value: the last name with the indices after it."""
    start = max((i for i, part in enumerate(path) if isinstance(part, str)), default=0)
    return dotted(path[start:])


def _example(kind: Any) -> str:
    parts = get_args(kind)
    if get_origin(parts[0]) is tuple:
        return "of pairs such as [[0, 10], [5, 20]]"
    if parts[0] is int and len(parts) == 2 and parts[1] is int:
        return "such as [0, 10]"
    names = {int: "whole numbers", float: "numbers", str: "names"}
    return f"of {names[parts[0]]}" if parts[0] in names else "of entries"


def as_toml(instance: Any) -> Any:
    """The TOML value that `read` turns into an equal instance: every value written out, defaults too, except None."""
    if isinstance(instance, tuple):
        return [as_toml(value) for value in instance]
    if not is_dataclass(instance):
        return instance
    cls: Any = type(instance)
    values = {
        f.name: as_toml(getattr(instance, f.name)) for f in describe(cls) if getattr(instance, f.name) is not None
    }
    short = short_field(cls)
    return values[short] if short is not None and set(values) == {short} else values


def as_json(instance: Any) -> Any:
    """As `as_toml`, but always every field of a table, None too, so that its shape does not depend on the values."""
    if isinstance(instance, tuple):
        return [as_json(value) for value in instance]
    if not is_dataclass(instance):
        return instance
    cls: Any = type(instance)
    values = {f.name: as_json(getattr(instance, f.name)) for f in describe(cls)}
    return next(iter(values.values())) if only_short(cls) else values


def value_paths(instance: Any) -> Dict[Path, Path]:
    """The path of each value in an instance: every field, every entry of a list of names or of tables, every field of
    a table in it; and with each the path at which it stands when it is not written there: that of the table for which
    its short form stands, else its own."""
    cls: Any = type(instance)
    paths: Dict[Path, Path] = {}

    def inside(table: Any, here: Path) -> None:
        short = short_field(type(table))
        for inner, written in value_paths(table).items():
            paths[(*here, *inner)] = here if inner == (short,) else (*here, *written)

    for f in describe(cls):
        value = getattr(instance, f.name)
        start: Path = () if only_short(cls) else (f.name,)
        paths[start] = start
        if is_dataclass(value):
            inside(value, start)
        for i, entry in enumerate(value) if isinstance(value, tuple) else ():
            here: Path = (*start, i)
            if isinstance(entry, str) or is_dataclass(entry):
                paths[here] = here
            if is_dataclass(entry):
                inside(entry, here)
    return paths

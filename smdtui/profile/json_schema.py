"""The JSON Schema of the profile format, made from the parameter classes that read profiles: for editors, and as the
description of every key with its unit, default and limits.

It is looser than the reader where JSON Schema has no words: overlapping ranges, names given twice, values that clash.
"""

import inspect
import json
import types
from dataclasses import is_dataclass
from typing import Any, Union, get_args, get_origin

from producer.analysis import FUNCTIONS
from producer.defaults import SECTIONS
from producer.layers import Head
from producer.parameters import Field, Meta, as_toml, describe, only_short, short_field

_SPAN = r"\d{1,9}(\s*-\s*\d{0,9})?|-\s*\d{1,9}"
RANGE = rf"^\s*(all|({_SPAN})(\s*,\s*({_SPAN}))*)\s*$"
_TYPES = {bool: "boolean", int: "integer", float: "number", str: "string"}

Schema = dict[str, Any]


def schema() -> Schema:
    """Draft 2020-12."""
    definitions: dict[str, Schema] = {}
    sections = {name: _entry(module, definitions) for name, module in SECTIONS.items()}
    functions = {name: _entry(module, definitions) for name, module in FUNCTIONS.items()}
    detector = {
        "description": "A detector, by its name in the data; what is done with it in these runs.",
        "type": "object",
        "properties": functions,
        "additionalProperties": False,
    }
    runs = {
        "description": "What holds for which runs: [runs.RANGE.DETECTOR.FUNCTION], RANGE being 17, 9-12, 20-, -8, "
        '"7,9,12" or all. For a run the one range that holds it replaces all; two ranges must not claim the same run.',
        "type": "object",
        "patternProperties": {RANGE: {"type": "object", "additionalProperties": {"$ref": "#/$defs/detector"}}},
        "additionalProperties": False,
    }
    head = _table(Head, definitions)
    head["properties"]["format"]["const"] = 1
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "smdtui profile",
        "description": "What is extracted from which run of an experiment.",
        "type": "object",
        "properties": {**head["properties"], **sections, "runs": runs},
        "required": head["required"],
        "additionalProperties": False,
        "$defs": {"detector": detector, **dict(sorted(definitions.items()))},
    }


def text() -> str:
    return json.dumps(schema(), indent=1, ensure_ascii=False) + "\n"


def _entry(module: types.ModuleType, definitions: dict[str, Schema]) -> Schema:
    one = _reference(module.Parameters, definitions)
    about = _sentence(inspect.getdoc(module) or "")
    return {"description": about, "type": "array", "items": one} if module.MANY else {"description": about, **one}


def _sentence(doc: str) -> str:
    return " ".join(doc.partition("\n\n")[0].split())


def _reference(cls: type, definitions: dict[str, Schema]) -> Schema:
    """A reference to the definition of `cls`, which is made where it is not there yet."""
    module = cls.__module__.rpartition(".")[2]
    name = module if cls.__name__ == "Parameters" else f"{module}.{cls.__name__}"
    if name not in definitions:
        definitions[name] = {}
        definitions[name] = _of_class(cls, definitions)
    return {"$ref": f"#/$defs/{name}"}


def _of_class(cls: type, definitions: dict[str, Schema]) -> Schema:
    short = short_field(cls)
    if short is None:
        return _table(cls, definitions)
    field = next(f for f in describe(cls) if f.name == short)
    alone = _property(field, definitions)
    return alone if only_short(cls) else {"anyOf": [alone, _table(cls, definitions)]}


def _table(cls: type, definitions: dict[str, Schema]) -> Schema:
    fields = describe(cls)
    found: Schema = {
        "type": "object",
        "properties": {f.name: _property(f, definitions) for f in fields},
        "additionalProperties": False,
    }
    required = [f.name for f in fields if f.required]
    return {**found, "required": required} if required else found


def _property(field: Field, definitions: dict[str, Schema]) -> Schema:
    meta = field.meta
    found: Schema = {}
    if meta.help:
        found["description"] = meta.help + (f" [{meta.unit}]" if meta.unit else "")
    if meta.unit:
        found["x-unit"] = meta.unit
    found.update(_type(field.type, meta, definitions))
    default = as_toml(field.default)
    if default is not None:
        found["default"] = default
    return found


def _type(hint: Any, meta: Meta, definitions: dict[str, Schema]) -> Schema:
    if get_origin(hint) in (Union, types.UnionType):  # Optional: TOML has no null, so the key is just left out
        hint = next(part for part in get_args(hint) if part is not type(None))
    if is_dataclass(hint):
        return _reference(hint, definitions)  # type: ignore[arg-type]
    if get_origin(hint) is tuple:
        return _list(get_args(hint), meta, definitions)
    found: Schema = {"type": _TYPES[hint]}
    if meta.choices is not None:
        found["enum"] = list(meta.choices)
    if meta.minimum is not None:
        found["minimum"] = meta.minimum
    if meta.maximum is not None:
        found["maximum"] = meta.maximum
    return found


def _list(parts: tuple[Any, ...], meta: Meta, definitions: dict[str, Schema]) -> Schema:
    inner = Meta("", minimum=meta.minimum, maximum=meta.maximum, choices=meta.choices)
    if len(parts) == 2 and parts[1] is Ellipsis:
        found: Schema = {"type": "array", "items": _type(parts[0], inner, definitions)}
        if meta.lengths is not None:
            found["anyOf"] = [{"minItems": n, "maxItems": n} for n in meta.lengths]
        return found
    items = [_type(part, inner, definitions) for part in parts]
    return {"type": "array", "prefixItems": items, "items": False, "minItems": len(items), "maxItems": len(items)}

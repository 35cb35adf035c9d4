"""The JSON Schema: kept current, agrees with the reader on what is right and wrong, describes every key."""

import json
import re
from pathlib import Path

import pytest
import tomllib

from producer.analysis import FUNCTIONS
from producer.parameters import describe
from producer.plan import check
from producer.problem import errors
from smdtui.cli import main
from smdtui.profile.json_schema import RANGE, schema, text

ROOT = Path(__file__).resolve().parents[2]
COMMITTED = ROOT / "docs" / "profile.schema.json"
SCHEMA = schema()
KNOWN = {
    "$ref", "$schema", "$defs", "title", "description", "default", "x-unit", "type", "properties", "required",
    "additionalProperties", "patternProperties", "items", "prefixItems", "minItems", "maxItems", "anyOf", "enum",
    "const", "minimum", "maximum",
}  # fmt: skip
TYPES = {"object": dict, "array": list, "string": str, "boolean": bool, "integer": int, "number": (int, float)}


def faults(value, rule, where=""):
    """What JSON Schema (the words in KNOWN) has against `value`; an independent reading of the specification."""
    if rule is False:
        return [f"{where}: nothing may stand here"]
    if rule is True:
        return []
    assert set(rule) <= KNOWN, set(rule) - KNOWN
    found = []
    if "$ref" in rule:
        target = SCHEMA
        for part in rule["$ref"].removeprefix("#/").split("/"):
            target = target[part]
        found += faults(value, target, where)
    kind = rule.get("type")
    if kind and (not isinstance(value, TYPES[kind]) or (kind != "boolean" and isinstance(value, bool))):
        return [*found, f"{where}: {value!r} is no {kind}"]
    if "const" in rule and value != rule["const"]:
        found.append(f"{where}: is not {rule['const']}")
    if "enum" in rule and value not in rule["enum"]:
        found.append(f"{where}: {value!r} is none of {rule['enum']}")
    if "minimum" in rule and value < rule["minimum"]:
        found.append(f"{where}: {value} is too small")
    if "maximum" in rule and value > rule["maximum"]:
        found.append(f"{where}: {value} is too large")
    if "anyOf" in rule and all(faults(value, one, where) for one in rule["anyOf"]):
        found.append(f"{where}: is none of the forms allowed")
    if isinstance(value, dict):
        found += [f"{where}: {name} is missing" for name in rule.get("required", ()) if name not in value]
        for name, inner in value.items():
            matching = [r for n, r in rule.get("properties", {}).items() if n == name]
            matching += [r for p, r in rule.get("patternProperties", {}).items() if re.search(p, name)]
            for one in matching or [rule.get("additionalProperties", True)]:
                found += faults(inner, one, f"{where}.{name}")
    if isinstance(value, list):
        if not rule.get("minItems", 0) <= len(value) <= rule.get("maxItems", len(value)):
            found.append(f"{where}: has {len(value)} entries")
        first = rule.get("prefixItems", [])
        for i, inner in enumerate(value):
            found += faults(inner, first[i] if i < len(first) else rule.get("items", True), f"{where}[{i}]")
    return found


def test_the_committed_schema_is_current():
    assert COMMITTED.read_text(encoding="utf-8") == text(), "run: smdtui schema > docs/profile.schema.json"


def test_the_command_prints_it(capsys):
    assert main(["schema"]) == 0
    assert json.loads(capsys.readouterr().out) == SCHEMA


@pytest.mark.parametrize("path", sorted(ROOT.glob("profiles/**/*.toml")), ids=lambda p: p.name)
def test_shipped_profiles_validate(path):
    if path.parent.name == "sites":
        pytest.skip("a site file is no profile")
    assert faults(tomllib.loads(path.read_text(encoding="utf-8")), SCHEMA) == []


def test_every_key_is_described():
    def keys(rule, where):
        for name, inner in rule.get("properties", {}).items():
            yield f"{where}.{name}", inner
            yield from keys(inner, f"{where}.{name}")
        for one in rule.get("anyOf", ()):
            yield from keys(one, where)

    told = [pair for name, rule in SCHEMA["$defs"].items() for pair in keys(rule, name)] + list(keys(SCHEMA, ""))
    assert len(told) > 50
    assert [where for where, inner in told if not inner.get("description") and "$ref" not in inner] == []
    for name, module in FUNCTIONS.items():
        there = dict(told)
        for field in describe(module.Parameters):
            if f"{name}.{field.name}" in there and field.meta.unit:
                assert f"[{field.meta.unit}]" in there[f"{name}.{field.name}"]["description"]


WRONG = [
    "format = 2",
    "format = 1\nhutsch = 'xpp'",
    "format = 1\n[epics]\nall = 1",
    "format = 1\n[epics]\nper_event = [1]",
    "format = 1\n[[analog_input]]\nchannel = 16\nname = 'a'",
    "format = 1\n[[analog_input]]\nname = 'a'",
    "format = 1\n[timetool]\ncalibration = [1.0]",
    "format = 1\n[runs.first.epix_1]\nsums = ['calib']",
    "format = 1\n[runs.all.epix_1]\nsums = 'calib'",
    "format = 1\n[runs.all.epix_1]\nroii = []",
    "format = 1\n[[runs.all.epix_1.roi]]\nregion = [[0, 1, 2]]",
    "format = 1\n[[runs.all.epix_1.roi]]\nregion = [[-1, 2]]",
]


@pytest.mark.parametrize("written", WRONG)
def test_what_the_reader_refuses_the_schema_refuses(written, tmp_path):
    assert errors(check(tmp_path / "p.toml", written)[1]) and faults(tomllib.loads(written), SCHEMA)


@pytest.mark.parametrize("name", ["all", "17", "9-12", "20-", "-8", "7,9,12-14", "7, 9 , 12 - 14"])
def test_ranges_that_are_read_match(name, tmp_path):
    written = f'format = 1\n[runs."{name}".epix_1]\nsums = ["calib"]'
    assert re.search(RANGE, name) and check(tmp_path / "p.toml", written)[1] == []

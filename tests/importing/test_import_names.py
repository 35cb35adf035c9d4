"""The tables of names: of the import, of the modules themselves, and in the documentation."""

from pathlib import Path

import pytest

from producer.analysis import FUNCTIONS, photons
from producer.parameters import describe
from smdtui.profile.importing.back import BACK
from smdtui.profile.importing.names_table import SETTINGS, table
from smdtui.profile.importing.rules import RULES

ROOT = Path(__file__).resolve().parents[2]


def parameters(name: str):
    return photons.Parameters if name == "droplet.photons" else FUNCTIONS[name.removesuffix(".ai_kwargs")].Parameters


@pytest.mark.parametrize("name", RULES)
def test_each_rule_leads_to_a_parameter(name):
    known = {field.name for field in describe(parameters(name))}
    assert {rule.key for rule in RULES[name].values()} <= known | {""}


@pytest.mark.parametrize("name", [name for name in RULES if "." not in name])
def test_rules_agree_with_the_names_that_the_modules_record(name):
    theirs = {ours: key for key, rule in reversed(RULES[name].items()) if (ours := rule.key)}
    recorded = getattr(FUNCTIONS[name], "RECORDED", {})
    both = {key: value for key, value in recorded.items() if key in theirs}
    assert both == {key: theirs[key] for key in both}


def test_what_is_carried_over_can_be_compared():
    """Each rule has its counterpart in the proof."""
    for name, rules in RULES.items():
        if "." in name:
            continue
        missing = [key for key, rule in rules.items() if rule.key and key not in BACK[name]]
        assert missing == [], name


def test_documentation_is_current():
    """If not: python -m smdtui.profile.importing.names_table > docs/parameters.md"""
    assert (ROOT / "docs" / "parameters.md").read_text() == table()


def test_documentation_has_every_parameter():
    text = table()
    for name, module in FUNCTIONS.items():
        for field in describe(module.Parameters):
            assert f"| `{field.name}` |" in text, (name, field.name)
    assert all(f"| `{key}` |" in text for key in SETTINGS)

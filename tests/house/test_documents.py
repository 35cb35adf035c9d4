"""What the documents promise is there."""

import re

import pytest
from places import ROOT

DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda p: p.name)
def test_every_link_leads_somewhere(path):
    for target in re.findall(r"\]\(([^)#\s]+)\)", path.read_text()):
        if "://" not in target:
            assert (path.parent / target).exists(), f"{path.name} links to {target}, which is not there"


def test_every_command_of_the_readme_exists():
    from smdtui.cli import parser

    commands = next(a for a in parser()._actions if hasattr(a, "choices") and a.choices and "runs" in a.choices).choices
    named = set(re.findall(r"^smdtui ([a-z]+)", (ROOT / "README.md").read_text(), re.M))
    assert named and named <= set(commands)


def test_every_direct_dependency_has_its_line():
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    words = project["project"]["dependencies"] + [
        w for group in project["project"]["optional-dependencies"].values() for w in group
    ]
    words += [w for w in project["dependency-groups"]["dev"] if not w.startswith("smdtui")]
    names = {re.match(r"[A-Za-z0-9_-]+", w)[0] for w in words}
    listed = (ROOT / "docs" / "dependencies.md").read_text()
    assert not [n for n in names if n not in listed]

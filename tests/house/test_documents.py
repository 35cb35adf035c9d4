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


def _table(text):
    """The cells of each row of the first table in `text`, without its head."""
    rows = [line.strip("|").split(" | ") for line in text.split("\n## ")[0].splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in row] for row in rows[2:]]


def test_every_feature_has_its_row_and_a_test_or_a_reason():
    text = (ROOT / "docs" / "features.md").read_text()
    rows = _table(text.split("## The whole checklist")[1])
    for feature, ours, proof in rows:
        assert ours and (proof != "-" or ours.startswith("none: ")), feature
    there = {path.name for path in (ROOT / "tests").rglob("test_*.py")}
    named = set(re.findall(r"\btest_\w+\.py", text))
    assert named and named <= there, named - there
    for path in re.findall(r"\b\w+/test_\w+\.py", text):
        assert (ROOT / "tests" / path).exists(), path
    study = ROOT.parent / "shared" / "docs" / "smalldata_tools.md"
    if not study.exists():
        pytest.skip("the study of smalldata_tools is not at hand")
    wanted = _table(study.read_text().split("## 5. Checklist")[1])
    assert [row[0] for row in rows] == [row[0] for row in wanted]

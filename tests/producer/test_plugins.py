"""An analysis function of another installed package: the example of docs/plugins.md, as pip lays it out."""

import json
import os
import re
import subprocess
import sys

import numpy as np
import pytest
import tomllib
from producing import ROOT, environment, plain_loop, produce

from producer.analysis import FUNCTIONS
from producer.plugins import plugins

TEXT = (ROOT / "docs" / "plugins.md").read_text()
MODULE, PYPROJECT, PROFILE = (re.findall(rf"```{kind}\n(.*?)```", TEXT, re.S) for kind in ("python", "toml", "toml"))


def install(folder, module, name="my_functions", package="my-functions", key="bright"):
    """What `pip install --target` makes of a package with one module."""
    described = folder / f"{name}-0.1.dist-info"
    described.mkdir(parents=True)
    (folder / f"{name}.py").write_text(module)
    (described / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 0.1\n")
    (described / "entry_points.txt").write_text(f"[smdtui.functions]\n{key} = {name}\n")
    return folder


@pytest.fixture
def site(tmp_path):
    project = tomllib.loads(PYPROJECT[0])["project"]
    assert project["entry-points"]["smdtui.functions"] == {"bright": "my_functions"}
    return install(tmp_path / "site", MODULE[0], package=project["name"])


def path(site):
    return os.pathsep.join([str(ROOT), str(site)])


def smdtui(site, *words):
    command = [sys.executable, "-m", "smdtui.cli", *(str(word) for word in words)]
    more = {**environment(), "PYTHONPATH": path(site)}
    return subprocess.run(command, env=more, capture_output=True, text=True, timeout=100, cwd=ROOT)


def test_the_example_is_as_short_as_it_says():
    lines = [line for line in MODULE[0].splitlines() if line.strip()]
    assert len(lines) <= 23 and tomllib.loads(PROFILE[1])["runs"]["all"]["epix_1"] == {"bright": {"threshold": 8.0}}


@pytest.mark.parametrize("ranks", [1, pytest.param(3, marks=pytest.mark.long)])
def test_the_example_is_produced(quick_run, tmp_path, site, ranks):
    profile = tmp_path / "p.toml"
    profile.write_text("format = 1\n[runs.all.tmo_atmopal.bright]\nthreshold = 120.0\n")
    done = produce("tmoc00126", 3, quick_run, profile, tmp_path / "o.h5", ranks=ranks, PYTHONPATH=path(site))
    assert done.status == 0, done.said
    rows = plain_loop(tmp_path, "tmoc00126", 3, quick_run, "", ["tmo_atmopal"], [])
    expected = [np.count_nonzero(row["frames"]["tmo_atmopal"] > 120.0) for row in rows]
    with done.file() as file:
        assert file["tmo_atmopal/bright"][:].tolist() == expected and max(expected) > min(expected)
        assert file["tmo_atmopal/bright"].attrs["units"] == "pixels"
        assert file["UserDataCfg/tmo_atmopal/bright__bright_threshold"][()] == 120.0
        assert file["UserDataCfg/versions/my-functions"].asstr()[()] == "0.1"


def test_the_check_the_schema_and_the_form_know_it(tmp_path, site):
    profile = tmp_path / "p.toml"
    profile.write_text("format = 1\n[runs.all.epix_1.brigt]\n[runs.all.epix_2.bright]\ntreshold = 1\n")
    done = smdtui(site, "check", profile)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "p.toml:2:" in done.stdout and "did you mean 'bright'?" in done.stdout
    assert "p.toml:4:" in done.stdout and "did you mean 'threshold'?" in done.stdout
    functions = json.loads(smdtui(site, "schema").stdout)["$defs"]["detector"]["properties"]
    assert {"bright", "roi"} <= set(functions)
    code = "from smdtui.screens.profile_forms import _about; print(_about('bright'))"
    more = {**environment(), "PYTHONPATH": path(site)}
    said = subprocess.run([sys.executable, "-c", code], env=more, capture_output=True, text=True, timeout=100)
    assert said.stdout.strip() == "bright: bright pixels", said.stderr


WRONG = {
    "raise RuntimeError('no licence')": "importing my_functions fails with RuntimeError: no licence",
    "import sys; sys.exit(3)": "importing my_functions fails with SystemExit: 3",
    "NAME = 'dim'": "NAME must be 'bright' as in its entry point, not 'dim'",
    MODULE[0].replace("MANY", "FEW"): "MANY must be True or False",
    MODULE[0].replace("False", "True"): "Parameters must have a field name of type str, as MANY is True",
    MODULE[0].replace("frozen=True", ""): "Parameters must be frozen",
    MODULE[0].replace("class Computation", "class Computer"): "there is no class Computation",
    MODULE[0].replace("def promises", "def promise"): "there is no function promises",
}


def found(site, monkeypatch):
    monkeypatch.syspath_prepend(site)
    for name in ("my_functions", "others", "third"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    try:
        return plugins(FUNCTIONS)
    finally:
        for name in ("my_functions", "others", "third"):
            sys.modules.pop(name, None)


@pytest.mark.parametrize("module", WRONG, ids=list(WRONG.values()))
def test_a_package_that_cannot_be_used_is_told_why(tmp_path, monkeypatch, module):
    bright = found(install(tmp_path / "site", module), monkeypatch)["bright"]
    assert (bright.package, bright.version, bright.module) == ("my-functions", "0.1", None)
    start = "the function 'bright' of the package my-functions 0.1 cannot be used: "
    assert bright.broken.startswith(start + WRONG[module])


def test_two_packages_and_a_name_that_is_taken(tmp_path, monkeypatch):
    site = install(tmp_path / "site", MODULE[0])
    assert not found(site, monkeypatch)["bright"].broken
    install(site, MODULE[0], name="others", package="their-functions")
    install(site, MODULE[0], name="third", package="third-functions", key="roi")
    known = found(site, monkeypatch)
    assert known["bright"].broken == "my-functions and their-functions both have a function 'bright': uninstall one"
    assert "there is one of that name here already" in known["roi"].broken


def test_a_package_that_cannot_be_used_harms_only_who_names_it(tmp_path):
    site = install(tmp_path / "site", "raise RuntimeError('no licence')")
    profile = tmp_path / "p.toml"
    profile.write_text("format = 1\n[runs.all.epix_1.bright]\n")
    done = smdtui(site, "check", profile)
    assert done.returncode == 1 and "Traceback" not in done.stdout + done.stderr
    assert "p.toml:2:18: error: the function 'bright' of the package my-functions 0.1 cannot be used" in done.stdout
    profile.write_text("format = 1\n[runs.all.epix_1]\nsums = ['calib']\n")
    done = smdtui(site, "check", profile)
    assert done.returncode == 0, done.stdout + done.stderr

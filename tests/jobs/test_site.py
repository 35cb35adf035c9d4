import os
import subprocess
import sys
from pathlib import Path

import pytest

from smdtui import environment, site
from smdtui.environment import Environment

BAD = """name = 3
data_root = []
demo = "yes"
[enviroment]
[environment]
pyton = "x"
[engines.a]
kind = "locl"
ranks = 2
[engines.b]
partition = "x"
launcher = "mpirun {rank}"
"""


@pytest.mark.parametrize("name", ["local", "s3df"])
def test_packaged_sites_are_valid(name):
    found = site.load(site.PACKAGED.with_name(f"{name}.toml"))
    assert found.name == name
    assert found.engines[found.default_engine].kind == "local"


def test_every_mistake_is_said_with_its_line(tmp_path):
    path = tmp_path / "site.toml"
    path.write_text(BAD)
    with pytest.raises(site.SiteError) as caught:
        site.load(path)
    found = {(p.line, p.key, p.suggestion) for p in caught.value.problems}
    assert found == {
        (1, "name", ""),
        (2, "data_root", "data_roots"),
        (3, "demo", ""),
        (4, "enviroment", "environment"),
        (6, "environment.pyton", "python"),
        (8, "engines.a.kind", "local"),
        (9, "engines.a.ranks", ""),
        (11, "engines.b.partition", ""),
        (12, "engines.b.launcher", ""),
    }
    assert all(p.file == str(path) for p in caught.value.problems)


@pytest.mark.parametrize(("text", "line"), [("name = \n", 1), ("a = 1\nb = [", 2)])
def test_what_is_no_toml(tmp_path, text, line):
    path = tmp_path / "site.toml"
    path.write_text(text)
    with pytest.raises(site.SiteError) as caught:
        site.load(path)
    (problem,) = caught.value.problems
    assert "not valid TOML" in problem.message
    assert problem.line in (line, 0)


def test_how_a_terminal_is_told_is_the_sites_choice(tmp_path):
    def load(line):
        (tmp_path / "s.toml").write_text(f'name = "s"\n{line}\n')
        return site.load(tmp_path / "s.toml").notify

    assert load("") is None, "as suits the terminal"
    assert load('notify = ["bell", "osc9"]') == ("bell", "osc9") and load("notify = []") == ()
    with pytest.raises(site.SiteError, match=r"'osc99' is no way of telling a terminal.*osc9"):
        load('notify = ["osc99"]')
    with pytest.raises(site.SiteError, match="must be a list of texts"):
        load('notify = "bell"')


def test_missing_file():
    with pytest.raises(site.SiteError, match="cannot be read: No such file"):
        site.load("/nowhere/site.toml")


def test_order_of_places(tmp_path, monkeypatch):
    monkeypatch.delenv("SMDTUI_SITE", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert site.find() == site.PACKAGED
    own = tmp_path / "smdtui" / "site.toml"
    own.parent.mkdir()
    own.write_text("")
    assert site.find() == own
    monkeypatch.setenv("SMDTUI_SITE", "/b")
    assert site.find() == Path("/b")
    assert site.find("/a") == Path("/a")


def test_roots_are_expanded_and_those_without_their_variable_said(tmp_path, monkeypatch):
    monkeypatch.setenv("HERE", str(tmp_path / "data"))
    monkeypatch.delenv("NOWHERE", raising=False)
    path = tmp_path / "site.toml"
    path.write_text('data_roots = ["$HERE/ds", "$NOWHERE/ds", "beside"]\ncalib = "constants"\n')
    found = site.load(path)
    assert found.data_roots == (tmp_path / "data" / "ds", tmp_path / "beside")
    assert found.skipped_roots == ("$NOWHERE/ds",)
    assert found.calib == str(tmp_path / "constants")


def run(env: Environment, code: str, inherited: dict[str, str]) -> str:
    argv = env.command(["python", "-c", code])
    done = subprocess.run(argv, env=env.variables(inherited), capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


LEAKY = {
    "VIRTUAL_ENV": "/app/.venv",
    "UV_CACHE_DIR": "/x",
    "PYTHONHOME": "",
    "SLURM_JOB_ID": "12",
    "PMI_RANK": "0",
    "OMPI_COMM_WORLD_SIZE": "4",
    "KEPT": "yes",
}
SHOW = "import os, producer; print(sorted(set(os.environ) & set('{}'.split())), os.environ['OMP_NUM_THREADS'])".format(
    " ".join(LEAKY)
)


def test_nothing_of_the_app_reaches_the_other_environment(tmp_path):
    """Seen from inside a real process behind a real setup line that replaces PYTHONPATH, as psconda.sh does."""
    (tmp_path / "setup.sh").write_text("unset PYTHONPATH\nexport PYTHONPATH=/their/packages\n")
    env = Environment(setup=f"source {tmp_path / 'setup.sh'}", python=sys.executable)
    inherited = {**os.environ, **LEAKY}
    assert run(env, SHOW, inherited) == "['KEPT'] 1"
    assert run(env, "import sys; print('/their/packages' in sys.path)", inherited) == "True"
    assert str(Path(sys.executable).parent) not in env.variables(inherited)["PATH"].split(os.pathsep)


def test_own_environment_keeps_itself_but_no_scheduler(tmp_path):
    shown = run(Environment(), SHOW, {**os.environ, **LEAKY, "PYTHONHOME": ""})
    assert "SLURM" not in shown and "PMI" not in shown and "OMPI" not in shown
    assert "KEPT" in shown and "VIRTUAL_ENV" in shown
    assert Environment().variables({})["MPIR_CVAR_CH4_NETMOD"] == "ofi"
    assert "MPIR_CVAR_CH4_NETMOD" not in Environment(setup="true").variables({})


def test_setup_that_fails_fails(tmp_path):
    env = Environment(setup="source /nowhere/psconda.sh", python=sys.executable)
    argv = env.command(["python", "-c", "print(1)"])
    done = subprocess.run(argv, env=env.variables(), capture_output=True, text=True, timeout=60)
    assert done.returncode != 0
    assert "/nowhere/psconda.sh" in done.stderr
    assert not done.stdout


def test_an_installed_producer_is_reached_by_a_link_alone(tmp_path, monkeypatch):
    packages = tmp_path / "site-packages"
    (packages / "producer").mkdir(parents=True)
    (packages / "producer" / "__init__.py").write_text("here = True\n")
    (packages / "other").mkdir()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(environment.producer, "__file__", str(packages / "producer" / "__init__.py"))
    folder = environment.producer_path()
    assert environment.producer_path() == folder
    assert [p.name for p in folder.iterdir()] == ["producer"]
    assert (folder / "producer").resolve() == packages / "producer"

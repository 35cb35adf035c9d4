"""`smdtui cancel` exits 0 only when the job ends or has ended."""

import sys
from argparse import Namespace

import pytest

from smdtui.commands.jobs import cancel
from smdtui.jobs.folder import EXIT, create


@pytest.fixture
def job(tmp_path, monkeypatch):
    """A job that Slurm has, whose scancel answers with `status`."""
    folder = create(tmp_path / "jobs", 7, {"experiment": "xppfake", "run": 7, "kind": "slurm", "who": "ada"})
    folder.write("engine.toml", {"kind": "slurm", "job": "17", "name": "r7"})
    programs = tmp_path / "bin"
    programs.mkdir()
    monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin")

    def answering(status):
        for name in ("scancel", "squeue", "sacct"):
            (programs / name).write_text(f"#!{sys.executable}\nimport sys\nsys.exit({status!r})\n")
            (programs / name).chmod(0o755)
        return folder

    return answering


def asked(folder):
    return cancel(Namespace(job=[str(folder.path)]))


def test_a_scancel_that_fails_is_a_failure(job, capsys):
    assert asked(job("access denied")) == 1
    said = capsys.readouterr()
    assert "access denied" in said.err and not said.out


def test_a_job_that_is_cancelled_or_has_ended_already(job, capsys):
    folder = job(0)
    assert asked(folder) == 0 and "is being cancelled" in capsys.readouterr().out
    folder.write(EXIT, {"status": 0, "when": "2026-01-01T00:00:00Z"})
    assert asked(folder) == 0 and "has ended already" in capsys.readouterr().out


def test_one_that_fails_of_two(job, tmp_path, capsys):
    folder = job(0)
    assert cancel(Namespace(job=["nosuchjob", str(folder.path)])) == 1
    assert "is being cancelled" in capsys.readouterr().out

"""A controller that takes longer to answer than anybody at a screen waits: a command that looks once has its answer."""

import json
import os
import stat
import subprocess
import sys

import pytest
from conftest_jobs import PROFILE
from places import ROOT

from smdtui.jobs.folder import create, utc

SQUEUE = """#!/bin/sh
sleep 2.5
echo '7|PENDING|t|s|e||r7|Priority'
"""


@pytest.mark.parametrize("many", [True, False])
def test_one_look_from_the_command_line_has_the_answer(tmp_path, many):
    programs, jobs = tmp_path / "bin", tmp_path / "smdtui" / "jobs"
    programs.mkdir()
    (programs / "squeue").write_text(SQUEUE)
    (programs / "squeue").chmod(stat.S_IRWXU)
    jobs.mkdir(parents=True)
    facts = {"experiment": "xppfake", "run": 7, "kind": "slurm", "who": "ada", "created": utc(), "slurm_name": "r7"}
    folder = create(jobs, 7, facts)
    folder.write("engine.toml", {"kind": "slurm", "job": "7", "name": "r7"})
    (folder.path / "plan.toml").write_text(PROFILE)
    state = tmp_path / "state" / "smdtui"
    state.mkdir(parents=True)
    (state / "roots.toml").write_text(f'roots = ["{jobs}"]\n')
    environment = {**os.environ, "PATH": f"{programs}:/usr/bin:/bin", "XDG_STATE_HOME": str(tmp_path / "state")}
    environment["XDG_CACHE_HOME"] = str(tmp_path / "cache")
    words = [sys.executable, "-m", "smdtui.cli", *(["jobs", "--json"] if many else ["log", folder.id])]
    done = subprocess.run(words, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    if many:
        [job] = json.loads(done.stdout)["jobs"]
        assert "jobs with more priority come first" in job["reason"]
    [answers] = (tmp_path / "cache" / "smdtui").glob("slurm-*.json")
    assert json.loads(answers.read_text())["lines"]["7 r7"]["reason"] == "Priority"

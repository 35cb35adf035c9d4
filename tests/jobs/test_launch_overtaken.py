"""Several launches of one run at the same time: one of them counts."""

import os
import subprocess
import sys
from dataclasses import replace

import pytest
from conftest_jobs import ended
from places import ROOT

from smdtui.jobs import local
from smdtui.jobs.folder import JobFolder, folders
from smdtui.jobs.job import read_job
from smdtui.jobs.launch import LaunchError, open_job, submit, write_job


def test_a_launch_decided_on_before_another_ended_is_refused_without_a_record(bench):
    prepared = bench.prepare(ranks=1)
    assert prepared.newest == ""
    other = bench.launch(ranks=1)
    assert ended(other).state == "verified"
    with pytest.raises(LaunchError, match=rf"run 7 was launched meanwhile by ada \({other.id}, verified\)"):
        submit(prepared)
    assert [f.id for f in folders(bench.jobs)] == [other.id]
    again = bench.prepare(ranks=1)
    assert again.newest == other.id
    with pytest.raises(LaunchError, match="meanwhile"):
        submit(replace(again, newest=""))
    assert ended(submit(again)).state == "verified"
    assert bench.prepare(run=8, ranks=1).newest == ""


def test_two_jobs_of_a_run_within_a_second_are_in_order(bench):
    made = []
    for _ in range(3):
        folder = open_job(bench.prepare(ranks=1))
        folder.write("cancel.toml", {"who": "eve"})
        made.append(folder.id)
    assert made == sorted(made)


def test_what_was_killed_before_its_start_is_given_up_by_the_next_launch(bench, monkeypatch):
    """The folder of a launch that was killed before its supervisor had written engine.toml; and its supervisor, which
    comes after all."""
    prepared = bench.prepare(ranks=1)
    (bench.place.directory / "behaviour").write_text("nothing")
    first = open_job(prepared)
    write_job(prepared, first)
    assert read_job(first).state == "pending"
    with pytest.raises(LaunchError, match="at work"):
        submit(bench.prepare(ranks=1))
    first.write("request.toml", {**first.table("request.toml"), "created": "2026-01-01T00:00:00Z"})
    assert read_job(first).state == "lost"
    second = bench.launch(ranks=1)
    assert ended(second).state == "verified"
    assert (read_job(first).state, read_job(first).by) == ("cancelled", "ada")
    late = [sys.executable, "-m", "smdtui.jobs.supervisor", str(first.path)]
    assert subprocess.run(late, cwd=ROOT, timeout=60, env=dict(os.environ)).returncode == 0
    assert read_job(first).state == "cancelled"
    assert not first.has("log.txt")


def test_the_half_made_folder_of_a_killed_launch_goes_with_the_next(bench):
    bench.jobs.mkdir(parents=True)
    left = bench.jobs / ".20260101T000000-r0007-abcd"
    left.mkdir()
    (left / "request.toml").write_text("run = 7\n")
    folder = bench.launch(ranks=1)
    assert not left.exists()
    local.cancel(JobFolder(folder.path), "eve")
    ended(folder)

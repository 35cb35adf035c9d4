"""A launch beside jobs of another host: what waits there in silence, its clock, and its spelling of the results."""

import os
import subprocess
import sys
from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest
from places import ROOT

from smdtui.jobs.folder import JobFolder, create
from smdtui.jobs.job import read_job
from smdtui.jobs.launch import LaunchError, open_job, write_job
from smdtui.jobs.production import newest_jobs
from smdtui.jobs.store import list_jobs

OLD = "2026-01-01T00:00:00Z"


def asked_long_ago(folder: JobFolder, **more) -> None:
    folder.write("request.toml", {**folder.table("request.toml"), "created": OLD, **more})


def test_a_silent_job_that_waits_elsewhere_does_not_come_after_all(bench):
    prepared = bench.prepare(ranks=1)
    first = open_job(prepared)
    write_job(prepared, first)
    first.write("engine.toml", {"kind": "local", "host": "elsewhere", "pid": 1, "start": 1, "boot": "x"})
    first.write("waits.toml", {"reason": "1 job on this machine is before it"})
    (first.path / "heartbeat").write_text("")
    os.utime(first.path / "heartbeat", (1e9, 1e9))
    asked_long_ago(first)
    assert read_job(first).state == "lost"
    open_job(bench.prepare(ranks=1))
    assert first.table("cancel.toml")["who"] == "ada"
    late = [sys.executable, "-m", "smdtui.jobs.supervisor", str(first.path)]
    assert subprocess.run(late, cwd=ROOT, timeout=60).returncode == 0
    assert read_job(first).state == "cancelled" and not (first.path / "log.txt").exists()


def test_a_job_that_slurm_forgot_before_it_began_does_not_come_after_all(bench):
    first = open_job(bench.prepare(ranks=1))
    asked_long_ago(first, kind="slurm")
    first.write("engine.toml", {"kind": "slurm", "job": "7", "name": "r7"})
    first.write("scheduler.toml", {"id": "7", "state": "UNKNOWN"})
    assert read_job(first).state == "lost"
    open_job(bench.prepare(ranks=1))
    assert first.has("cancel.toml")  # submit.sh ends at once where that is


def test_one_that_began_and_was_lost_is_left_as_it_is(bench):
    first = open_job(bench.prepare(ranks=1))
    asked_long_ago(first)
    first.write("engine.toml", {"kind": "local", "host": "elsewhere", "pid": 1, "started": OLD})
    assert read_job(first).state == "lost"
    open_job(bench.prepare(ranks=1))
    assert not first.has("cancel.toml")


@pytest.mark.parametrize("ahead", [0, 30, 86400])
def test_the_newer_job_has_the_greater_name_whatever_the_clocks_say(tmp_path, ahead):
    then = datetime.now(timezone.utc) + timedelta(seconds=ahead)
    other = tmp_path / f"{then:%Y%m%dT%H%M%S}-r0007-ffff"
    for folder in (other, tmp_path / "29999999T999999-r0007-0000"):
        folder.mkdir()
    names = [other.name, *(create(tmp_path, 7, {"run": 7}).id for _ in range(3))]
    assert names == sorted(names) and len({name[:15] for name in names}) == 4
    assert create(tmp_path, 8, {"run": 8}).id[:15] <= f"{then + timedelta(seconds=60):%Y%m%dT%H%M%S}"


def test_two_spellings_of_the_results_are_one_file(bench, tmp_path):
    first = open_job(bench.prepare(ranks=1))
    (tmp_path / "link").symlink_to(bench.place.hdf5.parent, target_is_directory=True)
    bench.place.hdf5.mkdir(parents=True, exist_ok=True)
    bench.place = replace(bench.place, hdf5=tmp_path / "link" / bench.place.hdf5.name)
    prepared = bench.prepare(ranks=1)
    assert prepared.output != bench.prepare(ranks=1, gate=True).output
    with pytest.raises(LaunchError, match=f"{first.id}.* is at work on"):
        open_job(prepared)
    open_job(bench.prepare(ranks=1, gate=True))  # a file of its own
    open_job(bench.prepare(run=8, ranks=1))
    assert set(newest_jobs(list_jobs([bench.jobs]))) == {7, 8}

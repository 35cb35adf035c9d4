"""Jobs under a real Slurm: every state, every end, and how often Slurm is asked."""

import json
import subprocess
import sys
import time
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from conftest_jobs import wait_for

from smdtui.jobs import engine, local, slurm_poll
from smdtui.jobs import slurm as driver
from smdtui.jobs.batch import submit_all
from smdtui.jobs.folder import JobFolder
from smdtui.jobs.job import Job, read_job
from smdtui.jobs.launch import LaunchError
from smdtui.jobs.store import list_jobs


def preset(lab, **changes) -> None:
    lab.site = replace(lab.site, engines={"slurm": replace(lab.site.engines["slurm"], **changes)})


def until(folder: JobFolder, condition, what: str) -> Job:
    """The job as soon as the condition holds of it."""

    def look():
        job = read_job(folder)
        return job if condition(job) else None

    try:
        return wait_for(look, what, 45)
    except AssertionError as error:
        job = read_job(folder)
        raise AssertionError(f"{error}; it is {job.state}: {job.reason} {job.cause}") from None


def end(folder: JobFolder) -> Job:
    return until(folder, lambda j: not j.active and not driver.open_question(folder, time.time()), "the end")


@pytest.mark.parametrize("ranks", [1, 3])
def test_a_good_job_is_verified(lab, ranks):
    folder = lab.launch(ranks=ranks)
    table = folder.table("engine.toml")
    assert table["kind"] == "slurm" and table["job"].isdigit() and table["name"] == f"7-xppfake-{folder.id}"
    job = end(folder)
    assert (job.state, job.done, job.total) == ("verified", 20, 20)
    assert job.started and job.duration is not None
    assert f"is rank {ranks - 1} of {ranks}" in (folder.path / "log.txt").read_text()
    assert [e["what"] for e in folder.events()] == ["submitted", "sbatch", "slurm"]


def test_what_squeue_shows_says_run_and_job(lab, slurm):
    preset(lab, partition="closed")
    folder = lab.launch()
    shown = slurm.ask("squeue", "-h", "-j", folder.table("engine.toml")["job"], "-o", "%j|%k")
    assert shown.strip() == f"7-xppfake-{folder.id}|smdtui {folder.path}"


def test_pending_says_why_and_cancel_ends_it(lab):
    preset(lab, partition="closed")
    folder = lab.launch()
    job = until(folder, lambda j: "PartitionDown" in j.reason, "a reason")
    assert (job.state, job.reason) == ("pending", "its partition is closed at the moment (PartitionDown)")
    assert engine.cancel(folder, "eve").done
    job = end(folder)
    assert (job.state, job.by) == ("cancelled", "eve")
    assert not engine.cancel(folder, "mallory").done
    assert not folder.has("start.toml")


def test_what_can_never_start_is_flagged(lab):
    preset(lab, partition="short", time="30")
    job = until(lab.launch(), lambda j: "never" in j.reason, "the flag")
    assert job.state == "pending"
    assert "it asks for more" in job.reason


@pytest.mark.parametrize("behaviour", ["slow", "deaf"])
def test_running_with_progress_and_cancel(lab, behaviour):
    folder = lab.launch(behaviour, ranks=3)
    job = until(folder, lambda j: j.done > 20, "progress")
    assert (job.state, job.total) == ("running", 20)
    engine.cancel(folder, "eve")
    job = end(folder)
    assert (job.state, job.by) == ("cancelled", "eve")
    assert [e["who"] for e in folder.events() if e["what"] == "cancel"] == ["eve"]


def test_exit_3_is_failed_with_its_cause(lab):
    job = end(lab.launch("exit 2 3", ranks=3))
    assert job.state == "failed" and "rank 2 left with exit status 3 and no message" in job.cause
    assert job.folder.table("scheduler.toml")["state"] == "FAILED"


def test_scancel_by_somebody_else(lab, slurm):
    folder = lab.launch("slow")
    until(folder, lambda j: j.done > 0, "progress")
    slurm.ask("scancel", folder.table("engine.toml")["job"])
    job = end(folder)
    assert (job.state, job.by) == ("cancelled", "somebody with scancel")


def test_a_script_that_could_not_record_its_end(lab, slurm, monkeypatch):
    monkeypatch.setattr("smdtui.jobs.slurm.FRESH_SECONDS", -1.0)
    folder = lab.launch("slow")
    until(folder, lambda j: j.done > 0, "progress")
    slurm.ask("scancel", "--batch", "--signal=KILL", folder.table("engine.toml")["job"])
    local.end_marked(folder.path)  # which a Slurm with cgroups does itself
    job = end(folder)
    assert job.state == "failed" and not folder.has("exit.toml")
    assert "keep its script" in job.cause or "killed by signal 9" in job.cause


def test_sbatch_refuses(lab):
    preset(lab, partition="nosuch")
    with pytest.raises(LaunchError) as caught:
        lab.launch()
    job = read_job(caught.value.folder)
    assert job.state == "rejected"
    assert "the site file's partition does not exist on this cluster; sbatch says (exit status 1):" in job.cause
    assert "Invalid partition name specified" in job.cause
    command = next(e["command"] for e in job.folder.events() if e["what"] == "sbatch")
    assert "--partition=nosuch" in command


def test_drained_nodes(lab, slurm):
    slurm.ask("scontrol", "update", "nodename=n1,n2", "state=drain", "reason=a test")
    try:
        folder = lab.launch()
        job = until(folder, lambda j: "nodes that it needs" in j.reason, "a reason")
        assert job.state == "pending"
    finally:
        slurm.ask("scontrol", "update", "nodename=n1,n2", "state=resume")
    assert end(folder).state == "verified"


def test_controller_down_in_the_middle(lab, slurm, monkeypatch):
    monkeypatch.setattr("smdtui.jobs.slurm.OLD_SECONDS", 1.0)
    monkeypatch.setattr("smdtui.jobs.slurm.FRESH_SECONDS", -1.0)  # have Slurm asked though the ranks report
    monkeypatch.setattr(slurm_poll, "CALL_SECONDS", 2.0)
    folder = lab.launch("slow")
    until(folder, lambda j: j.done > 0 and j.state == "running", "progress")
    slurm.stop_controller()
    try:
        job = until(folder, lambda j: "stale" in j.reason and "gave no answer" in j.reason, "a stale answer")
        assert job.state == "running"
        with pytest.raises(LaunchError, match="controller does not answer"):
            lab.launch(run=8)
    finally:
        slurm.start_controller()
    monkeypatch.setattr("smdtui.jobs.slurm.OLD_SECONDS", 60.0)
    job = until(folder, lambda j: "stale" not in j.reason, "a fresh answer")
    assert job.state == "running"
    engine.cancel(folder, "eve")
    assert end(folder).state == "cancelled"


def test_a_number_that_belongs_to_another_job_by_now(lab, monkeypatch):
    monkeypatch.setattr(driver, "FRESH_SECONDS", -1.0)
    folder = lab.launch()
    table = dict(folder.table("engine.toml"))
    end(folder)
    (folder.path / "exit.toml").unlink()
    folder.write("engine.toml", table | {"name": "7-xppfake-another"})
    folder.write("request.toml", dict(folder.table("request.toml")) | {"slurm_name": "7-xppfake-another"})
    job = until(folder, lambda j: not j.active, "the end")
    assert job.state == "lost" and "knows nothing of the job any more" in job.cause


def test_whoever_sent_it_ended_before_writing_its_number_down(lab, monkeypatch):
    preset(lab, partition="closed")
    folder = lab.launch()
    number = folder.table("engine.toml")["job"]
    (folder.path / "engine.toml").unlink()
    assert read_job(folder).state == "pending"
    monkeypatch.setattr(driver, "SUBMIT_SECONDS", -15.0)  # as if that was long ago
    until(folder, lambda j: j.folder.has("engine.toml"), "the number")
    assert folder.table("engine.toml")["job"] == number


def test_an_array_of_20_of_which_4_run(lab, slurm):
    preset(lab, concurrency=4, ranks=1)
    (lab.place.directory / "behaviour").write_text("nothing")
    prepared = [lab.prepare(run=run) for run in range(1, 21)]
    results = [outcome for _, outcome in submit_all(prepared)]
    folders = [f for f in results if isinstance(f, JobFolder)]
    assert len(folders) == 20 and len(slurm.calls("sbatch")) >= 1
    sent = {f.table("engine.toml")["job"].split("_")[0] for f in folders}
    assert len(sent) == 1
    assert sorted(int(f.table("engine.toml")["job"].split("_")[1]) for f in folders) == list(range(1, 21))
    most = 0

    def over():
        nonlocal most
        most = max(most, len(slurm.ask("squeue", "-h", "-r", "-t", "running", "-o", "%i").split()))
        jobs = list_jobs([lab.jobs])
        return jobs if not any(j.active for j in jobs) else None

    jobs = wait_for(over, "20 ends", 60)
    assert [j.state for j in jobs] == ["verified"] * 20
    assert {j.run for j in jobs} == set(range(1, 21))
    assert 1 <= most <= 4


def test_a_good_end_needs_no_question(lab, slurm, monkeypatch):
    monkeypatch.setattr(slurm_poll, "FAST_SECONDS", 10.0)
    monkeypatch.setattr(slurm_poll, "SLOW_SECONDS", 30.0)
    before = len(slurm.calls("squeue", "sacct", "scontrol"))
    folders = [lab.launch(run=run) for run in (1, 2)]
    for folder in folders:
        wait_for(lambda f=folder: f.has("exit.toml"), "its own record")
    assert [read_job(f).state for f in folders] == ["verified", "verified"]
    # The second launch looks whether the first is at work on the same file; nothing else is asked.
    assert len(slurm.calls("squeue", "sacct", "scontrol")) <= before + 1


def test_the_script_runs_by_hand(lab):
    folder = lab.launch(ranks=3)
    assert end(folder).state == "verified"
    for name in ("exit.toml", "verdict.toml"):
        (folder.path / name).unlink()
    done = subprocess.run(["bash", str(folder.path / "submit.sh")], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert read_job(folder).state == "verified"


def test_the_time_limit_is_named(lab, slurm):
    folder = lab.launch("slow", ranks=3)
    until(folder, lambda j: j.done > 0, "progress")
    soon = datetime.now() + timedelta(seconds=2)
    slurm.ask("scontrol", "update", f"jobid={folder.table('engine.toml')['job']}", f"endtime={soon:%Y-%m-%dT%H:%M:%S}")
    job = end(folder)
    assert job.state == "failed" and "reached its time limit" in job.cause


SITE = """\
name = "test"
[engines.slurm]
kind = "slurm"
ranks = 3
partition = "debug"
time = "10"
"""


def test_a_real_production_behind_a_test_of_first_events(slurm, small_experiment, tmp_path, monkeypatch):
    for name, value in slurm.variables.items():
        monkeypatch.setenv(name, value)
    (tmp_path / "site.toml").write_text(SITE)
    profile = tmp_path / "profile.toml"
    profile.write_text('format = 1\nhutch = "tmo"\n[epics]\nper_event = ["sam_x"]\n')
    words = [sys.executable, "-m", "smdtui.cli", "submit", "tmoc00126", "12", str(profile)]
    words += ["--site", str(tmp_path / "site.toml"), "--dir", str(small_experiment / "tmo" / "tmoc00126" / "xtc")]
    words += ["--results", str(tmp_path / "out"), "--gate", "5", "--wait", "--json"]
    done = subprocess.run(words, cwd=Path(__file__).parents[2], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    jobs = json.loads(done.stdout)["jobs"]
    assert [(j["run"], j["state"], j["gate"]) for j in jobs] == [(12, "verified", False)]
    assert jobs[0]["done"] == jobs[0]["total"] > 5 and Path(jobs[0]["output"]).is_file()
    assert len(list((tmp_path / "out").rglob("*_Run0012_gate.h5"))) == 1

"""Hold and release, and jobs whose number nobody wrote down, under a real Slurm."""

import shutil
from dataclasses import replace

from test_slurm_jobs import end, preset, until

from smdtui.jobs import engine
from smdtui.jobs import slurm as driver
from smdtui.jobs.batch import submit_all
from smdtui.jobs.folder import JobFolder
from smdtui.jobs.follow import Aim, Follower
from smdtui.jobs.hold import hold, release
from smdtui.jobs.job import read_job
from smdtui.jobs.store import list_jobs


def reason(slurm, folder) -> str:
    return slurm.ask("squeue", "-h", "-r", "-j", folder.table("engine.toml")["job"], "-o", "%r").strip()


def test_held_by_one_and_released_by_another(lab, slurm):
    slurm.ask("scontrol", "update", "nodename=n1,n2", "state=drain", "reason=a test")
    try:
        folder, other = lab.launch(run=7), lab.launch(run=8)
        until(folder, lambda j: j.reason and "asked soon" not in j.reason, "a reason")
        did = hold(folder, "eve")
        assert did.done and did.message == f"{folder.id} is held"
        assert reason(slurm, folder) == "JobHeldUser" and reason(slurm, other) != "JobHeldUser"
        job = until(folder, lambda j: j.reason == "held by eve; release lets it go", "the hold")
        assert job.state == "pending"
        assert release(folder, "ada").done
        until(folder, lambda j: "held" not in j.reason and "released" not in j.reason, "the release")
        assert [(e["what"], e["who"]) for e in folder.events() if e["what"] in ("hold", "release")] == [
            ("hold", "eve"),
            ("release", "ada"),
        ]
    finally:
        slurm.ask("scontrol", "update", "nodename=n1,n2", "state=resume")
    assert [end(f).state for f in (folder, other)] == ["verified", "verified"]
    ended = hold(folder, "eve")
    assert not ended.done and ended.message == f"{folder.id}: it is verified"


def test_a_follower_keeps_so_many_at_a_time_in_slurm(lab, small_experiment):
    source = small_experiment / "tmo" / "tmoc00126" / "xtc"
    runs = (12, 13, 14)
    for file in (f for run in runs for f in source.rglob(f"*-r00{run}-*")):
        target = lab.place.directory / file.relative_to(source)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, target)
    (lab.place.directory / "behaviour").write_text("nothing")
    place = replace(lab.place, name="tmoc00126")
    follower = Follower(Aim(lab.site, place, lab.profile, "slurm", ranks=1, who="ada", at_once=2))
    follower.start()
    complete = [s.run for s in follower.catalog.summaries() if s.state == "complete"]
    seen: list[int] = []
    while len(seen) < len(complete):
        step = follower.step()
        assert len(step.submitted) <= 2 and not (step.refused or step.paused or step.trouble)
        seen += step.submitted
        jobs = list_jobs([lab.jobs])
        assert sum(job.active for job in jobs) <= 2
        for job in jobs:
            end(job.folder)
    assert sorted(seen) == complete
    assert not follower.step().submitted
    assert [j.state for j in list_jobs([lab.jobs])] == ["verified"] * len(complete)
    follower.stop()


def test_what_runs_cannot_be_held(lab):
    folder = lab.launch("slow")
    until(folder, lambda j: j.state == "running", "running")
    did = hold(folder, "eve")
    assert not did.done and "it runs already; cancel ends it" in did.message
    assert not folder.has("hold.toml")
    engine.cancel(folder, "eve")
    end(folder)


def array(lab, *runs) -> list[JobFolder]:
    preset(lab, concurrency=2, partition="closed")
    (lab.place.directory / "behaviour").write_text("nothing")
    folders = [outcome for _, outcome in submit_all([lab.prepare(run=run) for run in runs])]
    assert all(isinstance(f, JobFolder) for f in folders)
    return folders


def test_one_task_of_an_array_is_held(lab, slurm):
    first, second, third = array(lab, 1, 2, 3)
    assert hold(second, "eve").done
    assert [reason(slurm, f) == "JobHeldUser" for f in (first, second, third)] == [False, True, False]
    assert release(second, "eve").done
    assert reason(slurm, second) != "JobHeldUser"


def test_each_run_of_an_array_finds_its_own_task(lab, monkeypatch):
    """sbatch gave no answer, or whoever sent the array was killed before its number was written down."""
    folders = array(lab, 5, 6, 7)
    numbers = [f.table("engine.toml")["job"] for f in folders]
    assert len(set(numbers)) == 3
    for folder in folders:
        (folder.path / "engine.toml").unlink()
    monkeypatch.setattr(driver, "SUBMIT_SECONDS", -15.0)  # as if that was long ago
    for folder in folders:
        until(folder, lambda j: j.folder.has("engine.toml"), "the number")
    assert [f.table("engine.toml")["job"] for f in folders] == numbers
    assert {job.state for job in list_jobs([lab.jobs])} == {"pending"}


def test_a_job_that_began_says_its_number_itself(lab):
    preset(lab, concurrency=2)
    (lab.place.directory / "behaviour").write_text("slow")
    folders = [outcome for _, outcome in submit_all([lab.prepare(run=run) for run in (1, 2)])]
    numbers = [f.table("engine.toml")["job"] for f in folders]
    for folder in folders:
        until(folder, lambda j: j.folder.has("start.toml"), "the start")
        (folder.path / "engine.toml").unlink()
    assert [read_job(f).folder.table("engine.toml")["job"] for f in folders] == numbers
    for folder in folders:
        assert engine.cancel(folder, "eve").done
    assert [end(f).by for f in folders] == ["eve", "eve"]

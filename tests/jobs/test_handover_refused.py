"""A refused launch between two productions changed nothing: the hand-over looks past it."""

import time

from smdtui.jobs.folder import JobFolder, utc
from smdtui.jobs.handover import gather
from smdtui.jobs.handover_text import markdown

PLAN = 'format = 1\nhutch = "xpp"\n\n[runs.7.epix_1.droplet]\nthreshold = {}\n'


def write_job(bench, number, plan, **ending):
    """Of run 7; `ending`: file of the job's folder -> table."""
    folder = JobFolder(bench.jobs / f"20260101T00000{number}-r0007-0000")
    folder.path.mkdir(parents=True)
    now = utc(time.time() - 60 + number)
    facts = {"experiment": "xppfake", "run": 7, "who": "ada", "kind": "local", "created": now, "output": "/none.h5"}
    folder.write("request.toml", {**facts, "profile": "/p.toml", "plan_sha256": plan})
    if plan:
        (folder.path / "plan.toml").write_text(PLAN.format(plan))
    for name, table in ending.items():
        folder.write(f"{name}.toml", {"when": now, **table})


def test_a_change_of_the_plan_around_a_refused_launch_is_told(bench):
    write_job(bench, 1, "10.0", engine={"kind": "local"}, exit={"status": 1})
    write_job(bench, 2, "11.0", rejected={"cause": "the disk is full"})
    write_job(bench, 3, "", rejected={"cause": "the profile is wrong"})
    write_job(bench, 4, "12.0", engine={"kind": "local"}, exit={"status": 0}, verdict={"verdict": "verified"})
    write_job(bench, 5, "12.0", rejected={"cause": "it is at work on the file"})
    shift = gather(bench.place, [], time.time() - 3600, time.time(), "ada")
    [change] = shift.changes
    assert not change.trouble and [(c.before, c.after) for c in change.changes] == [(10.0, 12.0)]
    assert "* run 7 **failed** (verified since, by ada): " in markdown(shift)

"""When a batch is to be tested with its first events: as long as no job has shown that its plan works."""

from dataclasses import replace

from conftest_jobs import PROFILE, ended

from smdtui.jobs.gate import needs_gate, plan_identity
from smdtui.jobs.store import list_jobs

TWO_PLANS = PROFILE + "\n[runs.20-.epix_2]\nsums = ['calib']\n"


def asked(bench, *runs, **more):
    return needs_gate([bench.prepare(run=run, **more) for run in runs], list_jobs([bench.jobs]))


def test_each_plan_that_was_never_verified_is_tested_on_one_run(bench):
    bench.profile.write_text(TWO_PLANS)
    gate = asked(bench, 7, 8, 20, 21)
    assert gate.runs == (7, 20)
    assert "test it with 50 events of run 7, 20 first" in gate.words
    ended(bench.launch(run=8))
    assert asked(bench, 7, 8, 20, 21).runs == (20,)  # a whole run of the same plan, another number
    ended(bench.launch(run=20, events=50, gate=True))
    assert not asked(bench, 7, 8, 20, 21)  # a test counts too
    bench.profile.write_text(TWO_PLANS.replace("calib", "calib_max"))
    assert asked(bench, 7, 8, 20, 21).runs == (7, 20)  # a changed profile


def test_what_failed_or_has_no_plan_proves_nothing(bench):
    job = ended(bench.launch(run=7))
    assert not asked(bench, 7, 8)
    assert needs_gate([bench.prepare(run=run) for run in (7, 8)], [replace(job, state="failed")]).runs == (7,)
    (job.folder.path / "plan.toml").unlink()
    assert asked(bench, 7, 8).runs == (7,)


def test_one_run_or_few_events_are_their_own_test(bench):
    assert not asked(bench, 7)
    assert not asked(bench, 7, 8, events=50)
    assert asked(bench, 7, 8, events=51)
    assert not needs_gate([], [])


def test_a_profile_that_cannot_be_read_is_no_reason(bench):
    bench.profile.write_text("format = ")
    assert not asked(bench, 7, 8)


def test_the_number_of_the_run_is_no_part_of_the_plan(bench):
    texts = [bench.prepare(run=run).plan_text for run in (7, 8)]
    assert texts[0] != texts[1]
    assert plan_identity(texts[0]) == plan_identity(texts[1])
    other = replace(bench.prepare(run=7), plan_text=texts[0] + "\n[other]\nkey = 1\n")
    assert plan_identity(other.plan_text) != plan_identity(texts[0])

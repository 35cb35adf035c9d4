"""A run launched again: with the plan that the job had, or with what the profile says by now."""

import pytest
from conftest_jobs import PROFILE, ended

from smdtui.jobs.job import read_job
from smdtui.jobs.launch import LaunchError, prepare, submit
from smdtui.jobs.production import production_state
from smdtui.jobs.retry import again, place_of


def test_with_the_same_plan_whatever_the_profile_says_now(bench):
    first = ended(bench.launch(run=7))
    bench.profile.write_text(PROFILE.replace("epix_1", "epix_2"))
    second = ended(submit(prepare(bench.site, again(first, "eve", same_plan=True))))
    assert second.state == "verified"
    assert (second.plan_sha256, second.run, second.who) == (first.plan_sha256, 7, "eve")
    texts = [(job.folder.path / "plan.toml").read_bytes() for job in (first, second)]
    assert texts[0] == texts[1]
    assert second.profile == first.profile and production_state(second) == "stale"


def test_with_what_the_profile_says_now(bench):
    first = ended(bench.launch(run=7, events=5))
    bench.profile.write_text(PROFILE.replace("epix_1", "epix_2"))
    second = ended(submit(prepare(bench.site, again(first, "eve", same_plan=False))))
    assert second.plan_sha256 != first.plan_sha256 and second.events_limit == 5
    assert "epix_2" in (second.folder.path / "plan.toml").read_text()


def test_what_the_job_itself_knows_is_enough(bench):
    first = ended(bench.launch(run=7))
    place = place_of(first)
    assert (place.name, place.directory) == (bench.place.name, bench.place.directory)
    assert (place.results, place.hdf5) == (bench.place.results, bench.place.hdf5)
    bench.profile.unlink()
    assert not prepare(bench.site, again(first, "eve", same_plan=True)).refused
    assert prepare(bench.site, again(first, "eve", same_plan=False)).refused
    request = again(first, "eve", same_plan=True)
    (first.folder.path / "plan.toml").unlink()
    assert "the plan of the earlier job cannot be read" in prepare(bench.site, request).problems[0].message


def test_a_refused_launch_has_no_plan(bench):
    with pytest.raises(LaunchError) as caught:
        bench.launch(run=7, ranks=2)
    with pytest.raises(ValueError, match="has no plan of its own"):
        again(read_job(caught.value.folder), "eve", same_plan=True)

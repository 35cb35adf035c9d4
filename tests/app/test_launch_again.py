"""`r` on a job: what it was stays what it was."""

import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from smdtui.jobs.folder import create
from smdtui.jobs.job import read_job
from smdtui.jobs.launch_sheet import Request
from smdtui.jobs.retry import again
from smdtui.screens.job_control import JobControl
from smdtui.screens.launch_work import prepare
from smdtui.services import Services

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "jobs"))
from conftest_jobs import bench  # noqa: F401


@pytest.fixture
def made(bench):  # noqa: F811
    """A function that gives a job as it was asked for, never begun."""
    bench.jobs.mkdir(parents=True)

    def make(run=7, **more):
        request = {"experiment": "xppfake", "run": run, "engine": "local", "ranks": 1, **more}
        return read_job(create(bench.jobs, run, {"profile": str(bench.profile), **request}))

    return make


def prepared(bench, job, events):  # noqa: F811
    services = Services(site=bench.site, experiment=bench.place, who="ada")
    request = Request((job.run,), job.profile, "local", 1, events)
    return prepare(SimpleNamespace(cancelled=False), services, request, None, False, job)[1][0]


def test_a_test_of_first_events_stays_one_and_leaves_the_runs_own_file(bench, made):  # noqa: F811
    test = made(gate=True, events=50)
    assert prepared(bench, test, 50).output.name == "xppfake_Run0007_gate.h5"
    assert prepared(bench, test, None).output.name == "xppfake_Run0007.h5", "all events are the production"
    assert prepared(bench, replace(test, gate=False), 50).output.name == "xppfake_Run0007.h5"


def test_a_job_that_waited_for_the_end_of_its_run_waits_again(bench, made):  # noqa: F811
    job = made(while_recording=True)
    assert again(job, "bob", same_plan=False).while_recording
    assert prepared(bench, job, None).request.while_recording
    assert not again(made(run=8), "bob", same_plan=False).while_recording


def test_several_jobs_do_not_get_the_events_of_one(made):
    test, whole = made(gate=True, events=50), made(run=8)
    opened = []

    def retry(current, *chosen):
        screen = SimpleNamespace(current=current, chosen=chosen, _launch=lambda runs, job: opened.append((runs, job)))
        JobControl.action_retry(screen)
        return opened.pop()

    runs, job = retry(test, test, whole)
    assert (runs, job.events_limit, job.gate) == ("7-8", 0, False)
    other = made(run=8, gate=True, events=50)
    runs, job = retry(test, test, other)
    assert (runs, job.events_limit, job.gate) == ("7-8", 50, True)

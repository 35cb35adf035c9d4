"""What is refused, in words, all at once; and what is written before anything runs."""

import os
import signal
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
import tomllib
from conftest_jobs import PROFILE, ended, ranks_at_work, wait_for

from producer.plan import effective, load
from producer.run_files import find_runs
from smdtui.environment import Environment
from smdtui.jobs import launcher, local
from smdtui.jobs.folder import utc
from smdtui.jobs.job import read_job
from smdtui.jobs.launch import LaunchError, submit
from smdtui.jobs.production import production_states
from smdtui.jobs.run_argument import runs_of
from smdtui.jobs.store import find_job, list_jobs, remember_root, remembered_roots
from smdtui.site import Engine


def messages(prepared):
    return "\n".join(p.text() for p in prepared.problems)


def test_prepare_writes_nothing_and_says_what_would_run(bench):
    prepared = bench.prepare(ranks=3, events=50)
    assert not prepared.problems
    assert not bench.place.results.exists() and not bench.place.hdf5.exists()
    assert prepared.output == bench.place.hdf5 / "xppfake_Run0007.h5"
    command = " ".join(prepared.command)
    assert "-n 3" in command and "-m mpi4py.run -m producer --exp xppfake --run 7" in command
    assert f"--dir {bench.place.directory} --ranks 3 --events 50 --job JOB" in command
    assert "first 50 events" in prepared.script


def test_the_environment_of_the_hutch_is_the_one_that_produces(bench):
    bench.site = replace(bench.site, hutches={"xpp": Environment("source /xpp/env.sh", "/xpp/python")})
    prepared = bench.prepare(ranks=3)
    assert prepared.command[:4] == ("mpirun", "-n", "3", "/xpp/python")
    assert "source /xpp/env.sh" in prepared.script
    bench.site = replace(bench.site, hutches={"mfx": Environment("source /xpp/env.sh", "/xpp/python")})
    assert "/xpp/" not in bench.prepare(ranks=3).script


def test_one_rank_needs_no_launcher(bench, monkeypatch):
    monkeypatch.setattr(launcher, "find_mpiexec", lambda environment: None)
    prepared = bench.prepare(ranks=1)
    assert not prepared.problems
    assert "mpi" not in " ".join(prepared.command[:4])


@pytest.mark.parametrize("ranks", [-1, 2])
def test_ranks_that_psana_cannot_use(bench, ranks):
    assert "psana needs 1, or at least 3" in messages(bench.prepare(ranks=ranks))


def test_mpiexec_missing(bench, monkeypatch):
    monkeypatch.setattr(launcher, "find_mpiexec", lambda environment: None)
    said = messages(bench.prepare(ranks=3))
    assert "mpiexec was found neither in" in said and "1 rank" in said


def test_launcher_missing(bench):
    bench.site = replace(bench.site, engines={"local": Engine(launcher="/nowhere/mpirun -n {ranks}", ranks=3)})
    assert "/nowhere/mpirun was found neither" in messages(bench.prepare(ranks=3))


def test_mpiexec_is_looked_for_beside_the_interpreter_and_then_on_path(tmp_path, monkeypatch):
    here, there = tmp_path / "here", tmp_path / "there"
    for folder in (here, there):
        folder.mkdir()
        (folder / "mpiexec").write_text("#!/bin/sh\n")
        (folder / "mpiexec").chmod(0o755)
    monkeypatch.setenv("PATH", str(there))
    assert launcher.find_mpiexec(Environment(python=str(here / "python"))) == str(here / "mpiexec")
    (here / "mpiexec").unlink()
    assert launcher.find_mpiexec(Environment(python=str(here / "python"))) == str(there / "mpiexec")
    (there / "mpiexec").unlink()
    assert launcher.find_mpiexec(Environment(python=str(here / "python"))) is None


@pytest.mark.parametrize(
    ("version", "option"),
    [
        ("HYDRA build details:", "-prepend-rank -n {ranks}"),
        ("mpiexec (OpenRTE) 4.1.4", "--tag-output --map-by :OVERSUBSCRIBE -n {ranks}"),
        ("strange", "-n {ranks}"),
    ],
)
def test_the_tag_option_is_that_of_the_mpi(tmp_path, version, option):
    mpiexec = tmp_path / "my mpiexec"
    mpiexec.write_text(f"#!/bin/sh\necho '{version}'\n")
    mpiexec.chmod(0o755)
    line = launcher.template(str(mpiexec))
    assert line.startswith(f"'{mpiexec}' ") and line.endswith(option)


def test_engines_that_do_not_exist_or_cannot_launch(bench, monkeypatch):
    bench.site = replace(bench.site, engines={"local": Engine(), "milano": Engine(kind="slurm")})
    assert "there is no engine 'locl'; there are local, milano (did you mean 'local'?)" in messages(
        bench.prepare(engine="locl")
    )
    monkeypatch.setenv("PATH", "/nowhere")
    assert "sbatch was not found on" in messages(bench.prepare(engine="milano"))


def test_everything_wrong_at_once_is_a_rejected_job(bench):
    bench.profile.write_text(PROFILE + "treshold = 3\nsum = []\n")
    prepared = bench.prepare(ranks=2, engine="nolocal", events=-1)
    said = messages(prepared)
    for words in ("2 ranks", "no engine 'nolocal'", "limit of -1", "treshold", "'sum'"):
        assert words in said
    with pytest.raises(LaunchError) as caught:
        submit(prepared)
    assert caught.value.folder is not None
    job = read_job(caught.value.folder)
    assert job.state == "rejected"
    assert "no engine 'nolocal'" in job.cause and "more" in job.cause
    assert not (job.folder.path / "submit.sh").exists()
    assert production_states(bench.place, [7]) == {7: "none"}


def test_profile_missing(bench):
    bench.profile.unlink()
    assert bench.prepare(ranks=1).refused


def test_folder_that_nobody_can_make(bench, tmp_path):
    bench.place = replace(bench.place, results=Path("/proc/smdtui"))
    with pytest.raises(LaunchError) as caught:
        submit(bench.prepare(ranks=1))
    assert "/proc" in str(caught.value)
    assert caught.value.folder is None


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_folder_not_writable(bench):
    bench.place.results.mkdir(parents=True)
    bench.place.results.chmod(0o555)
    assert "the jobs folder cannot be written" in messages(bench.prepare(ranks=1))


def test_a_file_where_a_folder_should_be(bench):
    bench.place.hdf5.parent.mkdir()
    bench.place.hdf5.write_text("")
    bench.place.results.parent.mkdir()
    bench.place.results.write_text("")
    prepared = bench.prepare(ranks=1)
    assert f"{bench.place.hdf5} is not a folder" in messages(prepared)
    assert f"{bench.place.results} is not a folder" in messages(prepared)
    with pytest.raises(LaunchError) as caught:
        submit(prepared)
    assert caught.value.folder is None
    assert "the job's folder cannot be made" in str(caught.value)


def test_no_second_job_on_the_same_file(bench):
    folder = bench.launch("slow", ranks=1)
    prepared = bench.prepare(ranks=1)
    assert f"{folder.id} (running, ada) is at work on {prepared.output}" in messages(prepared)
    assert not bench.prepare(run=8, ranks=1).problems
    with pytest.raises(LaunchError, match="is at work"):
        submit(replace(prepared, problems=()))  # as prepared before the other was launched
    local.cancel(folder, "eve")
    ended(folder)
    assert not bench.prepare(ranks=1).problems


def test_what_a_job_folder_holds(bench):
    folder = bench.launch(ranks=1, events=5)
    job = ended(folder)
    plan = effective(load(bench.profile), 7)
    assert effective(load(folder.path / "plan.toml"), 7) == plan
    request = tomllib.loads((folder.path / "request.toml").read_text())
    assert request["plan_sha256"] == job.plan_sha256 == plan.sha256
    assert (request["run"], request["who"], request["ranks"], request["events"]) == (7, "ada", 1, 5)
    script = (folder.path / "submit.sh").read_text()
    assert f"--profile {folder.path}/plan.toml" in script and f"--job {folder.path}" in script
    assert set(os.listdir(folder.path)) == {
        "request.toml", "plan.toml", "submit.sh", "engine.toml", "exit.toml", "verdict.toml", "events.jsonl",
        "log.txt", "progress", "supervisor.txt", "heartbeat",
    }  # fmt: skip
    assert (folder.path / "supervisor.txt").read_text() == ""
    as_json = job.as_json()
    for key in ("id", "experiment", "run", "state", "done", "total", "rate", "eta_seconds", "cause"):
        assert key in as_json


def test_names_with_spaces_and_quotes(bench, tmp_path):
    odd = tmp_path / "it's a $HOME `x`"
    odd.mkdir()
    (odd / "behaviour").write_text("nothing")
    bench.place = replace(bench.place, directory=odd, results=odd / "results")
    folder = bench.launch(ranks=1)
    assert ended(folder).state == "verified"


def test_production_follows_the_newest_job_and_the_profile(bench):
    for run in (7, 8, 9):
        (bench.place.directory / f"xppfake-r{run:04d}-s000-c000.xtc2").write_bytes(b"")
    assert production_states(bench.place, [7, 8]) == {7: "none", 8: "none"}
    assert ended(bench.launch("raise 0", ranks=1, run=7)).state == "failed"
    assert ended(bench.launch(ranks=1, run=8)).state == "verified"
    assert ended(bench.launch(ranks=1, run=9, events=10)).state == "verified"
    assert production_states(bench.place, [7, 8, 9, 10]) == {7: "failed", 8: "verified", 9: "partial", 10: "none"}
    bench.profile.write_text(PROFILE.replace("runs.all", "runs.8-"))
    assert production_states(bench.place, [8])[8] == "verified"  # the same for run 8
    bench.profile.write_text("format = 1\n")
    assert production_states(bench.place, [8])[8] == "stale"
    assert ended(bench.launch(ranks=1, run=8)).state == "verified"
    assert production_states(bench.place, [8])[8] == "verified"
    (bench.place.hdf5 / "xppfake_Run0008.h5").unlink()
    assert production_states(bench.place, [8])[8] == "none"
    assert runs_of(bench.place, "failed") == [7]


def test_data_that_changed_since_the_job_make_its_file_stale(bench):
    data = bench.place.directory / "xppfake-r0008-s000-c000.xtc2"
    data.write_bytes(b"12345678")
    assert ended(bench.launch(ranks=1, run=8)).state == "verified"

    def states():
        return production_states(bench.place, [8], files=find_runs(bench.place.directory))

    assert states() == {8: "verified"} and runs_of(bench.place, "stale") == []
    elsewhere = bench.place.directory.with_name("link")
    elsewhere.symlink_to(bench.place.directory)
    assert production_states(bench.place, [8], files=find_runs(elsewhere)) == {8: "verified"}
    data.write_bytes(b"123456789")
    assert states() == {8: "stale"} and runs_of(bench.place, "stale") == [8]


def test_roots_are_remembered(bench, tmp_path):
    assert remembered_roots() == []
    for name in ("b", "a", "b"):
        (tmp_path / name).mkdir(exist_ok=True)
        remember_root(tmp_path / name)
    assert remembered_roots() == [tmp_path / "a", tmp_path / "b"]
    (tmp_path / "a").rmdir()
    assert remembered_roots() == [tmp_path / "b"]


def test_jobs_are_found_by_a_part_of_their_id(bench):
    folder = bench.launch(ranks=1)
    ended(folder)
    assert find_job([bench.jobs], folder.id[-9:]).id == folder.id
    with pytest.raises(LookupError, match=f"there is no job 'nope'; there are {folder.id}"):
        find_job([bench.jobs], "nope")
    with pytest.raises(LookupError, match="there are no jobs yet"):
        find_job([bench.jobs / "none"], "nope")


def test_the_list_is_newest_first_and_sees_a_change(bench):
    first = bench.launch("slow", ranks=1, run=1)
    time.sleep(1.1)  # ids have seconds
    second = bench.launch(ranks=1, run=2)
    ended(second)
    assert [j.id for j in list_jobs([bench.jobs])] == [second.id, first.id]
    local.cancel(first, "eve")
    wait_for(lambda: list_jobs([bench.jobs])[1].state == "cancelled", "the cancel to be seen")


def test_two_consoles_at_once_launch_one_job(bench):
    (bench.place.directory / "behaviour").write_text("slow")
    prepared = [bench.prepare(ranks=1) for _ in range(6)]
    with ThreadPoolExecutor(6) as pool:
        outcomes = list(pool.map(_submitted, prepared))
    launched = [o for o in outcomes if not isinstance(o, LaunchError)]
    assert len(launched) == 1
    assert all("is at work" in str(o) for o in outcomes if isinstance(o, LaunchError))
    states = sorted(job.state for job in list_jobs([bench.jobs]))
    assert states == ["rejected"] * 5 + ["running"]


def _submitted(prepared):
    try:
        return submit(prepared)
    except LaunchError as e:
        return e


def test_500_folders_are_listed_from_memory_once_they_have_ended(bench, monkeypatch):
    bench.jobs.mkdir(parents=True)
    for n in range(500):
        path = bench.jobs / f"20260101T000000-r{n:04d}-00ff"
        path.mkdir()
        (path / "request.toml").write_text(f'experiment = "xppfake"\nrun = {n}\ncreated = "{utc()}"\noutput = "x"\n')
        (path / "engine.toml").write_text(f'host = "elsewhere"\nstarted = "{utc()}"\n')
        (path / "exit.toml").write_text(f'status = 0\nwhen = "{utc()}"\n')
        (path / "verdict.toml").write_text(f'verdict = "verified"\nevents = {n}\nexpected = {n}\n')
    jobs = list_jobs([bench.jobs])
    assert {job.run: (job.state, job.done) for job in jobs} == {n: ("verified", n) for n in range(500)}
    read = []
    monkeypatch.setattr("smdtui.jobs.store.read_job", lambda folder, now: read.append(folder))
    assert list_jobs([bench.jobs]) == jobs
    assert not read


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a small disk")
def test_full_disk(bench, tmp_path):
    """The record of the end finds room on a disk that has filled up meanwhile."""
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(disk)]).returncode:
        pytest.skip("a small disk cannot be mounted here")
    try:
        bench.place = replace(bench.place, results=disk / "results")
        folder = bench.launch("slow", ranks=1)
        ranks_at_work(folder, 1)
        with pytest.raises(OSError, match="No space"), open(disk / "filler", "wb", buffering=0) as f:
            while True:
                f.write(b"x" * 4096)
        os.kill(ranks_at_work(folder, 1)[0], signal.SIGKILL)
        job = ended(folder)
        assert job.state == "failed"
        assert "SIGKILL" in job.cause
        with pytest.raises(LaunchError, match="No space left"):
            bench.launch("nothing", ranks=1, run=8)
        assert not list(bench.jobs.glob("*-r0008-*"))
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=True)

"""Real processes under the real mpiexec: every way to end leaves the right state, the right cause and no process."""

import os
import signal
import subprocess
import sys

import pytest
from conftest_jobs import command_lines, ended, ranks_at_work, wait_for

from smdtui.jobs import local
from smdtui.jobs.folder import JobFolder
from smdtui.jobs.job import read_job
from smdtui.jobs.shared_memory import RECORD, mapped_by


def processes(folder: JobFolder, word: str) -> list[int]:
    return [int(line.split(":")[0]) for line in command_lines(folder) if word in line]


def gone(folder: JobFolder) -> None:
    wait_for(lambda: not command_lines(folder), f"no process of the job: {command_lines(folder)}", 20)


@pytest.mark.parametrize("ranks", [1, 3])
def test_a_good_job_is_verified(bench, ranks):
    folder = bench.launch(ranks=ranks)
    assert folder.has("engine.toml")
    job = ended(folder)
    assert (job.state, job.cause, job.done, job.total) == ("verified", None, 20, 20)
    assert folder.table("exit.toml")["status"] == 0
    assert [e["what"] for e in folder.events()] == ["submitted", "ended"]
    gone(folder)


def test_every_line_of_the_log_says_its_rank(bench):
    folder = bench.launch(ranks=3)
    ended(folder)
    lines = (folder.path / "log.txt").read_text().splitlines()
    assert sorted(line[:4] for line in lines if " is rank " in line) == ["[0] ", "[1] ", "[2] "]


@pytest.mark.parametrize(
    ("behaviour", "state", "words"),
    [
        ("raise 1", "failed", ["rank 1: ValueError: the detector has no calibration"]),
        ("module", "failed", ["has no module nosuchmodule", "site file"]),
        ("full", "failed", ["The disk that holds", "xppfake_Run0007.h5 is full", "make room"]),
        ("exit 2 3", "failed", ["rank 2 left with exit status 3"]),
        ("wrong", "failed", ["3 events are missing"]),
        ("unverified", "finished-unverified", ["no verdict"]),
    ],
)
def test_a_bad_end_has_its_cause(bench, behaviour, state, words):
    folder = bench.launch(behaviour, ranks=3)
    job = ended(folder)
    assert job.state == state
    for word in words:
        assert word in job.cause
    gone(folder)


def test_serial_job_that_raises(bench):
    job = ended(bench.launch("raise 0"))
    assert job.state == "failed" and job.cause.startswith("ValueError: the detector has no calibration;")


@pytest.mark.parametrize("behaviour", ["slow", "deaf"])
@pytest.mark.parametrize("ranks", [1, 3])
def test_cancel_reaches_every_rank(bench, behaviour, ranks):
    folder = bench.launch(behaviour, ranks=ranks)
    ranks_at_work(folder, ranks)
    assert read_job(folder).state == "running"
    assert local.cancel(folder, "eve").done
    again = local.cancel(folder, "mallory")
    assert again.message
    job = ended(folder)
    assert (job.state, job.by) == ("cancelled", "eve")
    gone(folder)
    assert not local.cancel(folder, "eve").done
    assert [e["who"] for e in folder.events() if e["what"] == "cancel"] == ["eve"]


def test_cancel_by_the_file_alone(bench):
    """As another console of another machine, or of another user, does it."""
    folder = bench.launch("slow", ranks=3)
    ranks_at_work(folder, 3)
    folder.write("cancel.toml", {"who": "eve", "time": "2026-01-01T00:00:00Z"})
    job = ended(folder)
    assert (job.state, job.by) == ("cancelled", "eve")
    gone(folder)


@pytest.mark.parametrize("behaviour", ["slow", "deaf"])
@pytest.mark.parametrize(
    ("victim", "words"),
    [
        ("rank", ["signal 9 (SIGKILL)", "One rank (process"]),
        ("mpiexec", ["The launcher (mpiexec) was ended by signal 9 (SIGKILL)"]),
        ("submit.sh", ["submit.sh was killed by signal 9 (SIGKILL)"]),
        ("supervisor", ["supervisor was killed from outside"]),
    ],
)
def test_kill_9(bench, behaviour, victim, words):
    folder = bench.launch(behaviour, ranks=3)
    ranks = ranks_at_work(folder, 3)
    mapped = mapped_by(ranks.values())
    assert mapped
    if victim == "rank":
        pid = ranks[1]
    else:
        word = {"mpiexec": "bin/mpiexec ", "supervisor": "smdtui.jobs.supervisor"}.get(victim, victim)
        pid = min(processes(folder, word))
    os.kill(pid, signal.SIGKILL)
    job = ended(folder)
    assert job.state == "failed"
    for word in words:
        assert word in job.cause
    gone(folder)
    assert not [path for path in mapped if os.path.exists(path)]


def test_kill_supervisor_and_script_at_once_is_seen_and_can_be_cancelled(bench):
    folder = bench.launch("slow", ranks=3)
    ranks_at_work(folder, 3)
    script = min(processes(folder, "submit.sh"))
    supervisor = min(processes(folder, "smdtui.jobs.supervisor"))
    for line in command_lines(folder):  # lest they see the others' death, and end by themselves
        if (pid := int(line.split(":")[0])) != supervisor:
            os.kill(pid, signal.SIGSTOP)
    os.kill(supervisor, signal.SIGKILL)
    os.kill(script, signal.SIGKILL)
    job = wait_for(lambda: (local.collect(), j := read_job(folder), j.reason and j)[2], "the loss to be seen")
    assert job.state == "running"
    assert "its supervisor was killed" in job.reason
    assert local.marked(folder.path)
    assert "of its processes were ended" in local.cancel(folder, "eve").message
    gone(folder)
    assert read_job(folder).state == "cancelled"


def test_all_of_it_killed_is_lost(bench):
    folder = bench.launch("slow", ranks=3)
    ranks_at_work(folder, 3)
    local_pids = [int(line.split(":")[0]) for line in command_lines(folder)]
    mapped = mapped_by(local_pids)
    record = folder.path / RECORD
    wait_for(
        lambda: record.exists() and mapped <= set(record.read_text().split()), "the supervisor to see the segments"
    )
    for pid in local_pids:
        os.kill(pid, signal.SIGSTOP)
    for pid in local_pids:
        os.kill(pid, signal.SIGKILL)
    job = ended(folder)
    assert job.state == "lost"
    assert "without leaving a record" in job.cause
    local.cancel(folder, "eve")
    assert not [path for path in mapped if os.path.exists(path)]


def test_a_process_that_left_the_session_does_not_stay(bench):
    folder = bench.launch("daemon")
    assert ended(folder).state == "verified"
    gone(folder)


def test_the_signal_never_hits_a_process_that_got_the_number(bench):
    sleeper = subprocess.Popen(["sleep", "60"])
    try:
        start = local.process_start(sleeper.pid)
        assert not local.send(sleeper.pid, start - 1, signal.SIGKILL)
        assert sleeper.poll() is None
        assert local.send(sleeper.pid, start, signal.SIGKILL)
        assert sleeper.wait(10) == -signal.SIGKILL
        assert not local.send(sleeper.pid, start, signal.SIGKILL)
    finally:
        sleeper.kill()
        sleeper.wait()


def test_the_job_outlives_the_killed_app(bench, tmp_path):
    """The launching process is killed with its whole session as a closed terminal does."""
    (bench.place.directory / "behaviour").write_text("slow")
    code = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "import os, time\nfrom pathlib import Path\n"
        "import smdtui.environment, smdtui.jobs.script\nimport conftest_jobs as c\n"
        "smdtui.environment.producer_path = smdtui.jobs.script.producer_path = lambda: c.FAKE\n"
        "t = Path(sys.argv[2])\n"
        "place = c.Place('xppfake', t / 'xtc', t / 'results' / 'smdtui', t / 'hdf5' / 'smalldata')\n"
        "b = c.Bench(place, t / 'profile.toml', c.Site('test', engines={'local': c.Engine(ranks=3)}))\n"
        "print(c.submit(b.prepare(ranks=3)).path, flush=True)\ntime.sleep(60)\n"
    )
    app = subprocess.Popen(
        [sys.executable, "-c", code, os.path.dirname(__file__), str(tmp_path)],
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert app.stdout is not None
    folder = JobFolder(type(tmp_path)(app.stdout.readline().strip()))
    ranks_at_work(folder, 3)
    os.killpg(app.pid, signal.SIGHUP)
    os.killpg(app.pid, signal.SIGKILL)
    app.wait()
    app.stdout.close()
    assert read_job(folder).state == "running"
    local.cancel(folder, "eve")
    assert ended(folder).state == "cancelled"


def test_submit_sh_runs_again_by_hand(bench):
    folder = bench.launch(ranks=1)
    assert ended(folder).state == "verified"
    (bench.place.directory / "behaviour").write_text("raise 0")
    done = subprocess.run([str(folder.path / "submit.sh")], capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert "ValueError" in done.stderr
    assert folder.table("exit.toml")["status"] == 1
    assert read_job(folder).state == "failed"


def test_nobody_is_given_what_others_may_write(bench):
    bench.place.results.mkdir(parents=True)
    bench.place.results.chmod(0o2775)
    old = os.umask(0)
    try:
        folder = bench.launch(ranks=1)
        ended(folder)
    finally:
        os.umask(old)
    for path in [folder.path, *folder.path.rglob("*")]:
        mode = path.stat().st_mode
        assert not mode & 0o002, path
        assert mode & 0o020, path
    assert folder.path.stat().st_mode & 0o2000

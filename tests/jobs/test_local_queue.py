"""Tickets of jobs that wait for each other."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from conftest_jobs import ended, ranks_at_work, wait_for
from hypothesis import given, settings
from hypothesis import strategies as st
from places import ROOT

from smdtui.jobs import local, local_queue
from smdtui.jobs.job import read_job
from smdtui.jobs.local_queue import Ticket


def test_as_many_as_there_is_room_for_in_the_order_of_their_launch():
    tickets = [Ticket(Path(f"/jobs/2026-r{n:04d}"), 1, room=2) for n in range(4)]
    assert tickets[2].ahead() == 2  # those launched before it have not begun yet
    assert [t.ahead() for t in tickets] == [0, 0, 2, 3]
    assert [t.ahead() for t in tickets] == [0, 0, 2, 3]
    tickets[0].release()
    assert tickets[3].ahead() == 2
    assert [t.ahead() for t in tickets[1:]] == [0, 0, 2]
    for ticket in tickets[1:]:
        ticket.release()


def test_a_job_larger_than_the_machine_runs_alone():
    small, large, last = (Ticket(Path(f"/jobs/{n}"), ranks, room=2) for n, ranks in enumerate((1, 5, 1)))
    assert (small.ahead(), large.ahead(), last.ahead()) == (0, 1, 2)
    small.release()
    assert (large.ahead(), last.ahead()) == (0, 1)
    large.release()
    assert last.ahead() == 0
    last.release()


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(1, 5), min_size=1, max_size=6), st.randoms(use_true_random=True))
def test_all_get_their_turn_and_never_too_many(ranks, random):
    waiting = [Ticket(Path(f"/jobs/{n}"), r, room=3) for n, r in enumerate(ranks)]
    running: list[Ticket] = []
    while waiting or running:
        random.shuffle(waiting)
        for ticket in list(waiting):
            if ticket.ahead() == 0:
                waiting.remove(ticket)
                running.append(ticket)
        assert running
        assert len(running) == 1 or sum(t.ranks for t in running) <= 3
        running.pop(random.randrange(len(running))).release()


def test_the_ticket_of_the_dead_counts_for_nothing():
    code = "import sys, time; from pathlib import Path; from smdtui.jobs.local_queue import Ticket\n"
    code += "t = Ticket(Path('/jobs/0'), 2, room=2); print(t.ahead(), flush=True); time.sleep(60)"
    other = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert other.stdout is not None
    assert other.stdout.readline() == "0\n"
    mine = Ticket(Path("/jobs/1"), 1, room=2)
    assert mine.ahead() == 1
    other.kill()
    other.wait()
    other.stdout.close()
    assert mine.ahead() == 0
    mine.release()


@pytest.fixture
def one_core(monkeypatch):
    """The machine is taken by a job of somebody's; its ticket."""
    ticket = Ticket(Path("/jobs/0"), 99)
    assert ticket.ahead() == 0
    yield ticket
    if ticket._path.exists():
        ticket.release()


def test_a_launched_job_waits_for_its_turn_and_says_so(bench, one_core):
    folder = bench.launch(ranks=1)
    job = wait_for(lambda: (j := read_job(folder)).state == "pending" and j.reason != "starting" and j, "the wait")
    assert job.reason == "1 job on this machine is before it"
    assert not folder.has("log.txt")
    one_core.release()
    assert ended(folder).state == "verified"
    assert not folder.has("waits.toml")


def test_a_job_that_waits_is_cancelled_at_once_and_a_killed_one_is_lost(bench, one_core):
    waits, killed = bench.launch(ranks=1), bench.launch(ranks=1, run=8)
    for folder in (waits, killed):
        wait_for(lambda f=folder: f.has("waits.toml"), "the wait")
    assert local.cancel(waits, "eve").done
    job = ended(waits)
    assert (job.state, job.by) == ("cancelled", "eve")
    os.kill(killed.table("engine.toml")["pid"], signal.SIGKILL)
    assert ended(killed).state == "lost"
    assert not any(f.has("log.txt") for f in (waits, killed))


def test_a_job_that_waits_on_another_machine_is_pending_while_it_shows_itself(bench, one_core):
    folder = bench.launch(ranks=1)
    wait_for(lambda: folder.has("waits.toml") and folder.has("heartbeat"), "the wait")
    own = folder.table("engine.toml")
    folder.write("engine.toml", {**own, "host": "elsewhere"})
    job = read_job(folder)
    assert (job.state, job.reason) == ("pending", "on elsewhere: 1 job on this machine is before it")
    later = time.time() + 600
    assert read_job(folder, later).state == "lost"
    folder.write("engine.toml", own)
    local.cancel(folder, "eve")
    assert ended(folder).state == "cancelled"


def test_without_a_place_for_tickets_the_job_runs_at_once(bench, monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    with pytest.raises(OSError):
        Ticket(Path("/jobs/0"), 1)
    folder = bench.launch("slow", ranks=1)
    ranks_at_work(folder, 1)
    local.cancel(folder, "eve")
    assert ended(folder).state == "cancelled"
    assert "waits for no other" in (folder.path / "supervisor.txt").read_text()


def test_the_machine_has_cores():
    assert local_queue.cores() >= 1

"""The time left, after a third of a job whose rate is steady: what the ranks write, by a clock of our own."""

import pytest

from producer import progress as written
from producer.progress import Progress
from smdtui.jobs.progress import read


class Clock:
    def __init__(self):
        self.now = 1e9

    def time(self):
        return self.now

    monotonic = time


def batches(rate, size, pause, begin):
    """When a worker ends each of its events: batches at `rate` per second, with a pause between two."""
    moment = begin
    while True:
        for _ in range(size):
            moment += 1 / rate
            yield moment
        moment += pause


# name -> (events, [(rate in a batch /s, events in a batch, pause in s, first event after s) of each worker])
JOBS = {
    "serial": (1500, [(50, 1, 0, 4)]),
    "serial, an event each 5 s": (90, [(0.2, 1, 0, 4)]),
    "serial, an event each minute": (30, [(1 / 60, 1, 0, 4)]),
    "short": (600, [(60, 1, 0, 4)]),
    "three workers of different speed": (2000, [(20, 1, 0, 4), (30, 1, 0, 5), (10, 1, 0, 6)]),
    "batches with waiting": (2000, [(25, 50, 6, 4), (25, 50, 6, 8)]),
    "many workers": (3000, [(1, 5, 1, 3 + n / 10) for n in range(40)]),
    "a long first event": (1500, [(30, 1, 0, 40)]),
    "an hour": (1200, [(1 / 3, 1, 0, 4)]),
}


@pytest.mark.parametrize("name", JOBS)
def test_within_a_fifth_of_the_truth_after_a_third(name, tmp_path, monkeypatch):
    total, workers = JOBS[name]
    clock = Clock()
    monkeypatch.setattr(written, "time", clock)
    begin = clock.now
    ranks = [Progress(tmp_path, n, "worker" if len(workers) > 1 else "serial") for n in range(len(workers))]
    ranks[0].total(total, len(workers))
    moments = [batches(*worker[:3], begin + worker[3]) for worker in workers]
    due = [next(m) for m in moments]
    for rank in ranks:
        rank.enter("reading")
    said = asked = None
    for done in range(1, total + 1):
        n = min(range(len(due)), key=due.__getitem__)
        clock.now = due[n]
        ranks[n].event()
        due[n] = next(moments[n])
        if said is None and 3 * done >= total:
            asked = clock.now
            said = read(tmp_path / "progress", asked)
    left = clock.now - asked
    assert said.total == total and said.done > total / 3 - 2 * len(workers) - sum(w[0] for w in workers)
    assert said.eta_seconds == pytest.approx(left, rel=0.2)


def test_a_history_of_hours_stays_small(tmp_path, monkeypatch):
    clock = Clock()
    monkeypatch.setattr(written, "time", clock)
    rank = Progress(tmp_path, 0, "serial")
    for _ in range(900):
        clock.now += 1.0
        rank.event()
    file = tmp_path / "progress" / "rank0000.json"
    assert file.stat().st_size < 3000
    (one,) = read(file.parent, clock.now).ranks
    assert one.rate == pytest.approx(1.0)

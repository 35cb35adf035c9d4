import json

from hypothesis import given
from hypothesis import strategies as st

from smdtui.jobs.progress import read, summed

NOW = 1000.0


def rank(n, role, points, phase="reading"):
    when, done = points[-1]
    return {"rank": n, "role": role, "phase": phase, "done": done, "time": when, "history": [list(p) for p in points]}


def steady(n, rate, begin=960.0, end=NOW, start=0):
    return rank(n, "worker", [(t, start + round(rate * (t - begin))) for t in range(int(begin), int(end) + 1)])


def test_sum_rate_and_eta_of_steady_ranks():
    p = summed([rank(0, "smd0", [(NOW, 0)]), steady(1, 10), steady(2, 30)], {"total": 3200, "begin": 960.0}, NOW)
    assert p.done == 40 * 40
    assert p.total == 3200
    assert abs(p.rate - 40) < 0.5
    assert abs(p.eta_seconds - 40) < 1
    assert [r.rank for r in p.ranks] == [0, 1, 2]
    assert abs(p.ranks[1].rate - 10) < 0.5


def test_rate_is_of_the_last_half_minute():
    slow_then_fast = [(t, t - 900) for t in range(900, 971)] + [(t, 70 + 10 * (t - 970)) for t in range(971, 1001)]
    assert abs(summed([rank(1, "worker", slow_then_fast)], {}, NOW).rate - 10) < 0.5


def test_a_waiting_job_keeps_its_rate():
    assert abs(summed([steady(1, 10)], {"total": 1000}, NOW + 50).rate - 10) < 0.5


def test_the_smd0_and_event_builder_are_not_counted_twice():
    p = summed([rank(0, "smd0", [(990, 0), (NOW, 400)]), steady(2, 10)], {"total": 400}, NOW)
    assert p.done == 400


def test_no_eta_after_the_reading():
    p = summed([rank(1, "worker", [(990.0, 0), (NOW, 100)], "merging")], {"total": 100}, NOW)
    assert (p.phase, p.eta_seconds) == ("merging", None)


def test_one_failed_rank_is_the_phase():
    p = summed([rank(1, "worker", [(NOW, 1)]), rank(2, "worker", [(NOW, 1)], "failed")], {}, NOW)
    assert p.phase == "failed"


def test_half_written_and_strange_files(tmp_path):
    (tmp_path / "rank0001.json").write_text(json.dumps(steady(1, 10))[:40])
    (tmp_path / "rank0002.json").write_text("[]")
    (tmp_path / "rank0003.json").write_text(json.dumps({"rank": 3, "done": "x", "time": None}))
    (tmp_path / "rank0004.json").write_text(json.dumps({**steady(4, 10), "history": [1, [2], ["a", 3], None]}))
    (tmp_path / "total.json").write_text("")
    p = read(tmp_path, NOW)
    assert [r.rank for r in p.ranks] == [4]
    assert p.total is None
    assert read(tmp_path / "none").ranks == ()


@given(st.lists(st.lists(st.tuples(st.floats(900, 1000), st.integers(0, 10**6)), min_size=1, max_size=20), max_size=6))
def test_any_histories(histories):
    """Times and counts both grow."""
    grown = [list(zip(*map(sorted, zip(*h, strict=True)), strict=True)) for h in histories]
    tables = [rank(n, "worker", points) for n, points in enumerate(grown)]
    p = summed(tables, {"total": 10}, NOW)
    assert p.done == sum(t["done"] for t in tables)
    assert p.rate is None or p.rate >= 0
    assert p.eta_seconds is None or p.eta_seconds >= 0

"""A little of what ``benchmarks/nothing_lost.py`` does for long: see there."""

import pytest
from torture import consoles, kills
from torture.stage import Stage


@pytest.mark.timeout(600)
def test_kill_9_of_app_follower_and_submit_loses_no_run_and_makes_none_twice(tmp_path):
    stage = Stage(tmp_path, range(1, 3))
    stage.write()
    figures = kills.torture(stage, kills=6, seed=3, longest=2.0)
    assert figures.kills.total() == 6
    assert figures.jobs["verified"] == figures.productions


@pytest.mark.timeout(600)
def test_two_consoles_and_a_follower_lose_nothing_of_each_other(tmp_path):
    stage = Stage(tmp_path, range(1, 3), length=40)
    stage.write()
    figures = consoles.torture(stage, seconds=8, seed=5)
    assert figures.keys > 5
    assert figures.jobs.total() >= 2

"""What a launch may cost: counted by hand for each form of a preset."""

import pytest

from smdtui.jobs.cost import cost, hours
from smdtui.site import Engine


@pytest.mark.parametrize(
    "limit, minutes",
    [("90", 90), ("90:00", 90), ("0:30", 1), ("4:00:00", 240), ("1-12", 2160), ("1-12:30", 2190), ("1-0:0:1", 1441)],
)
def test_the_time_limit_is_read_as_sbatch_reads_it(limit, minutes):
    assert hours(limit) == pytest.approx(minutes / 60)


def test_no_limit_is_not_known():
    assert hours("") is None
    assert hours("0") is None  # sbatch's word for none


def test_runs_x_nodes_x_hours():
    found = cost(Engine(kind="slurm", nodes=2, time="4:00:00"), 240, 12)
    assert (found.jobs, found.nodes, found.hours, found.node_hours, found.core_hours) == (12, 2, 4.0, 96.0, 11520.0)
    assert found.words == "12 jobs x 2 nodes x 4 h = at most 96 node-hours"


def test_nodes_follow_from_ranks_per_node():
    found = cost(Engine(kind="slurm", ranks_per_node=100, time="30", concurrency=4), 240, 5)
    assert (found.nodes, found.node_hours) == (3, 7.5)
    assert found.words == "5 jobs x 3 nodes x 0.5 h = at most 7.5 node-hours, 4 at a time"


def test_where_slurm_chooses_the_nodes_it_is_core_hours():
    found = cost(Engine(kind="slurm", time="60"), 120, 1)
    assert found.node_hours is None
    assert found.words == "1 job x 120 ranks x 1 h = at most 120 core-hours"


def test_without_a_time_limit_no_number_is_made_up():
    found = cost(Engine(kind="slurm", nodes=1), 120, 3)
    assert found.node_hours is None and found.core_hours is None
    assert "as long as the partition allows" in found.words


def test_this_machine_costs_no_nodes():
    found = cost(Engine(), 5, 3)
    assert found.node_hours is None
    assert found.words == "3 jobs of 5 ranks on this machine; no nodes of a cluster"

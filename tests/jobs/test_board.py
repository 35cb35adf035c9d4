"""The list of jobs as a value: order, filter, what it says together."""

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smdtui.jobs.board import SORTS, Board, counted
from smdtui.jobs.states import STATES


@dataclass(frozen=True)
class Job:
    id: str
    run: int
    state: str = "running"
    who: str = "ada"
    engine: str = "local"
    cause: str | None = None
    reason: str = ""
    by: str | None = None
    done: int = 0
    total: int | None = None
    eta_seconds: float | None = None


JOBS = (
    Job("d", 21, "running", done=50, total=100, eta_seconds=30),
    Job("c", 17, "failed", who="bob", cause="Rank 3: no calibration"),
    Job("b", 20, "pending", engine="milano", reason="it waits for nodes to become free (Resources)"),
    Job("a", 2, "verified", done=100, total=100),
)


def ids(board):
    return "".join(job.id for job in board.jobs)


@pytest.mark.parametrize(
    "sort, order, turned",
    [
        ("newest", "dcba", "abcd"),
        ("run", "dbca", "acbd"),
        ("state", "cdba", "abdc"),  # a failure wants eyes first
        ("progress", "adcb", "dacb"),  # what has none stays behind
        ("left", "dcba", "dcba"),
        ("who", "dbac", "cdba"),
    ],
)
def test_orders(sort, order, turned):
    board = Board(JOBS, sort)
    assert (ids(board), ids(board.reverse())) == (order, turned)


def test_the_key_goes_round_all_orders():
    board = Board(JOBS)
    seen = []
    for _ in SORTS:
        seen.append(board.sort)
        board = board.next_sort()
    assert tuple(seen) == SORTS and board.sort == SORTS[0]


@pytest.mark.parametrize(
    "query, found",
    [
        ("", "dcba"), ("2", "dba"), ("17-20", "cb"), ("20-", "db"), ("failed", "c"), ("BOB", "c"), ("milano", "b"),
        ("resources", "b"), ("calib", "c"), ("-verified -failed", "db"), ("2 -20", "da"), ("nobody", ""), ("-", ""),
    ],
)  # fmt: skip
def test_the_filter(query, found):
    board = Board(JOBS)
    assert "".join(board.jobs[row].id for row in board.search(query)) == found


@given(st.text(max_size=20))
def test_any_text_can_be_typed(query):
    board = Board(JOBS)
    assert set(board.search(query)) <= set(range(len(JOBS)))


def test_marks_stay_with_their_jobs():
    board = Board(JOBS)
    marked = board.rows(["c", "a", "gone"])
    assert {board.jobs[row].id for row in marked} == {"c", "a"}
    more = board.with_jobs((Job("e", 30), *JOBS[:3]))
    assert {more.jobs[row].id for row in more.rows(["c", "a"])} == {"c"}


def test_every_state_has_its_place_and_is_counted():
    jobs = [Job(str(n), n, state) for n, state in enumerate(STATES)]
    assert len(Board(tuple(jobs), "state").jobs) == len(STATES)
    assert counted(jobs).count("1 ") == len(STATES) and counted(()) == "no jobs"
    assert Board(JOBS).words == "1 failed, 1 running, 1 pending, 1 verified"


def test_digits_that_are_no_decimal_number_are_just_a_word():
    assert Board(JOBS).search("²-5") == [] and Board(JOBS).search("²") == []

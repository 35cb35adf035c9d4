import pytest

from producer.run_files import RunFiles, RunSummary
from smdtui.catalog.run_table import RunTable, runs_text

NS = 10**9


def summary(run, state="complete", events=100, problem=None, scan=False, seconds=60):
    begin = 1_700_000_000 * NS + run
    return RunSummary(run, begin, begin + seconds * NS, events, 1, scan, 2, 10 * run, state, problem, (events,), begin)


@pytest.fixture
def table(tmp_path):
    known = {
        1: summary(1, events=300),
        2: summary(2, "damaged", 5, "x-r0002-s001-c000.xtc2 is missing"),
        3: summary(3, scan=True, seconds=10),
        12: summary(12, "recording", 7),
    }
    files = {run: RunFiles("e", run, tmp_path, ()) for run in (*known, 13)}
    return RunTable().fill(files, known, {1: "verified", 3: "stale"})


def runs(table):
    return [row.run for row in table.view]


def test_newest_first_with_the_cursor_on_it(table):
    assert runs(table) == [13, 12, 3, 2, 1]
    assert table.cursor == 13
    assert table.row.summary is None


def test_moving_stays_inside(table):
    assert table.move(1).cursor == 12
    assert table.move(-1).cursor == 13
    assert table.move(100).cursor == 1
    assert table.last().first().cursor == 13


@pytest.mark.parametrize(("run", "there"), [(3, 3), (9, 12), (0, 1), (99, 13), (7, 3)])
def test_jumping_goes_to_the_nearest(table, run, there):
    assert table.jump(run).cursor == there


@pytest.mark.parametrize(
    ("query", "found"),
    [("1", [13, 12, 1]), ("dam", [2]), ("missing", [2]), ("scan", [3]), ("stale", [3]), ("ver com", [1]), ("x y", [])],
)
def test_filter(table, query, found):
    assert runs(table.filter(query)) == found


def test_the_cursor_follows_its_run_through_a_filter(table):
    there = table.jump(3)
    assert there.filter("scan").cursor == 3
    assert there.filter("dam").cursor == 2
    assert there.filter("nothing").row is None
    assert there.filter("nothing").filter("").cursor == 13
    assert there.filter("nothing").move(1).jump(3).mark().chosen == []


def test_sorting(table):
    by_events = table.sort_by("events")
    assert runs(by_events)[:2] == [1, 3]
    assert runs(by_events)[-1] == 13
    assert runs(by_events.sort_by("events"))[0] == 13
    assert runs(table.sort_by("duration"))[-2:] == [3, 13]
    assert by_events.cursor == table.cursor
    with pytest.raises(ValueError, match="cannot be sorted by 'colour'; by run, begin"):
        table.sort_by("colour")


def test_marks_are_of_runs(table):
    marked = table.mark().mark().filter("scan").mark()
    assert marked.chosen == [3, 12, 13]
    assert marked.filter("").mark_all().chosen == [1, 2, 3, 12, 13]
    assert marked.unmark().filter("").jump(2).chosen == [2]


def test_filling_again_keeps_what_still_holds(table, tmp_path):
    before = table.jump(3).mark()
    files = {run: RunFiles("e", run, tmp_path, ()) for run in (2, 3, 14)}
    after = before.fill(files, {3: summary(3, scan=True, seconds=10), 14: summary(14)})
    assert runs(after) == [14, 3, 2]
    assert (after.chosen, after.cursor) == ([3], 2)
    assert [row.production for row in after.view] == ["none", "stale", "none"]
    assert [row.production for row in after.produced({14: "running"}).view] == ["running", "none", "none"]
    gone = after.fill({2: files[2]}, {})
    assert (gone.marked, gone.cursor) == (frozenset(), 2)


def test_duration(table):
    assert {row.run: row.duration for row in table.rows} == {1: 60, 2: 60, 3: 10, 12: 60, 13: None}


def test_runs_as_people_write_them():
    assert runs_text([12, 7, 9, 10, 11, 20]) == "7, 9-12, 20"
    assert runs_text([]) == ""

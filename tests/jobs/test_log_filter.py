"""Filters of a log against a plain reading of the whole text."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smdtui.jobs import log_file, log_filter
from smdtui.jobs.log_file import LogFile
from smdtui.jobs.log_filter import FilteredLog, LineFilter
from smdtui.jobs.log_level import ERROR_BYTES, ERROR_SIGNS, WARNING_SIGNS, level_of
from smdtui.jobs.log_search import ERRORS

WORDS = (
    "reading",
    "12:00:01 INFO step",
    "12:00:02 INFO step",
    "12:00:03 WARNING low",
    "12:00:04 ERROR broken",
    "Traceback (most recent call last):",
    '  File "a.py", line 3, in f',
    "    f(1)",
    "ValueError: x",
    "x" * 90,
    "",
)
LINE = st.tuples(st.sampled_from(["", "[0] ", "[1] ", "[2] "]), st.sampled_from(WORDS))
FILTER = st.builds(
    LineFilter,
    ranks=st.sampled_from([None, frozenset({0}), frozenset({1, 2})]),
    level=st.sampled_from(["", "warning", "error"]),
    collapse=st.booleans(),
)


def expected(lines, wanted: LineFilter) -> list[list]:
    """[text of the first line, how many, ranks] of each item."""
    items: list[list] = []
    inside = set()
    key = None
    for tag, text in lines:
        rank = int(tag[1]) if tag else None
        if wanted.ranks is not None and rank not in wanted.ranks:
            continue
        if wanted.level:
            if text.startswith("Traceback"):
                inside.add(rank)
            elif rank in inside:
                if text and text[0] != " ":
                    inside.discard(rank)
            elif "ERROR" not in text and (wanted.level == "error" or "WARNING" not in text):
                continue
        same = re.sub(r"^\d\d:\d\d:\d\d ", "", text)
        if wanted.collapse and items and same == key:
            items[-1][1] += 1
            items[-1][2].add(rank)
        else:
            items.append([tag + text, 1, {rank}])
        key = same
    return items


def told(item) -> str:
    text, count, ranks = item
    ranks = sorted(r for r in ranks if r is not None)
    if count == 1:
        return text
    words = {(0, 1): "ranks 0-1", (0, 2): "ranks 0,2", (1, 2): "ranks 1-2", (0, 1, 2): "ranks 0-2"}.get(tuple(ranks))
    return f"{text}   × {count}" + (f", {words}" if words else "")


@pytest.fixture(autouse=True, scope="module")
def small_pieces():
    before = log_file.BLOCK, log_filter.BLOCK, log_filter.SPAN
    log_file.BLOCK, log_filter.BLOCK, log_filter.SPAN = 97, 97, 60
    yield
    log_file.BLOCK, log_filter.BLOCK, log_filter.SPAN = before


def whole(file: LogFile, view: FilteredLog) -> None:
    file.grow(1)
    while view.grow(1) and not view.complete:
        pass


def write(path, lines, closed=True):
    text = "\n".join(tag + text for tag, text in lines) + ("\n" if closed and lines else "")
    path.write_text(text)


@settings(max_examples=120, deadline=None)
@given(st.lists(LINE, max_size=60), FILTER, st.integers(0, 60), st.integers(1, 30))
def test_the_items_are_those_of_a_plain_reading(tmp_path_factory, lines, wanted, begin, count):
    path = tmp_path_factory.mktemp("log") / "log.txt"
    write(path, lines)
    file = LogFile(path)
    view = FilteredLog(file, wanted)
    whole(file, view)
    items = [told(item) for item in expected(lines, wanted)]
    assert view.lines == len(items)
    assert view.get(0, 100) == items
    assert view.get(begin, count) == items[begin : begin + count]
    file.close()


@settings(max_examples=60, deadline=None)
@given(st.lists(LINE, min_size=1, max_size=60), FILTER, st.sampled_from(["step", "ERROR", "file", "x"]), st.data())
def test_search_finds_the_item_that_a_plain_reading_finds(tmp_path_factory, lines, wanted, needle, data):
    path = tmp_path_factory.mktemp("log") / "log.txt"
    write(path, lines)
    file = LogFile(path)
    view = FilteredLog(file, wanted)
    whole(file, view)
    items = expected(lines, wanted)
    hits = [n for n, (text, _, _) in enumerate(items) if needle in (text if needle == "ERROR" else text.lower())]
    start = data.draw(st.integers(0, max(len(items) - 1, 0)))
    shares: list[float] = []
    assert view.search(needle, start, progress=shares.append) == next((h for h in hits if h >= start), None)
    assert all(0 <= s <= 1 for s in shares)
    assert view.search(needle, start, backwards=True) == next((h for h in reversed(hits) if h <= start), None)
    file.close()


@settings(max_examples=50, deadline=None)
@given(st.lists(LINE, min_size=1, max_size=40), st.lists(LINE, max_size=40), FILTER)
def test_a_log_that_grows_in_the_middle_of_a_line(tmp_path_factory, first, then, wanted):
    path = tmp_path_factory.mktemp("log") / "log.txt"
    first.append(("[1] ", "12:00:04 ERROR broken"))
    write(path, first, closed=False)
    file = LogFile(path)
    view = FilteredLog(file, wanted)
    whole(file, view)
    assert view.lines == len(expected(first, wanted))
    with open(path, "a") as f:
        f.write("\n" + "".join(f"{tag}{text}\n" for tag, text in then))
    whole(file, view)
    items = [told(item) for item in expected(first + then, wanted)]
    assert view.get(0, 100) == items
    file.close()


def test_a_log_that_is_cut_is_read_anew(tmp_path):
    path = tmp_path / "log.txt"
    write(path, [("[0] ", "a"), ("[1] ", "b")] * 50)
    file = LogFile(path)
    view = FilteredLog(file, LineFilter(ranks=frozenset({1})))
    whole(file, view)
    assert view.lines == 50
    write(path, [("[1] ", "new"), ("[0] ", "b")] * 70)  # longer than before
    whole(file, view)
    assert view.get(0, 2) == ["[1] new", "[1] new"] and view.lines == 70
    file.close()


def test_a_run_of_a_million_lines_is_one_item(tmp_path, monkeypatch):
    monkeypatch.setattr(log_filter, "SPAN", 64 * 1024)
    monkeypatch.setattr(log_filter, "BLOCK", 256 * 1024)
    path = tmp_path / "log.txt"
    with open(path, "w") as f:
        f.write("begin\n")
        f.writelines(f"[{n % 3}] 12:00:{n % 60:02d} WARNING again\n" for n in range(200_000))
        f.write("end\n" + "y" * 400_000 + "\nlast")
    file = LogFile(path)
    view = FilteredLog(file, LineFilter(collapse=True))
    whole(file, view)
    got = view.get(0, 9)
    assert got[:3] == ["begin", "[0] 12:00:00 WARNING again   × 200,000, ranks 0-2", "end"]
    assert got[3].startswith("yyyy") and got[4:] == ["last"]
    file.close()


@pytest.mark.parametrize(
    ("line", "level"),
    [
        ("12:00:00 ERROR no run 9", "error"),
        ("[3] Traceback (most recent call last):", "error"),
        ("slurmstepd: error: Detected 1 oom_kill event in StepId=7.batch.", "error"),
        ("=   BAD TERMINATION OF ONE OF YOUR APPLICATION PROCESSES", "error"),
        ("x.py:3: UserWarning: old", "warning"),
        ("12:00:00 WARNING no end", "warning"),
        ("errors: 0", ""),
        ("TERRORIST", ""),
        ("12:00:00 INFO 10 events", ""),
    ],
)
def test_levels(line, level):
    assert level_of(line) == level
    assert level_of(line.encode()) == level
    signs = {"error": ERROR_SIGNS, "warning": WARNING_SIGNS}.get(level, ())
    assert not level or any(sign in line.encode() for sign in signs)


PART = st.one_of(
    st.sampled_from(
        [
            *ERROR_SIGNS,
            *WARNING_SIGNS,
            b"Fatal error",
            b"fatal Error",
            b"Error:",
            b"error:",
            b"Err",
            b"or:",
            b"T",
            b" ",
            b"x",
        ]
    ),
    st.binary(max_size=3),
)


@settings(max_examples=300, deadline=None)
@given(st.lists(PART, max_size=8).map(b"".join))
def test_the_signs_of_an_error_miss_none(data):
    places = [found.start() for found in ERROR_BYTES.finditer(data)]
    assert ERRORS.first(data) == (places[0] if places else -1)
    assert (ERRORS.last(data) >= 0) == bool(places)
    if level_of(data):
        assert any(sign in data for sign in (*ERROR_SIGNS, *WARNING_SIGNS))


def test_from_error_to_error(tmp_path):
    path = tmp_path / "log.txt"
    write(path, [("", WORDS[n]) for n in (0, 5, 6, 7, 8, 1, 4, 0)])
    file = LogFile(path)
    assert file.search(ERRORS, 0) == 1
    assert file.search(ERRORS, 2) == 6
    assert file.search(ERRORS, 5, backwards=True) == 1
    assert file.search(ERRORS, 7) is None
    file.close()

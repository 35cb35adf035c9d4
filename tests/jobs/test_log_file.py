import os
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smdtui.jobs import log_file
from smdtui.jobs.log_file import BLOCK, LogFile
from smdtui.jobs.log_text import CLIP


@pytest.fixture
def opened():
    files = []

    def open_(path):
        files.append(LogFile(path))
        return files[-1]

    yield open_
    for file in files:
        file.close()


def whole(file: LogFile) -> LogFile:
    while file.grow(1) and not file.complete:
        pass
    return file


def write_random(path, seed, count=20_000):
    rng = random.Random(seed)
    lines = [f"[{rng.randrange(5)}] {n} " + "x" * rng.choice((0, 3, 40, 200)) for n in range(count)]
    path.write_text("\n".join(lines) + "\n")
    return lines


def test_lines_equal_those_of_python(tmp_path, opened):
    path = tmp_path / "log.txt"
    lines = write_random(path, 1)
    file = whole(opened(path))
    assert file.complete and file.lines == len(lines)
    for begin in (0, 1, 999, 7777, len(lines) - 3):
        assert file.get(begin, 5) == lines[begin : begin + 5]
    assert file.get(0, 10**6) == lines
    assert file.get(len(lines), 5) == []


LINE = st.text(st.characters(blacklist_characters="\n\r\x1b", blacklist_categories=("Cs",)), max_size=30)


@settings(max_examples=60, deadline=None)
@given(st.lists(LINE, max_size=40), st.booleans(), st.integers(3, 40))
def test_any_lines_in_any_blocks(tmp_path_factory, lines, closed, block):
    lines = ["| " + line for line in lines]
    path = tmp_path_factory.mktemp("log") / "log.txt"
    path.write_bytes("\n".join(lines).encode() + (b"\n" if closed and lines else b""))
    before = log_file.BLOCK, log_file.TAIL
    log_file.BLOCK = block
    try:
        file = LogFile(path)
        whole(file)
        assert file.lines == len(lines)
        assert file.get(0, 100) == lines
        for n, line in enumerate(lines):
            assert file.get(n, 1) == [line]
        file.close()
    finally:
        log_file.BLOCK, log_file.TAIL = before


def test_the_end_is_there_before_the_rest_is_counted(tmp_path, opened):
    """1 GB: a file with a hole, of which only the ends are looked at."""
    path = tmp_path / "log.txt"
    last = [f"[1] end {n}" for n in range(200)]
    with open(path, "wb") as f:
        f.write(b"[0] first\n" * 1000)
        f.seek(1_000_000_000)
        f.write(b"\n" + "\n".join(last).encode() + b"\n")
    file = opened(path)
    assert file.grow(0.0)
    assert not file.complete
    assert file.get(file.lines - 24, 24) == last[-24:]
    assert len(file.get(file.lines // 2, 24)) == 24
    file.grow(1e-4)
    assert file.get(0, 3) == ["[0] first"] * 3
    assert file.get(file.lines - 2, 5) == last[-2:]


def test_growth_and_an_open_last_line(tmp_path, opened):
    path = tmp_path / "log.txt"
    path.write_text("a\nb")
    file = whole(opened(path))
    assert (file.lines, file.get(0, 9)) == (2, ["a", "b"])
    assert not file.grow()
    with open(path, "a") as f:
        f.write("c\nd\n")
    assert file.grow()
    assert file.get(0, 9) == ["a", "bc", "d"]


def test_truncation_and_rotation(tmp_path, opened):
    path = tmp_path / "log.txt"
    path.write_text("a\nb\nc\n")
    file = whole(opened(path))
    path.write_text("z\n")
    assert file.grow()
    assert file.get(0, 9) == ["z"]
    os.rename(path, tmp_path / "old")
    assert not file.grow()
    path.write_text("new 1\nnew 2\n")
    assert file.grow()
    assert file.get(0, 9) == ["new 1", "new 2"]


def test_a_line_of_50_mb_is_clipped_and_the_next_found(tmp_path, opened):
    path = tmp_path / "log.txt"
    with open(path, "wb") as f:
        f.write(b"before\n" + b"y" * 50_000_000 + b"\nafter\n" + b"q" * (2 * BLOCK) + b"\nlast")
    file = whole(opened(path))
    assert file.lines == 5
    got = file.get(0, 5)
    assert [g[:6] for g in got] == ["before", "yyyyyy", "after", "qqqqqq", "last"]
    assert max(map(len, got)) <= CLIP + 2
    assert file.get(2, 1) == ["after"]
    assert file.search("after", 0) == 2


def test_what_a_terminal_would_not_show(tmp_path, opened):
    path = tmp_path / "log.txt"
    path.write_bytes(b"\x1b[31mred\x1b[0m\n10%\r20%\r30%\ndos\r\nnul\0nul\n\xff\xfe\n[2] a[2]  b\n\x1b]0;title\x07x\n")
    assert whole(opened(path)).get(0, 9) == ["red", "30%", "dos", "nul\0nul", "��", "[2] a b", "x"]


def test_of_a_progress_bar_only_the_last_is_shown_however_long(tmp_path, opened):
    path = tmp_path / "log.txt"
    bar = "[2] " + "".join(f"\r{n / 1000:6.2f}% done" for n in range(100_001))
    path.write_text("before\n" + bar + "\nafter\n" + bar)
    file = opened(path)
    file.grow(0.0)
    assert file.get(file.lines - 1, 1) == ["100.00% done"]  # only its end has been read
    whole(file)
    assert file.get(0, 9) == ["before", "[2] 100.00% done", "after", "[2] 100.00% done"]


def test_a_file_cut_and_longer_than_before_is_read_anew(tmp_path, opened):
    path = tmp_path / "log.txt"
    path.write_text("a\nb\n")
    file = whole(opened(path))
    path.write_text("other\nlines\nhere\n")
    assert file.grow()
    assert file.get(0, 9) == ["other", "lines", "here"]


def test_search_tells_how_far_it_is_and_stops(tmp_path, opened):
    path = tmp_path / "log.txt"
    with open(path, "wb") as f:
        f.write(b"first\n" + bytes(20_000_000) + b"\nlast\n")
    file = opened(path)
    shares = []
    assert file.search("nowhere", 0, progress=shares.append) is None
    assert shares == sorted(shares) and len(shares) > 10 and shares[0] >= 0 and 0.9 < shares[-1] <= 1
    seen = []
    assert file.search("last", 0, stop=lambda: len(seen) > 3, progress=seen.append) is None
    assert len(seen) == 4
    assert file.search("last", 0) == 2


def test_search_equals_python(tmp_path, opened):
    path = tmp_path / "log.txt"
    lines = write_random(path, 2, 30_000)
    file = opened(path)
    for needle in ("] 12345 ", "] 29999 ", "] 0 ", "xxx"):
        hits = [n for n, line in enumerate(lines) if needle in line]
        for start in (0, hits[0], hits[0] + 1, 15_000, len(lines) - 1):
            assert file.search(needle, start) == next((h for h in hits if h >= start), None)
            back = file.search(needle, start, backwards=True)
            assert back == next((h for h in reversed(hits) if h <= start), None)
    assert file.search("nowhere", 0) is None
    assert file.search("nowhere", len(lines), backwards=True) is None
    assert file.search("xxx", 0, stop=lambda: True) is None


def test_search_ignores_case_unless_asked(tmp_path, opened):
    path = tmp_path / "log.txt"
    path.write_text("one\nERROR two\nError three\n")
    file = opened(path)
    assert file.search("error", 0) == 1
    assert file.search("Error", 0) == 2


def test_a_closed_file_says_so(tmp_path):
    path = tmp_path / "log.txt"
    path.write_text("a\n")
    file = LogFile(path)
    file.close()
    with pytest.raises(ValueError, match="closed"):
        file.grow()
    with pytest.raises(OSError):
        LogFile(tmp_path / "none")

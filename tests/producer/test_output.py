"""Who may give the produced file its name."""

import os

import pytest

from producer import lock
from producer.output import Output, OutputRefused


@pytest.fixture
def output(tmp_path):
    """One that is open, with its merged file."""
    output = Output(tmp_path / "o.h5")
    output.open()
    output.growing.write_text("new")
    yield output
    output.close()


def take(path):
    """As another production does that believes the owner dead."""
    path.unlink()
    path.write_text('{"host": "other", "pid": 1}')


@pytest.mark.parametrize("lose", [take, lambda path: path.unlink()], ids=["taken", "removed"])
def test_nothing_is_published_without_the_lock(output, tmp_path, lose):
    output.path.write_text("earlier")
    output.keep_locked()
    path = tmp_path / "o.h5.inprogress.lock"
    lose(path)
    there = path.exists()
    for act in (output.keep_locked, output.publish):
        with pytest.raises(OutputRefused, match="is no longer ours to write: its lock"):
            act()
    assert output.path.read_text() == "earlier" and not (tmp_path / "previous").exists()
    output.close()
    assert path.exists() == there  # the lock of another is left alone


def test_a_lock_that_was_lost_while_the_file_was_flushed(output, tmp_path, monkeypatch):
    output.path.write_text("earlier")
    flush = os.fsync
    monkeypatch.setattr(os, "fsync", lambda number: (flush(number), take(tmp_path / "o.h5.inprogress.lock")))
    with pytest.raises(OutputRefused, match="no longer ours"):
        output.publish()
    assert output.path.read_text() == "earlier"


def test_what_is_published_has_the_lock(output):
    output.publish()
    assert output.path.read_text() == "new"


def test_the_lock_of_another_is_not_kept_alive(tmp_path, monkeypatch):
    monkeypatch.setattr(lock, "BEAT", 0.02)
    path = tmp_path / "o.h5.inprogress.lock"
    held = lock.Lock(path)
    os.utime(path, (1, 1))
    while path.stat().st_mtime == 1:  # it beats
        held.beating.join(0.01)
    take(path)
    held.beating.join(10)
    assert not held.beating.is_alive()


def test_the_lock_is_let_go_when_what_is_left_cannot_be_removed(tmp_path):
    (tmp_path / "o.h5.inprogress.rank0002").mkdir()
    output = Output(tmp_path / "o.h5")
    with pytest.raises(OutputRefused, match="cannot be written"):
        output.open()
    assert not (tmp_path / "o.h5.inprogress.lock").exists()
    (tmp_path / "o.h5.inprogress.rank0002").rmdir()
    assert output.open() == ""
    output.close()

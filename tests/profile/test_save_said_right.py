"""A save is said to have failed when, and only when, the file is as it was; and nothing else in the process is hurt."""

import errno
import os
import stat
import threading
from pathlib import Path

import pytest

from smdtui.commands.importing import write_new
from smdtui.new_file_mode import new_file_mode
from smdtui.profile import save as saving
from smdtui.profile.document import ProfileDocument, SaveFailed

TEXT = 'format = 1\ntitle = "before"\n'


@pytest.fixture
def document(tmp_path):
    path = tmp_path / "p.toml"
    path.write_text(TEXT)
    document = ProfileDocument.open(path)
    document.text = TEXT.replace("before", "after")
    return document


def log(document):
    return document.path.parent / ".history" / "p.jsonl"


def test_a_log_that_cannot_be_written_fails_before_anything_is_replaced(document):
    log(document).parent.mkdir()
    log(document).mkdir()
    with pytest.raises(SaveFailed):
        document.save("anna")
    assert document.path.read_text() == TEXT and document.unsaved
    log(document).rmdir()
    document.save("anna")
    assert document.path.read_text() == document.text and not document.unsaved


def test_a_folder_that_cannot_be_synced_does_not_turn_a_save_into_a_failure(document, monkeypatch):
    sync = os.fsync

    def files_only(descriptor):
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(errno.EIO, "Input/output error")
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", files_only)
    document.save("anna")
    assert document.path.read_text() == document.text and not document.unsaved
    document.text = TEXT
    document.save("anna")  # what is on disk is known: nobody else changed it
    assert document.path.read_text() == TEXT


def test_a_replacement_that_fails_leaves_no_line_in_the_log(document, monkeypatch):
    document.save("anna", "first")
    before = log(document).read_bytes()
    document.text = TEXT.replace("before", "again")
    replace = os.replace

    def refused(source, target):
        if Path(target) == document.path:
            raise OSError(errno.EACCES, "Permission denied")
        replace(source, target)

    monkeypatch.setattr(os, "replace", refused)
    with pytest.raises(SaveFailed):
        document.save("anna", "second")
    assert log(document).read_bytes() == before and document.unsaved
    monkeypatch.setattr(os, "replace", replace)
    document.save("anna", "third")
    assert next(v.why for v in document.history()) == "third" and log(document).read_bytes().startswith(before)


@pytest.mark.parametrize(("mask", "mode"), [(0o022, 0o644), (0o002, 0o664), (0o077, 0o600), (0, 0o664)])
def test_new_files_have_the_mode_of_the_umask_and_nobody_elses_does_change(tmp_path, mask, mode):
    before = os.umask(mask)
    try:
        saving.save(tmp_path / "new.toml", TEXT, None, "anna", "")
        write_new(tmp_path / "imported.toml", TEXT)
    finally:
        os.umask(before)
    assert {stat.S_IMODE((tmp_path / n).stat().st_mode) for n in ("new.toml", "imported.toml")} == {mode}
    assert [p.name for p in tmp_path.iterdir() if p.name.endswith(".mode")] == []


def test_the_umask_is_never_set(tmp_path, monkeypatch):
    def never(mask):
        raise AssertionError("the umask belongs to all threads")

    monkeypatch.setattr(os, "umask", never)
    found = []
    thread = threading.Thread(target=lambda: found.append(new_file_mode(tmp_path)))
    thread.start()
    thread.join()
    assert found and not found[0] & 0o002
    saving.save(tmp_path / "a.toml", TEXT, None, "anna", "")
    write_new(tmp_path / "b.toml", TEXT)

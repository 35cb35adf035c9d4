"""A full disk while saving: the file and the buffer stay as they were, the reason is said, and a later save works."""

import os
import subprocess

import pytest

from smdtui.profile.document import ProfileDocument, SaveFailed

TEXT = 'format = 1\ntitle = "before"\n'


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 64 kB."""
    if os.geteuid() != 0:
        pytest.skip("only root can mount a small file system")
    place = tmp_path / "small"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(place)], capture_output=True, text=True
    )
    if mounted.returncode:
        pytest.skip(f"a small file system cannot be mounted here: {mounted.stderr.strip()}")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def fill(place):
    """Take what is left of the disk."""
    with open(place / "filler", "wb", buffering=0) as filler:
        try:
            while True:
                filler.write(b"x" * 512)
        except OSError:
            pass


def test_nothing_is_lost_and_it_is_said(small_disk):
    path = small_disk / "p.toml"
    path.write_text(TEXT)
    document = ProfileDocument.open(path)
    document.text = TEXT.replace("before", "after " * 2000)
    fill(small_disk)
    with pytest.raises(SaveFailed, match="the disk is full; your changes are still here"):
        document.save("anna")
    assert path.read_text() == TEXT and document.unsaved and "after" in document.text
    assert [p.name for p in small_disk.iterdir() if p.name.startswith(".p.toml")] == [], "no half-written file stays"
    (small_disk / "filler").unlink()
    document.save("anna")
    assert path.read_text() == document.text and next(v.text() for v in document.history()) == TEXT

"""Several people on one experiment: who is there, who did what, what one may not do; and the modes of what is made."""

import json
import os
import stat
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from conftest_jobs import bench, ended  # noqa: F401

from smdtui.jobs import engine, rights
from smdtui.jobs.consoles import GONE, Notice, folder_of, others, words
from smdtui.jobs.deeds import deed, record
from smdtui.jobs.folder import JobFolder

OTHER = """
import sys, time
from pathlib import Path
from types import SimpleNamespace
from smdtui.jobs.consoles import Notice
notice = Notice(SimpleNamespace(results=Path(sys.argv[1])), "bob")
assert notice.touch()
print("here", flush=True)
time.sleep(600)
"""


@pytest.fixture
def place(tmp_path):
    return SimpleNamespace(results=tmp_path / "results" / "smdtui", hdf5=tmp_path / "hdf5")


def test_another_console_is_seen_until_its_process_is_gone(place):
    place.results.mkdir(parents=True)
    mine = Notice(place, "ada")
    assert mine.touch() and mine.touch() and others(place) == []
    child = subprocess.Popen([sys.executable, "-c", OTHER, str(place.results)], stdout=subprocess.PIPE)
    try:
        assert child.stdout.readline() == b"here\n"
        [bob] = others(place)
        assert (bob.who, bob.pid) == ("bob", child.pid)
        assert words([bob], "ada").startswith("also here: bob (") and words([bob], "bob").startswith("also here: you (")
    finally:
        child.kill()
        child.wait()
    assert others(place) == []
    assert [f.name for f in folder_of(place).iterdir()] == [mine.file.name], "what it left is cleared away"
    mine.withdraw()
    assert list(folder_of(place).iterdir()) == [] and words([], "ada") == ""


def test_a_console_of_another_machine_is_there_while_it_shows_itself(place):
    folder_of(place).mkdir(parents=True)
    entry = {"who": "eve", "host": "elsewhere", "pid": 1, "born": 5, "since": "2026-11-22T06:00:00Z"}
    file = folder_of(place) / "elsewhere-1.json"
    file.write_text(json.dumps(entry))
    (folder_of(place) / "half.json").write_text('{"who": "e')
    assert [c.who for c in others(place)] == ["eve"]
    assert others(place, time.time() + GONE + 1) == [] and not file.exists()


def test_opening_the_app_begins_nothing_where_nothing_is(place):
    assert not Notice(place, "ada").touch() and not place.results.parent.exists()
    assert others(place) == []


def test_who_may_only_look_leaves_no_notice_and_breaks_nothing(place, monkeypatch):
    def refuse(path):
        raise PermissionError(13, "Permission denied", str(path))

    place.results.mkdir(parents=True)
    monkeypatch.setattr("smdtui.jobs.consoles.make_folder", refuse)
    notice = Notice(place, "ada")
    assert notice.touch() is False
    notice.withdraw()


def test_who_did_what_as_lines(bench, monkeypatch):  # noqa: F811
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    folder = bench.launch("slow")
    engine.cancel(folder, "bob")
    ended(folder)
    text = record(folder.events())
    assert "ada@" in text and " launched (engine local, ranks 1)" in text and "bob@" in text and " cancelled" in text
    assert text.splitlines()[0][:4].isdigit() and record([]) == "Nothing is recorded of it."
    assert deed({"what": "unreadable", "text": "{"}) == "somebody left a line that cannot be read (text {)"
    assert record([{"what": "noted", "who": "eve", "time": 5}]).endswith("eve noted")


# -- rights and modes
def test_everything_made_in_a_shared_folder_is_the_groups_and_never_everybodys(bench):  # noqa: F811
    base = bench.place.results.parent
    base.mkdir(parents=True)
    base.chmod(0o2770)
    before = os.umask(0)  # the worst that a person can have set
    try:
        notice = Notice(bench.place, "ada")
        assert notice.touch()
        folder = bench.launch()
        ended(folder)
    finally:
        os.umask(before)
    seen = 0
    for path in [bench.place.results, *bench.place.results.rglob("*")]:
        mode = path.lstat().st_mode
        if path.is_relative_to(folder.path) and path.parent.name == "progress":
            continue  # written by the ranks; their folder says who may
        seen += 1
        assert not mode & stat.S_IWOTH, f"{path} is writable for everybody ({mode:o})"
        if stat.S_ISDIR(mode):
            assert mode & stat.S_ISGID and mode & stat.S_IWGRP, f"{path} is not the group's ({mode:o})"
    assert seen > 8


def test_what_you_may_not_do_is_said_before(place, monkeypatch):
    assert rights.launching(place) == ""
    place.results.mkdir(parents=True)
    job = SimpleNamespace(folder=JobFolder(place.results), who="bob")
    assert rights.controlling(job) == ""
    monkeypatch.setattr("smdtui.jobs.rights.os.access", lambda path, how: False)
    said = rights.launching(place)
    assert said.startswith("you may only look: the folder of the jobs is not writable for you (")
    assert f"belongs to {Path(place.results).owner()}" in said and "mode" in said
    assert rights.controlling(job).endswith("ask bob")

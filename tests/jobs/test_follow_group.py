"""The next follower of an experiment may be another person of the group."""

import os
import stat
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest

from smdtui.jobs.follow import Aim, Follower, FollowError
from smdtui.jobs.follow_control import status

NOBODY = 65534


@pytest.fixture
def group_place(bench):
    """An experiment whose results a group shares, where others than this user may go."""
    with tempfile.TemporaryDirectory() as name:
        results = Path(name) / "results"
        results.mkdir()
        if os.getuid() == 0:
            os.chown(results, 0, NOBODY)
        results.chmod(0o2770)
        Path(name).chmod(0o755)
        yield replace(bench.place, results=results)


def follower(bench, place, who):
    return Follower(Aim(bench.site, place, bench.profile, ranks=1, who=who))


def test_what_a_follower_leaves_the_group_can_write(bench, group_place):
    before = os.umask(0o022)
    try:
        first = follower(bench, group_place, "ada")
        first.start()
        first.beat()
        first.stop()
    finally:
        os.umask(before)
    left = list((group_place.results / "follow").iterdir())
    assert {path.name for path in left} == {"beat", ".lock", "events.jsonl"}
    assert all(path.stat().st_mode & stat.S_IWGRP and not path.stat().st_mode & stat.S_IWOTH for path in left)


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become another user")
@pytest.mark.parametrize("mode", [0o660, 0o644])  # 644: as it was once written
def test_another_person_of_the_group_follows_next(bench, group_place, mode):
    first = follower(bench, group_place, "ada")
    first.start()
    first.stop()
    (group_place.results / "follow" / "beat").chmod(mode)
    second = follower(bench, group_place, "bob")

    def as_bob():
        second.start()
        second.beat()
        assert status(group_place).who == "bob"
        second.stop()

    assert as_nobody(as_bob) == 0


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become another user")
def test_who_may_not_write_there_is_not_written_down(bench, group_place):
    first = follower(bench, group_place, "ada")
    first.start()
    first.stop()
    (group_place.results / "follow").chmod(0o2750)
    (group_place.results / "follow" / "beat").chmod(0o640)

    def as_bob():
        with pytest.raises((OSError, FollowError)):
            follower(bench, group_place, "bob").start()

    assert as_nobody(as_bob) == 0
    assert not (group_place.results / "follow" / "follower.toml").exists()


def as_nobody(work) -> int:
    """0 when `work` went through in a process of another user, of the same group."""
    child = os.fork()
    if child == 0:
        try:
            os.setgroups([NOBODY])
            os.setresgid(NOBODY, NOBODY, NOBODY)
            os.setresuid(NOBODY, NOBODY, NOBODY)
            os.umask(0o022)
            work()
            os._exit(0)
        except BaseException as error:
            os.write(2, f"{error!r}\n".encode())
            os._exit(1)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

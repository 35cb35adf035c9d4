"""The looking at jobs goes on whatever one look met."""

from conftest_jobs import Place, wait_for

from smdtui.jobs import feed as feed_module
from smdtui.jobs import follow_control, rights, store
from smdtui.jobs.feed import JobFeed


def place(tmp_path):
    return Place("xppfake", tmp_path, tmp_path / "smdtui", tmp_path / "hdf5")


def test_a_folder_that_fails_for_a_moment_stops_no_looking(tmp_path, monkeypatch):
    looks, failing, real = [], [True], follow_control.status

    def stale(experiment):
        if failing:
            raise OSError(116, "Stale file handle", "/results/follow")
        return real(experiment)

    monkeypatch.setattr(follow_control, "status", stale)
    monkeypatch.setattr(feed_module, "ASIDE", 0.0)
    feed = JobFeed(lambda: place(tmp_path), "ada", looks.append)
    feed.look()
    assert "/results/follow: Stale file handle" in looks[-1].here and not looks[-1].trouble
    failing.clear()
    feed.look()
    assert looks[-1].here == "" and looks[-1].follow is not None


def test_a_bug_in_one_look_is_told_and_the_next_look_comes(tmp_path, monkeypatch):
    real, bugs, told, looks = store.list_jobs, [], [], []
    monkeypatch.setattr(store, "list_jobs", lambda *a, **more: 1 / bugs.pop() if bugs else real(*a, **more))
    monkeypatch.setattr(feed_module, "FAR", 0.01)
    feed = JobFeed(lambda: place(tmp_path), "ada", looks.append)
    feed.failed = told.append
    feed.start()
    try:
        wait_for(lambda: looks, "a look")
        bugs[:] = [0]
        wait_for(lambda: told, "the bug")
        wait_for(lambda: len(looks) == 2, "the same look, told anew after the bug")
    finally:
        feed.close()


def test_what_cannot_be_looked_at_is_not_writable(tmp_path, monkeypatch):
    class Stale(type(tmp_path)):
        def exists(self):
            raise OSError(5, "Input/output error", str(self))

    assert rights.unwritable(Stale(tmp_path)) == "cannot be looked at: Input/output error"

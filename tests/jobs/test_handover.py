"""The hand-over: from real job folders, real versions of a profile, and as a command."""

import os
import time
from dataclasses import replace
from types import SimpleNamespace

import pytest
from conftest_jobs import bench, ended, wait_for  # noqa: F401

from smdtui.jobs import engine
from smdtui.jobs.handover import gather, since_when
from smdtui.jobs.handover_text import markdown
from smdtui.profile.place import folder as profiles_folder
from smdtui.profile.save import save

NOW = 1_800_000_000.0  # 2027-01-15 08:00 UTC


@pytest.fixture(autouse=True)
def utc(monkeypatch):
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()


@pytest.mark.parametrize(
    "text, hours_ago",
    [("8h", 8), ("90m", 1.5), ("3d", 72), ("06:00", 2), ("09:00", 23), ("2027-01-15T07:00", 1), ("2027-01-15", 8)],
)
def test_since_when(text, hours_ago):
    assert since_when(text, NOW) == pytest.approx(NOW - hours_ago * 3600)


@pytest.mark.parametrize("text", ["", "eight", "8x", "25:00", "2027-13-01"])
def test_a_moment_that_is_not_understood_is_said(text):
    with pytest.raises(ValueError, match="8h"):
        since_when(text, NOW)


def run(number, state="complete", begin=None, problem=None):
    begin = (time.time() - 600 if begin is None else begin) * 1e9
    return SimpleNamespace(
        run=number, begin=begin, end=begin + 120e9, last=begin + 120e9, seconds=120.0, events=1500, state=state,
        problem=problem,
    )  # fmt: skip


def edit(path, text, who, why):
    seen = path.read_bytes() if path.exists() else None
    save(path, text, seen, who, why)


@pytest.fixture
def night(bench):  # noqa: F811
    """Run 7 verified, then again with another plan; run 8 failed; run 9 cancelled by bob; run 10 never produced."""
    profile = profiles_folder(bench.place) / "p.toml"
    profile.parent.mkdir(parents=True)
    text = 'format = 1\nhutch = "xpp"\n\n[runs.all.epix_1.droplet]\nthreshold = 10.0\n'
    edit(profile, text, "ada", "first")
    bench.profile = profile
    ended(bench.launch(run=7))
    edit(profile, text.replace("10.0", "12.0"), "bob", "less noise")
    again = ended(bench.launch(run=7))
    ended(bench.launch("raise 0", run=8))
    slow = bench.launch("slow", run=9)
    engine.cancel(slow, "bob")
    ended(slow)
    return bench, again


def test_what_was_recorded_produced_failed_and_changed_and_by_whom(night):
    bench, again = night  # noqa: F811
    old = run(1, begin=time.time() - 10 * 86400)
    runs = [old, run(7), run(8), run(9), run(10), run(11, "damaged", problem="stream 3 ends in | an event")]
    now = time.time()
    shift = gather(bench.place, runs, now - 8 * 3600, now, "ada")
    assert [(line.summary.run, line.production) for line in shift.runs] == [
        (7, "verified"), (8, "failed"), (9, "cancelled"), (10, "none"), (11, "none"),
    ]  # fmt: skip
    assert len(shift.jobs) == 4 and shift.jobs[-1].run == 7
    plan, saved = sorted(shift.changes, key=lambda c: c.run is None)  # their times: the same second
    assert (saved.profile, saved.who, saved.why, saved.run) == ("p.toml", "bob", "less noise", None)
    assert (plan.run, plan.who, plan.when) == (7, "ada", pytest.approx(now, abs=300))
    assert {c.name for c in plan.changes} == {"detectors.epix_1.droplet.threshold"}
    assert [(c.before, c.after) for c in plan.changes] == [(10.0, 12.0)]
    [cancelled] = shift.deeds
    assert cancelled.text.startswith("bob@") and "cancelled run 9" in cancelled.text

    text = markdown(shift)
    assert "* run 8 **failed**: " in text and "the detector has no calibration" in text
    assert "* run 11 **damaged**: stream 3 ends in \\| an event" in text
    assert "not (rightly) produced: 8, 9, 10, 11" in text and "5 runs recorded" in text
    assert "jobs: 1 failed, 1 cancelled, 2 verified" in text
    assert "`runs.all.epix_1.droplet.threshold`: `10` → `12`" in text
    assert "run 7 launched again" in text and "nobody follows" in text
    produced = [line for line in text.splitlines() if line.startswith("| 7 ") and str(again.output) in line]
    assert len(produced) == 2, "both productions of run 7"
    tables = [line for line in text.splitlines() if line.startswith("|")]
    assert {line.replace("\\|", "").count("|") for line in tables} <= {6, 8}, "no cell breaks its table"

    other = replace(shift, jobs=tuple(replace(job, who="eve | mallory") for job in shift.jobs))
    assert "eve | mallory" not in markdown(other), "a name cannot break the table"

    later = now + 3600  # what was before is left out
    shift = gather(bench.place, [run(7), run(12, "recording")], later, later + 60, "ada")
    assert (shift.jobs, shift.changes, shift.deeds) == ((), (), ())
    assert [line.summary.run for line in shift.runs] == [12], "what is being recorded belongs to every shift"
    text = markdown(shift)
    assert "Nothing: no job failed" in text and "No job is at work." in text and "Nothing was changed." in text

    (again.folder.path / "plan.toml").write_text("no = [toml")
    assert "its plans cannot be compared" in markdown(gather(bench.place, [], now - 3600, now, "ada"))


def test_a_failure_that_was_mended_says_so_and_work_in_progress_its_state(bench):  # noqa: F811
    ended(bench.launch("raise 0", run=8))
    ended(bench.launch("nothing", run=8))
    slow = bench.launch("slow", run=9)
    wait_for(lambda: (slow.path / "progress" / "total.json").exists(), "its progress")
    now = time.time()
    shift = gather(bench.place, [], now - 3600, now, "")
    text = markdown(shift)
    assert "* run 8 **failed** (verified since, by ada): " in text
    assert "* run 9 running" in text and "by ada on local" in text and "written by somebody" in text


def test_the_command_writes_a_file_once(written_experiment, capsys, tmp_path):
    from smdtui.cli import main

    words = ["handover", "tmoc00126", "--dir", str(written_experiment), "--results", str(tmp_path / "results")]
    assert main([*words, "--since", "2000-01-01"]) == 0
    text = capsys.readouterr().out
    assert text.startswith("# Hand-over of tmoc00126\n") and "| 12" in text and "not produced" in text
    out = tmp_path / "night.md"
    assert main([*words, "--since", "1d", "-o", str(out)]) == 0 and out.read_text().startswith("# Hand-over")
    out.write_text("mine")
    assert main([*words, "-o", str(out)]) == 1 and out.read_text() == "mine"
    assert main([*words, "--since", "yesterday"]) == 1 and "not understood" in capsys.readouterr().err


@pytest.fixture
def written_experiment(tmp_path_factory, monkeypatch, tmp_path):
    from producer.synthetic import EXPERIMENT, experiment

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    directory = tmp_path_factory.mktemp("data") / "xtc"
    experiment.write_run(directory, run=12, kind=experiment.PLAIN, events=4, pvs=5, detectors=["epix100_0"])
    assert EXPERIMENT == "tmoc00126" and os.listdir(directory)
    return directory

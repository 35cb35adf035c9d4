"""The contracts of the command line, through the installed program: exit statuses, JSON shapes, words."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from places import ROOT

COMMANDS = [
    "app",
    "demo",
    "runs",
    "names",
    "check",
    "show",
    "diff",
    "submit",
    "jobs",
    "log",
    "cancel",
    "verify",
    "follow",
    "hold",
    "release",
    "retry",
    "clean",
]
PROFILE = """\
format = 1
hutch = "tmo"

[epics]
per_event = ["sam_x"]

[[runs.all.epix100_0.roi]]
name = "spot"
region = [[100, 200], [50, 150]]

[[runs.13-.epix100_0.roi]]
name = "spot"
region = [[110, 200], [50, 150]]
"""


def smdtui(*words, cwd: Path | None = None, timeout: float = 90):
    command = [sys.executable, "-m", "smdtui.cli", *map(str, words)]
    return subprocess.run(
        command, cwd=cwd or ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=timeout
    )


def asked(*words, status: int = 0):
    done = smdtui(*words)
    assert done.returncode == status, done.stderr
    assert "Traceback" not in done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def xtc(small_experiment):
    return small_experiment / "tmo" / "tmoc00126" / "xtc"


@pytest.fixture
def profile(tmp_path):
    path = tmp_path / "profile.toml"
    path.write_text(PROFILE)
    return path


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_has_help_with_an_example(command):
    done = smdtui(command, "--help")
    assert done.returncode == 0
    assert f"smdtui {command}" in done.stdout.partition("examples:")[2] or command == "app"
    assert "examples:" in done.stdout


def test_runs_as_json(xtc):
    table = asked("runs", "tmoc00126", "--dir", xtc, "--json")
    assert table["experiment"] == "tmoc00126"
    by_run = {r["run"]: r for r in table["runs"]}
    assert sorted(by_run) == [12, 13, 14, 15, 16]
    first = by_run[12]
    assert set(first) >= {"run", "begin", "end", "events", "streams", "bytes", "state", "problem", "production"}
    assert first["begin"] < first["end"] and first["begin"].endswith("Z")
    assert (first["state"], first["problem"], first["production"]) == ("complete", None, "none")
    assert by_run[16]["state"] == "recording" and by_run[16]["end"] is None
    assert by_run[13]["scan"] is True


def test_names_as_json_and_as_detnames_prints_them(xtc):
    table = asked("names", "tmoc00126", 12, "--dir", xtc, "--json")
    assert {"experiment", "run", "detectors", "epics", "scan"} <= set(table)
    epix = next(d for d in table["detectors"] if d["name"] == "epix100_0")
    assert set(epix) >= {"name", "type", "data_types", "shape", "dtype"}
    assert {"alias", "pv"} <= set(table["epics"][0])
    only = asked("names", "tmoc00126", 12, "-e", "--dir", xtc, "--json")
    assert "detectors" not in only and only["epics"] == table["epics"]
    scan = asked("names", "tmoc00126", 13, "-s", "--dir", xtc, "--json")
    assert scan["scan"] and all(set(s) >= {"name"} for s in scan["scan"])
    plain = smdtui("names", "tmoc00126", 12, "--dir", xtc)
    assert plain.returncode == 0 and "epix100_0" in plain.stdout and table["epics"][0]["alias"] in plain.stdout


def test_show_says_where_each_value_comes_from(profile):
    table = asked("show", profile, "--run", 14, "--json")
    assert table["run"] == 14
    (spot,) = table["plan"]["detectors"]["epix100_0"]["roi"]
    assert spot["region"] == [[110, 200], [50, 150]]
    assert table["origin"]["detectors.epix100_0.roi[0].region"]["line"] == 13
    assert (
        asked("show", profile, "--run", 2, "--json")["plan"]["detectors"]["epix100_0"]["roi"][0]["region"][0][0] == 100
    )
    assert f"{profile}:13" in smdtui("show", profile, "--run", 14).stdout


def test_diff_between_runs_and_between_profiles(profile, tmp_path):
    table = asked("diff", profile, "--run", 12, "--run", 13, "--json")
    assert [c["key"] for c in table["changes"]] == ["detectors.epix100_0.roi[spot].region"]
    other = tmp_path / "other.toml"
    other.write_text(PROFILE.replace('"sam_x"', '"sam_x", "sam_y"'))
    changes = asked("diff", profile, other, "--run", 12, "--json")["changes"]
    assert all(c["before"] is None and c["key"].startswith("epics.per_event[sam_y]") for c in changes) and changes
    assert smdtui("diff", profile, "--run", 12).returncode == 1


def test_check_reports_every_mistake_with_its_line(tmp_path):
    path = tmp_path / "bad.toml"
    path.write_text(
        'format = 1\nhutsch = "xpp"\n\n[epics]\nper_event = "s1h_w"\n\n'
        '[[analog_input]]\nchannel = 16\nname = "laser"\n\n'
        "[[runs.1-20.epix_1.roi]]\nregon = [[0, 5]]\n\n[[runs.20-9.epix_1.roi]]\nregion = [[0, 5]]\n"
    )
    table = asked("check", path, "--json", status=1)
    found = {p["line"]: p for p in table["problems"] if p["severity"] == "error"}
    assert sorted(found) == [2, 5, 8, 12, 14]
    assert found[2]["suggestion"] == "hutch" and found[12]["suggestion"] == "region"
    assert set(found[8]) == {"severity", "file", "line", "column", "key", "message", "suggestion"}
    said = smdtui("check", path)
    assert said.returncode == 1 and f"{path}:8:" in said.stdout and "5 errors" in said.stderr


def test_check_against_a_run_names_what_it_lacks(profile, xtc, tmp_path):
    right = asked("check", profile, "--exp", "tmoc00126", "--run", "12", "--dir", xtc, "--json")["problems"]
    assert "error" not in {p["severity"] for p in right}
    wrong = tmp_path / "wrong.toml"
    wrong.write_text(PROFILE.replace("epix100_0", "epix10_0").replace("sam_x", "sam_xx"))
    said = smdtui("check", wrong, "--exp", "tmoc00126", "--run", "12", "--dir", xtc)
    assert said.returncode == 1 and "epix100_0" in said.stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["runs", "nosuch00"], "nosuch00"),
        (["names", "tmoc00126", "99", "--dir", "{xtc}"], "no run 99"),
        (["runs", "tmoc00126", "--dir", "{empty}"], "{empty}"),
        (["runs", "tmoc00126", "--dir", "/no/such/folder"], "/no/such/folder"),
        (["check", "/no/such/profile.toml"], "/no/such/profile.toml"),
        (["show", "/no/such/profile.toml", "--run", "1"], "/no/such/profile.toml"),
        (["verify", "/no/such/file.h5"], "/no/such/file.h5"),
        (["log", "nosuchjob"], "nosuchjob"),
        (["cancel", "nosuchjob"], "nosuchjob"),
        (["runs"], "EXPERIMENT"),
    ],
)
def test_what_is_not_there_is_named_and_the_status_is_1(words, said, xtc, tmp_path):
    empty = tmp_path / "empty"
    empty.mkdir()
    known = {"{xtc}": str(xtc), "{empty}": str(empty)}
    done = smdtui(*[known.get(w, w) for w in words])
    assert done.returncode == 1
    assert known.get(said, said) in done.stderr + done.stdout
    assert "Traceback" not in done.stderr


def test_without_a_terminal_the_app_says_so():
    done = smdtui("xpplv2318")
    assert done.returncode == 1 and "needs a terminal" in done.stderr


def test_submit_dry_run_prints_the_script_and_starts_nothing(profile, xtc, tmp_path):
    results = tmp_path / "results"
    done = smdtui(
        "submit", "tmoc00126", "12,13", profile, "--dir", xtc, "--results", results, "--dry-run", "--ranks", 5
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("-m producer") == 2 and "--run 12" in done.stdout
    assert not results.exists()
    refused = smdtui(
        "submit", "tmoc00126", "12", profile, "--dir", xtc, "--results", results, "--dry-run", "--ranks", 2
    )
    assert refused.returncode == 1 and "at least 3" in refused.stderr


def test_submit_wait_jobs_log_verify(profile, xtc, tmp_path):
    """The whole loop by commands: one serial job to a verified file."""
    good = tmp_path / "good.toml"
    good.write_text(PROFILE.replace('"sam_x"', ""))
    place = ["--dir", xtc, "--results", tmp_path / "results"]
    (job,) = asked("submit", "tmoc00126", 12, good, *place, "--ranks", 1, "--wait", "--json")["jobs"]
    assert (job["state"], job["run"], job["cause"]) == ("verified", 12, None)
    assert set(job) >= {"id", "experiment", "run", "state", "done", "total", "rate", "eta_seconds", "cause"}
    (listed,) = asked("jobs", "tmoc00126", *place, "--json")["jobs"]
    assert listed["id"] == job["id"]
    assert "verified" in smdtui("log", job["id"]).stdout
    verdict = asked("verify", job["output"], "--json")
    assert (verdict["verdict"], verdict["events"]) == ("verified", job["total"])
    assert [(p["severity"], p["kind"]) for p in verdict["problems"]] == [("warning", "uncalibrated")]  # no --calib here
    assert verdict["expected"] == verdict["events"] and verdict["file"] == job["output"]
    produced = {r["run"]: r["production"] for r in asked("runs", "tmoc00126", *place, "--json")["runs"]}
    assert produced[12] == "verified" and produced[13] == "none"
    assert smdtui("cancel", job["id"]).returncode == 0

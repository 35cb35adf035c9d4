"""`smdtui hold`, `release`, `retry`, `clean`, and `submit` as the eLog calls it."""

import json
import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "jobs"))
from conftest_jobs import bench, ended  # noqa: F401

from smdtui.cli import main
from smdtui.jobs.folder import JobFolder, folders
from smdtui.jobs.job import read_job


@pytest.fixture
def site(bench, tmp_path, monkeypatch):  # noqa: F811
    path = tmp_path / "site.toml"
    path.write_text('[engines.local]\nkind = "local"\nranks = 1\n')
    monkeypatch.setenv("SMDTUI_SITE", str(path))
    return path


def test_a_local_job_can_be_neither_held_nor_released(bench, site, capsys):  # noqa: F811
    job = ended(bench.launch())
    for verb in ("hold", "release"):
        assert main([verb, str(job.folder.path), "no-such-job", "--json"]) == 1
        first, second = json.loads(capsys.readouterr().out)["jobs"]
        assert first["id"] == job.id and not first["done"]
        assert (
            "it is a local job, which waits for no scheduler: there is nothing to hold or release" in first["message"]
        )
        assert not second["done"] and "there is no job 'no-such-job'" in second["message"]
    assert not {"hold", "release"} & {e["what"] for e in job.folder.events()}


def test_retry_with_the_plan_it_had(bench, site, capsys):  # noqa: F811
    job = ended(bench.launch(run=7))
    bench.profile.write_text(bench.profile.read_text().replace("epix_1", "epix_2"))
    assert main(["retry", job.id, "--same-plan", "--wait", "--json"]) == 0
    (again,) = json.loads(capsys.readouterr().out)["jobs"]
    assert (again["state"], again["run"], again["plan_sha256"]) == ("verified", 7, job.plan_sha256)
    assert main(["retry", job.id, "--wait", "--json"]) == 0
    (now,) = json.loads(capsys.readouterr().out)["jobs"]
    assert now["state"] == "verified" and now["plan_sha256"] != job.plan_sha256
    for folder in folders(bench.jobs):
        ended(folder)


def test_the_plans_of_two_jobs_are_compared(bench, site, capsys):  # noqa: F811
    first = ended(bench.launch(run=7))
    bench.profile.write_text(bench.profile.read_text().replace("calib", "calib_max"))
    second = ended(bench.launch(run=8))
    assert main(["diff", first.id, second.id, "--json"]) == 0
    changes = {c["key"]: (c["before"], c["after"]) for c in json.loads(capsys.readouterr().out)["changes"]}
    sums = "detectors.epix_1.sums"
    assert changes == {f"{sums}[calib]": ("calib", None), f"{sums}[calib_max]": (None, "calib_max")}
    assert main(["diff", first.id, first.id]) == 0
    assert capsys.readouterr().out == "no difference\n"
    (second.folder.path / "plan.toml").unlink()
    assert main(["diff", first.id, second.id]) == 1
    assert f"{second.id} has no plan" in capsys.readouterr().err
    assert main(["diff", "a.toml", "b.toml"]) == 1
    assert "with two profiles give --run once" in capsys.readouterr().err


def test_clean_says_first_and_then_does(bench, site, capsys):  # noqa: F811
    job = ended(bench.launch())
    words = ["clean", "xppfake", "--dir", str(bench.place.directory), "--results", str(bench.place.results)]
    assert main([*words, "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"jobs": [], "bytes": 0}
    assert main([*words, "--older-than", "0", "--dry-run"]) == 0
    assert "would be freed in 1 job; plans and verdicts stay" in capsys.readouterr().out
    assert job.folder.has("log.txt")
    assert main([*words, "--older-than", "0", "--json"]) == 0
    assert [one["id"] for one in json.loads(capsys.readouterr().out)["jobs"]] == [job.id]
    assert not job.folder.has("log.txt") and read_job(job.folder).state == "verified"
    assert main([*words, "--older-than", "-1"]) == 1


def test_the_elog_names_experiment_run_and_data(bench, site, tmp_path, monkeypatch, capsys):  # noqa: F811
    root = tmp_path / "data"
    xtc = root / "xpp" / "xppfake" / "xtc"
    xtc.mkdir(parents=True)
    (xtc / "behaviour").write_text("nothing")
    site.write_text('data_roots = ["$SIT_PSDM_DATA"]\n' + site.read_text())
    for name, value in (("EXPERIMENT", "xppfake"), ("RUN_NUM", "17"), ("SIT_PSDM_DATA", str(root))):
        monkeypatch.setenv(name, value)
    assert main(["submit", str(bench.profile), "--json"]) == 0
    (job,) = json.loads(capsys.readouterr().out)["jobs"]
    assert (job["experiment"], job["run"]) == ("xppfake", 17)
    folder = JobFolder(Path(job["folder"]))
    assert xtc.parent in folder.path.parents
    # The eLog names a run as it begins: its files may come later, and the job waits for them.
    assert "--wait 1800" in (folder.path / "submit.sh").read_text()
    assert ended(folder).state == "verified"
    monkeypatch.delenv("RUN_NUM")
    assert main(["submit", str(bench.profile)]) == 1
    assert "no run was named" in capsys.readouterr().err
    assert main(["submit", "xppfake", "18", str(bench.profile)]) == 1  # by hand a wrong number is one
    assert "there is no run 18" in capsys.readouterr().err


def test_a_batch_with_a_new_plan_is_said_to_need_a_test(bench, site, small_experiment, tmp_path, capsys):  # noqa: F811
    xtc = small_experiment / "tmo" / "tmoc00126" / "xtc"
    words = ["submit", "tmoc00126", "12,13", str(bench.profile), "--dir", str(xtc), "--results", str(tmp_path / "out")]
    os.environ.pop("RUN_NUM", None)
    main([*words, "--json"])
    said = capsys.readouterr()
    assert "note: nothing was verified with this plan yet: test it with 50 events of run 12 first" in said.err
    for job in json.loads(said.out)["jobs"]:
        ended(JobFolder(Path(job["folder"])))

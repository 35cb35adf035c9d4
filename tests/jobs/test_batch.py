"""Which runs of a batch become one array of Slurm."""

import stat
from dataclasses import replace

from smdtui.jobs.batch import submit_all
from smdtui.jobs.launch import prepare
from smdtui.site import Engine, Site

SBATCH = """#!/bin/sh
echo "$*" >>"$0.calls"
wc -l <"$0.calls" | tr -d ' '
"""


def test_each_experiment_has_an_array_of_its_own(bench, tmp_path, monkeypatch):
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "sbatch").write_text(SBATCH)
    (programs / "sbatch").chmod(stat.S_IRWXU)
    monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin")
    far = Engine(kind="slurm", ranks=1, concurrency=2, account="lcls:{experiment}")
    site = Site("test", engines={"far": far, "other": replace(far, concurrency=0)})

    def one(name, run, engine="far", ranks=1):
        place = replace(bench.place, name=name, results=tmp_path / name, hdf5=tmp_path / name / "hdf5")
        request = replace(bench.request(run=run), experiment=place, engine=engine, ranks=ranks)
        return prepare(site, request)

    batch = [one("xppa", 1), one("xppb", 1), one("xppa", 2), one("xppb", 2), one("xppc", 1), one("xppa", 3, "other")]
    batch.append(one("xppb", 3, ranks=3))
    done = {(p.request.experiment.name, p.request.run): folder for p, folder in submit_all(batch)}
    assert len(done) == 7
    calls = {}
    for line in (programs / "sbatch.calls").read_text().splitlines():
        calls.setdefault(line.split("--account=lcls:")[1].split()[0], []).append("--array=1-2%2" in line)
    assert calls == {"xppa": [False, True], "xppb": [False, True], "xppc": [False]}
    for (name, _), folder in done.items():
        assert folder.path.parent == tmp_path / name / "jobs" and folder.table("engine.toml")["job"]
    assert len({folder.table("engine.toml")["job"] for folder in done.values()}) == 7
    arrays = {name: len(list((tmp_path / name / "jobs" / ".arrays").glob("*"))) for name in ("xppa", "xppb")}
    assert arrays == {"xppa": 1, "xppb": 1}

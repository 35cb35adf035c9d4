"""What `smdtui submit --dry-run` says of runs that go to Slurm as one array."""

import json
import sys
from dataclasses import replace
from pathlib import Path

from smdtui.commands.submit import _dry
from smdtui.site import Engine

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "jobs"))
from conftest_jobs import bench  # noqa: F401


def test_an_array_is_sent_with_one_line(bench, capsys):  # noqa: F811
    def dry(concurrency, as_json):
        engine = Engine(
            kind="slurm", ranks=3, partition="milano", account="lcls:xpp", time="60", concurrency=concurrency
        )
        bench.site = replace(bench.site, engines={"milano": engine})
        _dry([bench.prepare(run=run, ranks=3) for run in (7, 8)], as_json)
        return capsys.readouterr().out

    text = dry(4, False)
    assert text.count("sbatch --") == 1 and "--array=1-2%4" in text and text.count("#!/bin/bash") == 2
    assert all("--array=1-2%4" in job["sending"] for job in json.loads(dry(4, True))["jobs"])
    text = dry(0, False)
    assert text.count("sbatch --") == 2 and "--array" not in text

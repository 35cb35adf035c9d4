"""An sbatch whose answer is lost may have sent the job: it is looked for by its name, not sent again."""

import stat

import pytest
from conftest_jobs import wait_for

from smdtui.jobs import slurm, slurm_poll
from smdtui.jobs.folder import create
from smdtui.jobs.job import read_job

LOST = "sbatch: error: Batch job submission failed: "
ANSWERS = {
    "zero bytes": f'echo "{LOST}Zero Bytes were transmitted or received" >&2; exit 1',
    "receive failure": f'echo "{LOST}Unable to contact slurm controller (receive failure)" >&2; exit 1',
    "no number": 'echo "42"; echo "Your allocation expires in 3 days"',
    "nothing": "exit 0",
}


@pytest.mark.parametrize("answer", ANSWERS)
def test_it_is_found_by_its_name(tmp_path, monkeypatch, answer):
    programs = tmp_path / "bin"
    programs.mkdir()
    monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(slurm_poll, "FAST_SECONDS", 0.0)
    squeue = "echo '42|PENDING|t|s|e||r7|Priority'"  # as `_find` and `_queue` see it
    for name, text in (("sbatch", ANSWERS[answer]), ("squeue", squeue), ("sacct", "exit 0")):
        (programs / name).write_text(f"#!/bin/sh\n{text}\n")
        (programs / name).chmod(stat.S_IRWXU)
    (tmp_path / "jobs").mkdir()
    folder = create(tmp_path / "jobs", 7, {"experiment": "xppfake", "run": 7, "kind": "slurm", "slurm_name": "r7"})
    assert slurm.send(folder, ["sbatch", "submit.sh"], {"PATH": f"{programs}:/usr/bin:/bin"}) is None
    assert any(event["what"] == "sbatch unanswered" for event in folder.events())
    wait_for(lambda: read_job(folder).state == "pending" and folder.has("engine.toml"), "its number")
    assert folder.table("engine.toml")["job"] == "42"


def test_what_is_refused_or_never_arrived_is_no_doubt(tmp_path):
    (tmp_path / "jobs").mkdir()
    folder = create(tmp_path / "jobs", 7, {"experiment": "xppfake", "run": 7, "kind": "slurm", "slurm_name": "r7"})
    sbatch = tmp_path / "sbatch"
    for said in ("Unable to contact slurm controller (connect failure)", "Invalid partition name specified"):
        sbatch.write_text(f'#!/bin/sh\necho "{LOST}{said}" >&2; exit 1\n')
        sbatch.chmod(stat.S_IRWXU)
        with pytest.raises(RuntimeError, match="sbatch says"):
            slurm.send(folder, [str(sbatch)], {"PATH": "/usr/bin:/bin"})

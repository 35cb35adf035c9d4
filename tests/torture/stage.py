"""An experiment of small real runs, and what must be true of it whatever is killed: each run produced, and once."""

import json
import os
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import h5py
import tomllib
from places import ROOT
from terminal import Terminal

EXPERIMENT = "tmoc00126"
SMDTUI = [sys.executable, "-m", "smdtui.cli"]
PVS = ("sam_x", "sam_y", "sam_z", "lxt_vitara", "photon_energy", "sample_temp")
_WRITE = """
import sys
from pathlib import Path
from producer.synthetic import write_run
for run, events in zip(map(int, sys.argv[2::2]), map(int, sys.argv[3::2])):
    write_run(Path(sys.argv[1]), run=run, events=events, pvs=30, detectors=())
"""


class Stage:
    """Everything is below `root`: data, results, the user's own folders."""

    def __init__(self, root: Path, runs: range, ranks: int = 1, length: int = 5):
        self.root, self.runs, self.ranks = root, runs, ranks
        self.events = {run: length + run % 4 for run in runs}
        self.home = root / EXPERIMENT[:3] / EXPERIMENT
        self.results = self.home / "results" / "smdtui"
        self.jobs = self.results / "jobs"
        self.profile = self.results / "profiles" / "torture.toml"
        self.site = root / "site.toml"
        self.environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith(("SMDTUI_", "SLURM_"))},
            **{f"XDG_{n}_HOME": str(root / n.lower()) for n in ("CACHE", "STATE", "DATA", "CONFIG")},
            "MPIR_CVAR_CH4_NETMOD": "ofi",
            "PS_PARALLEL": "none",
            "LCLS_CALIB_HTTP": "http://127.0.0.1:9/",
            "TZ": "UTC",
        }
        self.environment.pop("NO_COLOR", None)

    def write(self) -> None:
        each = [str(number) for pair in self.events.items() for number in pair]
        words = [sys.executable, "-c", _WRITE, self.home / "xtc", *each]
        done = subprocess.run(words, cwd=ROOT, env=self.environment, capture_output=True, text=True, timeout=600)
        assert done.returncode == 0, done.stderr[-2000:]
        old = time.time() - 3600  # recorded long ago
        for path in self.home.rglob("*.xtc2"):
            os.utime(path, (old, old))
        self.site.write_text(
            f'name = "torture"\ndata_roots = ["."]\n[engines.local]\nkind = "local"\nranks = {self.ranks}\n'
        )
        self.profile.parent.mkdir(parents=True)
        self.new_plan(0)

    def new_plan(self, number: int) -> None:
        """The profile asks for other PVs than before, so that every run is to be produced anew."""
        chosen = [pv for bit, pv in enumerate(PVS) if (number + 1) >> bit & 1]
        fresh = self.profile.with_suffix(".fresh")
        fresh.write_text(f'format = 1\nhutch = "tmo"\n\n[epics]\nper_event = {json.dumps(chosen)}\n')
        fresh.replace(self.profile)

    # -- programs
    def words(self, command: str, *more: str) -> list[str]:
        return [*SMDTUI, command, EXPERIMENT, *more, "--site", str(self.site)]

    def start(self, command: str, *more: str) -> "subprocess.Popen[bytes]":
        """A command of its own session, as in another terminal; what it says is appended to ``<command>.txt``."""
        with open(self.root / f"{command}.txt", "ab") as said:
            return subprocess.Popen(
                self.words(command, *more),
                cwd=ROOT,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                start_new_session=True,
            )

    def start_bare(self, command: str, *more: str) -> "subprocess.Popen[bytes]":
        """A command that names no experiment."""
        with open(self.root / f"{command}.txt", "ab") as said:
            words = [*SMDTUI, command, *more]
            return subprocess.Popen(words, cwd=ROOT, env=self.environment, stdin=-3, stdout=said, stderr=said)

    def app(self, columns: int = 100, rows: int = 30, **more: str) -> Terminal:
        words = [*SMDTUI, EXPERIMENT, "--site", str(self.site)]
        return Terminal(words, columns, rows, env=self.environment | more, cwd=ROOT)

    def ask(self, command: str, *more: str) -> dict:
        done = subprocess.run(
            self.words(command, *more, "--json"),
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    # -- what there is, read without the program's own code
    def folders(self) -> list[Path]:
        return sorted(self.jobs.glob("2*"))

    @staticmethod
    def table(folder: Path, name: str) -> dict:
        try:
            return tomllib.loads((folder / name).read_text())
        except FileNotFoundError:
            return {}

    def began(self) -> Counter:
        """(run, plan) -> how many jobs have run its producer, but for tests of first events."""
        found: Counter = Counter()
        for folder in self.folders():
            request = self.table(folder, "request.toml")
            if (folder / "log.txt").exists() and not request.get("gate"):
                found[request["run"], request["plan_sha256"]] += 1
        return found

    def production(self) -> Counter:
        return Counter(run["production"] for run in self.ask("runs")["runs"])

    def wait_all_verified(self, timeout: float) -> None:
        end = time.monotonic() + timeout
        while (states := self.production()) != {"verified": len(self.runs)}:
            assert time.monotonic() < end, f"after {timeout} s the runs are {dict(states)}"
            time.sleep(1)

    # -- what must be true
    def faults(self) -> list[str]:
        """Once nothing is at work any more: every job's folder against its state, and every file."""
        found = []
        said = {job["id"]: job for job in self.ask("jobs")["jobs"]}
        for folder in self.folders():
            found += [f"{folder.name}: {why}" for why in self._job_faults(folder, said.pop(folder.name, None))]
        found += [f"{id_} is said to exist" for id_ in said]
        found += [f"{path} is left" for path in self.jobs.glob(".2*")]
        newest = {job["run"]: job["state"] for job in sorted(self.ask("jobs")["jobs"], key=lambda job: job["id"])}
        for run in self.runs:
            if newest.get(run) == "verified":  # what was cancelled leaves its parts for the next
                found += [f"{path} is left" for path in self.home.rglob(f"*Run{run:04d}.h5.inprogress*")]
        found += [f"process {words} is left" for words in self.processes()]
        return found

    def _job_faults(self, folder: Path, said: dict | None) -> list[str]:
        if said is None:
            return ["is not listed"]
        request, exit_ = self.table(folder, "request.toml"), self.table(folder, "exit.toml")
        verdict, cancel = self.table(folder, "verdict.toml"), self.table(folder, "cancel.toml")
        state = said["state"]
        good = exit_.get("status") == 0 and verdict.get("verdict") == "verified"
        if good != (state == "verified"):
            return [f"is {state}, but its files say otherwise: {exit_}, {verdict.get('verdict')}"]
        if cancel and exit_.get("status") != 0 and state != "cancelled":
            return [f"is {state} though {cancel['who']} cancelled it"]
        lines = [json.loads(line) for line in (folder / "events.jsonl").read_text().splitlines()]
        cleaned = any(line["what"] == "cleaned" for line in lines)
        if not cleaned and not (folder / "log.txt").exists() and state not in ("lost", "cancelled", "rejected"):
            return [f"is {state} though it never ran"]
        if exit_ and exit_.get("status") != 0 and state not in ("failed", "cancelled"):
            return [f"is {state}, but it ended with {exit_}"]
        if good and verdict["events"] != self.events[request["run"]] and not request.get("events"):
            return [f"has {verdict['events']} events of {self.events[request['run']]}"]
        if (folder / "engine.toml").exists() and lines[0]["what"] != "submitted":
            return [f"began with {lines[0]}"]
        return []

    def file_faults(self) -> list[str]:
        """Of the files themselves: one for each run, with the events that were authored and the plan of now."""
        found = []
        for run in self.runs:
            path = self.home / "hdf5" / "smalldata" / f"{EXPERIMENT}_Run{run:04d}.h5"
            with h5py.File(path) as f:
                if len(f["timestamp"]) != self.events[run]:
                    found.append(f"{path.name} has {len(f['timestamp'])} events of {self.events[run]}")
        return found

    def processes(self) -> list[str]:
        """Every process on the machine that names this stage in its arguments or environment, this one left out."""
        found = []
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit() or int(entry.name) == os.getpid():
                continue
            try:
                arguments = (entry / "cmdline").read_bytes()
                if str(self.root).encode() in arguments + (entry / "environ").read_bytes():
                    found.append(f"{entry.name} {arguments.replace(bytes(1), b' ').decode(errors='replace')[:200]}")
            except OSError:
                continue
        return found

    def wait_quiet(self, timeout: float = 120) -> None:
        """Until no process of the stage is left."""
        end = time.monotonic() + timeout
        while left := self.processes():
            if time.monotonic() > end:
                raise AssertionError(f"still there after {timeout} s: {left}")
            time.sleep(0.3)

"""An experiment of empty folders on which jobs of a stand-in producer run under the real mpiexec."""

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from smdtui.jobs import local
from smdtui.jobs.folder import JobFolder
from smdtui.jobs.job import Job, read_job
from smdtui.jobs.launch import Prepared, Request, prepare, submit
from smdtui.site import Engine, Site

FAKE = Path(__file__).parent / "fake"
PROFILE = 'format = 1\nhutch = "xpp"\n\n[runs.all.epix_1]\nsums = ["calib"]\n'


@dataclass(frozen=True)
class Place:
    name: str
    directory: Path
    results: Path
    hdf5: Path


@dataclass
class Bench:
    """Launches jobs and ends whatever a test leaves of them."""

    place: Place
    profile: Path
    site: Site

    def request(self, run: int = 7, ranks: int = 1, **more) -> Request:
        return Request(self.place, run, self.profile, ranks=ranks, who="ada", **more)

    def prepare(self, **more) -> Prepared:
        return prepare(self.site, self.request(**more))

    def launch(self, behaviour: str = "nothing", ranks: int = 1, **more) -> JobFolder:
        (self.place.directory / "behaviour").write_text(behaviour)
        return submit(self.prepare(ranks=ranks, **more))

    @property
    def jobs(self) -> Path:
        return self.place.results / "jobs"


def wait_for(condition, what: str = "it", timeout: float = 60.0):
    """The first true value of `condition()`."""
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        value = condition()
        if value:
            return value
        time.sleep(0.05)
    raise AssertionError(f"waited {timeout} s in vain for {what}")


def ended(folder: JobFolder, timeout: float = 60.0) -> Job:
    """The job once it has ended and its supervisor is gone."""

    def over() -> Job | None:
        job = read_job(folder)
        engine = folder.table("engine.toml")
        local.collect()
        return None if job.active or (engine and local.alive(engine).alive) else job

    return wait_for(over, f"the end of {folder.id}; its log: {_log(folder)}", timeout)


def _log(folder: JobFolder) -> str:
    return "\n".join((folder.path / n).read_text() for n in ("log.txt", "supervisor.txt") if folder.has(n))


def ranks_at_work(folder: JobFolder, ranks: int) -> dict[int, int]:
    """Rank -> pid, as the stand-in logs them, once all read events."""

    def working() -> dict[int, int] | None:
        progress = list((folder.path / "progress").glob("rank*.json"))
        log = folder.path / "log.txt"
        if len(progress) < ranks or any('"reading"' not in p.read_text() for p in progress):
            return None
        lines = [line.split() for line in log.read_text().splitlines() if " is rank " in line]
        found = {int(words[words.index("rank") + 1]): int(words[words.index("process") + 1]) for words in lines}
        return found if len(found) == ranks else None

    return wait_for(working, f"{ranks} ranks at work; log: {_log(folder)}")


def command_lines(folder: JobFolder) -> list[str]:
    """Of every process on the machine that belongs to the job, found by its folder in environment or arguments."""
    needle = str(folder.path).encode()
    found = []
    for entry in os.listdir("/proc"):
        if entry.isdigit() and int(entry) != os.getpid():
            try:
                arguments = Path(f"/proc/{entry}/cmdline").read_bytes()
                if needle in arguments or needle in Path(f"/proc/{entry}/environ").read_bytes():
                    found.append(f"{entry}: {arguments.replace(bytes(1), b' ').decode()}")
            except OSError:
                continue
    return found


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr("smdtui.environment.producer_path", lambda: FAKE)
    monkeypatch.setattr("smdtui.jobs.script.producer_path", lambda: FAKE)
    place = Place("xppfake", tmp_path / "xtc", tmp_path / "results" / "smdtui", tmp_path / "hdf5" / "smalldata")
    place.directory.mkdir()
    profile = tmp_path / "profile.toml"
    profile.write_text(PROFILE)
    bench = Bench(place, profile, Site("test", engines={"local": Engine(ranks=3)}))
    yield bench
    for path in bench.jobs.glob("[0-9]*") if bench.jobs.exists() else ():
        folder = JobFolder(path)
        engine = folder.table("engine.toml")
        if not engine or not local.here(engine):
            continue
        if local.alive(engine).alive:
            local.cancel(folder, "the test")
            wait_for(lambda e=engine: not local.alive(e).alive, "the supervisor's end", 30)
        local.end_marked(path)
    local.collect()

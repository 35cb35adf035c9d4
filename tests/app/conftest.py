"""What the tests of the app share: time and colours pinned, and waiting on conditions instead of the clock."""

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))  # terminal.py

# Textual reads these once, when it is imported.
os.environ["TEXTUAL_COLOR_SYSTEM"] = "truecolor"
os.environ.pop("NO_COLOR", None)

NOW = 1_800_000_000.0  # 2027-01-15 08:00:00 UTC


@pytest.fixture(autouse=True)
def pinned(monkeypatch, tmp_path):
    """The same time zone everywhere, and no file of the user's own."""
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    for name in ("CACHE", "STATE", "DATA", "CONFIG"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path / name.lower()))


@pytest.fixture
def wait_for() -> Callable:
    """`await wait_for(pilot, condition, what)`: until the condition holds, at most 10 s."""

    async def wait(pilot, condition: Callable[[], bool], what: str, timeout: float = 10.0) -> None:
        end = time.monotonic() + timeout
        while not condition():
            assert time.monotonic() < end, f"timed out waiting for {what}"
            await pilot.pause(0.01)
        await pilot.pause()

    return wait


@pytest.fixture
def make_services(tmp_path) -> Callable:
    """`make_services(...)`: services on an empty folder, results in `tmp_path`; keywords replace parts."""
    from smdtui.catalog.experiment import Experiment
    from smdtui.catalog.runs import RunCatalog
    from smdtui.services import Services

    def make(**parts):
        folder = tmp_path / "xtc"
        folder.mkdir(exist_ok=True)
        parts.setdefault("experiment", Experiment("xppx43218", folder, tmp_path, tmp_path))
        parts.setdefault("catalog", RunCatalog(folder))
        return Services(site=None, now=lambda: NOW, state_dir=tmp_path / "state", **parts)

    return make


@pytest.fixture(scope="session")
def written(tmp_path_factory):
    """A synthetic experiment under a data root of its own: runs 12 (plain), 13 (scan), 16 (being recorded)."""
    from producer.synthetic import EXPERIMENT, experiment, hutch

    root = tmp_path_factory.mktemp("data")
    directory = root / hutch(EXPERIMENT) / EXPERIMENT / "xtc"
    small = {"events": 8, "pvs": 60, "detectors": ["epix100_0"]}
    for run, kind in ((12, experiment.PLAIN), (13, experiment.SCAN), (16, experiment.RECORDING)):
        experiment.write_run(directory, run=run, kind=kind, **small)
    (root / "site.toml").write_text('name = "test"\ndata_roots = ["."]\n', encoding="utf-8")
    return root


@pytest.fixture
def open_services(written, tmp_path) -> Callable:
    """`open_services(...)`: the services of the app on the synthetic experiment; its results go to `tmp_path`."""
    from producer.synthetic import EXPERIMENT
    from smdtui import site as sites
    from smdtui.catalog.experiment import resolve
    from smdtui.catalog.runs import RunCatalog
    from smdtui.services import Services

    made = []

    def make(**parts):
        site = sites.load(written / "site.toml")
        experiment = resolve(site, EXPERIMENT, results=tmp_path / "results")
        parts.setdefault("catalog", RunCatalog(experiment.directory))
        parts.setdefault("now", lambda: NOW)
        made.append(Services(site=site, experiment=experiment, state_dir=tmp_path / "state", demo=True, **parts))
        return made[-1]

    yield make
    for services in made:
        services.close()

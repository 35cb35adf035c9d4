"""Two runs are recorded, one after the other, while somebody looks at the app: each is followed to its end."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from smdtui import site as sites
from smdtui.app import SmdApp
from smdtui.catalog import fill
from smdtui.catalog.experiment import Experiment
from smdtui.services import Services

TESTS = Path(__file__).resolve().parents[1]
EVENTS = 40


@pytest.fixture
def recorder():
    """Starts the recording, and waits for its end."""
    pytest.importorskip("psana", reason="synthetic data are written with psana's own writer")
    started = []

    def start(directory):
        command = [sys.executable, TESTS / "recorder.py", directory, "7", "2", str(EVENTS), "0.2"]
        own = {"PYTHONPATH": str(TESTS.parent), "PS_PARALLEL": "none", "MPIR_CVAR_CH4_NETMOD": "ofi"}
        started.append(subprocess.Popen(command, env={**os.environ, **own}))

    yield start
    for process in started:
        assert process.wait(60) == 0


async def test_runs_appear_grow_and_end_on_the_screen(tmp_path, recorder):
    directory = tmp_path / "xtc"
    (directory / "smalldata").mkdir(parents=True)
    experiment = Experiment("tmoc00126", directory, tmp_path / "results", tmp_path / "hdf5")
    services = Services(site=sites.Site("test"), experiment=experiment, state_dir=tmp_path / "state")
    app = SmdApp(services)
    assert fill.POLL <= 5.0  # so often the process looks by itself; here nobody asks it to
    seen: dict[int, list[tuple[str, str]]] = {7: [], 8: []}  # run -> (state, events) as they stood on the screen
    cursor = set()
    try:
        async with app.run_test(size=(100, 30)) as pilot:
            runs = app.screen
            recorder(directory)
            end = time.monotonic() + 150
            while time.monotonic() < end and [s[-1:] for s in seen.values()] != [[("complete", str(EVENTS))]] * 2:
                await pilot.pause(0.05)
                for row, run in enumerate(runs.rows.runs):
                    text = runs.rows.text(run, services.now())
                    assert str(run) in str(runs._cells(row)[0])
                    if seen[run][-1:] != [(text["state"], text.get("events", ""))]:
                        seen[run].append((text["state"], text.get("events", "")))
                if 7 in runs.rows.runs and not cursor:
                    await pilot.press("colon", "7", "enter")
                if 7 in runs.rows.runs:
                    cursor.add(services.selection.run)
    finally:
        services.close()
    for run, met in seen.items():
        assert met[-1] == ("complete", str(EVENTS)), f"run {run}: {met}"
        assert [state for state, _ in met if state not in ("reading", "recording")] == ["complete"], f"run {run}: {met}"
        counts = [int(events) for state, events in met if state == "recording"]
        assert counts == sorted(counts) and 0 < counts[-1] < EVENTS, f"run {run} was not seen to grow: {met}"
    assert cursor == {7}, "the next run does not take the cursor away"

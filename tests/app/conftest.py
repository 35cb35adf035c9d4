"""What the tests of the app share: time and colours pinned, and waiting on conditions instead of the clock."""

import os
import time
from collections.abc import Callable
from types import SimpleNamespace

import pytest

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
    """`make_services(...)`: services without any room behind them; keywords replace parts."""
    from smdtui.services import Services

    def make(**parts):
        parts.setdefault("experiment", SimpleNamespace(name="xppx43218", results=tmp_path, hdf5=tmp_path))
        return Services(site=None, now=lambda: NOW, state_dir=tmp_path / "state", **parts)

    return make

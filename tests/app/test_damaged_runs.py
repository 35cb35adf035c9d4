"""A folder with a run for every kind of damage, in the app: each is told with its reason, and none is in the way."""

import pytest
from damage_table import RUNS, TABLE, WHOLE, write
from snapshot import screen_text

from smdtui import site as sites
from smdtui.app import SmdApp
from smdtui.catalog.experiment import Experiment
from smdtui.services import Services
from smdtui.widgets.plain import Plain


@pytest.fixture
def services(tmp_path):
    pytest.importorskip("psana", reason="synthetic data are written with psana's own writer")
    directory = write(tmp_path / "base", tmp_path / "xtc")
    experiment = Experiment("tmoc00126", directory, tmp_path / "results", tmp_path / "hdf5")
    made = Services(site=sites.Site("test"), experiment=experiment, state_dir=tmp_path / "state")
    yield made
    made.close()


async def test_every_damage_is_shown_with_its_reason_and_its_names_are_read_or_why_not(services, wait_for):
    app = SmdApp(services)
    async with app.run_test(size=(160, 60)) as pilot:

        def damaged():
            known = app.screen.rows.summaries
            return sum(known[run] is not None and known[run].state == "damaged" for run in known)

        await wait_for(pilot, lambda: damaged() == len(TABLE), "all damage to be found", timeout=100)
        await pilot.press("home")
        for name, (_, words) in reversed(TABLE.items()):
            await pilot.press("down")
            about = app.screen.query_one("#about", Plain).shown
            assert f"run {RUNS[name]}: " in about and words in about, name
        assert screen_text(app).count("damaged") >= len(TABLE)
        for name in ("smd Configure corrupt", "smd a FIFO", "all smd missing", "smd points into the middle"):
            await pilot.press("colon", *str(RUNS[name]), "enter", "2")
            await wait_for(pilot, lambda: app.screen.NAME == "names" and not app.screen.busy("ask"), name, timeout=60)
            text = screen_text(app)
            assert {
                "smd Configure corrupt": "has a corrupt Configure",
                "smd a FIFO": "is a FIFO",
                "all smd missing": "has no smd file",
                "smd points into the middle": "fim1",
            }[name] in text, text
            await pilot.press("1")
        await pilot.press("colon", *str(WHOLE), "enter", "2")
        await wait_for(pilot, lambda: app.screen.NAME == "names" and app.screen.rows.names, "the whole run", timeout=60)
        assert "may be missing" not in screen_text(app)

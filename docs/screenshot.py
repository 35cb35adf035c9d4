"""Makes docs/screenshot.svg: the Jobs screen while a real job of the demo runs.

TEXTUAL_COLOR_SYSTEM=truecolor ./run python docs/screenshot.py [DEMO_DIR]
"""

import asyncio
import re
import sys
from pathlib import Path

from producer.synthetic import EXPERIMENT
from smdtui import site as sites
from smdtui.app import SmdApp
from smdtui.catalog.experiment import resolve
from smdtui.demo import command
from smdtui.demo.place import default_folder
from smdtui.jobs.job import read_job
from smdtui.jobs.launch import Request, prepare, submit
from smdtui.services import Services


async def picture(demo: Path) -> str:
    site = sites.load(demo / "site.toml")
    experiment = resolve(site, EXPERIMENT)
    services = Services(site=site, demo=True, who="operator")
    services.open(experiment)
    job = submit(prepare(site, Request(experiment, 15, services.selection.profile, ranks=4)))
    app = SmdApp(services)
    async with app.run_test(size=(100, 28)) as pilot:
        await pilot.press("4")
        while read_job(job).done < 90:
            await pilot.pause(0.2)
        await pilot.pause(1.0)
        svg = app.export_screenshot(title="smdtui")
    return re.sub(r"@font-face\s*{[^}]*}", "", svg)  # no fonts from elsewhere


if __name__ == "__main__":
    place = Path(sys.argv[1]) if len(sys.argv) > 1 else default_folder()
    if command(place, terminal=True, open_app=lambda *_: 0):
        sys.exit(1)
    Path(__file__).with_name("screenshot.svg").write_text(asyncio.run(picture(place)))

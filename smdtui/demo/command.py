"""What `smdtui demo` does, in order."""

import sys
from collections.abc import Callable
from pathlib import Path

from producer.synthetic import EXPERIMENT
from smdtui import site as sites
from smdtui.demo.place import EVENTS, PVS, Demo, DemoError, default_folder
from smdtui.demo.write import write
from smdtui.site import Site, SiteError

# site, experiment, the demo's profile -> exit status: the app lies above this room, so it is handed in
OpenApp = Callable[[Site, str, Path], int]


def command(
    directory: Path | None,
    terminal: bool,
    seed: int = 0,
    open_app: OpenApp | None = None,
    events: int = EVENTS,
    pvs: int = PVS,
) -> int:
    """Write the demo into `directory` (None: `default_folder`) unless it is there; with a terminal open the app on it,
    without one produce a run and print the verdict. The exit status: 0, or 1 after saying on stderr what is wrong."""
    demo = Demo((directory or default_folder()).expanduser().absolute(), seed, events, pvs)
    out = sys.stderr if terminal else sys.stdout
    try:
        if demo.written():
            print(f"the demo is in {demo.directory}", file=out, flush=True)
        else:
            again = "was only half written; writing it anew in" if demo.half_written() else "goes into"
            print(f"the demo {again} {demo.directory}", file=out, flush=True)
            write(demo, sites.load(), out)
        demo.write_beside(sites.load())
        site = sites.load(demo.site_file)
        if terminal and open_app:
            return open_app(site, EXPERIMENT, demo.profile)
        from smdtui.demo.produce import produce

        return 0 if produce(demo, site, sys.stdout) else 1
    except (DemoError, SiteError) as error:
        print(error, file=sys.stderr)
    except OSError as error:
        print(f"{error.filename or demo.directory}: {error.strerror or error}", file=sys.stderr)
    return 1

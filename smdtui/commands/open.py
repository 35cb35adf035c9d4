"""`smdtui` and `smdtui demo`: open the app."""

import os
import sys
from argparse import Namespace
from pathlib import Path

from smdtui import site as sites
from smdtui.commands import CommandError


def app(arguments: Namespace) -> int:
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise CommandError("the app needs a terminal; `smdtui --help` lists the commands that do without")
    site = sites.load(arguments.site)
    return open_app(
        site,
        arguments.experiment or os.environ.get("EXPERIMENT", ""),
        directory=arguments.dir,
        results=arguments.results,
        profile=Path(arguments.profile) if arguments.profile else None,
        mouse=not arguments.no_mouse,
    )


def open_app(
    site: sites.Site,
    name: str,
    directory: str | None = None,
    results: str | None = None,
    profile: Path | None = None,
    mouse: bool = True,
) -> int:
    """Open the app on an experiment; an experiment that is not there is said in the app, which lists those that are."""
    import getpass

    from smdtui.catalog.experiment import ExperimentNotFound, resolve
    from smdtui.services import Services

    services = Services(site=site, demo=site.demo, who=getpass.getuser())
    try:
        services.open(resolve(site, name, dir=directory, results=results))
        services.run_feed().begin()  # it reads while the app is being imported
    except ExperimentNotFound as error:
        services.trouble = str(error)
    if profile:
        services.select(profile=profile.absolute())
    from smdtui.app import run

    return run(services, mouse=mouse)


def demo(arguments: Namespace) -> int:
    from smdtui.demo import command

    return command(
        Path(arguments.directory) if arguments.directory else None,
        terminal=sys.stdin.isatty() and sys.stdout.isatty(),
        seed=arguments.seed,
        open_app=lambda site, name, profile: open_app(site, name, profile=profile),
    )

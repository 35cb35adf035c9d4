"""`smdtui handover`: what the next shift has to know."""

import getpass
import time
from argparse import Namespace
from pathlib import Path

from smdtui.commands import CommandError


def handover(arguments: Namespace) -> int:
    from smdtui.catalog.runs import RunCatalog
    from smdtui.commands.browse import place
    from smdtui.jobs.handover import gather, since_when
    from smdtui.jobs.handover_text import markdown
    from smdtui.jobs.slurm_poll import wait_for_answers

    now = time.time()
    try:
        since = since_when(arguments.since, now)
    except ValueError as error:
        raise CommandError(str(error)) from None
    wait_for_answers()
    experiment = place(arguments).experiment
    shift = gather(experiment, RunCatalog(experiment.directory).summaries(), since, now, getpass.getuser())
    text = markdown(shift)
    if not arguments.output:
        print(text, end="")
        return 0
    try:
        with open(Path(arguments.output).expanduser(), "x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise CommandError(f"{arguments.output} is there already; nothing was written over it") from None
    print(f"written to {arguments.output}")
    return 0

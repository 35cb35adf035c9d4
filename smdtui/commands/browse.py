"""`smdtui runs` and `smdtui names`: what is on disk."""

import math
import sys
from argparse import Namespace
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from smdtui import site as sites
from smdtui.catalog.experiment import Experiment, resolve
from smdtui.commands import CommandError, print_json, table_text
from smdtui.site import Site

CHECK_SECONDS = 3.0  # for following the records of runs that no one has followed before


@dataclass(frozen=True)
class Place:
    site: Site
    experiment: Experiment


def place(arguments: Namespace) -> Place:
    """The site and the experiment that the options (or the eLog's $EXPERIMENT) name."""
    import os

    site = sites.load(arguments.site)
    name = arguments.experiment or os.environ.get("EXPERIMENT", "")
    if not name:
        raise CommandError("no experiment was named; give one, or set EXPERIMENT")
    return Place(site, resolve(site, name, dir=arguments.dir, results=getattr(arguments, "results", None)))


def runs(arguments: Namespace) -> int:
    from smdtui.catalog.runs import RunCatalog
    from smdtui.jobs.production import production_states

    where = place(arguments)
    catalog = RunCatalog(where.experiment.directory)
    catalog.poll()
    catalog.check(math.inf if arguments.check else CHECK_SECONDS)
    summaries = [catalog.known[run] for run in sorted(catalog.known)]
    if not summaries:
        raise CommandError(
            f"the folder {where.experiment.directory} has no runs: no file in it is named like "
            f"{where.experiment.name}-r0001-s000-c000.xtc2; another folder can be given with --dir"
        )
    production = production_states(where.experiment, [s.run for s in summaries], files=catalog.files)
    rows = [{**run_json(s, production.get(s.run, "none")), "checked": catalog.checked(s.run)} for s in summaries]
    if arguments.json:
        print_json({"experiment": where.experiment.name, "runs": rows})
        return 0
    from smdtui.words import plural, size

    header = ["run", "begin (UTC)", "events", "streams", "size", "state", "production"]
    cells = [
        [
            str(r["run"]),
            (r["begin"] or "-")[:19].replace("T", " "),
            "-" if r["events"] is None else str(r["events"]),
            str(r["streams"]),
            size(r["bytes"]),
            r["state"],
            r["production"],
        ]
        for r in rows
    ]
    print(table_text(header, cells, right=frozenset({0, 2, 3, 4})))
    for r in rows:
        if r["problem"]:
            print(f"run {r['run']}: {r['problem']}", file=sys.stderr)
    open_ = sum(not r["checked"] for r in rows)
    if open_:
        print(
            f"the records of {plural(open_, 'run')} were not followed into the data yet: --check does", file=sys.stderr
        )
    return 0


def utc_text(nanoseconds: int | None) -> str | None:
    """ISO 8601 UTC of unix nanoseconds, to the microsecond."""
    if nanoseconds is None:
        return None
    whole = datetime.fromtimestamp(nanoseconds // 10**9, UTC)
    return f"{whole:%Y-%m-%dT%H:%M:%S}.{nanoseconds % 10**9 // 1000:06d}Z"


def run_json(summary: Any, production: str) -> dict[str, Any]:
    return {
        "run": summary.run,
        "begin": utc_text(summary.begin),
        "end": utc_text(summary.end),
        "events": summary.events if summary.format == "xtc2" else None,
        "streams": summary.streams,
        "bytes": summary.bytes,
        "state": summary.state,
        "problem": summary.problem,
        "production": production,
        "steps": summary.steps,
        "scan": summary.scan,
        "seconds": summary.seconds,
        "rate": summary.rate,
        "chunks": summary.chunks,
        "format": summary.format,
    }

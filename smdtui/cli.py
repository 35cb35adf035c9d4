"""The command line: a thin layer over the functions that the screens call.

Exit status: 0 only on success; 1 when what was asked for failed or is wrong; 2 for a command line that makes no sense.
"""

import argparse
import os
import sys
from collections.abc import Sequence

from smdtui import __version__

EXAMPLES = {
    "app": "smdtui xpplv2318                     open the app on an experiment\n"
    "smdtui demo                          try everything on a synthetic experiment",
    "demo": "smdtui demo                          write the demo experiment and open the app on it\n"
    "smdtui demo /tmp/demo --seed 7 < /dev/null   without a terminal: produce one run, print the verdict",
    "runs": "smdtui runs xpplv2318\nsmdtui runs xpptut15 --dir /data/xtc --json",
    "names": "smdtui names xpplv2318 41 -e          the EPICS PVs of run 41, as `detnames -e` prints them\n"
    "smdtui names xpplv2318 41 --values --json\n"
    "smdtui names xpplv2318 41 --changed            the PVs that moved\n"
    "smdtui names xpplv2318 41 --compare 12         names that came and went since run 12",
    "check": "smdtui check profile.toml\nsmdtui check profile.toml --exp xpplv2318 --run 17,20-32",
    "show": "smdtui show profile.toml --run 25 --json",
    "diff": "smdtui diff profile.toml --run 20 --run 21    what changes between two runs\n"
    "smdtui diff old.toml new.toml --run 21        what changes between two profiles\n"
    "smdtui diff Run0021.h5 new.toml --run 21      what changed since that file was produced\n"
    "smdtui diff 20261122T071952-r0017-3fa2 20261122T093000-r0017-91bc   the plans of two jobs",
    "import": "smdtui import prod_config_xpp.py -o xpp.toml   the report says what was not carried over\n"
    "smdtui import prod_config_xpp.py --execute --prove   where reading cannot decide; compare for every run",
    "schema": "smdtui schema > profile.schema.json",
    "submit": "smdtui submit xpplv2318 17,20-32 profile.toml --ranks 8\n"
    "smdtui submit xpplv2318 latest profile.toml --events 50 --wait\n"
    "smdtui submit xpplv2318 missing profile.toml --gate 50   the rest once 50 events of one run are verified\n"
    "smdtui submit profile.toml                        as the eLog calls it, with EXPERIMENT and RUN_NUM set",
    "follow": "smdtui follow xpplv2318 profile.toml --engine milano\n"
    "smdtui follow xpplv2318 profile.toml --once      one look, as from cron\n"
    "smdtui follow xpplv2318 --status                who follows it; --stop ends that",
    "handover": "smdtui handover xpplv2318\nsmdtui handover xpplv2318 --since 06:00 -o night.md",
    "jobs": "smdtui jobs\nsmdtui jobs xpplv2318 --json",
    "log": "smdtui log 20261122T071952-r0017-3fa2c1 -f",
    "cancel": "smdtui cancel 20261122T071952-r0017-3fa2c1",
    "hold": "smdtui hold 20261122T071952-r0017-3fa2c1      it waits in Slurm until it is released",
    "release": "smdtui release 20261122T071952-r0017-3fa2c1",
    "retry": "smdtui retry 20261122T071952-r0017-3fa2c1             with what its profile says now\n"
    "smdtui retry 20261122T071952-r0017-3fa2c1 --same-plan   with the plan that it had",
    "clean": "smdtui clean xpplv2318 --dry-run           what would go of jobs that ended a month ago\n"
    "smdtui clean xpplv2318 --older-than 7",
    "verify": "smdtui verify xpplv2318_Run0017.h5 --json",
}
RUNS_HELP = "runs: `17,20-32`, `20-`, `latest`, `missing`, `failed`, `stale`"


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(
        prog="smdtui",
        description="SmallData production: browse runs and names, edit and check profiles, launch and watch jobs, "
        "verify results. `smdtui EXPERIMENT` or `smdtui` alone opens the app; "
        "the commands below do the same from a script.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="examples:\n  " + EXAMPLES["app"].replace("\n", "\n  "),
    )
    top.add_argument("--version", action="version", version=f"smdtui {__version__}")
    commands = top.add_subparsers(dest="command", metavar="COMMAND")

    app = _add(commands, "app", "open the app (the default when no command is given)")
    app.add_argument("experiment", nargs="?", help="default: $EXPERIMENT, else a list to choose from")
    _place(app)
    app.add_argument("--profile", help="the profile to edit and launch with")
    app.add_argument("--no-mouse", action="store_true", help="leave the mouse to the terminal (its own selection)")

    demo = _add(
        commands, "demo", "write the demo experiment and open the app on it; without a terminal produce one run"
    )
    demo.add_argument("directory", nargs="?", help="where (default: a folder of the user's own cache, reused)")
    demo.add_argument("--seed", type=int, default=0, help="the same seed gives the same files, byte for byte")

    runs = _add(commands, "runs", "list the runs of an experiment")
    runs.add_argument("experiment", nargs="?", help="default: $EXPERIMENT")
    runs.add_argument(
        "--check", action="store_true", help="follow every record of every run into its data, however long it takes"
    )
    _place(runs)
    _json(runs)

    names = _add(commands, "names", "what a run holds: detectors, EPICS PVs, scan variables")
    names.add_argument("experiment")
    names.add_argument("run", type=_run_number)
    names.add_argument("-e", "--epics", action="store_true", help="only EPICS: alias and PV, as `detnames -e`")
    names.add_argument("-s", "--scan", action="store_true", help="only scan variables, as `detnames -s`")
    names.add_argument("-r", "--raw", action="store_true", help="only what the files declare, as `detnames -r`")
    names.add_argument("-i", "--ids", action="store_true", help="only segments and unique ids, as `detnames -i`")
    names.add_argument("--values", action="store_true", help="with the first and last value of each PV")
    names.add_argument("--statistics", action="store_true", help="with range and number of values of each PV")
    names.add_argument("--changed", action="store_true", help="only PVs whose value changed during the run")
    names.add_argument("--compare", type=_run_number, metavar="RUN", help="what came and went since that run")
    _place(names)
    _json(names)

    check = _add(commands, "check", "every problem of a profile at once; exit status 1 if one is an error")
    check.add_argument("profile")
    check.add_argument("--exp", dest="experiment", help="check against this experiment too")
    check.add_argument("--run", dest="runs", help=f"check against what these runs hold; {RUNS_HELP}")
    _place(check)
    _json(check)

    show = _add(commands, "show", "the effective plan of one run, and the line that each value comes from")
    show.add_argument("profile")
    show.add_argument("--run", type=_run_number, required=True)
    _json(show)

    diff = _add(commands, "diff", "what changes between two runs of a profile, two profiles, or two jobs")
    diff.add_argument("profile", help="a profile, a produced file, or a job")
    diff.add_argument("other", nargs="?", help="a second one; then --run is given once, and for jobs not at all")
    diff.add_argument(
        "--run", type=_run_number, action="append", default=[], help="twice: the two runs of a profile to compare"
    )
    _json(diff)

    imported = _add(commands, "import", "a profile from a Python configuration of smalldata_tools (LCLS-I, LCLS-II)")
    imported.add_argument("config", help="the configuration, such as prod_config_xpp.py; it is read, not executed")
    imported.add_argument("-o", "--output", help="the profile to write, which must not be there (default: print it)")
    imported.add_argument("--execute", action="store_true", help="execute what cannot be decided by reading, confined")
    imported.add_argument("--runs", help="look at these runs one by one, such as 1-200: for values made from the run")
    imported.add_argument("--prove", action="store_true", help="execute it and compare with the profile, run by run")
    imported.add_argument("--time-limit", type=float, default=60.0, metavar="S", help="for executing (default: 60 s)")
    imported.add_argument("--strict", action="store_true", help="exit status 1 when anything is not carried over")
    _json(imported)

    _add(commands, "schema", "print the JSON Schema of the profile format: every key with unit, default and limits")

    submit = _add(commands, "submit", "produce runs: one job each")
    submit.add_argument("experiment", nargs="?", help="default: $EXPERIMENT")
    submit.add_argument("runs", nargs="?", help=RUNS_HELP + "; default: $RUN_NUM")
    submit.add_argument("profile")
    submit.add_argument("--engine", default="", help="where to run (default: the site's first)")
    submit.add_argument(
        "--ranks", type=int, default=0, help="MPI ranks: 1 (serial) or at least 3 (default: the site's)"
    )
    submit.add_argument("--events", type=int, default=0, help="stop after so many events")
    submit.add_argument(
        "--at-once",
        type=int,
        metavar="N",
        help="Slurm: an array with N runs at a time; 0: a job each (default: the site's)",
    )
    submit.add_argument("--dry-run", action="store_true", help="print the script that would run; start nothing")
    submit.add_argument(
        "--wait", action="store_true", help="wait for the verdict; exit status 0 only when all are verified"
    )
    submit.add_argument(
        "--gate",
        type=int,
        default=0,
        metavar="N",
        help="first only N events of one run; the rest when that is verified",
    )
    submit.add_argument(
        "--while-recording",
        action="store_true",
        help="also a run that is being recorded or about to be: its job waits for the end (always so for $RUN_NUM)",
    )
    submit.add_argument("--max", type=int, default=100, metavar="N", help="refuse more runs than this (default: 100)")
    _place(submit)
    _json(submit)

    follow = _add(commands, "follow", "submit every complete run not yet produced with the profile, as runs come")
    follow.add_argument("experiment")
    follow.add_argument("profile", nargs="?", help="what to produce them with")
    follow.add_argument("--engine", default="", help="where to run (default: the site's first)")
    follow.add_argument("--ranks", type=int, default=0, help="MPI ranks (default: the engine's)")
    follow.add_argument("--at-once", type=int, default=0, metavar="N", help="at most N jobs (default: the engine's)")
    follow.add_argument("--once", action="store_true", help="one look; submit what is missing and end")
    follow.add_argument("--resume", action="store_true", help="go on though it was paused after repeated failure")
    follow.add_argument(
        "--while-recording",
        action="store_true",
        help="submit a run while it is being recorded; its job waits for the end of the run",
    )
    follow.add_argument("--status", action="store_true", help="say who follows the experiment; submit nothing")
    follow.add_argument("--stop", action="store_true", help="ask the follower to end, wherever it runs; jobs go on")
    _place(follow)
    _json(follow)

    jobs = _add(commands, "jobs", "list the jobs, newest first")
    jobs.add_argument("experiment", nargs="?", help="only this experiment's (default: all that this user has seen)")
    _place(jobs)
    _json(jobs)

    handover = _add(commands, "handover", "what the next shift has to know: runs, productions, failures, changes")
    handover.add_argument("experiment", nargs="?", help="default: $EXPERIMENT")
    handover.add_argument("--since", default="8h", help="8h (default), 90m, 3d, 06:00 or 2026-11-22T06:00")
    handover.add_argument("-o", "--output", help="the Markdown file to write, which must not be there")
    _place(handover)

    log = _add(commands, "log", "print the log of a job")
    log.add_argument("job", help="its id, or the beginning of it, or its folder")
    log.add_argument("-f", "--follow", action="store_true", help="go on until the job ends")

    cancel = _add(commands, "cancel", "cancel jobs, all ranks of them")
    cancel.add_argument("job", nargs="+", help="ids, or the beginnings of them, or folders")

    for name, text in (("hold", "let jobs that wait in Slurm wait until they are released"), ("release", "end a hold")):
        command = _add(commands, name, text)
        command.add_argument("job", nargs="+", help="ids, or the beginnings of them, or folders")
        _json(command)

    retry = _add(commands, "retry", "launch the runs of jobs again")
    retry.add_argument("job", nargs="+", help="ids, or the beginnings of them, or folders")
    retry.add_argument(
        "--same-plan", action="store_true", help="with the plan that the job had (default: as it is now)"
    )
    retry.add_argument("--wait", action="store_true", help="wait for the verdict")
    retry.add_argument("--site", help="the site file")
    _json(retry)

    clean = _add(commands, "clean", "remove logs and other bulk of old jobs; request, plan and verdict stay")
    clean.add_argument("experiment", nargs="?", help="default: $EXPERIMENT")
    clean.add_argument(
        "--older-than", dest="days", type=float, default=30.0, metavar="DAYS", help="ended so long ago (default: 30)"
    )
    clean.add_argument("--dry-run", action="store_true", help="say what would go; remove nothing")
    _place(clean)
    _json(clean)

    verify = _add(
        commands, "verify", "is the HDF5 file complete and sound? counts the events again where the data are at hand"
    )
    verify.add_argument("file")
    _json(verify)
    return top


def _add(commands, name: str, text: str) -> argparse.ArgumentParser:
    return commands.add_parser(
        name,
        help=text,
        description=text[0].upper() + text[1:] + ".",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="examples:\n  " + EXAMPLES[name].replace("\n", "\n  "),
    )


def _place(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--site", help="the site file (default: $SMDTUI_SITE, ~/.config/smdtui/site.toml, then this machine)"
    )
    command.add_argument("--dir", help="the folder with the xtc2 files, in place of the site's data roots")
    command.add_argument("--results", help="the folder for jobs and HDF5 files, in place of the experiment's own")


def _json(command: argparse.ArgumentParser) -> None:
    command.add_argument("--json", action="store_true", help="for machines")


def _run_number(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not a run number")
    return int(text)


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point; returns the exit status."""
    words = list(sys.argv[1:] if argv is None else argv)
    known = set(EXAMPLES)
    if not words or (words[0] not in known and words[0] not in ("-h", "--help", "--version")):
        words.insert(0, "app")  # `smdtui EXPERIMENT` opens the app
    arguments = parser().parse_args(words)
    if arguments.command == "submit" and arguments.runs is None:
        arguments.experiment, arguments.runs = None, arguments.experiment  # the eLog's form: only the profile is given
    from smdtui import commands

    try:
        return commands.run(arguments)
    except KeyboardInterrupt:
        print("stopped; jobs that were started go on", file=sys.stderr)
        return 130
    except BrokenPipeError:  # `smdtui names ... | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


if __name__ == "__main__":
    sys.exit(main())

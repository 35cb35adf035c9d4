"""`smdtui check`, `show` and `diff`: what a profile says, and what is wrong with it."""

import sys
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from producer.plan import Plan, effective, load
from producer.plan import check as check_text
from producer.problem import Problem, errors
from smdtui.commands import CommandError, print_json

if TYPE_CHECKING:
    from smdtui.profile.difference import Change


def check(arguments: Namespace) -> int:
    from smdtui.profile.check import check_experiment, check_file, check_run, render

    problems = check_file(arguments.profile)
    if arguments.experiment or arguments.dir:
        from smdtui.commands.browse import place
        from smdtui.jobs.run_argument import runs_of

        where = place(arguments)
        problems = [*problems, *check_experiment(arguments.profile, where.experiment)]
        for run in runs_of(where.experiment, arguments.runs) if arguments.runs else ():
            problems += check_run(arguments.profile, where.site, where.experiment, run)
    elif arguments.runs:
        raise CommandError("--run needs --exp (or --dir): which experiment's run?")
    problems = list(dict.fromkeys(problems))
    if arguments.json:
        notes = [p for p in problems if p.severity == "note"]
        print_json(
            {
                "problems": [p.as_json() for p in problems if p not in notes],
                "notes": [p.as_json() for p in notes],
            }
        )
    elif problems:
        print(render(problems))
    if not arguments.json:
        print(_count(problems), file=sys.stderr)
    return 1 if errors(problems) else 0


def _count(problems: list[Problem]) -> str:
    bad = len(errors(problems))
    mild = sum(problem.severity == "warning" for problem in problems)
    if not bad and not mild:
        return "no problems"
    return f"{bad} error{'s' * (bad != 1)}, {mild} warning{'s' * (mild != 1)}"


def show(arguments: Namespace) -> int:
    plan = effective(load(arguments.profile), arguments.run)
    table = plan.as_json()
    if arguments.json:
        print_json(table)
        return 0
    origin = table["origin"]
    print(f"run {plan.run}")
    for key, value in flat(table["plan"]).items():
        at = origin.get(key)
        where = f"{at['file']}:{at['line']}" if at and at["line"] else "default"
        print(f"  {key} = {value!r:<40} # {where}")
    return 0


def diff(arguments: Namespace) -> int:
    """Prints a line per difference; exit status 0 also when there are some, as for the other commands."""
    runs = arguments.run
    if arguments.other is not None and not runs:
        return _jobs_apart(arguments.profile, arguments.other, arguments.json)
    if arguments.other is None and len(runs) != 2:
        raise CommandError("give --run twice (two runs of one profile), or two profiles and one --run")
    if arguments.other is not None and len(runs) != 1:
        raise CommandError("with two profiles give --run once")
    from smdtui.profile.difference import between_plans

    first, second = _plan(arguments.profile, runs[0]), _plan(arguments.other or arguments.profile, runs[-1])
    return _print_changes(between_plans(first, second), arguments.json)


def _jobs_apart(first: str, second: str, as_json: bool) -> int:
    """What differs between the plans that two jobs were launched with."""
    from smdtui.commands.jobs import named
    from smdtui.jobs.plan_changes import plan_changes

    if any(Path(word).suffix in (".toml", ".h5", ".hdf5") for word in (first, second)):
        raise CommandError("with two profiles give --run once; without --run two jobs are compared")
    jobs = [named(word) for word in (first, second)]
    try:
        changes = plan_changes(jobs[0].folder, jobs[1].folder)
    except FileNotFoundError as error:
        raise CommandError(f"{Path(str(error.filename)).parent.name} has no plan: its launch was refused") from None
    except ValueError as error:
        raise CommandError(f"a plan cannot be read: {error}") from None
    return _print_changes(changes, as_json)


def _print_changes(changes: "Sequence[Change]", as_json: bool) -> int:
    from smdtui.profile.difference import ABSENT, value_text

    if as_json:
        sides = [(c.name, *(None if v is ABSENT else v for v in (c.before, c.after))) for c in changes]
        print_json({"changes": [{"key": key, "before": before, "after": after} for key, before, after in sides]})
        return 0
    for change in changes:
        print(f"{change.name}: {value_text(change.before)} -> {value_text(change.after)}")
    if not changes:
        print("no difference")
    return 0


def schema(arguments: Namespace) -> int:
    from smdtui.profile.json_schema import text

    print(text(), end="")
    return 0


def _plan(path: str, run: int) -> Plan:
    """Of a profile, or what a produced file was made with."""
    if not path.endswith((".h5", ".hdf5")):
        return effective(load(path), run)
    from smdtui.results.value import plan_text

    try:
        profile, problems = check_text(path, plan_text(Path(path)))
    except ValueError as error:
        raise CommandError(str(error)) from None
    if profile is None or errors(problems):
        raise CommandError(f"the plan in {path} cannot be read: {problems[0].message}")
    return effective(profile, run)


def flat(table: Any, key: str = "") -> dict[str, Any]:
    """``{"epics.per_event[0].pv": ...}``: the leaves under their dotted keys; a list of plain values is one."""
    if isinstance(table, dict) and table:
        return {k: v for name, inner in table.items() for k, v in flat(inner, f"{key}.{name}" if key else name).items()}
    if isinstance(table, list) and any(isinstance(x, dict) for x in table):
        return {k: v for i, inner in enumerate(table) for k, v in flat(inner, f"{key}[{i}]").items()}
    return {key: table}

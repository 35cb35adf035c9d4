"""What the command line does, over the functions that the screens call.

One function per command: (arguments) -> exit status.
"""

import importlib
import json
import sys
from argparse import Namespace
from typing import Any

from producer.problem import Problem

# command -> (module, function); a command imports only what it needs.
WHERE = {
    "app": ("open", "app"),
    "demo": ("open", "demo"),
    "runs": ("browse", "runs"),
    "names": ("names", "names"),
    "check": ("profiles", "check"),
    "show": ("profiles", "show"),
    "diff": ("profiles", "diff"),
    "import": ("importing", "run"),
    "schema": ("profiles", "schema"),
    "submit": ("submit", "submit"),
    "follow": ("follow", "follow"),
    "handover": ("handover", "handover"),
    "jobs": ("jobs", "jobs"),
    "log": ("jobs", "log"),
    "cancel": ("jobs", "cancel"),
    "hold": ("control", "hold"),
    "release": ("control", "release"),
    "retry": ("control", "retry"),
    "clean": ("control", "clean"),
    "verify": ("verify", "verify"),
}


class CommandError(Exception):
    """What was asked for cannot be done; the message is a sentence for people."""


def run(arguments: Namespace) -> int:
    """Carry out the command; says what is wrong on stderr, also as JSON on stdout where JSON was asked for."""
    module, function = WHERE[arguments.command]
    try:
        return getattr(importlib.import_module(f"smdtui.commands.{module}"), function)(arguments)
    except Exception as error:
        said = explain(error)
        if said is None:
            return _unexpected(error, arguments.command)
        print("\n".join(said), file=sys.stderr)
        if getattr(arguments, "json", False):
            print_json({"error": "\n".join(said)})
        return 1


def explain(error: Exception) -> list[str] | None:
    """The lines to print for an error that the rooms raise on purpose; None for a bug."""
    problems: list[Problem] | None = getattr(error, "problems", None)
    if problems:
        return [p.text() for p in problems]
    if isinstance(error, OSError):
        return [f"smdtui: {error.filename or 'a file'}: {error.strerror or error}"]
    if isinstance(error, LookupError) and type(error) is LookupError:
        return [f"smdtui: {error.args[0]}"]
    if type(error).__module__.split(".")[0] in ("smdtui", "producer"):
        return [f"smdtui: {error}"]
    return None


def _unexpected(error: Exception, command: str) -> int:
    from smdtui.crash import record
    from smdtui.services import state_directory

    report = record(error, state_directory(), where=f"smdtui {command}")
    print(f"smdtui stopped on something unexpected; your jobs go on. The report is in {report}", file=sys.stderr)
    return 1


def print_json(table: dict[str, Any]) -> None:
    print(json.dumps(table, indent=2, ensure_ascii=False, allow_nan=False))


def table_text(header: list[str], rows: list[list[str]], right: frozenset[int] = frozenset()) -> str:
    """Columns as wide as they need to be; those in `right` aligned to the right."""
    widths = [max(len(row[i]) for row in [header, *rows]) for i in range(len(header))]

    def line(row: list[str]) -> str:
        return "  ".join(c.rjust(w) if i in right else c.ljust(w) for i, (c, w) in enumerate(zip(row, widths))).rstrip()

    return "\n".join(line(row) for row in [header, *rows])

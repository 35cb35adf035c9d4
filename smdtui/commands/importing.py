"""`smdtui import`: a profile from one of smalldata_tools' Python configurations."""

import os
import sys
import tempfile
from argparse import Namespace
from pathlib import Path

from producer.plan import check
from producer.problem import errors
from producer.run_ranges import RangeError, RunRange
from smdtui.commands import CommandError, print_json
from smdtui.new_file_mode import new_file_mode


def run(arguments: Namespace) -> int:
    """Exit status 0 when a profile came out, whatever it does not hold; with --strict 1 when anything was lost."""
    from smdtui.profile.importing.read import read
    from smdtui.profile.importing.report import lost, report_json, report_text
    from smdtui.profile.importing.translate import translate
    from smdtui.profile.importing.write import profile_text

    output = Path(arguments.output) if arguments.output else None
    if output is not None and os.path.lexists(output):
        raise CommandError(f"{output} is there already; name another file with -o, or move it away first")
    try:
        runs = RunRange.parse(arguments.runs) if arguments.runs else None
    except RangeError as error:
        raise CommandError(f"--runs: {error}") from None
    if runs is not None and runs.spans[-1][1] is None:
        raise CommandError("--runs needs an end, as in 1-200: each of these runs is looked at for itself")
    reading = read(arguments.config, runs)
    if arguments.execute:
        from smdtui.profile.importing.combine import combine
        from smdtui.profile.importing.execute import execute

        reading = combine(reading, execute(arguments.config, arguments.time_limit))
    translation = translate(reading)
    text = profile_text(translation)
    wrong = errors(check(output or "profile.toml", text)[1])
    if wrong:
        raise CommandError("the profile that came out has errors, so it was not written:\n" + _lines(wrong))
    differences: list[str] | None = None
    if arguments.prove:
        from smdtui.profile.importing.roundtrip import differences as compared

        count, differences = compared(arguments.config, translation, text, arguments.time_limit)
    if output is not None:
        write_new(output, text)
    bad = bool(differences) or (arguments.strict and lost(translation) > 0)
    if arguments.json:
        table = {**report_json(translation), "output": str(output) if output else None}
        table.update({} if output else {"profile": text})
        table.update({} if differences is None else {"runs_compared": count, "differences": differences})
        print_json(table)
        return 1 if bad else 0
    said = sys.stdout
    if output is None:
        print(text, end="")
        said = sys.stderr
    print(report_text(translation), file=said)
    if differences is not None:
        shown = "no difference that is not listed above" if not differences else f"{len(differences)} differences"
        print(f"compared with the original functions for {count} runs: {shown}", file=said)
        print("".join(f"  {line}\n" for line in differences[:50]), end="", file=said)
    if output is not None:
        print(f"written: {output}", file=said)
    return 1 if bad else 0


def _lines(problems: list) -> str:
    return "\n".join(problem.text() for problem in problems)


def write_new(path: Path, text: str) -> None:
    """Write a file that is not there yet, whole or not at all. Raises OSError."""
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, new_file_mode(path.parent))
        os.link(temporary, path)  # unlike a rename, fails when somebody has made the file meanwhile
    finally:
        os.unlink(temporary)

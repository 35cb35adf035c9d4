"""`smdtui verify`: is an HDF5 file complete and sound?"""

from argparse import Namespace

from smdtui.commands import print_json


def verify(arguments: Namespace) -> int:
    from producer.verification import verify as look

    verdict = look(arguments.file)
    good = verdict.verdict == "verified"
    if arguments.json:
        print_json({"file": arguments.file, **verdict.as_json()})
        return 0 if good else 1
    expected = "?" if verdict.expected is None else verdict.expected
    print(f"{arguments.file}: {verdict.verdict}, {verdict.events} of {expected} events")
    for problem in verdict.problems:
        print(f"  {problem['severity']}: {problem['message']}")
    return 0 if good else 1

"""`smdtui verify`: is an HDF5 file complete and sound?"""

from argparse import Namespace

from smdtui.commands import print_json


def verify(arguments: Namespace) -> int:
    from smdtui.results.verdict import judge

    judged = judge(arguments.file)
    verdict = judged.verdict
    if arguments.json:
        print_json({"file": arguments.file, **judged.as_json()})
        return 0 if verdict.verified else 1
    expected = "?" if verdict.expected is None else verdict.expected
    print(f"{arguments.file}: {verdict.verdict}, {verdict.events} of {expected} events")
    print("  counted again in the data" if judged.recounted else f"  not counted again in the data: {judged.why}")
    for problem in verdict.problems:
        print(f"  {problem['severity']}: {problem['message']}")
    return 0 if verdict.verified else 1

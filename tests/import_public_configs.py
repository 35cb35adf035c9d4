"""Imports every public configuration of smalldata_tools and proves each import run by run:

    python tests/import_public_configs.py PATH_TO_A_CHECKOUT_OF_SMALLDATA_TOOLS

Prints the report of each and a summary; exit status 0 only when each profile has no problem and every difference from
the original functions is reported. Takes also the older producer template where the checkout has it.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from producer.plan import check
from smdtui.profile.importing.items import LOST
from smdtui.profile.importing.read import read
from smdtui.profile.importing.report import report_text
from smdtui.profile.importing.roundtrip import differences
from smdtui.profile.importing.translate import translate
from smdtui.profile.importing.write import profile_text


def main(checkout: Path) -> int:
    files = sorted(checkout.glob("lcls?_producers/prod_config_*.py"))
    files += sorted(checkout.glob("legacy/producers/smalldata_producer_template.py"))
    if not files:
        print(f"{checkout} has no lcls?_producers/prod_config_*.py", file=sys.stderr)
        return 2
    rows, failed = [], 0
    for file in files:
        translation = translate(read(file))
        text = profile_text(translation)
        problems = check(file.with_suffix(".toml"), text)[1]
        runs, unreported = differences(file, translation, text)
        print(report_text(translation))
        print("".join(f"  DIFFERENT: {line}\n" for line in unreported), end="")
        print("".join(f"  PROBLEM: {problem.text()}\n" for problem in problems))
        lost = sum(item.kind == LOST for item in translation.items)
        name = str(file.relative_to(checkout))
        rows.append((name, translation.carried, lost, len(problems), runs, len(unreported)))
        failed += bool(problems or unreported)
    print(f"{'file':55} {'values':>6} {'lost':>5} {'problems':>8} {'runs':>5} {'unreported':>10}")
    for name, carried, lost, problems_found, runs, unreported_found in rows:
        print(f"{name:55} {carried:6} {lost:5} {problems_found:8} {runs:5} {unreported_found:10}")
    return 1 if failed else 0


if __name__ == "__main__":
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        raise SystemExit(2)
    raise SystemExit(main(Path(sys.argv[1])))

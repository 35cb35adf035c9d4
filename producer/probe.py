"""What a run holds, asked from outside: ``python -m producer.probe names --exp E --run N --dir D [--values]``.

One JSON object on stdout and exit status 0, or ``{"error": "..."}`` and 1.  Everything else goes to stderr.
``python -m producer.probe preflight ...`` passes the rest on to producer.preflight, ``serve`` to producer.probe_server,
which answers many questions.
"""

import argparse
import gc
import json
import sys
from typing import List, Optional

from producer.run_answer import explain, names


def main(argv: Optional[List[str]] = None) -> int:
    arguments = sys.argv[1:] if argv is None else argv
    if arguments[:1] == ["preflight"]:
        from producer.preflight import main as preflight  # which imports psana

        return preflight(arguments[1:])
    if arguments[:1] == ["serve"]:
        from producer.probe_server import main as serve

        return serve(arguments[1:])
    options = _parser().parse_args(arguments)
    gc.disable()  # of a hundred thousand names none is garbage before they are out
    try:
        answer = names(options.exp, options.run, options.dir, options.values)
    except Exception as error:
        answer = {"error": explain(error)}
    # json.dumps refuses what is no JSON (NaN); a lone surrogate of a file name must not stop the answer
    print(json.dumps(answer, allow_nan=False).encode("utf-8", "replace").decode(), flush=True)
    return 1 if "error" in answer else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m producer.probe",
        description="What a run holds, as one JSON object.",
        epilog="Example: python -m producer.probe names --exp tmoq00125 --run 14 --dir /data/tmoq00125/xtc",
    )
    commands = parser.add_subparsers(dest="command", required=True)
    asked = commands.add_parser("names", help="detectors, EPICS PVs and scan variables")
    asked.add_argument("--exp", required=True, help="the experiment's name")
    asked.add_argument("--run", required=True, type=int, help="the run's number")
    asked.add_argument("--dir", help="the folder of its xtc2 files (default: under $SIT_PSDM_DATA)")
    asked.add_argument("--values", action="store_true", help="with the first and last value of each PV")
    commands.add_parser("serve", help="answer JSON lines until stdin is closed", add_help=False)
    commands.add_parser("preflight", help="will a profile work on a run?", add_help=False)
    return parser


if __name__ == "__main__":
    sys.exit(main())

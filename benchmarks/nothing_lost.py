"""What is promised to the operator though everything dies. `./run python benchmarks/nothing_lost.py kills|consoles [SEED]`

kills: kill -9 at 100 random moments of the app, the follower and `submit` while batches of 20 runs are produced.
"""

import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from torture.kills import torture  # noqa: E402
from torture.stage import Stage  # noqa: E402


def told(line: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {line}", file=sys.stderr, flush=True)


def main() -> int:
    what, seed = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 1
    count = int(sys.argv[3]) if len(sys.argv) > 3 else 0
    with tempfile.TemporaryDirectory(prefix="torture") as folder:
        stage = Stage(Path(folder), range(1, 21))
        stage.write()
        if what == "kills":
            print(torture(stage, count or 100, seed, told).words())
    return 0


if __name__ == "__main__":
    sys.exit(main())

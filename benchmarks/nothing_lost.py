"""Nothing is lost whatever happens. `./run python benchmarks/nothing_lost.py kills|consoles [SEED [COUNT]]`

kills: kill -9 at 100 (COUNT) random moments of the app, the follower and `submit` during batches of 20 runs.
consoles: two apps with random keys and a follower on one experiment for 600 (COUNT) seconds.
"""

import shutil
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]  # before this folder, whose producer.py is not the package

from torture import consoles, kills  # noqa: E402
from torture.stage import Stage  # noqa: E402


def told(line: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {line}", file=sys.stderr, flush=True)


def main() -> int:
    what, seed = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 1
    count = int(sys.argv[3]) if len(sys.argv) > 3 else 0
    folder = Path(tempfile.mkdtemp(prefix="torture"))
    stage = Stage(folder, range(1, 21)) if what == "kills" else Stage(folder, range(1, 9), length=300)
    stage.write()
    if what == "kills":
        print(kills.torture(stage, count or 100, seed, told).words())
    else:
        print(consoles.torture(stage, count or 600, seed, told).words())
    shutil.rmtree(folder)  # after a fault it is left, to be looked at
    return 0


if __name__ == "__main__":
    sys.exit(main())

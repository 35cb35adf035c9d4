import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from conftest_jobs import bench  # noqa: F401

"""Real LCLS-II runs, where they lie beside the checkout; tests that want them skip where they do not."""

from pathlib import Path

SHARED = Path(__file__).resolve().parents[2].parent / "shared" / "data"
REAL = {"chunking": ("xpptut15", 14), "fakesteps": ("xpptut15", 14), "multi-seg-epics": ("xpptut15", 14)}
# single files without an smd file, with the experiment that is recorded in them
SINGLE = {"test_ts": "xppc00117", "test_timetool_psana": "tmoc00118"}

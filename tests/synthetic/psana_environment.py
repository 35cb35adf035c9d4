"""The variables for a process that imports psana."""

import os
from pathlib import Path

ENVIRONMENT = {
    **os.environ,
    "MPIR_CVAR_CH4_NETMOD": "ofi",
    "PS_PARALLEL": "none",
    "PYTHONPATH": str(Path(__file__).parents[2]),
}

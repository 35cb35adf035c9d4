"""The first and the last value of EPICS PVs in a run, from the SlowUpdates that the smd file repeats.  Numpy only."""

import math
from typing import Any, Dict, Iterable, Tuple

import numpy as np

from producer import dgram
from producer.dgram import Damaged, Walk
from producer.xtc_tree import Configuration, Corrupt, contents

# psana looks this many SlowUpdates back for a value (PS_N_STEP_SEARCH_STEPS).
BACK = 10
# Arrays longer than this are told by shape, minimum, mean and maximum.
LONG = 32


def first_and_last(configured: Configuration, walked: Walk) -> Tuple[Dict[str, Any], Dict[str, Any]]:
    """({name: first value}, {name: last value}) of the ``epics`` in one smd file; raises Damaged."""
    updates = np.flatnonzero((walked.services == dgram.SLOW_UPDATE) & (walked.headers["extent"] > 12))
    offsets = walked.offsets[updates].tolist()
    return _gather(configured, offsets[:BACK]), _gather(configured, reversed(offsets[-BACK:]))


def _gather(configured: Configuration, offsets: Iterable[int]) -> Dict[str, Any]:
    wanted = {field.name for names in configured.names if names.detname == "epics" for field in names.fields}
    found: Dict[str, Any] = {}
    for offset in offsets:
        data = dgram.read_dgram(configured.path, offset)
        try:
            for names, values in contents(data, configured.by_key):
                if names.detname == "epics":
                    for name, value in values.items():
                        found.setdefault(name, plain(value))
        except Corrupt as corrupt:
            raise Damaged(configured.path, offset, f"has a corrupt SlowUpdate at byte {offset}: {corrupt}") from corrupt
        if wanted <= found.keys():
            break
    return found


def plain(value: Any) -> Any:
    """As JSON can hold it: NaN and infinity become None, long arrays {"shape", "min", "mean", "max"}."""
    if isinstance(value, str):
        return value
    array = np.asarray(value)
    if array.size > LONG:
        finite = array[np.isfinite(array)] if array.dtype.kind == "f" else array
        stats = {name: plain(getattr(finite, name)()) if finite.size else None for name in ("min", "mean", "max")}
        return {"shape": list(array.shape), **stats}
    return _finite(array.tolist())


def _finite(value: Any) -> Any:
    if isinstance(value, list):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value

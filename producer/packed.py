"""Long columns as single JSON strings: reading 50,000 names as one takes a hundredth of the time, and of the memory."""

import base64
import math
from array import array
from typing import Any, Dict, Iterable, List, Mapping, Optional, Sequence

EPICS = ("alias", "pv", "type")


def texts(values: Iterable[str]) -> str:
    """Names of datagrams end at a zero byte, so none can hold one."""
    return "\0".join(values)


def split(packed: str, count: int) -> List[str]:
    return packed.split("\0") if count else []


def numbers(values: Sequence[Optional[float]]) -> str:
    """float64, little endian, base64; None as NaN."""
    column = array("d", [math.nan if value is None else value for value in values])
    return base64.b64encode(column.tobytes()).decode("ascii")


def column(packed: str) -> "array[float]":
    found: array[float] = array("d")
    found.frombytes(base64.b64decode(packed))
    return found


def pack_epics(entries: Sequence[Mapping[str, Any]]) -> Dict[str, Any]:
    """The `epics` of a `names` object as columns; further keys (values) stay lists."""
    packed: Dict[str, Any] = {"count": len(entries)}
    for key in EPICS:
        packed[key] = texts(entry.get(key) or "" for entry in entries)
    for key in entries[0] if entries else ():
        if key not in EPICS:
            packed[key] = [entry.get(key) for entry in entries]
    return packed


def unpack_epics(packed: Any) -> List[Dict[str, Any]]:
    """What `pack_epics` was given; a list is given back as it is."""
    if not isinstance(packed, dict):
        return list(packed)
    count = packed["count"]
    keys = [key for key in packed if key != "count"]
    columns = [split(packed[key], count) if key in EPICS else packed[key] for key in keys]
    return [dict(zip(keys, row)) for row in zip(*columns)]

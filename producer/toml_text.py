"""Writes TOML text from plain values (the producer's environment has no library that does)."""

import datetime
import math
import numbers
import re
from typing import Any, List, Mapping, Tuple

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_SPECIAL = {'"': '\\"', "\\": "\\\\", "\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r"}


def dumps(table: Mapping[str, Any]) -> str:
    """TOML text whose `tomllib.loads` equals `table` (tuples become lists). Raises TypeError for a value that TOML has
    no form for, None included."""
    lines: List[str] = []
    _table(table, (), lines)
    return "\n".join(lines).lstrip("\n") + "\n" if lines else ""


def _table(table: Mapping[str, Any], path: Tuple[str, ...], lines: List[str]) -> None:
    later = []
    for name, value in table.items():
        if isinstance(value, Mapping) or _is_tables(value):
            later.append((name, value))
        else:
            lines.append(f"{key(name)} = {value_text(value)}")
    for name, value in later:
        inner = (*path, name)
        head = ".".join(key(part) for part in inner)
        if isinstance(value, Mapping):
            if not value or any(not isinstance(v, Mapping) and not _is_tables(v) for v in value.values()):
                lines += ["", f"[{head}]"]
            _table(value, inner, lines)
        else:
            for entry in value:
                lines += ["", f"[[{head}]]"]
                _table(entry, inner, lines)


def _is_tables(value: Any) -> bool:
    return isinstance(value, (list, tuple)) and bool(value) and all(isinstance(v, Mapping) for v in value)


def key(name: str) -> str:
    if not isinstance(name, str):
        raise TypeError(f"a TOML key is text, not {name!r}")
    return name if _BARE.fullmatch(name) else _string(name)


def value_text(value: Any) -> str:
    """One value as it stands after ``key =``, on one line."""
    if isinstance(value, bool) or type(value).__name__ in ("bool_", "bool"):  # numpy's is no subclass
        return "true" if value else "false"
    if isinstance(value, str):
        return _string(value)
    if isinstance(value, numbers.Integral):
        return str(int(value))
    if isinstance(value, numbers.Real):
        return _float(float(value))
    if isinstance(value, (datetime.datetime, datetime.date, datetime.time)):
        return value.isoformat()
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{key(k)} = {value_text(v)}" for k, v in value.items()) + " }" if value else "{}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(value_text(v) for v in value) + "]"
    raise TypeError(f"TOML has no form for {value!r}")


def _float(value: float) -> str:
    if math.isfinite(value):
        return repr(value)  # repr always has a point or an exponent, so it stays a float
    return "nan" if math.isnan(value) else "inf" if value > 0 else "-inf"


def _string(text: str) -> str:
    return (
        '"'
        + "".join(_SPECIAL.get(c) or (f"\\u{ord(c):04x}" if ord(c) < 32 or ord(c) == 127 else c) for c in text)
        + '"'
    )

"""Numbers and times as people read them; the same width for the same kind of thing."""

from __future__ import annotations

import math
import time


def size(count: int) -> str:
    """Bytes in powers of 1000: "12.3 MB"."""
    value, units = float(count), ["B", "kB", "MB", "GB", "TB", "PB"]
    while value >= 999.5 and len(units) > 1:
        value /= 1000
        units.pop(0)
    return f"{value:.0f} {units[0]}" if units[0] == "B" or value >= 99.95 else f"{value:.1f} {units[0]}"


def duration(seconds: float) -> str:
    """ "45 s", "3:05" (minutes), "2:03:05" (hours)."""
    total = int(seconds)
    if total < 60:
        return f"{max(0, total)} s"
    minutes, rest = divmod(total, 60)
    return f"{minutes}:{rest:02d}" if minutes < 60 else f"{minutes // 60}:{minutes % 60:02d}:{rest:02d}"


def moment(unix: float, now: float) -> str:
    """Local time: "14:03:05", with the date before it when that is not today."""
    then, today = time.localtime(unix), time.localtime(now)
    clock = time.strftime("%H:%M:%S", then)
    if then[:3] == today[:3]:
        return clock
    form = "%b %d %H:%M" if then.tm_year == today.tm_year else "%Y-%m-%d"
    return time.strftime(form, then)


def ago(seconds: float) -> str:
    """ "just now", "12 s ago", "3 min ago", "5 h ago", "4 d ago"."""
    for limit, unit, name in ((2, 0, ""), (90, 1, "s"), (5400, 60, "min"), (172800, 3600, "h")):
        if seconds < limit:
            return f"{seconds / unit:.0f} {name} ago" if unit else "just now"
    return f"{seconds / 86400:.0f} d ago"


def number(value: float | None) -> str:
    """At most 9 characters, 5 significant digits; "–" for what is not known."""
    if value is None:
        return "–"
    if not math.isfinite(value):
        return str(value)
    if value == int(value) and abs(value) < 1e8:
        return str(int(value))
    return f"{value:.5g}" if len(f"{value:.5g}") <= 9 else f"{value:.2e}"


def share(value: float | None) -> str:
    """A share in per cent that is 0 only when it is nothing, and 100 only when it is all."""
    if value is None:
        return "–"
    if 0 < value < 0.001:
        return "<0.1%"
    if 0.999 < value < 1:
        return ">99.9%"
    return f"{value:.0%}" if value in (0.0, 1.0) else f"{value:.1%}"


def plural(count: int, noun: str) -> str:
    """ "1 run", "3 runs", "2 entries"."""
    if count == 1:
        return f"1 {noun}"
    return f"{count:,} {noun[:-1]}ies" if noun.endswith("ry") else f"{count:,} {noun}s"

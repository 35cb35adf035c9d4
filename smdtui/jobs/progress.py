"""How far a job is: the small files that its ranks write, summed."""

import json
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

STALL_SECONDS = 60.0
WINDOW_SECONDS = 30.0
ETA_SECONDS = 300.0  # workers get events in batches and wait in between, which half a minute may not average out
PHASES = ("starting", "waiting", "reading", "merging", "verifying", "done", "failed")


@dataclass(frozen=True)
class Rank:
    """What one rank said last; `time` in seconds of the Unix clock; `rate` in events/s over its recent history."""

    rank: int
    role: str
    phase: str
    done: int
    time: float
    rate: float | None = None

    @property
    def ended(self) -> bool:
        return self.phase in ("done", "failed")

    @property
    def name(self) -> str:
        return f"rank {self.rank} ({self.role})"


@dataclass(frozen=True)
class Progress:
    """`total` and `eta_seconds` are None while unknown, `rate` (events/s) until two moments are known; `updated` is the
    newest sign of any rank."""

    ranks: tuple[Rank, ...] = ()
    done: int = 0
    total: int | None = None
    rate: float | None = None
    eta_seconds: float | None = None
    phase: str = ""
    begin: float | None = None
    updated: float | None = None

    def silent(self, now: float, seconds: float = STALL_SECONDS) -> tuple[Rank, ...]:
        """The ranks that have said nothing for longer than `seconds` though they have not ended."""
        return tuple(r for r in self.ranks if not r.ended and now - r.time > seconds)

    def suspects(self, now: float) -> tuple[Rank, ...]:
        """Of the silent ranks those that hold up the others: the workers that are least far, else the least far."""
        silent = self.silent(now)
        working = [r for r in silent if r.role in ("worker", "serial")] or list(silent)
        first = min((_order(r.phase) for r in working), default=0)
        return tuple(r for r in working if _order(r.phase) == first)


def _order(phase: str) -> int:
    return PHASES.index(phase) if phase in PHASES else 0


def _read(path: Path) -> dict[str, Any] | None:
    """None for a file that is not there, half written or of another shape: the next look will do."""
    try:
        value = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None
    return value if isinstance(value, dict) else None


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def read(folder: Path, now: float | None = None) -> Progress:
    """`folder` is the job's ``progress``."""
    now = time.time() if now is None else now
    try:
        names = sorted(n for n in os.listdir(folder) if n.startswith("rank") and n.endswith(".json"))
    except OSError:  # not there yet, or not for everybody's eyes
        names = []
    tables = [t for name in names if (t := _read(folder / name)) is not None]
    total = _read(folder / "total.json") or {}
    return summed(tables, total, now)


def summed(tables: list[dict[str, Any]], total: dict[str, Any], now: float) -> Progress:
    """Sums what the ranks wrote (contract: rank, role, phase, done, time, history of [unix time, done]).

    The rate is that of the sum over the last 30 s: each rank's count is taken at both ends of the window. While all
    are silent the window's end stays at the last sign, so that a waiting job keeps its rate and not a falling one.
    The time left is that of the mean rate over the last five minutes, from each rank's first event on: what comes
    before it (opening files, compiling) does not come again.
    """
    rows = []
    histories = []
    for table in tables:
        rank, done, when = (_number(table.get(k)) for k in ("rank", "done", "time"))
        if rank is None or done is None or when is None:
            continue
        points = _points(table.get("history"), when, done)
        phase, role = str(table.get("phase", "")), str(table.get("role", ""))
        rows.append(Rank(int(rank), role, phase, int(done), when, _rate([points])))
        histories.append(points)
    if not rows:
        return Progress(total=_whole(total.get("total")), begin=_number(total.get("begin")))
    # Only those that count events: smd0 and the event builders would be counted twice.
    counts = [h for r, h in zip(rows, histories, strict=True) if r.role in ("worker", "serial")]
    done_sum = sum(r.done for r in rows if r.role in ("worker", "serial"))
    wanted = _whole(total.get("total"))
    rate = _rate(counts)
    active = [r.phase for r in rows if not r.ended] or [r.phase for r in rows]
    phase = "failed" if any(r.phase == "failed" for r in rows) else max(active, key=_order)
    eta = None
    mean = _rate([_since_first(h) for h in counts], ETA_SECONDS) or rate
    if wanted is not None and mean and phase in ("starting", "waiting", "reading"):
        updated = max(r.time for r in rows)
        eta = max(0.0, (wanted - done_sum) / mean - min(now - updated, 5.0))
    return Progress(
        ranks=tuple(sorted(rows, key=lambda r: r.rank)),
        done=done_sum,
        total=wanted,
        rate=rate,
        eta_seconds=eta,
        phase=phase,
        begin=_number(total.get("begin")),
        updated=max(r.time for r in rows),
    )


def _whole(value: Any) -> int | None:
    number = _number(value)
    return None if number is None else int(number)


def _points(history: Any, when: float, done: float) -> list[tuple[float, float]]:
    """The history with its newest point, in order of time; [[...]] of another shape is left out."""
    try:
        points = {(float(t), float(n)) for t, n in history or ()}
    except (TypeError, ValueError):
        points = set()
    return sorted(points | {(when, done)})


def _at(points: list[tuple[float, float]], when: float) -> float:
    """The count at `when`, linear between the points; before the first it is the first's, after the last the last's."""
    before = None
    for moment, count in points:
        if moment >= when:
            if before is None or moment == before[0]:
                return count
            share = (when - before[0]) / (moment - before[0])
            return before[1] + share * (count - before[1])
        before = (moment, count)
    return points[-1][1]


def _since_first(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """From the first event on, where there are two points after it."""
    begun = [p for p in points if p[1] > 0]
    return begun if len(begun) > 1 else points


def _rate(histories: list[list[tuple[float, float]]], window: float = WINDOW_SECONDS) -> float | None:
    """Events per second of all together, from the earliest point within the window to the newest."""
    points = [p for h in histories for p in h]
    if not points:
        return None
    end = max(p[0] for p in points)
    begin = max(min(p[0] for p in points), end - window)
    if end - begin < 0.5:
        return None
    return sum(_at(h, end) - _at(h, begin) for h in histories) / (end - begin)

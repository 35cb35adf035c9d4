"""All that is known of one name, as the lines of the pane under the list. No Textual here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from smdtui.catalog.pv_values import BARS, PvLine, value_text
from smdtui.screens.name_rows import APART, Facts, Name
from smdtui.screens.run_rows import runs_text

MOST = 24  # bars of the curve over the runs


def details(name: Name, facts: Facts, across: Any = None, ascii: bool = False) -> list[str]:
    """At most four lines; `across` is smdtui.catalog.name_index.Across once it is known."""
    kinds = {"detector": _detector, "epics": _epics, "lacking": _lacking, "raw": _raw}
    lines = kinds.get(name.kind, _scan)(name, facts, ascii)
    if across is not None and name.kind not in APART:
        lines.append(across_text(across, ascii))
    return lines


def _lacking(name: Name, facts: Facts, ascii: bool) -> list[str]:
    return [f"{name.name}   {name.what}", f"The profile takes it ({name.type}); this run has no such name."]


def _raw(name: Name, facts: Facts, ascii: bool) -> list[str]:
    return [f"{name.name}   {name.type}   {name.what} {name.dtype}   as the files declare it (detnames -r)"]


def _scan(name: Name, facts: Facts, ascii: bool) -> list[str]:
    return [f"{name.name}   scan variable   {name.type}"]


def _detector(name: Name, facts: Facts, ascii: bool) -> list[str]:
    shape = f"{name.shape} {name.dtype}".strip()
    segments = f"segment{'s' * (',' in name.segments)} {name.segments}" if name.segments else ""
    first = [name.name, name.type, name.what, shape, segments, name.unique_id]
    present = facts.presence.get(name.name, {})
    counts = [f"{kind} {there:,} of {looked:,}" for kind, (there, looked, _) in present.items() if kind != "config"]
    events = f"in events: {', '.join(counts)}" if counts else "in events: being counted …"
    constants = facts.calibration(name)
    where = "constants: no local folder is known, the facility is not asked" if constants == "?" else ""
    return ["   ".join(part for part in first if part), events, where or f"constants: {constants}"]


def _epics(name: Name, facts: Facts, ascii: bool) -> list[str]:
    line = facts.values.line(name.name, name.what)
    head = "   ".join(part for part in (name.name, name.what, name.type, line.unit if line else "") if part)
    if line is None:
        return [head, "values: being read …" if not facts.values.place else "values: none in this run"]
    return [head, *_values(line, ascii)]


def _values(line: PvLine, ascii: bool) -> list[str]:
    arrow, dots = ("->", "..") if ascii else ("→", "…")
    words = {"stale": "stale: it never answered", "no value": "no update carries it"}.get(line.state)
    if words:
        return [words]
    parts = [f"{value_text(line.first)} {arrow} {value_text(line.last)}" if line.changed else value_text(line.last)]
    if line.minimum is not None and line.changed:
        parts.append(f"{value_text(line.minimum)} {dots} {value_text(line.maximum)}")
    parts.append(f"{line.distinct:,} values in {line.updates:,} updates" if line.changed else "it did not change")
    if line.stale:
        parts.append(f"stale in {line.stale:,} of them")
    curve = line.bars(ascii)
    return ["   ".join(parts) + (f"   {curve}" if curve else "")]


def across_text(across: Any, ascii: bool = False) -> str:
    """Since when, where not, and what it was, run by run."""
    read = len(across.read)
    if not across.runs:
        return f"in none of {read} runs read so far" if read else "other runs: being read …"
    parts = [f"in {len(across.runs)} of {read} runs read, since run {across.since}"]
    if across.missing:
        text = runs_text(across.missing)
        parts.append(f"not in {text if len(text) < 30 else text[:29] + '…'}")
    parts.append(curve(across.values, ascii))
    return "   ".join(part for part in parts if part)


def by_run(across: Any) -> list[tuple[int, bool, str]]:
    """(run, whether the name is in it, its last value there) of every run read, the newest first."""
    have = set(across.runs)
    return [
        (run, run in have, value_text(across.values[run]) if across.values.get(run) is not None else "")
        for run in sorted(across.read, reverse=True)
    ]


def curve(values: Mapping[int, Any], ascii: bool = False) -> str:
    """The value per run as bars, with the first and the last one."""
    runs = [run for run in sorted(values) if isinstance(values[run], int | float)]
    texts = [values[run] for run in sorted(values) if isinstance(values[run], str)]
    if not runs:
        different = list(dict.fromkeys(texts))
        return " / ".join(different[:3]) + (" / …" if len(different) > 3 else "")
    chosen: Sequence[int] = runs
    if len(runs) > MOST:
        chosen = [runs[round(i * (len(runs) - 1) / (MOST - 1))] for i in range(MOST)]
    numbers = [float(values[run]) for run in chosen]
    low, high = min(numbers), max(numbers)
    if low == high:
        return f"always {value_text(values[runs[-1]])}"
    levels = [min(7, int(8 * (n - low) / (high - low))) for n in numbers]
    bars = "".join(str(n) if ascii else BARS[n] for n in levels)
    return f"{value_text(values[runs[0]])} {bars} {value_text(values[runs[-1]])}"

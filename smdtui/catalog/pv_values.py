"""What the PVs of a run did, as it is shown: values, range, a small curve, whether they answered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from producer import packed

BARS = "▁▂▃▄▅▆▇█"
UNITS = (".EGU", "_EGU", ":EGU")


@dataclass(frozen=True)
class PvLine:
    """As producer.pv_statistics has it, and the unit where the data have one."""

    updates: int
    stale: int
    first: Any
    last: Any
    minimum: float | None
    maximum: float | None
    distinct: int
    curve: str
    unit: str = ""

    @property
    def changed(self) -> bool:
        return self.distinct > 1

    @property
    def state(self) -> str:
        """ "stale": it never answered; "partly stale"; "no value": no update carries it; else ""."""
        if not self.updates:
            return "no value"
        if self.stale >= self.updates:
            return "stale"
        return "partly stale" if self.stale else ""

    def bars(self, ascii: bool = False) -> str:
        """The curve; nothing for a value that did not change."""
        if not self.changed:
            return ""
        return self.curve if ascii else "".join(" " if c == " " else BARS[int(c)] for c in self.curve)


COLUMNS = ("updates", "stale", "first", "last", "minimum", "maximum", "distinct", "curve")


@dataclass(frozen=True)
class PvValues:
    """Of all PVs of a run, column by column as the probe answers."""

    columns: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    place: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, answer: Mapping[str, Any]) -> PvValues:
        """From what the probe answers; see producer.packed."""
        told = answer.get("statistics")
        if not told:
            return cls()
        count = told["count"]
        columns: dict[str, Sequence[Any]] = {}
        for name in ("name", *COLUMNS):
            if name in ("name", "curve"):
                columns[name] = packed.split(told[name], count)
            elif name in ("first", "last"):
                columns[name] = told[name]
            else:
                columns[name] = packed.column(told[name])
        return cls(columns, {name: i for i, name in enumerate(columns["name"])})

    def line(self, alias: str, pv: str = "") -> PvLine | None:
        at = self.place.get(alias)
        if at is None:
            return None
        first, last = self.columns["first"][at], self.columns["last"][at]
        updates, stale, distinct = (int(self.columns[name][at]) for name in ("updates", "stale", "distinct"))
        low, high = (_bound(self.columns[name][at], first) for name in ("minimum", "maximum"))
        unit = self.unit(alias, pv)
        return PvLine(updates, stale, first, last, low, high, distinct, self.columns["curve"][at], unit)

    def unit(self, alias: str, pv: str = "") -> str:
        """The text of the EGU field that was recorded beside the PV, "" without one."""
        for name in (alias, pv, pv.rsplit(".", 1)[0]):
            for tail in UNITS if name else ():
                at = self.place.get(name + tail)
                if at is not None and isinstance(self.columns["last"][at], str):
                    return str(self.columns["last"][at])
        return ""

    def changed(self, alias: str) -> bool:
        at = self.place.get(alias)
        return at is not None and self.columns["distinct"][at] > 1

    def stale(self, alias: str) -> bool:
        at = self.place.get(alias)
        return at is not None and self.columns["stale"][at] > 0


def _bound(value: float, like: Any) -> float | None:
    """None for NaN; whole where the PV's own values are."""
    if value != value:
        return None
    return int(value) if isinstance(like, int) else value


def value_text(value: Any) -> str:
    """A recorded value in few characters."""
    if value is None:
        return "–"
    if isinstance(value, str):
        return value
    if isinstance(value, bool | int):
        return str(value)
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, Mapping):
        shape = "x".join(map(str, value.get("shape", ())))
        return f"[{shape}] {value_text(value.get('min'))} … {value_text(value.get('max'))}"
    return "[" + ", ".join(value_text(one) for one in value) + "]"

"""What of a configuration is not in the profile, or is there otherwise: nothing is dropped without one of these."""

from dataclasses import dataclass, field, replace
from typing import Any

from producer.run_ranges import Span
from smdtui.profile.importing.run_number import EVERY, range_text, union

LOST = "lost"  # smalldata_tools does it, the profile does not
IGNORED = "ignored"  # smalldata_tools does not do it either
FAILS = "fails"  # the configuration itself fails
NOTE = "note"  # carried over, but something to look at


@dataclass(frozen=True)
class Item:
    """`path` is what it is about, such as ("getROIs", "epix_1", "thresADU"), as far as that goes; `spans` the runs."""

    kind: str
    line: int
    message: str
    path: tuple[str, ...] = ()
    spans: tuple[Span, ...] = EVERY

    def text(self, file: str) -> str:
        return f"{file}:{self.line}: {self.words}"

    @property
    def words(self) -> str:
        runs = "" if self.spans == EVERY else f" ({runs_text(self.spans)})"
        about = f"{' '.join(self.path)}: " if self.path else ""
        return one_line(f"{about}{self.message}{runs}")

    def as_json(self) -> dict[str, Any]:
        return {
            "kind": self.kind,
            "line": self.line,
            "path": list(self.path),
            "runs": range_text(self.spans),
            "message": self.message,
        }


def one_line(text: str) -> str:
    """Without control characters, which a name or a value of a configuration could bring in."""
    return "".join(c if c.isprintable() else " " for c in text)


def runs_text(spans: tuple[Span, ...]) -> str:
    text = range_text(spans)
    return f"run {text}" if text.isdigit() else f"runs {text}"


@dataclass
class Items:
    """Collects items; one that is said again for other runs is kept once, for all of them."""

    found: dict[tuple[Any, ...], Item] = field(default_factory=dict)

    def add(self, item: Item) -> None:
        key = (item.kind, item.line, item.message, item.path)
        known = self.found.get(key)
        self.found[key] = item if known is None else replace(known, spans=union(known.spans, item.spans))

    def sorted(self) -> tuple[Item, ...]:
        return tuple(sorted(self.found.values(), key=lambda item: (item.line, item.path, item.message)))

"""What a configuration asks for, gathered entry by entry."""

from dataclasses import dataclass, field
from typing import Any

from smdtui.profile.importing.draft import Draft, Notes, as_list, shown
from smdtui.profile.importing.items import Items

Slot = tuple[str, str]  # detector, function of ours


@dataclass
class Asked:
    """What the configuration asks for in one range of runs: `drafts` per detector and function of ours. `detectors` is
    the configuration's list, None where it is not known."""

    generation: str
    notes: Notes
    detectors: tuple[str, ...] | None
    drafts: dict[Slot, list[Draft]] = field(default_factory=dict)
    source: dict[Slot, str] = field(default_factory=dict)  # their function that a slot comes from

    @property
    def items(self) -> Items:
        return self.notes.items

    def add(self, detector: str, function: str, made: Draft) -> None:
        self.drafts.setdefault((detector, function), []).append(made)

    def named(self, name: str) -> None:
        """Remember `name` as the function of theirs that the slots added since come from."""
        for slot in self.drafts:
            self.source.setdefault(slot, name)

    def has(self, detector: str) -> bool:
        return self.detectors is None or detector in self.detectors


def tables(given: Any, line: int, notes: Notes) -> list[tuple[dict[Any, Any], int]]:
    found = []
    for one, at in as_list(given, line):
        if isinstance(one, dict):
            found.append((one, at))
        else:
            notes.lost(at, f"{shown(one)} is no table of parameters")
    return found

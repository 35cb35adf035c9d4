"""What was found in a configuration, however it was found."""

from dataclasses import dataclass, field
from typing import Any

from producer.run_ranges import Span
from smdtui.profile.importing.items import Item


@dataclass(frozen=True)
class Failure:
    """Why a function returns nothing for some runs: it raises (`undecided` false), or reading cannot tell."""

    words: str
    line: int
    undecided: bool


@dataclass(frozen=True)
class Case:
    """What a function returns for the runs in `spans`: a value, or a failure."""

    spans: tuple[Span, ...]
    value: Any = None
    failure: Failure | None = None


@dataclass(frozen=True)
class FunctionReading:
    """`cases` are disjoint; together they hold every run that was looked at."""

    name: str
    line: int
    cases: tuple[Case, ...]


@dataclass(frozen=True)
class Setting:
    value: Any
    line: int


@dataclass(frozen=True)
class Reading:
    """A configuration: its module-level `settings` and `functions` as far as smalldata_tools knows them. `how` says in
    words how it was read; `items` what was noticed on the way."""

    file: str
    generation: str
    how: str
    settings: dict[str, Setting] = field(default_factory=dict)
    functions: dict[str, FunctionReading] = field(default_factory=dict)
    items: tuple[Item, ...] = ()


class ImportFailed(Exception):
    """Nothing could be read; the message says why, for people."""

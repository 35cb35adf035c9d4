"""The runs as a table shows them: filtered, sorted, with production states.  Frozen; every key gives a new one."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from producer.run_files import RunFiles, RunSummary

SORTS = ("run", "begin", "duration", "events", "bytes", "state", "production")


@dataclass(frozen=True)
class RunRow:
    """`summary` is None while the run has not been read; `production` is the word for what was made of it."""

    run: int
    summary: RunSummary | None = None
    production: str = "none"

    @property
    def duration(self) -> float | None:
        """Seconds from begin to end; while there is no end, to the last event."""
        if self.summary is None or self.summary.begin is None:
            return None
        last = self.summary.end if self.summary.end is not None else self.summary.last
        return None if last is None else (last - self.summary.begin) / 1e9

    @property
    def folded(self) -> str:
        """What a filter looks at."""
        words = [str(self.run), self.production]
        if self.summary is not None:
            words += [self.summary.state, "scan" if self.summary.scan else "", self.summary.problem or ""]
        return " ".join(words).casefold()


@dataclass(frozen=True)
class RunTable:
    """`rows` ascend by run; the cursor and the marks are run numbers, so they stay when runs come and go."""

    rows: tuple[RunRow, ...] = ()
    cursor: int | None = None
    marked: frozenset[int] = frozenset()
    query: str = ""
    sort: str = "run"
    descending: bool = True
    _by_run: Mapping[int, RunRow] = field(default_factory=dict, repr=False, compare=False)

    def fill(
        self,
        files: Mapping[int, RunFiles],
        known: Mapping[int, RunSummary],
        production: Mapping[int, str] | None = None,
    ) -> "RunTable":
        """Anew, from a RunCatalog's `files` and `known`; without `production` the states stay as they are."""
        rows = []
        for run in sorted(files):
            before = self._by_run.get(run)
            made = (
                before.production if before is not None and production is None else (production or {}).get(run, "none")
            )
            row = RunRow(run, known.get(run), made)
            rows.append(before if before == row else row)
        marked = self.marked & files.keys()
        return replace(self, rows=tuple(rows), marked=marked, _by_run={r.run: r for r in rows})._settled(self.cursor)

    def produced(self, production: Mapping[int, str]) -> "RunTable":
        """With other production states; a run that is not named has none."""
        rows = tuple(replace(row, production=production.get(row.run, "none")) for row in self.rows)
        return replace(self, rows=rows, _by_run={r.run: r for r in rows})

    @cached_property
    def view(self) -> tuple[RunRow, ...]:
        """The rows that are shown, in order.  Every word of the filter must occur; a number means the run's number."""
        words = self.query.casefold().split()
        rows: Iterable[RunRow] = self.rows
        if words:
            rows = [row for row in self.rows if all(_means(word, row) for word in words)]
        return tuple(sorted(rows, key=lambda row: _key(row, self.sort), reverse=self.descending))

    @property
    def row(self) -> RunRow | None:
        """Under the cursor."""
        return self._by_run.get(self.cursor) if self.cursor is not None else None

    @property
    def position(self) -> int:
        """Of the cursor in the view, 0 where there is none."""
        return next((i for i, row in enumerate(self.view) if row.run == self.cursor), 0)

    @property
    def chosen(self) -> list[int]:
        """The marked runs, ascending; without marks the one under the cursor."""
        return sorted(self.marked) if self.marked else [] if self.cursor is None else [self.cursor]

    def move(self, by: int) -> "RunTable":
        if not self.view:
            return self
        return replace(self, cursor=self.view[max(0, min(len(self.view) - 1, self.position + by))].run)

    def first(self) -> "RunTable":
        return self.move(-len(self.view))

    def last(self) -> "RunTable":
        return self.move(len(self.view))

    def jump(self, run: int) -> "RunTable":
        """To a run, or the nearest that is shown."""
        if not self.view:
            return self
        return replace(self, cursor=min((row.run for row in self.view), key=lambda other: (abs(other - run), other)))

    def filter(self, query: str) -> "RunTable":
        return replace(self, query=query)._settled(self.cursor)

    def sort_by(self, column: str) -> "RunTable":
        """By one of SORTS; the same column again turns the order around."""
        if column not in SORTS:
            raise ValueError(f"runs cannot be sorted by {column!r}; by {', '.join(SORTS)}")
        return replace(self, sort=column, descending=not self.descending if column == self.sort else True)

    def mark(self) -> "RunTable":
        """Turn the mark of the run around and go to the next."""
        return self if self.row is None else replace(self, marked=self.marked ^ {self.row.run}).move(1)

    def mark_all(self) -> "RunTable":
        return replace(self, marked=self.marked | {row.run for row in self.view})

    def unmark(self) -> "RunTable":
        return replace(self, marked=frozenset())

    def _settled(self, run: int | None) -> "RunTable":
        """The cursor on `run`, or on the nearest that is shown; at first on the top."""
        if not self.view:
            return replace(self, cursor=None)
        if run is None:
            return replace(self, cursor=self.view[0].run)
        return self if any(row.run == run for row in self.view) else self.jump(run)


def _means(word: str, row: RunRow) -> bool:
    return str(row.run).startswith(word) if word.isdigit() else word in row.folded


def _key(row: RunRow, column: str) -> tuple[bool, float | str, int]:
    """What is not known sorts below everything."""
    summary = row.summary
    value: float | str | None
    if column == "run":
        value = row.run
    elif column == "duration":
        value = row.duration
    elif column == "production":
        value = row.production
    else:
        value = None if summary is None else getattr(summary, column)
    blank: float | str = "" if column in ("state", "production") else 0
    return value is not None, blank if value is None else value, row.run


def runs_text(runs: Sequence[int]) -> str:
    """Run numbers as people write them: ``7, 9-12``."""
    parts: list[list[int]] = []
    for run in sorted(set(runs)):
        if parts and parts[-1][-1] == run - 1:
            parts[-1][1:] = [run]
        else:
            parts.append([run])
    return ", ".join("-".join(map(str, part)) for part in parts)

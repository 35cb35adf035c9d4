"""Which name is in which run, and its value there: kept in the user's cache, a few files per folder of data.

``runs.jsonl``: one line per run that was read, later lines count: {"run", "identity", "schema"} (or "problem");
``schema-HASH.json``: rows [kind, name, pv, type], the same for the many runs that were recorded with the same set-up;
``values-0041.npy``: float64 per row, the last value of a numeric PV, NaN elsewhere; ``texts-0041.json``: {row: text}.
Written by smdtui.catalog.index_fill alone, read by anybody at any moment.
"""

import hashlib
import json
import os
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from smdtui.catalog import cache

Row = tuple[str, str, str, str]  # kind, name, pv, type


def place(directory: Path) -> Path:
    """The folder of what is known of a folder of data."""
    return cache.place("index", directory).with_suffix("")


@dataclass(frozen=True)
class Schema:
    rows: tuple[Row, ...]

    @cached_property
    def place(self) -> Mapping[str, int]:
        """name -> number of its row; a PV's full name finds it too."""
        found = {row[2]: i for i, row in enumerate(self.rows) if row[2]}
        found.update({row[1]: i for i, row in enumerate(self.rows)})
        return found


@dataclass(frozen=True)
class Comparison:
    """From run `before` to run `after`: names that came, went, or changed their type (name, before, after)."""

    before: int
    after: int
    appeared: tuple[Row, ...]
    vanished: tuple[Row, ...]
    changed: tuple[tuple[str, str, str], ...]

    def as_json(self) -> dict[str, Any]:
        def told(rows: Iterable[Row]) -> list[dict[str, str]]:
            return [{"kind": kind, "name": name, "pv": pv, "type": type_} for kind, name, pv, type_ in rows]

        return {
            "before": self.before,
            "after": self.after,
            "appeared": told(self.appeared),
            "vanished": told(self.vanished),
            "changed": [{"name": n, "before": b, "after": a} for n, b, a in self.changed],
        }


@dataclass(frozen=True)
class Across:
    """One name over the runs: `runs` that have it, of `read` runs; `since` the first of them; value per run."""

    name: str
    runs: tuple[int, ...]
    read: tuple[int, ...]
    values: Mapping[int, Any] = field(default_factory=dict)

    @property
    def since(self) -> int | None:
        return self.runs[0] if self.runs else None

    @property
    def missing(self) -> tuple[int, ...]:
        """Runs after the first that lack it."""
        have = set(self.runs)
        return tuple(run for run in self.read if self.runs and run > self.runs[0] and run not in have)


def rows_of(answer: Mapping[str, Any]) -> tuple[Row, ...]:
    """Of a `names` object."""
    rows: list[Row] = [
        ("detector", d["name"], "", " ".join([d.get("type") or "", *(d.get("data_types") or ())]))
        for d in (*answer.get("detectors", ()), *answer.get("others", ()))
    ]
    rows += [("epics", e.get("alias") or e["pv"], e.get("pv") or "", e.get("type") or "") for e in answer["epics"]]
    rows += [("scan", s["name"], "", s.get("type") or "") for s in answer.get("scan", ())]
    return tuple(sorted(set(rows)))


def compare_rows(before: int, old: Sequence[Row], after: int, new: Sequence[Row]) -> Comparison:
    was, now = {(r[0], r[1]): r for r in old}, {(r[0], r[1]): r for r in new}
    return Comparison(
        before,
        after,
        tuple(now[key] for key in now if key not in was),
        tuple(was[key] for key in was if key not in now),
        tuple((key[1], was[key][3], now[key][3]) for key in now if key in was and was[key][3] != now[key][3]),
    )


class NameIndex:
    """What has been read so far; `refresh` takes in what was added. Several threads hold `lock` meanwhile."""

    def __init__(self, directory: Path):
        self.lock = threading.Lock()
        self.folder = place(Path(directory).absolute())
        self.known: dict[int, dict[str, Any]] = {}
        self._schemas: dict[str, Schema] = {}
        self._read = 0

    def refresh(self) -> bool:
        """Read the lines that were added; True when there were any."""
        path = self.folder / "runs.jsonl"
        try:
            with path.open("rb") as file:
                if file.seek(0, os.SEEK_END) < self._read:  # it was begun anew
                    self._read = 0
                    self.known.clear()
                file.seek(self._read)
                data = file.read()
        except OSError:
            return False
        whole = data[: data.rfind(b"\n") + 1]
        self._read += len(whole)
        for line in whole.splitlines():
            try:
                entry = json.loads(line)
                self.known[int(entry["run"])] = entry
            except (ValueError, KeyError, TypeError):
                continue  # a torn line: the run is read again
        return bool(whole)

    @property
    def runs(self) -> list[int]:
        """The runs whose names are known, ascending."""
        return sorted(run for run, entry in self.known.items() if "schema" in entry)

    def schema(self, run: int) -> Schema | None:
        digest = self.known.get(run, {}).get("schema")
        if not isinstance(digest, str):
            return None
        if digest not in self._schemas:
            rows = cache.read(self.folder / f"schema-{digest}.json")
            if not isinstance(rows, list):
                return None
            self._schemas[digest] = Schema(tuple((str(k), str(n), str(p), str(t)) for k, n, p, t in rows))
        return self._schemas[digest]

    def across(self, name: str, values: bool = True) -> Across:
        """A name (alias, PV or detector) over all runs that were read."""
        have, found = [], {}
        read = self.runs
        for run in read:
            schema = self.schema(run)
            at = schema.place.get(name) if schema is not None else None
            if schema is not None and at is not None:
                have.append(run)
                if values and schema.rows[at][0] == "epics":
                    found[run] = self._value(run, at, schema.rows[at][3])
        return Across(name, tuple(have), tuple(read), found)

    def compare(self, before: int, after: int) -> Comparison | None:
        """None while one of the two has not been read."""
        old, new = self.schema(before), self.schema(after)
        return None if old is None or new is None else compare_rows(before, old.rows, after, new.rows)

    def names(self, run: int) -> frozenset[str] | None:
        """All names of a run, aliases and PVs; None while it has not been read."""
        schema = self.schema(run)
        return None if schema is None else frozenset(schema.place)

    def _value(self, run: int, at: int, kind: str) -> Any:
        if kind == "str":
            texts = cache.read(self.folder / f"texts-{run:04d}.json")
            return texts.get(str(at)) if isinstance(texts, dict) else None
        try:
            value = np.load(self.folder / f"values-{run:04d}.npy", mmap_mode="r")[at].item()
        except (OSError, ValueError, IndexError):
            return None
        return None if value != value else value

    # -- writing
    def add(self, run: int, identity: str, answer: Mapping[str, Any]) -> str | None:
        """Keep the names and last values of a run; why that failed, in words, or None."""
        rows = rows_of(answer)
        digest = hashlib.sha256(json.dumps(rows).encode()).hexdigest()[:16]
        if not (self.folder / f"schema-{digest}.json").exists():
            trouble = cache.write(self.folder / f"schema-{digest}.json", rows)
            if trouble is not None:
                return trouble
        last = {e.get("alias") or e["pv"]: e.get("last") for e in answer["epics"]}
        numbers, texts = np.full(len(rows), np.nan), {}
        for i, (kind, name, _, _) in enumerate(rows):
            value = last.get(name) if kind == "epics" else None
            if isinstance(value, int | float):
                numbers[i] = value
            elif isinstance(value, str):
                texts[str(i)] = value
        try:
            fresh = self.folder / f".values-{run:04d}.npy"
            np.save(fresh, numbers)
            fresh.replace(self.folder / f"values-{run:04d}.npy")
        except OSError as error:
            return f"{self.folder} cannot be written: {error.strerror}"
        trouble = cache.write(self.folder / f"texts-{run:04d}.json", texts)
        return trouble or self._append({"run": run, "identity": identity, "schema": digest})

    def add_problem(self, run: int, identity: str, problem: str) -> str | None:
        """A run that cannot be read is not read again until its files change."""
        return self._append({"run": run, "identity": identity, "problem": problem})

    def _append(self, entry: dict[str, Any]) -> str | None:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with (self.folder / "runs.jsonl").open("ab") as file:
                file.write(json.dumps(entry).encode() + b"\n")
        except OSError as error:
            return f"{self.folder} cannot be written: {error.strerror}"
        self.known[entry["run"]] = entry
        return None

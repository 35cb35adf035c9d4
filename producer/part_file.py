"""The file in which one worker collects its events, in the order in which it gets them.

Every column has as many rows as the worker had events; what was never put is the fill value. Columns may be declared
at any time: the rows before are missing values. Kinds of data:

* columns: one value each event, kept in blocks of about 1 MB and written block by block, so that memory stays flat;
* held columns: a value stays valid until it changes (EPICS, scan variables), so only changes are kept: nothing is
  done, and nothing grows, for the events between two of them;
* variable: any number of entries each event, one after the other, and how many of them each event has;
* once: one value for the run;
* totals: arrays accumulated over the events, and where in an image their pixels will be.

Layout: ``columns/<path>``, ``held/<number>`` (group: rows, values), ``variable/<number>`` (group: one dataset each
field; the lengths are a column), ``once/<number>``, ``totals/<path>``, attribute ``events``,
``images/<path>``, attribute ``shape``; and ``declared``, written last: JSON that tells what each of them is (and for
``once`` the timestamp of the event that had the value), since a look at the attributes of thousands of datasets takes
longer than their data. Columns and held columns of numbers that are still in memory at the end have no dataset of their
own but a place among the `short_columns`.
"""

import json
from pathlib import Path
from typing import Any, Dict, List, Mapping, Optional, Tuple

import h5py
import numpy as np

from producer.schema import TEXT, Column, Total, Variable, column, fill, fitting, fitting_entries, plain, plain_kinds
from producer.short_columns import Place, Writer

TIMESTAMP = column(
    "timestamp", np.int64, (), "s << 32 | ns", "time of the event: seconds since 1990-01-01 UTC << 32 | nanoseconds"
)
BLOCK_BYTES = 1 << 20
LARGE_ROW = 1 << 15  # bytes; such a row is a chunk of its own, which the merge copies as it is
HELD_CHANGES = 256


def h5_dtype(column: Column) -> Any:
    return h5py.string_dtype() if column.text else column.dtype


def large_row_filters(column: Column) -> Dict[str, Any]:
    """How a column of large rows is compressed. Noise of floats hardly gets smaller (14 %) and costs 60 ms a megapixel;
    integers shrink to a third."""
    return {"compression": "gzip", "compression_opts": 1, "shuffle": True} if packs(column) else {}


def packs(column: Column) -> bool:
    return column.mostly_constant or column.dtype.kind in "iu"


def about(column: Column) -> List[Any]:
    """What a column is, for JSON."""
    dtype = "text" if column.text else column.dtype.str
    return [column.path, dtype, column.shape, column.unit, column.description, column.note, column.mostly_constant]


def described(about: List[Any]) -> Column:
    """The column that `about` told of."""
    path, dtype, shape, *more = about
    return Column(path, TEXT if dtype == "text" else np.dtype(dtype), tuple(shape), *more)


class _Block:
    """A column's rows in memory (`start` is the first) and its dataset."""

    def __init__(self, file: h5py.File, column: Column) -> None:
        self.column, self._file = column, file
        row_bytes = max(1, column.row_bytes)
        self.capacity = 1 if row_bytes >= LARGE_ROW else max(1, min(4096, BLOCK_BYTES // row_bytes // 4))
        self.rows = np.full((self.capacity, *column.shape), fill(column.dtype), column.dtype)
        self.start = 0
        self.dirty = False
        self.takes, self.kinds = plain(column), plain_kinds(column)
        self.dataset: Optional[h5py.Dataset] = None  # made when there is something to write

    def put(self, row: int, value: Any) -> None:
        if row >= self.start + self.capacity:
            self.turn(row)
        self.rows[row - self.start] = value
        self.dirty = True

    def turn(self, row: int) -> None:
        """Go on to the block with `row` in it."""
        self.flush()
        self.start = row - row % self.capacity

    def flush(self, events: Optional[int] = None) -> None:
        """Write the block; rows from `events` on do not exist."""
        if self.dirty:
            dataset = self._made()
            end = self.start + self.capacity if events is None else min(events, self.start + self.capacity)
            if end > dataset.shape[0]:
                dataset.resize(end, axis=0)
            dataset[self.start : end] = self.rows[: end - self.start]
            self.rows[...] = fill(self.column.dtype)
            self.dirty = False

    def close(self, events: int, short: Writer) -> Optional[Place]:
        """Write what is left of `events` rows; returns the place of what is still in memory as a whole."""
        column = self.column
        if self.dataset is None and events <= self.capacity and not column.shape and not column.text:
            return short.add(self.rows[:events])
        self.flush(events)
        self._made().resize(events, axis=0)
        return None

    def _made(self) -> h5py.Dataset:
        column = self.column
        if self.dataset is None:
            self.dataset = self._file.create_dataset(
                f"columns/{column.path}",
                shape=(0, *column.shape),
                maxshape=(None, *column.shape),
                chunks=(self.capacity, *column.shape),
                dtype=h5_dtype(column),
                fillvalue=None if column.text else fill(column.dtype),
                **(large_row_filters(column) if self.capacity == 1 and column.row_bytes >= LARGE_ROW else {}),
            )
        return self.dataset


class _Held:
    """The changes of one value: the row from which on each holds, and the value."""

    def __init__(self, file: h5py.File, number: int, column: Column) -> None:
        self.column = column
        self.takes = plain(column)
        self.last: Any = None
        self.count = 0
        capacity = max(1, min(HELD_CHANGES, BLOCK_BYTES // max(1, column.row_bytes)))
        self.rows = np.empty(capacity, np.int64)
        self.values = np.empty((capacity, *column.shape), column.dtype)
        self._file, self._name = file, f"held/{number}"
        self._group: Optional[h5py.Group] = None  # made when there is something to write

    def hold(self, row: int, value: Any) -> None:
        """Rows from `row` on have `value`; None: a missing value."""
        if value is not None and not self.takes(value):
            value = fitting(self.column, value)
            if isinstance(value, np.ndarray):
                value = value.copy()  # what psana gives is a view into a buffer of megabytes
        if _same(self.last, value):
            return
        self.last = value
        self.rows[self.count] = row
        self.values[self.count] = fill(self.column.dtype) if value is None else value
        self.count += 1
        if self.count == len(self.rows):
            self.flush()

    def flush(self) -> None:
        if not self.count:
            return
        group = self._made()
        rows, values = group["rows"], group["values"]
        start = rows.shape[0]
        for dataset, held in ((rows, self.rows), (values, self.values)):
            dataset.resize(start + self.count, axis=0)
            dataset[start:] = held[: self.count]
        self.count = 0

    def close(self, short: Writer) -> Optional[Tuple[Place, Place]]:
        """Write what is left; returns the places of rows and values when all changes are still in memory."""
        if self._group is None and not self.column.shape and not self.column.text:
            return short.add(self.rows[: self.count]), short.add(self.values[: self.count])
        self._made()
        self.flush()
        return None

    def _made(self) -> h5py.Group:
        column = self.column
        if self._group is None:
            capacity, rest = len(self.rows), column.shape
            group = self._group = self._file.create_group(self._name)
            group.create_dataset("rows", (0,), np.int64, maxshape=(None,), chunks=(capacity,))
            group.create_dataset(
                "values", (0, *rest), h5_dtype(column), maxshape=(None, *rest), chunks=(capacity, *rest)
            )
        return self._group


def _same(a: Any, b: Any) -> bool:
    if a is None or b is None:
        return a is b
    if isinstance(a, np.ndarray) or isinstance(b, np.ndarray):
        return bool(np.all((a == b) | ((a != a) & (b != b))))
    return bool(a == b or (a != a and b != b))


class _Entries:
    """The entries of variable-length data that are not yet in the file."""

    def __init__(self, file: h5py.File, number: int, variable: Variable) -> None:
        self.variable = variable
        self._waiting: List[Tuple[np.ndarray, ...]] = []
        self._bytes = 0
        group = file.create_group(f"variable/{number}")
        self._datasets = []
        for i, field in enumerate(variable.fields):
            chunk = max(1, BLOCK_BYTES // max(1, field.row_bytes))
            self._datasets.append(
                group.create_dataset(
                    str(i), (0, *field.shape), field.dtype, maxshape=(None, *field.shape), chunks=(chunk, *field.shape)
                )
            )

    def put(self, entries: Tuple[np.ndarray, ...]) -> None:
        if not len(entries[0]):
            return
        kept = tuple(np.array(field, about.dtype) for field, about in zip(entries, self.variable.fields))
        self._waiting.append(kept)
        self._bytes += sum(field.nbytes for field in kept)
        if self._bytes >= BLOCK_BYTES:
            self.flush()

    def flush(self) -> None:
        for dataset, entries in zip(self._datasets, zip(*self._waiting)):
            start = dataset.shape[0]
            together = np.concatenate(entries)
            dataset.resize(start + len(together), axis=0)
            dataset[start:] = together
        self._waiting, self._bytes = [], 0


class PartFile:
    """Open one with `PartFile(path)`, `begin` each event, `put` and `hold` its values, `close` at the end.

    `put` and `hold` raise `schema.Misfit` for a value that its column cannot take, OSError when the disk is full."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.row = -1
        self._timestamp = 0
        # Without caches of chunks, of which every dataset would have its own: blocks are written whole.
        self._file = h5py.File(path, "w", libver="latest", locking=False, rdcc_nbytes=0)
        self._blocks: Dict[str, _Block] = {}
        self._held: Dict[str, _Held] = {}
        self._variable: Dict[str, _Entries] = {}
        self._once: Dict[str, Tuple[Column, Any, int]] = {}  # with the timestamp of the event that saw it
        self._totals: List[Tuple[Total, np.ndarray, int]] = []
        self.declare(TIMESTAMP)

    @property
    def events(self) -> int:
        return self.row + 1

    def begin(self, timestamp: int) -> None:
        self.row += 1
        self._timestamp = timestamp
        self._blocks["timestamp"].put(self.row, timestamp)

    def knows(self, path: str) -> bool:
        return path in self._blocks or path in self._held or path in self._variable

    def declare(self, column: Column) -> None:
        if column.path not in self._blocks:
            self._blocks[column.path] = _Block(self._file, column)

    def declare_held(self, column: Column) -> None:
        if column.path not in self._held:
            self._held[column.path] = _Held(self._file, len(self._held), column)

    def declare_variable(self, variable: Variable) -> None:
        if variable.path not in self._variable:
            self._variable[variable.path] = _Entries(self._file, len(self._variable), variable)
            self.declare(variable.lengths)

    def put(self, path: str, value: Any) -> None:
        """For variable-length data, `value` has the entries of each field by its name."""
        block = self._blocks.get(path)
        if block is not None:
            block.put(self.row, value if block.takes(value) else fitting(block.column, value))
            return
        entries = fitting_entries(self._variable[path].variable, value)
        self._variable[path].put(entries)
        self._blocks[f"{path}_len"].put(self.row, len(entries[0]))

    def put_plain(self, values: Mapping[str, Any]) -> List[Tuple[str, Any]]:
        """Put those that can be written as they are, which with default data are nearly all; returns the others."""
        others, blocks, row = [], self._blocks, self.row
        for path, value in values.items():
            block = blocks.get(path)
            if block is None:
                others.append((path, value))
                continue
            kind = type(value)
            if kind in block.kinds or (kind is int and block.takes(value)):
                at = row - block.start
                if at >= block.capacity:
                    block.turn(row)
                    at = row - block.start
                block.rows[at] = value
                block.dirty = True
            else:
                others.append((path, value))
        return others

    def hold(self, path: str, value: Any) -> None:
        self._held[path].hold(self.row, value)

    def once(self, column: Column, value: Any) -> None:
        self._once.setdefault(column.path, (column, fitting(column, value), self._timestamp))

    def total(self, total: Total, value: np.ndarray, events: int) -> None:
        self._totals.append((total, value, events))

    def close(self) -> None:
        events, short = self.events, Writer()
        declared = {
            "columns": [[about(block.column), block.close(events, short)] for block in self._blocks.values()],
            "held": [[about(held.column), held.close(short)] for held in self._held.values()],
            "variable": [
                [v.path, v.description, v.note, [about(field) for field in v.fields]]
                for v in (entries.variable for entries in self._variable.values())
            ],
            "once": [[about(kind), seen] for kind, _, seen in self._once.values()],
        }
        short.write(self._file)
        for waiting in self._variable.values():
            waiting.flush()
        for number, (kind, value, _) in enumerate(self._once.values()):
            self._file.create_dataset(f"once/{number}", data=value, dtype=h5_dtype(kind))
        for total, value, count in self._totals:
            dataset = self._file.create_dataset(f"totals/{total.path}", data=value)
            dataset.attrs.update(
                path=total.path,
                how=total.how,
                unit=total.unit,
                description=total.description,
                note=total.note,
                events=count,
            )
            dataset.attrs["dtype"] = total.dtype.str
            if total.image is not None:
                image = self._file.create_dataset(f"images/{total.path}", data=total.image.where)
                image.attrs["shape"] = total.image.shape
        self._file.attrs["events"] = events
        self._file["declared"] = json.dumps(declared)
        self._file.close()

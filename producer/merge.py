"""The parts of all workers to one file whose rows are in the order of time.

Small columns are gathered whole, one column at a time, or block by block where a long run makes them too large for
that. Rows of a large column are chunks of their own in the parts already and are copied as they are, compressed or not,
so that merging costs no more than copying the file. The entries of variable-length data are put into the order of time
block by block, too.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable, Dict, List, Optional, Sequence, Set, Tuple

import h5py
import numpy as np

from producer.datasets import write
from producer.kernels.assembly import Assembly
from producer.part_file import BLOCK_BYTES, LARGE_ROW, h5_dtype, large_row_filters
from producer.part_reader import Part, Take, Unmergeable
from producer.schema import Column, Total, Variable, fill

CHUNK_BYTES = 1 << 18
PACKED = {"compression": "gzip", "compression_opts": 1, "shuffle": True}
WHOLE_BYTES = 64 * BLOCK_BYTES  # a column up to this is put together in memory
STEP_BYTES = 8 * BLOCK_BYTES  # of a larger one so much at a time
TEXT_BYTES = 64  # what a short text takes in memory


@dataclass(frozen=True)
class Merged:
    """`timestamps` int64, in the order of the rows; `columns` all that were written with a row for each event;
    `clashes` (path, sentence) for columns that had to be left out."""

    timestamps: np.ndarray
    columns: Tuple[Column, ...]
    once: Tuple[str, ...]
    totals: Tuple[str, ...]
    clashes: Tuple[Tuple[str, str], ...]


def merge(parts: Sequence[Path], target: h5py.File, alive: Callable[[], None] = lambda: None) -> Merged:
    """Write all that `parts` hold into `target`; `alive` is called all the while. Raises `Unmergeable` when an event is
    in two parts."""
    files = [h5py.File(path, "r", locking=False) for path in parts]
    try:
        return _merge([Part(file) for file in files], target, alive)
    finally:
        for file in files:
            file.close()


def _merge(parts: List[Part], target: h5py.File, alive: Callable[[], None]) -> Merged:
    times = [part.rows("timestamp") for part in parts]
    together = np.concatenate(times) if times else np.empty(0, np.int64)
    order = np.argsort(together, kind="stable")
    sorted_times = together[order]
    twice = np.flatnonzero(sorted_times[1:] == sorted_times[:-1])
    if twice.size:
        raise Unmergeable(f"The event {sorted_times[twice[0]]} was given twice, with {twice.size - 1} others.")
    where = np.empty_like(order)  # row in the target of each row of the parts, one part after the other
    where[order] = np.arange(order.size)
    rows = np.split(where, np.cumsum([len(t) for t in times])[:-1]) if times else []

    columns, clashes = _union([part.columns for part in parts])
    lengths = _variable(parts, target, rows, order.size, columns, clashes, alive)
    held, held_clashes = _union([part.held for part in parts])
    written: List[Column] = []
    for path, (column, where_from) in sorted(columns.items()):
        alive()
        if path in lengths:
            continue
        written.append(column)
        sources = [(parts[i], rows[i]) for i in where_from]
        if column.row_bytes >= LARGE_ROW:
            _copy_rows(target, column, sources, order.size, alive)
        else:
            whole = _is_small(column, order.size)
            taken = [(into, part.taking(path, whole)) for part, into in sources]
            _gather(target, column, taken, order.size, alive)
    for path, (column, where_from) in sorted(held.items()):
        alive()
        if path in columns:
            clashes.append((path, "written by two sources"))
            continue
        written.append(column)
        whole = _is_small(column, order.size)
        taken = [(rows[i], parts[i].taking_held(path, whole)) for i in where_from]
        _gather(target, column, taken, order.size, alive)
    for path, values in lengths.items():
        written.append(columns[path][0])
        _dataset(target, columns[path][0], values)
    once = _once(parts, target)
    totals = _totals(parts, target)
    return Merged(sorted_times, tuple(written), once, totals, tuple(clashes + held_clashes))


def _union(
    declared: Sequence[Dict[str, Tuple[Column, Any]]],
) -> Tuple[Dict[str, Tuple[Column, List[int]]], List[Tuple[str, str]]]:
    """The columns of one kind: path -> (what it is, numbers of the parts that have it). The first part to have one
    decides what it is; a part in which it is something else makes it a clash."""
    found: Dict[str, Tuple[Column, List[int]]] = {}
    clashes: Dict[str, str] = {}
    for i, columns in enumerate(declared):
        for column, _ in columns.values():
            known, parts = found.setdefault(column.path, (column, []))
            if (known.dtype, known.shape) != (column.dtype, column.shape):
                clashes[column.path] = (
                    f"was {known.dtype} {known.shape} for one worker and {column.dtype} {column.shape} for another"
                )
                continue
            parts.append(i)
    return {path: entry for path, entry in found.items() if path not in clashes}, list(clashes.items())


def _variable(
    parts: List[Part],
    target: h5py.File,
    rows: List[np.ndarray],
    events: int,
    columns: Dict[str, Tuple[Column, List[int]]],
    clashes: List[Tuple[str, str]],
    alive: Callable[[], None],
) -> Dict[str, np.ndarray]:
    """Write the entries of all variable-length data; path of the lengths -> int64[events]."""
    groups: Dict[str, Dict[int, Tuple[Variable, str]]] = {}
    for i, part in enumerate(parts):
        for variable, node in part.variable:
            groups.setdefault(variable.path, {})[i] = (variable, node)
    found: Dict[str, np.ndarray] = {}
    for path, there in sorted(groups.items()):
        first, _ = next(iter(there.values()))
        kinds = [[(f.path, f.dtype, f.shape) for f in variable.fields] for variable, _ in there.values()]
        if any(other != kinds[0] for other in kinds):
            clashes.append((path, "has other fields for one worker than for another"))
            columns.pop(f"{path}_len", None)
            continue
        counts = {i: np.maximum(parts[i].rows(f"{path}_len"), 0) for i in there}
        lengths = np.zeros(events, np.int64)
        for i, count in counts.items():
            lengths[rows[i]] = count
        group = target.create_group(path)
        group.attrs["description"] = first.description
        if first.note:
            group.attrs["note"] = first.note
        for n, field in enumerate(first.fields):
            alive()
            sources = [(rows[i], counts[i], parts[i].file[f"{there[i][1]}/{n}"]) for i in sorted(there)]
            _ordered(target, field, sources, lengths)
        found[f"{path}_len"] = lengths
    return found


def _ordered(target: h5py.File, field: Column, sources: List[Tuple[Any, Any, Any]], lengths: np.ndarray) -> None:
    """Entries of one field from the order of the parts into that of time. `sources`: (rows of the target, entries of
    each, dataset) of each part. About 8 MB are in memory at a time: the rows of a part rise with few exceptions, so
    that what a block of the target needs of it stands together."""
    total = int(lengths.sum())
    dataset = _create(target, field, total, chunks=_chunk(field, total), **PACKED)
    ends = np.cumsum(lengths)
    most = max(1, 8 * BLOCK_BYTES // max(1, field.row_bytes))
    starts = [np.cumsum(count) - count for _, count, _ in sources]
    row = 0
    while row < len(lengths):
        begin = int(ends[row - 1]) if row else 0
        after = max(row + 1, int(np.searchsorted(ends, begin + most, side="right")))
        block = np.empty((int(ends[after - 1]) - begin, *field.shape), field.dtype)
        for (at, count, node), start in zip(sources, starts):
            mine = np.flatnonzero((at >= row) & (at < after) & (count > 0))
            if mine.size:
                low, high = int(start[mine].min()), int((start[mine] + count[mine]).max())
                entries = node[low:high]
                into = ends[at[mine]] - lengths[at[mine]] - begin
                block[_spans(into, count[mine])] = entries[_spans(start[mine] - low, count[mine])]
        dataset[begin : begin + len(block)] = block
        row = after


def _spans(starts: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """start, start + 1, ... start + count - 1 for each start, one after the other."""
    before = np.cumsum(counts) - counts
    return np.repeat(starts - before, counts) + np.arange(int(counts.sum()))


def _create(target: h5py.File, column: Column, events: int, **how: Any) -> h5py.Dataset:
    dataset = target.create_dataset(
        column.path,
        (events, *column.shape),
        h5_dtype(column),
        maxshape=(None, *column.shape),
        fillvalue=None if column.text else fill(column.dtype),
        **how,
    )
    attributes(dataset, column.unit, column.description, column.note)
    return dataset


def attributes(dataset: Any, unit: str, description: str, note: str = "") -> None:
    for name, words in _words(unit, description, note).items():
        dataset.attrs[name] = words


def _words(unit: str, description: str, note: str) -> Dict[str, str]:
    return {"units": unit, "description": description, **({"note": note} if note else {})}


def _chunk(column: Column, rows: int) -> Tuple[int, ...]:
    return (max(1, min(rows, CHUNK_BYTES // max(1, column.row_bytes))), *column.shape)


def _dataset(target: h5py.File, column: Column, values: np.ndarray) -> None:
    chunk = _chunk(column, len(values))
    if column.text:
        _create(target, column, len(values), chunks=chunk, **PACKED)[...] = values
    else:
        words = _words(column.unit, column.description, column.note)
        write(target, column.path, values, chunk, fill(column.dtype), words)


Sources = List[Tuple[Part, np.ndarray]]  # with the rows of the target


def _is_small(column: Column, events: int) -> bool:
    return events * (TEXT_BYTES if column.text else column.row_bytes) <= WHOLE_BYTES


def _gather(
    target: h5py.File,
    column: Column,
    sources: Sequence[Tuple[np.ndarray, Take]],
    events: int,
    alive: Callable[[], None],
) -> None:
    """`sources`: the rows of the target, and how to get the values, of each part. Of a column that is not small some
    chunks are in memory at a time."""
    if _is_small(column, events):
        values = np.full((events, *column.shape), fill(column.dtype), column.dtype)
        for rows, take in sources:
            values[rows] = take(0, len(rows))
        _dataset(target, column, values)
        return
    dataset = _create(target, column, events, chunks=_chunk(column, events), **PACKED)
    step = dataset.chunks[0] * max(1, STEP_BYTES // max(CHUNK_BYTES, column.row_bytes))
    for first in range(0, events, step):
        alive()
        block = np.full((min(step, events - first), *column.shape), fill(column.dtype), column.dtype)
        for rows, take in sources:
            mine = np.flatnonzero((rows >= first) & (rows < first + step))
            while mine.size:  # they stand together but for a few
                now, mine = np.split(mine, [int(np.searchsorted(mine, mine[0] + step))])
                block[rows[now] - first] = take(int(now[0]), int(now[-1]) + 1)[now - now[0]]
        dataset[first : first + len(block)] = block


def _copy_rows(target: h5py.File, column: Column, sources: Sources, events: int, alive: Callable[[], None]) -> None:
    dataset = _create(target, column, events, chunks=(1, *column.shape), **large_row_filters(column))
    rest = (0,) * len(column.shape)
    for part, rows in sources:
        node = part.file[f"columns/{column.path}"]
        for row in _written(node):
            alive()
            if row < len(rows):
                mask, chunk = node.id.read_direct_chunk((row, *rest))
                dataset.id.write_direct_chunk((int(rows[row]), *rest), chunk, mask)


def _written(node: h5py.Dataset) -> List[int]:
    """The rows that have a chunk, ascending."""
    found: List[int] = []
    if hasattr(node.id, "chunk_iter"):
        node.id.chunk_iter(lambda chunk: found.append(int(chunk.chunk_offset[0])))
    else:  # h5py before 3.8; takes a time that grows with the square of the rows
        found += [int(node.id.get_chunk_info(i).chunk_offset[0]) for i in range(node.id.get_num_chunks())]
    return sorted(found)


def _once(parts: List[Part], target: h5py.File) -> Tuple[str, ...]:
    """One value for the run: of each, the one that was seen first."""
    written: Set[str] = set()
    found = [(seen, i, column, node) for i, part in enumerate(parts) for column, node, seen in part.once]
    for _, i, column, path in sorted(found, key=lambda one: one[:2]):
        if column.path not in written:
            node = parts[i].file[path]
            value = node.asstr()[()] if column.text else node[()]
            dataset = target.create_dataset(column.path, data=value, dtype=h5_dtype(column))
            attributes(dataset, column.unit, column.description, column.note)
            written.add(column.path)
    return tuple(sorted(written))


_HOW = {"sum": np.add, "max": np.maximum}


def _nodes(group: Any) -> List[h5py.Dataset]:
    """The datasets below `group`."""
    if group is None:
        return []
    if isinstance(group, h5py.Dataset):
        return [group]
    return [node for name in group for node in _nodes(group[name])]


def _image(part: Part, path: str) -> Optional[Assembly]:
    node = part.file.get(f"images/{path}")
    if node is None:
        return None
    rows, columns = node.attrs["shape"].tolist()
    return Assembly.again(node[()], (rows, columns))


def _totals(parts: List[Part], target: h5py.File) -> Tuple[str, ...]:
    """Totals of the parts put together, in the order of the ranks, and only then assembled: the largest value of a mean
    of pixels depends on who has which events. The largest value of no event is missing."""
    sums: Dict[str, Tuple[Total, np.ndarray, int]] = {}
    for part in parts:
        for node in _nodes(part.file.get("totals")):
            a = node.attrs
            path, how, unit, words, note = (str(a[name]) for name in ("path", "how", "unit", "description", "note"))
            total = Total(path, np.dtype(str(a["dtype"])), node.shape, how, unit, words, note, _image(part, path))
            value, events = node[()], int(a["events"])
            if total.path in sums:
                _, before, count = sums[total.path]
                if before.shape != value.shape:
                    raise Unmergeable(
                        f"{total.path} has {before.shape} pixels for one worker, {value.shape} for another."
                    )
                value, events = _HOW[total.how](before, value), events + count
            sums[total.path] = (total, value, events)
    for path, (total, value, events) in sorted(sums.items()):
        value = value.astype(total.dtype, copy=False)
        if total.image is not None:
            value = total.image(value)
        if total.how == "max" and not events:
            value = np.full(value.shape, fill(value.dtype), value.dtype)
        dataset = target.create_dataset(path, data=value)
        attributes(dataset, total.unit, total.description, total.note)
        dataset.attrs["events"] = events
    return tuple(sorted(sums))

"""Integrating detectors: what belongs to each frame of a slow detector, from the rows of a merged file.

A frame of the slow detector ends an integration: the rows after the one before, up to and with its own, belong to it.
As the file is in the order of time, that is the same whatever the number of ranks. Written below ``intg/<detector>``,
one row for each frame: ``count``, ``timestamp_min``, ``timestamp_max`` and ``timestamp``, ``<group>_sum_<field>`` of
each fast number, ``<group>_count_<field>`` of those that some events did not have, and what the functions of the slow
detector itself gave."""

from dataclasses import replace
from typing import Any, Callable, Iterator, List, Tuple

import h5py
import numpy as np

from producer.defaults.integrating import Parameters, marker
from producer.event_problems import EventProblem
from producer.merge import Merged, attributes
from producer.part_file import LARGE_ROW
from producer.schema import MISSING, Column

BATCH_BYTES = 16 << 20  # of events, or of frames, in memory at a time
CHUNK_BYTES = 1 << 18
PACKED = {"compression": "gzip", "compression_opts": 1, "shuffle": True}
NOT_ADDED = {"timestamp", "timing/timestamp", "timing/pulseId"}  # names of events, not quantities


def integrate(
    file: h5py.File, parameters: Parameters, merged: Merged, alive: Callable[[], None] = lambda: None
) -> List[EventProblem]:
    """Write all integrations into the merged `file`; returns what went wrong. `alive` is called all the while."""
    problems: List[EventProblem] = []
    owners = {column.path.partition("/")[0] for column in merged.columns}
    for name in parameters.fast if parameters.detectors else ():
        if name not in owners:
            words = "wrote nothing with each event, so nothing of it was added up"
            problems.append(EventProblem(name, "integrating", "no data", "warning", 0, 1, words))
    for detector in parameters.detectors:
        ends = np.flatnonzero(file[marker(detector)][:] == 1)
        if not len(ends):
            words = "gave no frame, so nothing was integrated"
            problems.append(EventProblem(detector, "integrating", "no data", "error", 0, 1, words))
        left = len(merged.timestamps) - (int(ends[-1]) + 1 if len(ends) else 0)
        if left and len(ends):
            words = f"the last {left} events came after its last frame and are in no integration"
            problems.append(EventProblem(detector, "integrating", "left over", "note", 0, 1, words))
        _of_detector(file, detector, ends, parameters, merged, alive)
    if len(parameters.detectors) == 1:
        [detector] = parameters.detectors
        file["intg/timestamp"] = file[f"intg/{detector}/timestamp"]  # where smalldata_tools has it
    return problems


def _of_detector(
    file: h5py.File,
    slow: str,
    ends: np.ndarray,
    parameters: Parameters,
    merged: Merged,
    alive: Callable[[], None],
) -> None:
    starts = np.concatenate(([0], ends[:-1] + 1)) if len(ends) else ends
    group = file.require_group(f"intg/{slow}")
    group.attrs["description"] = f"one row for each frame of {slow}: what belongs to it since the frame before"
    times = merged.timestamps
    unit = "s << 32 | ns"
    count = ends + 1 - starts
    _write(group, "count", count.astype(np.int64), "", "events of the integration")
    _write(group, "timestamp_min", times[starts], unit, "time of the first event of the integration")
    _write(group, "timestamp_max", times[ends], unit, "time of the last event of the integration")
    _write(group, "timestamp", times[ends], unit, f"time of the event with the frame of {slow}")
    for column in merged.columns:
        alive()
        owner, _, field = column.path.partition("/")
        if column.text or not field or owner == "intg" or column.path in NOT_ADDED:
            continue
        if owner == slow:
            _own(file, group, column, field, ends, alive)
        elif owner not in parameters.detectors and (not parameters.fast or owner in parameters.fast):
            words = f"sum over the events of the integration, where there: {column.description}"
            summed = replace(column, description=words)
            there = _add_up(group, f"{owner}_sum_{field}", file[column.path], summed, starts, ends, alive)
            if (there != count).any():
                words = f"how many events of the integration have {column.path}"
                _write(group, f"{owner}_count_{field}", there, "", words)


def _write(group: h5py.Group, name: str, values: np.ndarray, unit: str, description: str, note: str = "") -> None:
    name = name.replace("/", "_")
    attributes(group.create_dataset(name, data=values, **(PACKED if values.size else {})), unit, description, note)


def _write_in_steps(
    group: h5py.Group, name: str, column: Column, frames: int, rows: Callable[[slice], np.ndarray]
) -> None:
    """As `_write`, what `rows` gives for some of the frames at a time, as large as a row of the `column` is."""
    size = max(1, column.row_bytes)
    if frames * size <= BATCH_BYTES:
        _write(group, name, rows(slice(0, frames)), column.unit, column.description, column.note)
        return
    chunk = max(1, min(frames, CHUNK_BYTES // size))
    shape = (frames, *column.shape)
    node = group.create_dataset(name.replace("/", "_"), shape, column.dtype, chunks=(chunk, *column.shape), **PACKED)
    step = chunk * max(1, BATCH_BYTES // (chunk * size))
    for first in range(0, frames, step):
        some = slice(first, min(first + step, frames))
        node[some] = rows(some)
    attributes(node, column.unit, column.description, column.note)


def _own(
    file: h5py.File, group: h5py.Group, column: Column, field: str, ends: np.ndarray, alive: Callable[[], None]
) -> None:
    """The rows of the slow detector's frames; large ones are not written a second time, but shown here too."""
    if column.row_bytes < LARGE_ROW or not len(ends):
        node, step = file[column.path], max(1, BATCH_BYTES // max(1, column.row_bytes))

        def rows(some: slice) -> np.ndarray:
            wanted = ends[some]
            found = np.empty((len(wanted), *column.shape), column.dtype)
            for first in range(int(wanted[0]), int(wanted[-1]) + 1, step) if len(wanted) else ():
                alive()
                now = (wanted >= first) & (wanted < first + step)
                found[now] = node[first : min(first + step, int(wanted[-1]) + 1)][wanted[now] - first]
            return found

        _write_in_steps(group, field, column, len(ends), rows)
        return
    layout = h5py.VirtualLayout((len(ends), *column.shape), column.dtype)
    source = h5py.VirtualSource(".", column.path, file[column.path].shape, column.dtype)
    for row, end in enumerate(ends.tolist()):
        layout[row] = source[end]
    node = group.create_virtual_dataset(field, layout)
    attributes(node, column.unit, column.description, column.note)


def _add_up(
    group: h5py.Group,
    name: str,
    node: Any,
    column: Column,
    starts: np.ndarray,
    ends: np.ndarray,
    alive: Callable[[], None],
) -> np.ndarray:
    """Write the sums of each frame; int64[frames]: how many of its events have the value."""
    there = np.zeros(len(ends), np.int64)

    def rows(some: slice) -> np.ndarray:
        sums, there[some] = _sums(node, column, starts[some], ends[some], alive)
        return sums

    _write_in_steps(group, name, replace(column, dtype=_wide(column)), len(ends), rows)
    return there


def _wide(column: Column) -> np.dtype:
    return np.dtype({"i": np.int64, "f": np.float64}.get(column.dtype.kind, np.complex128))


def _sums(
    node: Any, column: Column, starts: np.ndarray, ends: np.ndarray, alive: Callable[[], None]
) -> Tuple[np.ndarray, np.ndarray]:
    """(sums [frames, *shape]: int64 exactly, or float64; missing where no event has the value; how many events do)."""
    wide = _wide(column)
    sums = np.zeros((len(ends), *column.shape), wide)
    there = np.zeros(sums.shape, np.int64)
    rows_there = np.zeros(len(ends), np.int64)
    step = max(1, BATCH_BYTES // max(1, column.row_bytes))
    for first, last, cuts, frames in _batches(starts, ends, step):
        alive()
        values = node[first:last]
        good = values != MISSING if column.dtype.kind == "i" else ~np.isnan(values)
        values = np.where(good, values, 0).astype(wide, copy=False)
        np.add.at(sums, frames, np.add.reduceat(values, cuts, axis=0))
        np.add.at(there, frames, np.add.reduceat(good.astype(np.int64), cuts, axis=0))
        rows = good.reshape(len(good), -1).any(axis=1) if good.size else np.zeros(len(good), bool)
        np.add.at(rows_there, frames, np.add.reduceat(rows.astype(np.int64), cuts))
    missing = MISSING if column.dtype.kind == "i" else np.nan
    sums[there == 0] = missing
    return sums, rows_there


def _batches(starts: np.ndarray, ends: np.ndarray, step: int) -> Iterator[Tuple[int, int, np.ndarray, np.ndarray]]:
    """(first row, end row, where in them each frame begins, the numbers of these frames) for `step` rows at a time."""
    if not len(ends):
        return
    for first in range(int(starts[0]), int(ends[-1]) + 1, step):
        last = min(first + step, int(ends[-1]) + 1)
        frames = np.arange(np.searchsorted(ends, first), np.searchsorted(starts, last))
        yield first, last, np.maximum(starts[frames] - first, 0), frames

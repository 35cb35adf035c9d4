"""Integrating detectors: what belongs to each frame of a slow detector, from the rows of a merged file.

A frame of the slow detector ends an integration: the rows after the one before, up to and with its own, belong to it.
As the file is in the order of time, that is the same whatever the number of ranks. Written below ``intg/<detector>``,
one row for each frame: ``count``, ``timestamp_min``, ``timestamp_max`` and ``timestamp``, ``<group>_sum_<field>`` of
each fast number, ``<group>_count_<field>`` of those that some events did not have, and what the functions of the slow
detector itself gave."""

from typing import Any, Callable, Iterator, List, Tuple

import h5py
import numpy as np

from producer.defaults.integrating import Parameters, marker
from producer.event_problems import EventProblem
from producer.merge import Merged, attributes
from producer.part_file import LARGE_ROW
from producer.schema import MISSING, Column

BATCH_BYTES = 64 << 20
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
            sums, there = _sums(file[column.path], column, starts, ends, alive)
            words = f"sum over the events of the integration, where there: {column.description}"
            _write(group, f"{owner}_sum_{field}", sums, column.unit, words, column.note)
            if (there != count).any():
                words = f"how many events of the integration have {column.path}"
                _write(group, f"{owner}_count_{field}", there, "", words)


def _write(group: h5py.Group, name: str, values: np.ndarray, unit: str, description: str, note: str = "") -> None:
    name = name.replace("/", "_")
    packed = {"compression": "gzip", "compression_opts": 1, "shuffle": True} if values.size else {}
    attributes(group.create_dataset(name, data=values, **packed), unit, description, note)


def _own(
    file: h5py.File, group: h5py.Group, column: Column, field: str, ends: np.ndarray, alive: Callable[[], None]
) -> None:
    """The rows of the slow detector's frames; large ones are not written a second time, but shown here too."""
    if column.row_bytes < LARGE_ROW or not len(ends):
        node, step = file[column.path], max(1, BATCH_BYTES // max(1, column.row_bytes))
        blocks = []
        for a in range(0, len(node), step):
            alive()
            blocks.append(node[a : a + step][ends[(ends >= a) & (ends < a + step)] - a])
        rows = np.concatenate(blocks) if blocks else node[:]
        _write(group, field, rows, column.unit, column.description, column.note)
        return
    layout = h5py.VirtualLayout((len(ends), *column.shape), column.dtype)
    source = h5py.VirtualSource(".", column.path, file[column.path].shape, column.dtype)
    for row, end in enumerate(ends.tolist()):
        layout[row] = source[end]
    node = group.create_virtual_dataset(field, layout)
    attributes(node, column.unit, column.description, column.note)


def _sums(
    node: Any, column: Column, starts: np.ndarray, ends: np.ndarray, alive: Callable[[], None]
) -> Tuple[np.ndarray, np.ndarray]:
    """(sums [frames, *shape]: int64 exactly, or float64; missing where no event has the value; how many events do)."""
    wide = np.dtype({"i": np.int64, "f": np.float64}.get(column.dtype.kind, np.complex128))
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
    for first in range(0, int(ends[-1]) + 1, step):
        last = min(first + step, int(ends[-1]) + 1)
        frames = np.arange(np.searchsorted(ends, first), np.searchsorted(starts, last))
        yield first, last, np.maximum(starts[frames] - first, 0), frames

"""Columns that are short enough to stay in memory until a part is closed: one after the other in one dataset for each
dtype, ``short/<dtype>``, since to open a dataset takes longer than to read what a worker has of a column."""

from typing import Any, Dict, List, Tuple

import h5py
import numpy as np

GROUP = "short"
TOGETHER = 256  # columns that are copied before they are written

Place = Tuple[str, int, int]  # dtype, first and after the last entry


class Writer:
    def __init__(self) -> None:
        self._columns: Dict[str, List[np.ndarray]] = {}
        self._ends: Dict[str, int] = {}

    def add(self, values: np.ndarray) -> Place:
        """Where `values`, one-dimensional numbers, will be; they are kept as they are until `write`."""
        key = values.dtype.str
        start = self._ends.get(key, 0)
        self._ends[key] = start + len(values)
        self._columns.setdefault(key, []).append(values)
        return key, start, self._ends[key]

    def write(self, file: h5py.File) -> None:
        for key, columns in self._columns.items():
            dataset = file.create_dataset(f"{GROUP}/{key}", (self._ends[key],), np.dtype(key))
            start = 0
            for first in range(0, len(columns), TOGETHER):
                together = np.concatenate(columns[first : first + TOGETHER])
                dataset[start : start + len(together)] = together
                start += len(together)


class Reader:
    """They are mapped into memory, not read: a column is a view."""

    def __init__(self, file: h5py.File) -> None:
        self._mapped: Dict[str, np.ndarray] = {}
        for key, dataset in file.get(GROUP, {}).items():
            self._mapped[key] = _mapped(file, dataset)

    def at(self, place: Place) -> np.ndarray:
        key, start, end = place
        return self._mapped[key][start:end]


def _mapped(file: h5py.File, dataset: Any) -> np.ndarray:
    offset = dataset.id.get_offset()
    if offset is None:  # without entries
        return np.empty(0, dataset.dtype)
    return np.memmap(file.filename, dataset.dtype, "r", offset, dataset.shape)

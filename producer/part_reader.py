"""A part file as the merge reads it: what is declared in it, and its rows, whole or piece by piece."""

import json
from typing import Any, Callable

import h5py
import numpy as np

from producer.datasets import read
from producer.part_file import described
from producer.schema import Variable, fill
from producer.short_columns import Reader

Take = Callable[[int, int], np.ndarray]  # the values of the rows of a part from the first to before the second


class Unmergeable(Exception):
    """Parts that contradict each other; the message is a complete sentence."""


class Part:
    """One of the parts, and what is declared in it."""

    def __init__(self, file: h5py.File) -> None:
        if "declared" not in file:
            raise Unmergeable(f"{file.filename} was not written to its end.")
        self.file, self._short = file, Reader(file)
        declared = json.loads(file["declared"].asstr()[()])
        self.columns = {about[0]: (described(about), place) for about, place in declared["columns"]}
        self.held = {about[0]: (described(about), (i, places)) for i, (about, places) in enumerate(declared["held"])}
        self.once = [(described(about), f"once/{i}", seen) for i, (about, seen) in enumerate(declared["once"])]
        self.variable = [
            (Variable(path, tuple(map(described, fields)), words, note), f"variable/{i}")
            for i, (path, words, note, fields) in enumerate(declared["variable"])
        ]

    def rows(self, path: str) -> np.ndarray:
        """All rows of a column of numbers."""
        _, place = self.columns[path]
        return read(self.file, f"columns/{path}") if place is None else self._short.at(place)

    def taking(self, path: str, whole: bool) -> Take:
        """Of a column; `whole`: all rows will be asked for at once."""
        column, place = self.columns[path]
        if place is not None:
            short = self._short.at(place)
            return lambda begin, end: short[begin:end]
        if whole and not column.text:
            return lambda begin, end: read(self.file, f"columns/{path}")[begin:end]
        node = self.file[f"columns/{path}"]
        node = node.asstr() if column.text else node
        return lambda begin, end: node[begin:end]

    def taking_held(self, path: str, whole: bool) -> Take:
        """Of a held column: each row has the value of the last change up to it, or a missing one."""
        column, (number, places) = self.held[path]
        values: Any
        if places is not None:
            changes, values = self._short.at(places[0]), self._short.at(places[1])
        else:
            changes, name = read(self.file, f"held/{number}/rows"), f"held/{number}/values"
            if column.text:
                values = self.file[name].asstr()
            else:
                values = read(self.file, name) if whole else self.file[name]

        def take(begin: int, end: int) -> np.ndarray:
            last = np.searchsorted(changes, np.arange(begin, end), side="right") - 1
            known = last >= 0
            found = np.full((end - begin, *column.shape), fill(column.dtype), column.dtype)
            if known.any():
                low, high = int(last[known][0]), int(last[-1])
                found[known] = values[low : high + 1][last[known] - low]
            return found

        return take

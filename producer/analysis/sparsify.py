"""Only what is not zero of a detector, or of the droplets or photons found in it, as lists of positions and values."""

from dataclasses import dataclass, replace
from typing import Annotated, Any, Dict, List, Mapping, Optional, Tuple

import numpy as np

from producer.analysis.names import dataset_name, variable, within
from producer.kernels.droplets import split
from producer.parameters import Meta
from producer.schema import Total, Variable, column, stored

NAME = "sparsify"
MANY = False


@dataclass(frozen=True)
class Parameters:
    entries: Annotated[
        Optional[int],
        Meta(
            "length of the lists: longer ones are cut, shorter ones filled up; left out = as long as each event needs",
            minimum=1,
            maximum=10_000_000,
        ),
    ] = None
    threshold: Annotated[Optional[float], Meta("values below are left out", unit="detector units")] = None
    name: Annotated[str, Meta("begins the names of the datasets: <name>_data, _row, ...", check=dataset_name)] = (
        "sparse"
    )


RECORDED = {"entries": "nData"}


class Lists:
    """Columns for lists of entries found by a function: with `parameters.entries` of that length, padded with 0, else
    variable-length. `fields`: name -> (dtype, unit, description); "data" is the value that the threshold is about."""

    def __init__(self, parameters: Parameters, owner: str, fields: Mapping[str, Tuple[Any, str, str]]) -> None:
        self._parameters = parameters
        self._start = within(owner, parameters.name)
        self._path = variable(self._start)
        self._dtypes = {name: stored(dtype) for name, (dtype, _, _) in fields.items()}
        length = parameters.entries
        self.columns: List[Any] = []
        if length is None:
            below = tuple(column(f"{self._path}/{name}", *about[:1], (), *about[1:]) for name, about in fields.items())
            self.columns.append(Variable(self._path, below, "one entry each, of all events one after the other"))
        else:
            for name, (dtype, unit, words) in fields.items():
                more = f"{words}; the first {length}, 0 where there are fewer"
                self.columns.append(column(f"{self._start}_{name}", dtype, (length,), unit, more, mostly_constant=True))

    def event(self, found: Mapping[str, np.ndarray]) -> Dict[str, Any]:
        if self._parameters.threshold is not None:
            enough = found["data"] >= self._parameters.threshold
            found = {name: entries[enough] for name, entries in found.items()}
        if self._parameters.entries is None:
            return {self._path: found}
        values = {}
        for name, entries in found.items():
            row = np.zeros(self._parameters.entries, self._dtypes[name])
            row[: len(entries)] = entries[: len(row)]
            values[f"{self._start}_{name}"] = row
        return values


def promises(parameters: Parameters, owner: str) -> Dict[str, Optional[Tuple[int, ...]]]:
    start = within(owner, parameters.name)
    if parameters.entries is None:
        return {f"{variable(start)}_len": ()}
    return {f"{start}_{name}": (parameters.entries,) for name in ("data", "row", "col", "tile")}


class Computation:
    """Of a frame: every pixel that is not 0 (nor NaN), or with a threshold is not below it, in the order of the frame:

    * ``data``: its value, type of the frame; ``tile``, ``row``, ``col``: int32, where it is
    """

    def __init__(self, parameters: Parameters, owner: str, shape: Tuple[int, ...], dtype: np.dtype) -> None:
        self._shape = (1,) * (2 - len(shape)) + tuple(shape)
        self._threshold = parameters.threshold
        at = (np.int32, "pixels", "where it is")
        fields = {"data": (dtype, "detector units", "value of the pixel"), "row": at, "col": at, "tile": at}
        self._lists = Lists(replace(parameters, threshold=None), owner, fields)
        self.columns = self._lists.columns

    def event(self, frame: np.ndarray, timestamp: int) -> Dict[str, Any]:
        flat = frame.reshape(-1)
        pixels = np.flatnonzero(flat if self._threshold is None else flat >= self._threshold)
        values = flat[pixels]
        good = (values != 0) & (values == values)
        if not good.all():
            pixels, values = pixels[good], values[good]
        tile, row, col = split(pixels, self._shape)
        return self._lists.event({"data": values, "row": row, "col": col, "tile": tile})

    def totals(self) -> List[Tuple[Total, np.ndarray, int]]:
        return []

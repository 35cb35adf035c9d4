"""What a produced file holds: columns with one row for each event, and totals over the run.

Missing values: NaN for floats, -99999 for integers, "" for text. So that -99999 can never be a measured value cut
short, integers are stored as int32 (from 16 bits and less, and from bool) or int64 (from 32 bits and more); a uint64
above the range of int64 is refused when it is written, not wrapped.
"""

from dataclasses import dataclass
from typing import Any, Callable, FrozenSet, Optional, Tuple

import numpy as np

from producer.kernels.assembly import Assembly

MISSING = -99999
TEXT = np.dtype(object)  # variable-length UTF-8


def stored(dtype: Any) -> np.dtype:
    """The dtype in which values of `dtype` are written; TypeError when there is none."""
    given = np.dtype(dtype)
    if given.kind == "b" or (given.kind in "iu" and given.itemsize <= 2):
        return np.dtype(np.int32)
    if given.kind in "iu":
        return np.dtype(np.int32) if given == np.int32 else np.dtype(np.int64)
    if given.kind == "f":
        return np.dtype(np.float32) if given.itemsize <= 4 else np.dtype(np.float64)
    if given.kind == "c":
        return given
    if given.kind in "OSU":
        return TEXT
    raise TypeError(f"values of type {given} have no place in the file")


def fill(dtype: np.dtype) -> Any:
    """What stands for a missing value in a column of a `stored` dtype."""
    if dtype.kind in "fc":
        return np.nan
    return MISSING if dtype.kind in "iu" else ""


@dataclass(frozen=True)
class Column:
    """A dataset of shape (events, *shape). `dtype` is as `stored` gives it. `mostly_constant`: worth compressing even
    though its values are floats of many pixels. `note`: what else a reader must know, written as an attribute."""

    path: str
    dtype: np.dtype
    shape: Tuple[int, ...] = ()
    unit: str = ""
    description: str = ""
    note: str = ""
    mostly_constant: bool = False

    @property
    def row_bytes(self) -> int:
        return int(self.dtype.itemsize * np.prod(self.shape, dtype=np.int64))

    @property
    def text(self) -> bool:
        return self.dtype == TEXT


def column(
    path: str, dtype: Any, shape: Tuple[int, ...] = (), unit: str = "", description: str = "", **more: Any
) -> Column:
    """A column for values of `dtype`, whatever is stored for it."""
    return Column(path, stored(dtype), tuple(int(n) for n in shape), unit, description, **more)


@dataclass(frozen=True)
class Variable:
    """Data of which each event has as much as it has, as psana names it: group `path` (``epix_1/var_droplet_sparse``)
    with a dataset for each of `fields` (their paths are below `path`, their shape is that of one entry), the entries
    of all events one after the other; and ``<path>_len``, how many of them are the event's. An event without such data
    has 0 of them."""

    path: str
    fields: Tuple[Column, ...]
    description: str = ""
    note: str = ""

    @property
    def lengths(self) -> Column:
        words = f"how many entries of {self.path} are of this event; 0 too where there are no data"
        return column(f"{self.path}_len", np.int64, (), "", words, note=self.note)


@dataclass(frozen=True)
class Total:
    """A dataset of `shape` accumulated over the run, each rank its own part; `how` tells how the parts are put
    together: "sum" or "max". With `image` the whole, not each part, is then assembled."""

    path: str
    dtype: np.dtype
    shape: Tuple[int, ...]
    how: str
    unit: str = ""
    description: str = ""
    note: str = ""
    image: Optional[Assembly] = None


def of_value(path: str, value: Any, unit: str = "", description: str = "", **more: Any) -> Column:
    """A column for values like `value`: a number, text, or an array."""
    if isinstance(value, (str, bytes)):
        return Column(path, TEXT, (), unit, description, **more)
    array = np.asarray(value)
    return column(path, array.dtype, array.shape, unit, description, **more)


class Misfit(ValueError):
    """A value that cannot be put into its column: another shape or kind than the ones before."""


def fitting(column: Column, value: Any) -> Any:
    """`value` as it can be assigned to a row of `column` without loss; raises `Misfit`."""
    if column.text:
        return value.decode(errors="replace") if isinstance(value, bytes) else str(value)
    array = np.asarray(value)
    if array.shape != column.shape:
        raise Misfit(f"shape {_shape(array.shape)}, {_shape(column.shape)} in the events before")
    kind = array.dtype.kind
    if kind in "iub":
        if array.dtype == np.uint64 and array.size and array.max() > np.iinfo(np.int64).max:
            raise Misfit(f"{array.max()} does not fit into 64 bits with a sign")
        if column.dtype.kind in "iu" and column.dtype.itemsize == 4 and array.dtype.itemsize > 4 and array.size:
            low, high = array.min(), array.max()
            if low < -(2**31) or high >= 2**31:
                raise Misfit(f"{high if high >= 2**31 else low} does not fit into 32 bits")
    elif kind == "f" and column.dtype.kind in "iu":
        raise Misfit(f"a float, integers in the events before: {_example(array)}")
    elif kind == "c" and column.dtype.kind != "c":
        raise Misfit(f"a complex number, real ones in the events before: {_example(array)}")
    elif kind not in "fc":
        raise Misfit(f"not a number: {_example(array)}")
    return array


def fitting_entries(variable: Variable, value: Any) -> Tuple[np.ndarray, ...]:
    """`value` (name of a field -> its entries in one event) in the order of the fields; raises `Misfit`."""
    found = []
    for field in variable.fields:
        entries = np.asarray(value[field.path[len(variable.path) + 1 :]])
        fitting(Column(field.path, field.dtype, (len(entries), *field.shape)), entries)
        found.append(entries)
    if len({len(entries) for entries in found}) > 1:
        raise Misfit(f"fields of unequal length: {', '.join(str(len(entries)) for entries in found)}")
    return tuple(found)


def plain_kinds(column: Column) -> FrozenSet[type]:
    """The types whose values can all be assigned as they are."""
    if column.shape:
        return frozenset()
    if column.dtype.kind == "f":
        return frozenset((float, np.float64, np.float32))
    if column.dtype.kind == "i":
        return frozenset((column.dtype.type, np.int32, np.int16, np.uint16, np.uint8, np.bool_))
    return frozenset()


def plain(column: Column) -> Callable[[Any], bool]:
    """Tells whether a value can be assigned as it is: a short cut past `fitting` for nearly all numbers."""
    kinds = plain_kinds(column)
    lowest, highest = 1.0, 0.0
    if kinds and column.dtype.kind == "f":
        lowest, highest = -np.inf, np.inf
    elif kinds:
        lowest, highest = np.iinfo(column.dtype).min, np.iinfo(column.dtype).max

    def takes(value: Any) -> bool:
        kind = type(value)
        return kind in kinds or (kind is int and lowest <= value <= highest)

    return takes


def _shape(shape: Tuple[int, ...]) -> str:
    return " x ".join(str(n) for n in shape) if shape else "of one number"


def _example(array: np.ndarray) -> str:
    first: Optional[Any] = array.ravel()[0] if array.size else None
    return repr(first)[:80]

"""One line on a dataset, whatever its size: it is read in chunks."""

from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np

from smdtui.results.tree import ResultError, open_file, plain

READ_BYTES = 16 * 1024 * 1024


@dataclass(frozen=True)
class Summary:
    """`minimum`, `mean`, `maximum` are of the values that are not NaN (infinities count), None where there are none;
    `nan_share` is NaN values / all values, None for what has no NaN (integers, text); `count` is the number of values;
    `example` the first value of a text."""

    count: int
    minimum: float | int | None = None
    mean: float | None = None
    maximum: float | int | None = None
    nan_share: float | None = None
    example: str = ""


def summarize(path: Path, dataset: str) -> Summary:
    """Raises ResultError (an OSError) for a bad file and KeyError for a dataset that is not in it."""
    with open_file(path) as file:
        item = file.get(dataset)
        if not isinstance(item, h5py.Dataset):
            raise KeyError(f"there is no dataset {dataset} in {Path(path).name}")
        missing = missing_sources(item, Path(path))
        if missing:
            raise ResultError(f"{dataset} is made of files that are not there: {', '.join(missing[:3])}")
        try:
            return _summary(item)
        except (OSError, RuntimeError) as e:
            raise ResultError(f"{dataset} cannot be read: the file is damaged or lacks a filter ({e})") from e


def missing_sources(item: h5py.Dataset, path: Path) -> list[str]:
    """Files that a virtual dataset takes values from and that are not there; it would read as fill values."""
    if not item.is_virtual:
        return []
    names = {source.file_name for source in item.virtual_sources()} - {"."}
    return sorted(n for n in names if not (path.parent / n).exists() and not Path(n).exists())


def _summary(item: h5py.Dataset) -> Summary:
    if item.shape is None:  # a null dataspace
        return Summary(0)
    if h5py.check_string_dtype(item.dtype) is not None or item.dtype.kind in "SU":
        return _text(item)
    if item.dtype.kind not in "biufc" or item.dtype.kind == "c":
        return Summary(int(item.size))
    return _numbers(item)


def _text(item: h5py.Dataset) -> Summary:
    if not item.size:
        return Summary(0)
    first = item[()] if item.shape == () else item[(0,) * len(item.shape)]
    return Summary(int(item.size), example=str(plain(first))[:200])


def _numbers(item: h5py.Dataset) -> Summary:
    real = item.dtype.kind == "f"
    low: float | int | None = None
    high: float | int | None = None
    total, good, count = 0.0, 0, 0
    for block in blocks(item):
        values = np.asarray(block).reshape(-1)
        count += values.size
        if real:
            values = values[~np.isnan(values)]
        if not values.size:
            continue
        good += values.size
        first, last = plain(values.min()), plain(values.max())
        low = first if low is None else min(low, first)
        high = last if high is None else max(high, last)
        with np.errstate(invalid="ignore", over="ignore"):  # inf - inf is NaN, which is the answer
            total += float(values.sum(dtype=np.float64))
    mean = total / good if good else None
    share = (count - good) / count if real and count else None
    return Summary(count, low, mean, high, share)


def blocks(item: h5py.Dataset):
    """The dataset in pieces of about 16 MB along its first axis, whole HDF5 chunks where they are smaller than that."""
    if item.shape == () or not item.size:
        yield item[()]
        return
    row = max(1, int(item.dtype.itemsize * np.prod(item.shape[1:], dtype=np.int64)))
    rows = max(1, READ_BYTES // row)
    if item.chunks and item.chunks[0] <= rows:
        rows -= rows % item.chunks[0]
    for begin in range(0, item.shape[0], rows):
        yield item[begin : begin + rows]

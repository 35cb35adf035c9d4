"""What an HDF5 file holds: groups and datasets with shape, type and attributes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import h5py
import numpy as np


class ResultError(OSError):
    """The file cannot be read; the message says why in a sentence."""


@dataclass(frozen=True)
class Node:
    """`path` begins with a slash; `kind` is "group", "dataset" or "broken" (a link to nothing); `shape` is () for a
    scalar and for a group; `dtype` is text ("" for a group, "text" for strings)."""

    path: str
    kind: str
    shape: tuple[int, ...] = ()
    dtype: str = ""
    attrs: Mapping[str, Any] = field(default_factory=dict)


def open_file(path: Path) -> h5py.File:
    """Read-only and without a lock, which the producer would run into. Raises ResultError."""
    path = Path(path)
    try:
        if not path.is_file():
            raise ResultError(f"{path} is not a file" if path.exists() else f"there is no file {path}")
        if path.stat().st_size == 0:
            raise ResultError(f"{path.name} is empty: its writing has not begun, or the disk was full")
        return h5py.File(path, "r", locking=False)
    except ResultError:
        raise
    except PermissionError as e:
        raise ResultError(f"{path.name} may not be read: you lack the permission") from e
    except OSError as e:
        raise ResultError(f"{path.name} cannot be read: {_why(str(e))}") from e


def _why(said: str) -> str:
    if "file signature not found" in said:
        return "it is not an HDF5 file, or its beginning has not been written yet"
    if "truncated file" in said:
        return "it is truncated: its writing was not finished, or the disk was full"
    if "already open for write" in said or "consistency flags" in said:
        return "it is being written, or its writer died without closing it"
    return said[said.find("(") + 1 :].rstrip(")") if "(" in said else said


def read_tree(path: Path) -> list[Node]:
    """All nodes below the root, parents before children, names in order. Raises ResultError."""
    with open_file(path) as file:
        nodes: list[Node] = []
        try:
            _add(file, "", nodes, {hash(file.id)})
        except (OSError, RuntimeError, KeyError) as e:
            raise ResultError(f"{Path(path).name} is damaged: {_why(str(e))}") from e
    return nodes


def _add(group: h5py.Group, above: str, nodes: list[Node], seen: set[int]) -> None:
    for name in sorted(group):
        path = f"{above}/{name}"
        try:
            item = group[name]
        except KeyError:  # a link to a file or an object that is not there
            nodes.append(Node(path, "broken"))
            continue
        if isinstance(item, h5py.Group):
            nodes.append(Node(path, "group", attrs=_attributes(item)))
            # A hard link may lead back to a group above.
            key = hash(item.id)
            if key not in seen:
                _add(item, path, nodes, seen | {key})
        elif isinstance(item, h5py.Dataset):
            nodes.append(Node(path, "dataset", item.shape or (), dtype_word(item.dtype), _attributes(item)))


def dtype_word(dtype: np.dtype) -> str:
    """As a person reads it: float64, uint16, text, 3 fields."""
    if h5py.check_string_dtype(dtype) is not None or dtype.kind in "SU":
        return "text"
    if dtype.names:
        return f"{len(dtype.names)} fields"
    return "object" if dtype.kind == "O" else dtype.name


def _attributes(item: Any) -> dict[str, Any]:
    return {name: plain(item.attrs[name]) for name in item.attrs}


def plain(value: Any) -> Any:
    """numpy scalars as Python's, bytes as text."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return value.item() if isinstance(value, np.generic) else value

"""What a dataset of an HDF5 file holds, as text; and the profile that the file was made with."""

from __future__ import annotations

from pathlib import Path
from typing import Any

ROWS = 200  # rows of a dataset that are shown


def value_text(path: Path, dataset: str) -> str:
    """The first rows, or the whole of a text. OSError if the file cannot be read."""
    import h5py

    with h5py.File(path, "r", locking=False) as file:
        data = file[dataset]
        if data.shape == ():
            return as_text(data[()])
        lines = [f"[{i}]  {as_text(row)}" for i, row in enumerate(data[:ROWS])]
        if data.shape[0] > ROWS:
            lines.append(f"… {data.shape[0] - ROWS:,} more rows")
        return "\n".join(lines) or "no rows"


def profile_used(path: Path) -> str:
    """The frozen profile under UserDataCfg, then what else is told there; "" if the file has none."""
    import h5py

    with h5py.File(path, "r", locking=False) as file:
        group = file.get("UserDataCfg")
        if group is None:
            return ""
        texts = {f"{k} (attribute)": as_text(v) for k, v in group.attrs.items()}
        if isinstance(group, h5py.Dataset):
            return as_text(group[()])

        def visit(name: str, item: Any) -> None:
            if isinstance(item, h5py.Dataset):
                texts[name] = as_text(item[()])

        group.visititems(visit)
    short = [f"{k}: {v}" for k, v in texts.items() if "\n" not in v]
    long = [f"--- {k}\n{v}" for k, v in texts.items() if "\n" in v]
    return "\n".join([*long, "---", *short] if long else short)


def plan_text(path: Path) -> str:
    """The frozen plan that the file was made with, as TOML. ValueError in words if the file has none, OSError if it
    cannot be read."""
    import h5py

    with h5py.File(path, "r", locking=False) as file:
        plan = file.get("UserDataCfg/plan")
        if not isinstance(plan, h5py.Dataset):
            raise ValueError(f"{path} does not say what it was made with")
        return as_text(plan[()])


def as_text(value: Any) -> str:
    """Bytes and strings as they read, numbers as numpy prints them."""
    import numpy as np

    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, np.ndarray) and value.dtype.kind in "SO" and value.ndim == 1:
        return "\n".join(as_text(v) for v in value)
    return np.array2string(value, threshold=60, edgeitems=3) if isinstance(value, np.ndarray) else str(value)

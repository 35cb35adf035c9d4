"""Values of a configuration as values of a profile."""

from pathlib import PurePath
from typing import Any

import numpy as np

from smdtui.profile.importing.expressions import OF_RUN
from smdtui.profile.importing.run_number import RunNumber
from smdtui.profile.importing.values import LoadedFile, Unknown


class NoPlace(Exception):
    """A value that a profile cannot hold; the message says why (it follows the value)."""


class Spread(dict[str, Any]):
    """One value of theirs that becomes several of ours: our key -> value."""


def plain(value: Any) -> Any:
    """As TOML: numbers, text, lists and tables. Raises `NoPlace`."""
    if isinstance(value, Unknown):
        raise NoPlace(value.reason)
    if isinstance(value, RunNumber):
        raise NoPlace(OF_RUN)
    if isinstance(value, LoadedFile):
        raise NoPlace(f"it is the content of the file {value.path}")
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, PurePath):
        return str(value)
    if isinstance(value, (list, tuple)):
        return [plain(one) for one in value]
    if isinstance(value, dict):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, (bool, int, float, str)):
        return value
    raise NoPlace(f"a {type(value).__name__} has no form here")


def flag(value: Any) -> bool:
    """As Python takes it: anything but 0, None and what is empty is true, the text "False" too."""
    return bool(plain(value))


def whole(value: Any) -> Any:
    number = plain(value)
    return int(number) if isinstance(number, float) and number.is_integer() else number


def numbers(value: Any) -> list[Any]:
    """A list of numbers; a single one is a list of one."""
    found = plain(value)
    return found if isinstance(found, list) else [found]


def pair(value: Any) -> list[Any] | None:
    """[start, end) of a slice or a list; None for all of it."""
    if isinstance(value, slice):
        if value.step not in (None, 1):
            raise NoPlace("only every so many samples: there is no step here")
        value = [value.start, value.stop]
    if value is None or list(value) == [None, None]:
        return None
    bounds = [whole(one) if one is not None else 0 for one in value]
    if len(bounds) != 2 or value[1] is None or bounds[0] < 0 or bounds[1] < 0:
        raise NoPlace("it must be [start, end), both counted from the first sample")
    return bounds


def region(value: Any) -> list[list[int]]:
    """[start, end) for each axis, from the forms that ROIFunc takes."""
    try:
        bounds = np.array(plain(value), dtype=float).squeeze()
    except (ValueError, TypeError):
        raise NoPlace("it is no list of [start, end] pairs") from None
    if bounds.shape == (2,):
        bounds = bounds.reshape(1, 2)
    if bounds.ndim != 2 or bounds.shape[1] != 2 or not np.isfinite(bounds).all():
        raise NoPlace("it is no list of [start, end] pairs")
    return [[int(low), int(high)] for low, high in bounds.tolist()]


def flat_region(value: Any) -> list[list[int]]:
    """[row, row, column, column] or two pairs."""
    given = plain(value)
    return region(np.reshape(given, (2, 2)).tolist() if np.size(given) == 4 else given)


def threshold(value: Any) -> Any:
    """A number, or [low, high]: what is outside counts as 0."""
    given = plain(value)
    if not isinstance(given, list):
        return given
    if len(given) != 2:
        raise NoPlace("it must be one number or [low, high]")
    return Spread(threshold=given[0], threshold_high=given[1])


def path_or_file(value: Any) -> str:
    """The path of an array's file: what is loaded, or the path itself."""
    if isinstance(value, LoadedFile):
        if value.changed:
            raise NoPlace(f"it is loaded from {value.path}, but {value.changed}")
        return value.path
    given = plain(value)
    if not isinstance(given, str):
        raise NoPlace("an array stands in a file here: save it with numpy.save and give the file's path")
    return given


def q_bins(value: Any) -> Any:
    given = plain(value)
    return Spread(q_edges=given) if isinstance(given, list) else Spread(q_step=given)


def phi_bins(value: Any) -> Any:
    given = plain(value)
    return Spread(phi_edges_rad=given) if isinstance(given, list) else Spread(phi_bins=whole(given))


def polarization(value: Any) -> str:
    """The plane: 1 = horizontal, 0 = vertical."""
    given = plain(value)
    if given not in (0, 1):
        raise NoPlace("the plane of polarisation is 0 (vertical) or 1 (horizontal)")
    return "horizontal" if given == 1 else "vertical"


def sparse_entries(value: Any) -> int | None:
    """Length of sparse lists; None, and 0 (ragged arrays), = as long as each event needs."""
    given = plain(value) if value is not None else None
    return int(given) or None if isinstance(given, (int, float)) else given


def error_bound(value: Any) -> float:
    """The absolute bound within libpressio's configuration."""
    found: list[Any] = []

    def look(part: Any) -> None:
        for key, one in part.items() if isinstance(part, dict) else ():
            if key in ("pressio:abs", "sz:abs_err_bound", "zfp:accuracy") and isinstance(one, (int, float)):
                found.append(one)
            look(one)

    look(plain(value))
    if len(set(found)) != 1:
        raise NoPlace("no single absolute error bound (pressio:abs) is in it")
    return float(found[0])

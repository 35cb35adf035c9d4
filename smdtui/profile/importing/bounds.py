"""Limits, so that reading a file never takes much time or memory, whatever is in it."""

from typing import Any

from smdtui.profile.importing.values import Undecided

LARGEST = 1_000_000  # elements of a container or array that the reader makes
_BITS = 10_000  # of a whole number
_WIDTH = 4  # digits of a width in a format


def bounded(kind: str, left: Any, right: Any, line: int) -> None:
    """Raises `Undecided` when the result of the operation (by its name in ast) would be very large."""
    whole = isinstance(left, int) and isinstance(right, int)
    large = False
    if kind == "Pow" and whole:
        large = left.bit_length() * max(right, 0) > _BITS
    elif kind == "LShift" and whole:
        large = left.bit_length() + max(right, 0) > _BITS
    elif kind == "Mult" and whole:
        large = left.bit_length() + right.bit_length() > _BITS
    elif kind == "Mult":
        for many, times in ((left, right), (right, left)):
            if isinstance(many, (str, bytes, list, tuple)) and isinstance(times, int):
                large = large or len(many) * max(times, 0) > LARGEST
    elif kind == "Mod" and isinstance(left, str):
        large = wide(left) or "*" in left
    elif kind == "Add" and isinstance(left, (str, list, tuple)) and isinstance(right, (str, list, tuple)):
        large = len(left) + len(right) > LARGEST
    if large:
        raise Undecided("the result would be very large", line)


def wide(text: str) -> bool:
    """Whether a format could fill up to a very large width."""
    numbers = "".join(c if c.isdecimal() else " " for c in text).split()
    return any(len(number) > _WIDTH for number in numbers)

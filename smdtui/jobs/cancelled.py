"""What a cancel did, for the person who asked."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Cancelled:
    """`done` False where there was nothing to cancel."""

    done: bool
    message: str

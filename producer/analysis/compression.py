"""Lossy compression: each frame is compressed and restored before the other functions see it, to learn what it does to
their results."""

from dataclasses import dataclass
from typing import Annotated

from producer.parameters import Meta

NAME = "compression"
MANY = False


@dataclass(frozen=True)
class Parameters:
    error_bound: Annotated[float, Meta("no pixel may change by more than this", unit="detector units", minimum=0)]


RECORDED = {"error_bound": "pressio_config"}

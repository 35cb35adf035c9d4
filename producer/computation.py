"""Making and calling the computation of an analysis function with what it wants, see `producer.analysis`."""

import inspect
from typing import Any, Optional

import numpy as np

from producer.detector_context import Context
from producer.shot import Shot


def make(module: Any, parameters: Any, owner: str, frame: np.ndarray, context: Optional[Context]) -> Any:
    """The computation of a function, with the context of the detector if it wants it."""
    wanted = inspect.signature(module.Computation).parameters
    more = {"context": context} if "context" in wanted else {}
    return module.Computation(parameters, owner, frame.shape, frame.dtype, **more)


def call_event(computation: Any, frame: np.ndarray, timestamp: int, shot: Shot) -> Any:
    if getattr(computation, "WANTS_SHOT", False):
        return computation.event(frame, timestamp, shot)
    return computation.event(frame, timestamp)

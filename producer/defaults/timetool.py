"""The time tool: the edge position of each event and its time in ps."""

from dataclasses import dataclass
from typing import Annotated, Optional, Tuple

from producer.parameters import Meta

SECTION = "timetool"
MANY = False


@dataclass(frozen=True)
class Parameters:
    """ps = p0 + p1*px [+ p2*px**2], with px the edge position in pixels."""

    detector: Annotated[Optional[str], Meta("the time tool's camera; left out = the only one there is")] = None
    calibration: Annotated[
        Tuple[float, ...],
        Meta("[p0, p1] or [p0, p1, p2]; [] = the calibration recorded in the data", unit="ps", lengths=(0, 2, 3)),
    ] = ()
    traces: Annotated[bool, Meta("also write the camera's projection with each event")] = False

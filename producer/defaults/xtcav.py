"""The X-band transverse deflecting cavity: a camera of the electron bunch after lasing."""

from dataclasses import dataclass
from typing import Annotated

from producer.parameters import Meta

SECTION = "xtcav"
MANY = False


@dataclass(frozen=True)
class Parameters:
    enabled: Annotated[bool, Meta("write the XTCAV image's results with each event")] = False


def why_not() -> str:
    """psana.xtcav (of psana 4.3) reads only runs converted from LCLS-I, event by event from the start of a run, by
    names that LCLS-II data do not have, and stops the interpreter where a reference is missing."""
    return (
        "XTCAV cannot be produced: psana's package for it reads only runs that were converted from LCLS-I (detectors "
        "xtcav, eventid, xtcavpars, ebeam with valsebm), and needs its dark and lasing-off references, cv2 and "
        "sklearn; to have the camera's image, analyse xtcav as a detector"
    )

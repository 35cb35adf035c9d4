"""The X-band transverse deflecting cavity: a camera of the electron bunch after lasing."""

from dataclasses import dataclass
from typing import Annotated

from producer.parameters import Meta

SECTION = "xtcav"
MANY = False


@dataclass(frozen=True)
class Parameters:
    enabled: Annotated[bool, Meta("write the XTCAV image's results with each event")] = False

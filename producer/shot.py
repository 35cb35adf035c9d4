"""What is known of a shot when its frames are analysed."""

from dataclasses import dataclass
from typing import Optional


@dataclass(frozen=True)
class Shot:
    """Whether there were X-rays, and whether the pump laser reached the sample; None: not known."""

    xray: Optional[bool] = None
    laser: Optional[bool] = None


UNKNOWN = Shot()
LIGHTS = {"lightStatus/xray": "xray", "lightStatus/laser": "laser"}  # column -> what it says of the shot

"""Where the pixels of a flat or tiled detector look: scattering angle, azimuth and corrections.

Equations of J. Chem. Phys. 113, 9140 (2000), as smalldata_tools' azimuthalBinning has them. With the beam's place
(xc, yc) on the detector, the distance d of each pixel's plane from the sample and the tilts tx, ty of its normal:

    A = -sin(ty) cos(tx), B = -sin(tx), C = -cos(ty) cos(tx)
    a = xc + d tan(ty), b = yc - d tan(tx), c = d
    r^2 = (x - a)^2 + (y - b)^2 + c^2,  p = A (x - a) + B (y - b) - C c
    theta = arccos(p / r)
    phi = arccos(((A^2 + C^2)(y - b) - A B (x - a) + B C c) / sqrt((A^2 + C^2)(r^2 - p^2))), 2 pi - phi where x < xc
    solid angle = (d / r)^3: it falls with 1/r^2, and pixels are seen under an angle
    polarisation = 1 - (sin(phi) sin(theta))^2 (vertical) or 1 - (cos(phi) sin(theta))^2 (horizontal)

so that phi is 0 in the direction of y and grows towards x.
"""

from typing import Tuple

import numpy as np

HC_KEV_ANGSTROM = 12.398419843320026  # exact, from the SI values of h, c and e


class Scattering:
    """Of pixels at `x`, `y`, `z` (mm, flat arrays; larger z is nearer the sample, only differences count) with the
    beam at `centre` (mm) and the sample `distance` mm away. `theta`, `phi` (0 ... 2 pi), `solid_angle` float64."""

    def __init__(
        self,
        x: np.ndarray,
        y: np.ndarray,
        z: np.ndarray,
        centre: Tuple[float, float],
        distance: float,
        tilt_x: float,
        tilt_y: float,
    ) -> None:
        tx, ty = np.deg2rad(tilt_x), np.deg2rad(tilt_y)
        away = distance + z.mean() - z
        a_, b_, c_ = -np.sin(ty) * np.cos(tx), -np.sin(tx), -np.cos(ty) * np.cos(tx)
        u, v = x - (centre[0] + away * np.tan(ty)), y - (centre[1] - away * np.tan(tx))
        r = np.sqrt(u * u + v * v + away * away)
        along = a_ * u + b_ * v - c_ * away
        self.theta = np.arccos(np.clip(along / r, -1, 1))
        flat = a_ * a_ + c_ * c_
        across = np.sqrt(flat * np.maximum(r * r - along * along, 0))
        with np.errstate(invalid="ignore", divide="ignore"):
            cosine = (flat * v - a_ * b_ * u + b_ * c_ * away) / across
        cosine = np.where(across > 0, cosine, np.where(y >= centre[1], 1.0, -1.0))
        phi = np.arccos(np.clip(cosine, -1, 1))
        self.phi = np.where(x < centre[0], 2 * np.pi - phi, phi)
        self.solid_angle = (away / r) ** 3

    def polarisation(self, horizontal: bool) -> np.ndarray:
        """float64: the share of the intensity that polarisation leaves in each direction."""
        direction = np.cos(self.phi) if horizontal else np.sin(self.phi)
        return 1 - (direction * np.sin(self.theta)) ** 2

"""Where the photons of droplets hit: the greedy guess of M. Sutton as smalldata_tools has it, for all droplets at once.

With each pixel's value in photons, whole photons stay in their pixel. Each further one is put at the pixel with the
largest remainder r; what it lacks, t = 1 - r, is taken from the neighbour with most left, and the photon moves by t
towards that (among equals: right before left before down before up). Photons that cannot hinder each other are placed
in the same round: a pixel whose remainder is the largest within two steps is independent of all others, since its
turn changes only itself and one neighbour. As remainders only get smaller, the turns that count are those with the
largest remainders; the result is that of one photon after the other.
"""

from typing import Tuple

import numpy as np

from producer.kernels.droplets import Droplets


def place(droplets: Droplets, photons: np.ndarray, photon: float, width: int) -> Tuple[np.ndarray, ...]:
    """(pixel int64 flat index, rows moved, columns moved float64, droplet int32) of
    `photons` (int64, per droplet) photons of value `photon` in frames of `width` columns. A droplet of one pixel
    keeps all of its photons there."""
    share = droplets.values / photon
    whole = np.floor(share).astype(np.int64)
    label = droplets.label
    whole = _limited(whole, label, photons)
    alone = droplets.counts[label] == 1
    whole[alone] = photons[label[alone]]
    left = share - np.floor(share)
    missing = photons - np.bincount(label, whole, len(photons)).astype(np.int64)
    stay = np.repeat(np.arange(len(whole)), whole)
    pixel, rows, columns = _turns(droplets, left, missing, width)
    at = np.concatenate([stay, pixel])
    none = np.zeros(len(stay))
    return droplets.pixels[at], np.concatenate([none, rows]), np.concatenate([none, columns]), label[at]


def _limited(whole: np.ndarray, label: np.ndarray, photons: np.ndarray) -> np.ndarray:
    """Not more in a droplet than its photons, which only edges of one's own can bring about."""
    if (np.bincount(label, whole, len(photons)) <= photons).all():
        return whole
    order = np.argsort(label, kind="stable")
    sums = np.cumsum(whole[order])
    first = np.flatnonzero(np.diff(label[order], prepend=-1))
    before = np.repeat(sums[first] - whole[order][first], np.diff(first, append=len(order)))
    limited = np.clip(photons[label[order]] - (sums - before - whole[order]), 0, whole[order])
    result = np.empty_like(whole)
    result[order] = limited
    return result


def _turns(
    droplets: Droplets, left: np.ndarray, missing: np.ndarray, width: int
) -> Tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(position of the pixel, rows moved, columns moved) of the `missing` photons of each droplet."""
    size = len(left)
    left = np.append(left, 0.0)  # of a pixel that is not there
    beside = _beside(droplets, width)
    alive = np.flatnonzero((left[:size] > 0) & (missing[droplets.label] > 0))
    done, taken, moved = [], [], []
    rank = np.empty(size + 1, np.int64)
    while alive.size:
        order = np.lexsort((-alive, left[alive]))
        rank[:] = -1
        rank[alive[order]] = np.arange(len(alive))
        near = beside[:, alive]
        most = rank.copy()
        most[alive] = np.maximum(rank[alive], rank[near].max(axis=0))
        turn = alive[np.maximum(most[alive], most[near].max(axis=0)) == rank[alive]]
        around = left[beside[:, turn]]  # up, down, left, right
        up, down, back = around[0], around[1], around[2]
        onward = around[3]
        where = np.where(
            up > np.maximum(down, np.maximum(back, onward)),
            0,
            np.where(down > np.maximum(back, onward), 1, np.where(back > onward, 2, 3)),
        )
        done.append(turn)
        taken.append(left[turn])
        moved.append(where)
        other = beside[where, turn]
        lack = 1.0 - left[turn]
        left[turn] = 0.0
        left[other] = np.maximum(0.0, left[other] - lack)
        left[size] = 0.0
        alive = alive[left[alive] > 0]
    if not done:
        return np.empty(0, np.int64), np.empty(0), np.empty(0)
    pixel, value, where = np.concatenate(done), np.concatenate(taken), np.concatenate(moved)
    order = np.lexsort((pixel, -value, droplets.label[pixel]))
    pixel, value, where = pixel[order], value[order], where[order]
    first = np.flatnonzero(np.diff(droplets.label[pixel], prepend=-1))
    number = np.arange(len(pixel)) - np.repeat(first, np.diff(first, append=len(pixel)))
    counts = number < missing[droplets.label[pixel]]
    pixel, value, where = pixel[counts], value[counts], where[counts]
    step = 1.0 - value
    rows = np.select([where == 0, where == 1], [-step, step], 0.0)
    columns = np.select([where == 2, where == 3], [-step, step], 0.0)
    return pixel, rows, columns


def _beside(droplets: Droplets, width: int) -> np.ndarray:
    """int64[4, n + 1]: positions of the pixels above, below, left and right in the same droplet; n where there is
    none."""
    size = len(droplets.pixels)
    beside = np.full((4, size + 1), size, np.int64)
    a, b = droplets.edges
    across = droplets.pixels[b] - droplets.pixels[a] == 1
    if width == 1:
        across[:] = False
    beside[3, a[across]], beside[2, b[across]] = b[across], a[across]
    beside[1, a[~across]], beside[0, b[~across]] = b[~across], a[~across]
    return beside

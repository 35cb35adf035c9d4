"""Droplets in a frame, found among the lit pixels alone: these are a few per cent of all."""

from dataclasses import dataclass
from typing import Optional, Tuple

import numpy as np


@dataclass(frozen=True)
class Droplets:
    """The pixels of all droplets in the order of the frame, and the droplets in that of their first pixel.

    Per pixel: `pixels` int64 flat index, `values` float64, `label` int32 (0 ...), `edges` int32[2, n]: pairs of
    neighbours, as positions in these arrays. Per droplet: `sums` float64, `counts` int64."""

    pixels: np.ndarray
    values: np.ndarray
    label: np.ndarray
    edges: np.ndarray
    sums: np.ndarray
    counts: np.ndarray

    def kept(self, keep: np.ndarray) -> "Droplets":
        """Those droplets alone for which `keep` is True."""
        new = np.cumsum(keep, dtype=np.int32) - 1
        of_kept = keep[self.label]
        at = np.cumsum(of_kept, dtype=np.int32) - 1
        edges = self.edges[:, of_kept[self.edges[0]] & of_kept[self.edges[1]]]
        return Droplets(
            self.pixels[of_kept],
            self.values[of_kept],
            new[self.label[of_kept]],
            at[edges],
            self.sums[keep],
            self.counts[keep],
        )

    def places(self, shape: Tuple[int, ...]) -> Tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(tile int64, row, column float64) of each droplet: its centre of mass, in a frame of `shape`."""
        tile, row, column = split(self.pixels, shape)
        count = len(self.sums)
        first = np.zeros(count, np.int64)
        first[self.label[::-1]] = tile[::-1]
        rows = np.bincount(self.label, self.values * row, count) / self.sums
        columns = np.bincount(self.label, self.values * column, count) / self.sums
        return first, rows, columns


def split(pixels: np.ndarray, shape: Tuple[int, ...]) -> Tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(tile, row, column) int64 of flat indices into a frame of `shape`."""
    rest, column = np.divmod(pixels, shape[-1])
    tile, row = np.divmod(rest, shape[-2])
    return tile, row, column


class Finder:
    """Finds droplets in frames of `shape`: (rows, columns), or with tiles before.

    Of the pixels of at least `high`, those that touch at a side are one droplet; with `low` below `high`, pixels of at
    least `low` that touch such a pixel belong to it. With `relabel` droplets are then what touches in the end; without
    it such a pixel between two belongs to the later one. A pixel of 0 is in none, nor one above `maximum`.
    (smalldata_tools' dropletFunc, which labels the whole frame several times for it.)

    `high` and `low`: float arrays of `shape`, inf where a pixel is masked."""

    def __init__(
        self, shape: Tuple[int, ...], high: np.ndarray, low: np.ndarray, relabel: bool, maximum: float = np.inf
    ) -> None:
        from scipy.sparse import coo_matrix, csgraph

        self._matrix, self._components = coo_matrix, csgraph.connected_components
        above_zero = np.nextafter(np.float32(0), np.float32(1))
        self._low = np.maximum(low, above_zero).astype(np.float32).ravel()
        self._high = np.maximum(high, above_zero).astype(np.float32).ravel()
        self._two = bool((low < high).any())
        self._relabel, self._maximum = relabel, maximum
        self._width, self._height = shape[-1], shape[-2]
        size = int(np.prod(shape))
        # Where a pixel stands among the lit ones, -1 for the others; a row more, so that a neighbour is always there.
        self._at = np.full(size + self._width, -1, np.int32)

    def find(self, frame: np.ndarray) -> Droplets:
        flat = frame.reshape(-1)
        lit = np.flatnonzero(flat >= self._low)
        values = flat[lit]
        if self._maximum != np.inf:
            low = values <= self._maximum
            lit, values = lit[low], values[low]
        edges = self._touching(lit)
        if not self._two:
            return self._labelled(lit, values, edges, edges)
        certain = values >= self._high[lit]
        a, b = edges
        keep = certain.copy()
        keep[a[certain[b]]] = True
        keep[b[certain[a]]] = True
        at = np.cumsum(keep, dtype=np.int32) - 1
        edges = at[edges[:, keep[a] & keep[b]]]
        lit, values, certain = lit[keep], values[keep], certain[keep]
        if self._relabel:
            return self._labelled(lit, values, edges, edges)
        between = edges[:, certain[edges[0]] & certain[edges[1]]]
        return self._labelled(lit, values, edges, between, certain)

    def _touching(self, lit: np.ndarray) -> np.ndarray:
        """int32[2, n]: positions in `lit` of each two pixels that touch at a side."""
        at, width = self._at, self._width
        number = np.arange(len(lit), dtype=np.int32)
        right = np.flatnonzero((lit[1:] == lit[:-1] + 1) & (lit[1:] % width != 0)).astype(np.int32)
        at[lit] = number
        below = at[lit + width]
        at[lit] = -1
        down = (below >= 0) & (lit // width % self._height != self._height - 1)
        return np.stack([np.concatenate([right, number[down]]), np.concatenate([right + 1, below[down]])])

    def _labelled(
        self,
        lit: np.ndarray,
        values: np.ndarray,
        edges: np.ndarray,
        joining: np.ndarray,
        certain: Optional[np.ndarray] = None,
    ) -> Droplets:
        """`joining`: those of the edges that make two pixels one droplet; with `certain`, the others get the largest
        label beside them."""
        count = len(lit)
        if not count:
            none = np.empty(0)
            return Droplets(lit, none, np.empty(0, np.int32), np.empty((2, 0), np.int32), none, np.empty(0, np.int64))
        graph = self._matrix((np.ones(joining.shape[1], np.int8), (joining[0], joining[1])), shape=(count, count))
        _, label = self._components(graph.tocsr(), directed=False)
        if certain is not None:
            order = np.full(int(label.max()) + 1, -1, np.int32)
            found = np.unique(label[certain])
            order[found] = np.arange(len(found), dtype=np.int32)
            label = np.where(certain, order[label], -1)
            beside = label.copy()
            np.maximum.at(beside, edges[0], label[edges[1]])
            np.maximum.at(beside, edges[1], label[edges[0]])
            label = np.where(certain, label, beside)
        label = label.astype(np.int32, copy=False)
        values = values.astype(np.float64)
        sums = np.bincount(label, values)
        same = label[edges[0]] == label[edges[1]]
        return Droplets(lit, values, label, edges[:, same], sums, np.bincount(label, minlength=len(sums)))

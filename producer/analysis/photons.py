"""Droplets to photons: how many photons each droplet holds, and where each of them hit."""

from dataclasses import dataclass
from typing import Annotated, Any, Dict, Iterator, List, Optional, Tuple

import numpy as np

from producer.analysis import sparsify as lists
from producer.analysis.names import dataset_name, within
from producer.analysis.sparsify import Parameters as Sparsify
from producer.kernels import greedy_photons
from producer.kernels.droplets import Droplets
from producer.parameters import Meta
from producer.schema import column


@dataclass(frozen=True)
class Parameters:
    photon: Annotated[
        float, Meta("signal of one photon: ADU, or keV for a calibrated detector", unit="detector units", minimum=1e-9)
    ]
    edges: Annotated[
        Optional[Tuple[float, ...]],
        Meta(
            "a droplet from edges[n] up to edges[n+1] holds n photons; left out = (n - 1/2) times the photon",
            unit="detector units",
        ),
    ] = None
    save_image: Annotated[bool, Meta("also write how many photons each pixel got with each event")] = False
    sparsify: Annotated[Optional[Sparsify], Meta("write the photons as lists of positions")] = None
    name: Annotated[str, Meta("begins the names of the datasets", check=dataset_name)] = "droplet2phot"

    def check(self) -> Iterator[Tuple[Tuple[object, ...], str, str]]:
        if self.edges is not None and (len(self.edges) < 3 or any(b <= a for a, b in zip(self.edges, self.edges[1:]))):
            yield ("edges",), "edges must be at least 3 numbers, each larger than the one before", ""


RECORDED = {"photon": "aduspphot", "edges": "photpts", "save_image": "get_photon_img"}

COUNTS = 12  # what `prob` has: the shares of pixels with 0 ... 10 photons, and the mean


def promises(parameters: Parameters, owner: str) -> Dict[str, Optional[Tuple[int, ...]]]:
    start = within(owner, parameters.name)
    found: Dict[str, Optional[Tuple[int, ...]]] = {f"{start}_prob": (COUNTS,), f"{start}_nPhotons": ()}
    if parameters.save_image:
        found[f"{start}_img"] = None
    if parameters.sparsify is not None:
        found.update(lists.promises(parameters.sparsify, start))
    return found


class Computation:
    """Goes on from `producer.kernels.droplets.Droplets`. A droplet of sum s holds n photons of signal a when
    (n - 1/2) a <= s < (n + 1/2) a, or edges[n] <= s < edges[n+1]. One photon is at the droplet's centre of mass, those
    of a droplet of one pixel are in it, the others where the greedy guess puts them, see
    `producer.kernels.greedy_photons`.

    * ``_nPhotons``: int32, how many there are
    * ``_prob``: float64[12]; [k] for k < 11: share of the good pixels with k photons, a photon counting for the pixel
      that it is nearest to; [11]: photons of good pixels, over the number of good pixels
    * ``_img``, if asked for: int32 of the frame's shape, photons of each pixel
    * with sparsify, one entry for each photon: ``data`` 1.0, ``row``, ``col`` float32 (fractions of pixels), ``tile``
      int32

    A photon of an edge pixel stays in that pixel where the guess would move it off the tile. (Source: smalldata_tools,
    droplet2Photons; there tiles are taken as one, and without photons `prob` is 0 throughout.)
    """

    def __init__(self, parameters: Parameters, owner: str, shape: Tuple[int, ...], good: np.ndarray) -> None:
        self._parameters, self._shape = parameters, shape
        self._frame = (1,) * (3 - len(shape)) + tuple(shape)  # tiles, rows, columns
        self._good = None if good.all() else good.ravel()
        self._pixels = int(good.sum())
        start = within(owner, parameters.name)
        self._names = {name: f"{start}_{name}" for name in ("prob", "nPhotons", "img")}
        about = "share of pixels with 0, 1, ... 10 photons; the last: mean number of photons of a pixel"
        self.columns: List[Any] = [
            column(self._names["nPhotons"], np.int32, (), "", "photons in all droplets"),
            column(self._names["prob"], np.float64, (COUNTS,), "", about),
        ]
        if parameters.save_image:
            words = "photons of each pixel"
            self.columns.append(column(self._names["img"], np.int32, shape, "photons", words, mostly_constant=True))
        self._lists = None
        if parameters.sparsify is not None:
            at = (np.float32, "pixels", "where the photon hit")
            fields = {"data": (np.float32, "photons", "1"), "row": at, "col": at, "tile": (np.int32, "", "its tile")}
            self._lists = lists.Lists(parameters.sparsify, start, fields)
            self.columns += self._lists.columns

    def of(self, droplets: Droplets) -> Dict[str, Any]:
        tile, row, column = self.photons(droplets)
        _, height, width = self._frame
        nearest = (tile * height + np.floor(row + 0.5).astype(np.int64)) * width
        nearest += np.floor(column + 0.5).astype(np.int64)
        if self._good is not None:
            counted = nearest[self._good[nearest]]
        else:
            counted = nearest
        _, times = np.unique(counted, return_counts=True)
        shares = np.bincount(times, minlength=COUNTS)[:COUNTS].astype(np.float64)
        shares[0] = self._pixels - len(times)
        shares[-1] = len(counted)
        values: Dict[str, Any] = {
            self._names["nPhotons"]: np.int32(len(tile)),
            self._names["prob"]: shares / max(self._pixels, 1),
        }
        if self._parameters.save_image:
            size = int(np.prod(self._shape))
            values[self._names["img"]] = np.bincount(nearest, minlength=size).reshape(self._shape).astype(np.int32)
        if self._lists is not None:
            ones = np.ones(len(tile), np.float32)
            values.update(self._lists.event({"data": ones, "row": row, "col": column, "tile": tile}))
        return values

    def photons(self, droplets: Droplets) -> Tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(tile int64, row, column float64) of each photon: those of droplets with one first."""
        count = self._numbers(droplets.sums)
        one = droplets.kept(count == 1)
        tile, row, column = one.places(self._frame)
        many = count > 1
        if not many.any():
            return tile, row, column
        several = droplets.kept(many)
        _, height, width = self._frame
        pixel, up, across, _ = greedy_photons.place(several, count[many], self._parameters.photon, width)
        rest, columns = np.divmod(pixel, width)
        tiles, rows = np.divmod(rest, height)
        rows = np.clip(rows + up, 0, height - 1)
        columns = np.clip(columns + across, 0, width - 1)
        return np.append(tile, tiles), np.append(row, rows), np.append(column, columns)

    def _numbers(self, sums: np.ndarray) -> np.ndarray:
        """int64, how many photons droplets of these sums hold."""
        edges = self._parameters.edges
        if edges is None:
            return np.maximum(np.floor(sums / self._parameters.photon + 0.5), 0).astype(np.int64)
        number = np.digitize(sums, edges) - 1
        return np.where((number >= 1) & (number < len(edges) - 1), number, 0)

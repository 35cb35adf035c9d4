"""Photons of a detector whose photons stay in one pixel or go into two neighbours."""

from dataclasses import dataclass
from typing import Annotated, Any, Dict, List, Optional, Tuple

import numpy as np

from producer.analysis import sparsify as lists
from producer.analysis.names import dataset_name, file_path, within
from producer.analysis.sparsify import Parameters as Sparsify
from producer.detector_context import Context, good_pixels
from producer.kernels.droplets import split
from producer.parameters import Meta
from producer.schema import Total, column

NAME = "photon_counting"
MANY = False


@dataclass(frozen=True)
class Parameters:
    photon: Annotated[
        float, Meta("signal of one photon: ADU, or keV for a calibrated detector", unit="detector units", minimum=1e-9)
    ]
    fraction: Annotated[
        float, Meta("of a photon that two neighbours must hold together to count as one", minimum=0, maximum=1)
    ] = 0.9
    threshold: Annotated[Optional[float], Meta("pixels below count as 0", unit="detector units")] = None
    mask: Annotated[
        Optional[str], Meta("file of a mask of the detector's shape, 1 = good: .npy, .npz or text", check=file_path)
    ] = None
    save_image: Annotated[bool, Meta("also write how many photons each pixel got with each event")] = False
    sparsify: Annotated[Optional[Sparsify], Meta("write the pixels with photons as lists of positions")] = None
    name: Annotated[str, Meta("begins the names of the datasets", check=dataset_name)] = "photon"

    def misfit(self, shape: Tuple[int, ...]) -> str:
        return "" if len(shape) in (2, 3) else "photons in neighbours need rows and columns, the detector has one axis"


RECORDED = {"photon": "ADU_per_photon", "fraction": "thr_fraction", "threshold": "thresADU"}


def promises(parameters: Parameters, owner: str) -> Dict[str, Optional[Tuple[int, ...]]]:
    start = within(owner, parameters.name)
    found: Dict[str, Optional[Tuple[int, ...]]] = {f"{start}_nPhot": ()}
    if parameters.save_image:
        found[f"{start}_img"] = None
    if parameters.sparsify is not None:
        found.update(lists.promises(parameters.sparsify, start))
    return found


class Computation:
    """With each good pixel in photons, x = value / photon: floor(x) photons are in it, r = x - floor(x) is left. One
    whose r is above that of its four neighbours (the first of equals in the order of the frame) makes one more photon
    together with the neighbour that has most left (the first of up, down, left, right), when both have at least
    `fraction`. A neighbour helps once: the pixel with the larger r goes first. (After psana's ImgAlgos `photons`.)

    * ``_nPhot``: int64, photons of the frame
    * ``_img``, if asked for: int32 of the frame's shape, photons of each pixel
    * with sparsify, one entry for each pixel with photons: ``data`` int32, how many; ``row``, ``col``, ``tile`` int32
    """

    def __init__(
        self, parameters: Parameters, owner: str, shape: Tuple[int, ...], dtype: np.dtype, context: Context
    ) -> None:
        self._parameters, self._shape = parameters, tuple(shape)
        good = good_pixels(context, shape, parameters.mask)
        self._bad = None if good.all() else np.flatnonzero(~good)
        start = within(owner, parameters.name)
        self._names = (f"{start}_nPhot", f"{start}_img")
        self.columns: List[Any] = [column(self._names[0], np.int64, (), "photons", "photons of the frame")]
        if parameters.save_image:
            words = "photons of each pixel"
            self.columns.append(column(self._names[1], np.int32, shape, "photons", words, mostly_constant=True))
        self._lists = None
        if parameters.sparsify is not None:
            at = (np.int32, "pixels", "where it is")
            fields = {"data": (np.int32, "photons", "photons of the pixel"), "row": at, "col": at, "tile": at}
            self._lists = lists.Lists(parameters.sparsify, start, fields)
            self.columns += self._lists.columns

    def counts(self, frame: np.ndarray) -> np.ndarray:
        """int64 of the frame's size: photons of each pixel."""
        height, width = self._shape[-2:]
        share = frame.reshape(-1) / np.float32(self._parameters.photon)
        if self._parameters.threshold is not None:
            share[frame.reshape(-1) < self._parameters.threshold] = 0
        if self._bad is not None:
            share[self._bad] = 0
        share[~((share > 0) & (share < np.inf))] = 0  # NaN too
        whole = np.floor(share)
        left = np.zeros((share.size // (height * width), height + 2, width + 2), np.float32)
        left[:, 1:-1, 1:-1] = (share - whole).reshape(-1, height, width)
        flat, step = left.reshape(-1), width + 2
        at = np.flatnonzero(flat >= np.float32(self._parameters.fraction / 2))
        around = at + np.array([[-step], [step], [-1], [1]])
        value, near = flat[at], flat[around]
        before = np.array([[True], [False], [True], [False]])  # in the order of the frame
        largest = np.where(before, value > near, value >= near).all(axis=0) & (value > 0)
        at, value, near, around = at[largest], value[largest], near[:, largest], around[:, largest]
        best = near.argmax(axis=0)
        number = np.arange(len(at))
        helper, more = around[best, number], near[best, number]
        enough = value + more >= np.float32(self._parameters.fraction)
        at, value, helper, alone = at[enough], value[enough], helper[enough], value[enough] >= self._parameters.fraction
        order = np.lexsort((at, -value))
        _, first = np.unique(helper[order], return_index=True)
        takes = np.zeros(len(at), bool)
        takes[order[first]] = True
        extra = np.zeros(flat.size, bool)
        extra[at[takes | alone]] = True
        return whole.astype(np.int64) + extra.reshape(left.shape)[:, 1:-1, 1:-1].reshape(-1)

    def event(self, frame: np.ndarray, timestamp: int) -> Dict[str, Any]:
        counts = self.counts(frame)
        values: Dict[str, Any] = {self._names[0]: counts.sum()}
        if self._parameters.save_image:
            values[self._names[1]] = counts.reshape(self._shape).astype(np.int32)
        if self._lists is not None:
            pixels = np.flatnonzero(counts)
            tile, row, col = split(pixels, self._shape)
            found = {"data": counts[pixels].astype(np.int32), "row": row, "col": col, "tile": tile}
            values.update(self._lists.event(found))
        return values

    def totals(self) -> List[Tuple[Total, np.ndarray, int]]:
        return []

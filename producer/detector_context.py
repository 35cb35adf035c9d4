"""What a function may need to know of its detector beyond the frame: noise, good pixels, where each pixel is."""

import os
from pathlib import Path
from typing import Any, Callable, Dict, List, Optional, Tuple

import numpy as np

Shape = Tuple[int, ...]


class Lacking(Exception):
    """Something that a function needs of its detector is not there; the message is for people."""


class Context:
    """Of one detector, for frames of `shape`. Everything is fetched when it is first asked for.

    `reader` is psana's own object of an area detector, or None when there is nothing to know. `calibrated`: whether
    frames are in the units of the gain constants."""

    def __init__(self, detector: str, reader: Any = None, calibrated: bool = False) -> None:
        self.detector = detector
        self._reader = reader if hasattr(reader, "_det_calibconst") else None
        self._calibrated = calibrated
        self._known: Dict[str, Any] = {}
        self._masks: List[np.ndarray] = []
        self._change: List[Callable[[np.ndarray], np.ndarray]] = []
        self.prepared: Dict[str, Any] = {}  # name of a function -> what its `prepare` leaves for its computation

    def prepare(self, frame: np.ndarray) -> np.ndarray:
        """The frame as the functions are to get it: common mode taken off, masked pixels 0. Read-only."""
        if not self._change:
            return frame
        for change in self._change:
            frame = change(frame)
        frame.setflags(write=False)
        return frame

    def add(self, change: Callable[[np.ndarray], np.ndarray]) -> None:
        """`change` is to be done to each frame; it returns a frame of its own."""
        self._change.append(change)

    def add_mask(self, good: np.ndarray) -> None:
        self._masks.append(good)

    def mask(self, shape: Shape) -> np.ndarray:
        """bool, True for good pixels: by the calibration (psana sets the others to 0) and by the profile's mask of the
        detector."""
        good = self.calibration_mask(shape).copy()
        for mask in self._masks:
            good &= mask
        return good

    def calibration_mask(self, shape: Shape) -> np.ndarray:
        """bool, True for pixels that the calibration does not call bad."""
        if "mask" not in self._known:
            found = self._reader._mask() if self._reader is not None and self._calibrated else None
            self._known["mask"] = None if found is None else np.asarray(found) > 0
        return _fit(self._known["mask"], shape, self.detector, "mask", np.ones(shape, bool))

    def noise(self, shape: Shape) -> np.ndarray:
        """Noise of each pixel in the units of the frames, float32: pixel_rms in ADU, over the gain in ADU/keV where
        frames are calibrated, both of the first gain stage. Raises `Lacking`."""
        if "rms" not in self._known:
            rms = gain = None
            if self._reader is not None and self._calibrated:
                rms = self._reader._rms()
                gain = self._reader._gain()
            if rms is None:
                raise Lacking("the noise of its pixels is not known: there is no pixel_rms among its constants")
            rms = _first_stage(np.asarray(rms, np.float32), shape)
            if gain is not None:
                gain = np.abs(_first_stage(np.asarray(gain, np.float32), shape))
                rms = np.divide(rms, gain, out=np.zeros_like(rms), where=gain > 0)
            self._known["rms"] = rms
        return _fit(self._known["rms"], shape, self.detector, "pixel_rms")

    def coordinates(self, shape: Shape) -> Tuple[np.ndarray, np.ndarray, np.ndarray]:
        """x, y and z of each pixel's centre in um, float64, as psana's geometry has them. Raises `Lacking`."""
        if "xyz" not in self._known:
            # Not psana's _pixel_coords: all ranks of a node must call that together, but each meets its first frame
            # at another time.
            found = self._geometry().get_pixel_coords(do_tilt=True, cframe=0)
            own = self._reader._arr_for_daq_segments  # type: ignore[union-attr]
            self._known["xyz"] = tuple(own(np.asarray(values, np.float64)) for values in found)
        x, y, z = (_fit(c, shape, self.detector, "geometry") for c in self._known["xyz"])
        return x, y, z

    def pixel_size(self) -> float:
        """Of the detector's pixels, in um. Raises `Lacking`."""
        return float(self._geometry().get_pixel_scale_size())

    def _geometry(self) -> Any:
        geometry = self._reader._det_geo() if self._reader is not None else None
        if geometry is None:
            raise Lacking("psana knows no geometry for it")
        return geometry


class Part(Context):
    """A region of a detector, for functions that go on from it: `cut` out of frames of `whole`, without the pixels that
    are not `good` (of the region's shape)."""

    def __init__(self, context: Context, whole: Shape, cut: Tuple[slice, ...], good: np.ndarray) -> None:
        super().__init__(context.detector)
        self._of, self._whole, self._cut, self._good = context, whole, cut, good

    def mask(self, shape: Shape) -> np.ndarray:
        return self._good.reshape(shape).copy()

    def noise(self, shape: Shape) -> np.ndarray:
        return self._of.noise(self._whole)[self._cut].reshape(shape)

    def coordinates(self, shape: Shape) -> Tuple[np.ndarray, np.ndarray, np.ndarray]:
        x, y, z = (values[self._cut].reshape(shape) for values in self._of.coordinates(self._whole))
        return x, y, z


def _first_stage(values: np.ndarray, shape: Shape) -> np.ndarray:
    """Of constants of a detector with several gain stages, those of the first."""
    size = int(np.prod(shape))
    return (
        values[0] if values.size > size and values.size % size == 0 and len(values) == values.size // size else values
    )


def _fit(values: Optional[np.ndarray], shape: Shape, detector: str, what: str, default: Any = None) -> np.ndarray:
    if values is None:
        return np.asarray(default)
    if values.size != int(np.prod(shape)):
        raise Lacking(f"its {what} has {_size(values.shape)} pixels, its frames have {_size(shape)}")
    return values.reshape(shape)


def read_numbers(path: str, what: str) -> np.ndarray:
    """The array in a .npy, .npz (with one array) or text file. Raises `Lacking` for what cannot be read."""
    file = Path(os.path.expanduser(path))
    try:
        if not file.is_file():
            raise Lacking(f"the {what} {file} is not there")
        if file.suffix == ".npy":
            values = np.load(file, allow_pickle=False)
        elif file.suffix == ".npz":
            with np.load(file, allow_pickle=False) as archive:
                if len(archive.files) != 1:
                    raise Lacking(f"the {what} {file} has {len(archive.files)} arrays, one is needed")
                values = archive[archive.files[0]]
        else:
            values = np.loadtxt(file)
    except (OSError, ValueError) as error:
        raise Lacking(f"the {what} {file} cannot be read: {error}") from None
    if values.dtype.kind not in "fiub":
        raise Lacking(f"the {what} {file} holds {values.dtype}, not numbers")
    return np.asarray(values)


def read_array(path: str, shape: Shape, what: str) -> np.ndarray:
    """As `read_numbers`, for pixels of frames of `shape`. Raises `Lacking` too for another number of them."""
    values = read_numbers(path, what)
    if values.size != int(np.prod(shape)):
        file = Path(os.path.expanduser(path))
        raise Lacking(f"the {what} {file} has {_size(values.shape)} pixels, the frames have {_size(shape)}")
    return values.reshape(shape)


def good_pixels(context: Context, shape: Shape, mask: Optional[str]) -> np.ndarray:
    """The mask of the detector together with that of a function, bool, True = good."""
    good = context.mask(shape)
    if mask is not None:
        good &= read_array(mask, shape, "mask") > 0
    return good


def _size(shape: Shape) -> str:
    return " x ".join(str(n) for n in shape)

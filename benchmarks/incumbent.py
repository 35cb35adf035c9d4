"""The functions of a checkout of smalldata_tools, called on the same frames as ours.

Its own code is imported from where it is; needs what that imports: numpy below 2.4, scipy, scikit-image, numba, h5py,
mpi4py, and pyFAI for the pyFAI path. A detector is what its functions ask of one: masks, noise, gain and places.
"""

import ast
import contextlib
import io
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

Call = Callable[[np.ndarray], Any]


def detector(shape: tuple[int, ...], coordinates: tuple[np.ndarray, ...]) -> SimpleNamespace:
    x, y, z = coordinates
    ones = np.ones(shape)
    index = np.indices(shape)
    gap = shape[-2] + 10
    return SimpleNamespace(
        mask=ones,
        cmask=ones,
        gain=ones,
        ped=ones,
        rms=3 * ones.astype(np.float32),
        x=x,
        y=y,
        z=z,
        ix=index[-2] + (index[0] * gap if len(shape) == 3 else 0),
        iy=index[-1],
        pixelsize=[75e-6],
    )


class Incumbent:
    """Raises ImportError for a checkout, or a Python, that cannot run it."""

    def __init__(self, checkout: Path) -> None:
        self._checkout = checkout
        sys.path.insert(0, str(checkout))
        with contextlib.redirect_stdout(io.StringIO()):
            from smalldata_tools.ana_funcs import (  # type: ignore[import-not-found]
                azav_pyfai,
                azimuthalBinning,
                droplet,
                droplet2Photons,
                roi_rebin,
                sparsifyFunc,
            )
        self._roi, self._rebin = roi_rebin, roi_rebin.rebinFunc
        self._azimuthal, self._pyfai = azimuthalBinning.azimuthalBinning, azav_pyfai.azav_pyfai
        self._droplet, self._photons = droplet.dropletFunc, droplet2Photons.droplet2Photons
        self._sparsify = sparsifyFunc.sparsifyFunc

    def calls(self, what: str, known: SimpleNamespace) -> Call | None:
        """Its function for one case of the benchmark, set up for a detector; None where it has none."""
        make = self._cases().get(what)
        if make is None:
            return None
        with contextlib.redirect_stdout(io.StringIO()):
            made = make()
            if callable(made) and not hasattr(made, "process"):
                return made
            made.setFromDet(known)
            made.setFromFunc()
        return lambda frame: made.process(frame)

    def region_and_sum(self, shape: tuple[int, ...]) -> list[Call]:
        """Its region of 100 x 100 pixels and its sum, for frames of `shape`."""
        region = [[0, 1], [100, 200], [300, 400]][-len(shape) :]
        made = self._roi.ROIFunc(ROI=region)
        index = np.indices((1,) * (3 - len(shape)) + shape).astype(float)
        with contextlib.redirect_stdout(io.StringIO()):
            made.setFromDet(detector(shape, tuple(axis.reshape(shape) for axis in index)))
            made.setFromFunc()
        return [made.process, self._sums(["calib"])]

    def imports(self) -> list[str]:
        """The statements with which its producer begins: what it needs before it can look at a run."""
        source = (self._checkout / "lcls2_producers" / "smd_producer.py").read_text()
        found = [node for node in ast.parse(source).body if isinstance(node, (ast.Import, ast.ImportFrom))]
        return [ast.unparse(node) for node in found]

    def _cases(self) -> dict[str, Callable[[], Any]]:
        at = {"center": (38000.0, 38000.0), "dis_to_sam": 80.0, "phiBins": 11}
        small = [[0, 1], [100, 200], [300, 400]]
        poni = {"dist": 0.08, "poni1": 0.038, "poni2": 0.038, "wavelength": 1.3e-10}
        fai = {"ai_kwargs": poni, "int_units": "q_A^-1", "npts": 512, "polarization_factor": None}
        adu = {"threshold": 10.0, "useRms": False}
        roi, pixels = self._roi.ROIFunc, self._roi
        return {
            "region, whole, parameters": lambda: roi(),
            "region, whole, threshold": lambda: roi(thresADU=5.0),
            "region 100 x 100": lambda: roi(ROI=small),
            "region 100 x 100 + projection": lambda: _with(roi(ROI=small), pixels.projectionFunc(axis=1)),
            "projection, axis 0": lambda: pixels.projectionFunc(axis=0),
            "projection, axis 1, threshold": lambda: pixels.projectionFunc(axis=1, thresADU=100),
            "spectrum, 200 bins": lambda: pixels.spectrumFunc(bins=[-10, 300, 1.55]),
            "rebin to 512 x 512": lambda: self._rebin(shape=[512, 512]),
            "azimuthal, 11 phi": lambda: self._azimuthal(**at),
            "azimuthal, threshold": lambda: self._azimuthal(**at, thresADU=5.0),
            "pyFAI, 512 points": lambda: self._pyfai(**fai, return2d=False),
            "pyFAI, 512 x 36 points": lambda: self._pyfai(**fai, return2d=True, npts_az=36),
            "droplets, count": lambda: self._droplet(**adu),
            "droplets, lists, two thresholds": lambda: _with(
                self._droplet(**adu, thresholdLow=3.0), self._sparsify(nData=None)
            ),
            "droplets, lists, one": lambda: _with(self._droplet(**adu), self._sparsify(nData=None)),
            "droplets to photons, lists": lambda: _with(
                self._droplet(**adu, thresholdLow=3.0),
                _with(self._photons(aduspphot=162.0), self._sparsify(nData=None)),
            ),
            "sum": lambda: self._sums(["calib"]),
            "sum, max, square": lambda: self._sums(["calib", "calib_max", "calib_square"]),
            "sums of a beamtime": lambda: self._sums(
                ["calib", "calib_dropped", "calib_dropped_square", "calib_max", "calib_thresADU20"]
            ),
        }

    def _sums(self, keys: list[str]) -> Call:
        """Its method alone: the class around it needs psana."""
        source = (self._checkout / "smalldata_tools" / "lcls2" / "DetObject.py").read_text()
        found = [node for node in ast.walk(ast.parse(source)) if getattr(node, "name", "") == "processSums"]
        names: dict[str, Any] = {"np": np}
        exec(compile(ast.Module([found[0]], []), "DetObject.py", "exec"), names)
        held = SimpleNamespace(_storeSum=dict.fromkeys(keys), evt=SimpleNamespace(dat=None))

        def call(frame: np.ndarray) -> None:
            held.evt.dat = frame
            names["processSums"](held)

        return call


def _with(function: Any, next_one: Any) -> Any:
    function.addFunc(next_one)
    return function

"""CPU time of each function of area detectors for one frame, and what smalldata_tools needs for the same.

    python benchmarks/producer_functions.py [--seconds 1.5] [--incumbent CHECKOUT]

Frames: an epix100 of 704 x 768 pixels with 2240 photons of 162 ADU shared between neighbours over noise of 3 ADU; a
jungfrau of 2 x 512 x 1024; a camera of 1024 x 1024 with 16 bits. With a checkout of smalldata_tools, its functions run
on the same frames in turn with ours (what that needs: incumbent.py). Without, the times beside ours are those of its
578c6c1 on frames of the same kind and size, on another machine of about the same speed: for the order of magnitude.
"""

import argparse
import itertools
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from incumbent import Incumbent, detector

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # before this folder, whose producer.py is not the package
from producer.analysis import (
    FUNCTIONS,
    droplet,
    photons,
    projection,
    rebin,
    roi,
    sparsify,
    spectrum,
    sums,
)
from producer.detector_context import Context, Lacking
from producer.shot import Shot

EPIX, JUNGFRAU, CAMERA = (704, 768), (2, 512, 1024), (1024, 1024)
BEAMTIME = ("calib", "calib_dropped", "calib_dropped_square", "calib_max", "calib_thresADU20")
DROPPED = 10  # every so many shots are without X-rays
COLD = 48 << 20  # bytes of frames taken in turn: more than a cache holds, as a run never has the same frame twice


class Known(Context):
    """Noise of 3, all pixels good, tiles one above the other with pixels of 75 um."""

    def noise(self, shape: tuple[int, ...]) -> np.ndarray:
        return np.full(shape, 3.0, np.float32)

    def coordinates(self, shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        tile, row, column = np.indices((1,) * (3 - len(shape)) + shape).astype(float)
        x, y = 75 * (row + tile * (shape[-2] + 10)), 75 * column
        return x.reshape(shape), y.reshape(shape), np.zeros(shape)

    def pixel_size(self) -> float:
        return 75.0


def epix(rng: np.random.Generator, hits: int = 2240, photon: float = 162.0) -> np.ndarray:
    frame = rng.normal(0, 3, EPIX)
    row, column = rng.uniform(1, EPIX[0] - 2, hits), rng.uniform(1, EPIX[1] - 2, hits)
    r, c = row.astype(int), column.astype(int)
    down, right = row - r, column - c
    np.add.at(frame, (r, c), photon * (1 - down) * (1 - right))
    np.add.at(frame, (r + 1, c), photon * down * (1 - right))
    np.add.at(frame, (r, c + 1), photon * (1 - down) * right)
    np.add.at(frame, (r + 1, c + 1), photon * down * right)
    return frame.astype(np.float32)


Call = Callable[[np.ndarray], Any]


def cpu_ms(calls: list[Call], frames: list[np.ndarray], seconds: float) -> list[float]:
    """Of one call of each, the best of four series, taken in turn; the first calls are not counted. Each has frames of
    its own: smalldata_tools' sums write into them."""
    best = [float("inf")] * len(calls)
    own = [frames if call is calls[0] else [frame.copy() for frame in frames] for call in calls]
    for call, mine in zip(calls, own, strict=True):
        call(mine[0])
    for _ in range(4):
        for i, call in enumerate(calls):
            begin, count = time.process_time(), 0
            while time.process_time() - begin < seconds / 4:
                call(own[i][count % len(frames)])
                count += 1
            best[i] = min(best[i], (time.process_time() - begin) / count)
    return [1e3 * seconds_each for seconds_each in best]


def cases() -> list[tuple[str, str, Any, tuple[int, ...], Any, float | None]]:
    """(what, function, parameters, shape, dtype, ms of smalldata_tools)"""
    f4, u2 = np.float32, np.uint16
    lists = sparsify.Parameters()
    to_photons = photons.Parameters(photon=162.0, sparsify=lists)
    small = ((0, 1), (100, 200), (300, 400))
    azimuthal, pyfai = FUNCTIONS["azimuthal"], FUNCTIONS["azav_pyfai"]
    at = {"center_um": (38000.0, 38000.0), "distance_mm": 80.0}
    poni = {
        "dist_m": 0.08,
        "poni1_m": 0.038,
        "poni2_m": 0.038,
        "wavelength_m": 1.3e-10,
        "unit": "q_A^-1",
        "points": 512,
    }
    return [
        ("region, whole, parameters", "roi", roi.Parameters(), JUNGFRAU, f4, 6.8),
        ("region, whole, threshold", "roi", roi.Parameters(threshold=5.0), JUNGFRAU, f4, 8.2),
        ("region 100 x 100", "roi", roi.Parameters(region=small), JUNGFRAU, f4, 0.54),
        (
            "region 100 x 100 + projection",
            "roi",
            roi.Parameters(region=small, projection=(projection.Parameters(),)),
            JUNGFRAU,
            f4,
            0.62,
        ),
        ("projection, axis 0", "projection", projection.Parameters(axis=0), CAMERA, u2, 0.51),
        (
            "projection, axis 1, threshold",
            "projection",
            projection.Parameters(axis=1, threshold=100.0),
            CAMERA,
            u2,
            2.4,
        ),
        ("spectrum, 200 bins", "spectrum", spectrum.Parameters(low=-10, high=300, bins=200), JUNGFRAU, f4, 28.3),
        ("image", "image", FUNCTIONS["image"].Parameters(), JUNGFRAU, f4, 4.2),
        ("rebin to 512 x 512", "rebin", rebin.Parameters(shape=(512, 512)), CAMERA, u2, 18.3),
        ("azimuthal, 11 phi", "azimuthal", azimuthal.Parameters(**at, phi_bins=11), JUNGFRAU, f4, 4.7),
        ("azimuthal, threshold", "azimuthal", azimuthal.Parameters(**at, threshold=5.0), JUNGFRAU, f4, 5.4),
        ("pyFAI, 512 points", "azav_pyfai", pyfai.Parameters(**poni), JUNGFRAU, f4, 24.4),
        (
            "pyFAI, 512 x 36 points",
            "azav_pyfai",
            pyfai.Parameters(**poni, two_dimensional=True, azimuthal_points=36),
            JUNGFRAU,
            f4,
            29.4,
        ),
        ("droplets, count", "droplet", droplet.Parameters(threshold=10.0), EPIX, f4, 18.0),
        (
            "droplets, lists, two thresholds",
            "droplet",
            droplet.Parameters(threshold=10.0, threshold_low=3.0, sparsify=lists),
            EPIX,
            f4,
            43.9,
        ),
        ("droplets, lists, one", "droplet", droplet.Parameters(threshold=10.0, sparsify=lists), EPIX, f4, 33.0),
        (
            "droplets to photons, lists",
            "droplet",
            droplet.Parameters(threshold=10.0, threshold_low=3.0, photons=to_photons),
            EPIX,
            f4,
            110.7,
        ),
        (
            "photon counting",
            "photon_counting",
            FUNCTIONS["photon_counting"].Parameters(photon=162.0),
            EPIX,
            f4,
            None,
        ),
        ("sparsify, 3000 entries", "sparsify", sparsify.Parameters(entries=3000, threshold=30.0), EPIX, f4, 3.6),
        ("sum", "sums", sums.Parameters(("calib",)), JUNGFRAU, f4, None),
        ("sum, max, square", "sums", sums.Parameters(("calib", "calib_max", "calib_square")), JUNGFRAU, f4, None),
        ("sums of a beamtime", "sums", sums.Parameters(BEAMTIME), JUNGFRAU, f4, None),
    ]


def some_frames(rng: np.random.Generator) -> dict[tuple[int, ...], list[np.ndarray]]:
    """Frames of each shape that take turns."""
    return {
        EPIX: [epix(rng) for _ in range(COLD // (4 * EPIX[0] * EPIX[1]))],
        JUNGFRAU: [rng.gamma(2, 20, JUNGFRAU).astype(np.float32) for _ in range(COLD >> 22)],
        CAMERA: [rng.integers(0, 4000, CAMERA).astype(np.uint16) for _ in range(COLD >> 21)],
    }


def call_of(computation: Any) -> Call:
    """With every tenth shot a dropped one."""
    if not getattr(computation, "WANTS_SHOT", False):
        return lambda frame: computation.event(frame, 1)
    shots = itertools.cycle([Shot(xray=bool(i)) for i in range(DROPPED)])
    return lambda frame: computation.event(frame, 1, next(shots))


def table(incumbent: Incumbent | None, seconds: float, only: str = "") -> None:
    """Print it, line by line."""
    frames = some_frames(np.random.default_rng(0))
    print(f"{'':33} {'ours':>9} {'smalldata_tools':>16} {'factor':>7}   {'set up':>8}")
    for what, function, parameters, shape, dtype, theirs in cases():
        if only not in what:
            continue
        begin = time.process_time()
        try:
            made = FUNCTIONS[function].Computation
            wants = {"context": Known("det")} if "context" in made.__init__.__code__.co_varnames else {}
            computation = made(parameters, "det", shape, np.dtype(dtype), **wants)
        except Lacking as lacking:
            print(f"{what:33} {lacking}")
            continue
        ready = time.process_time() - begin
        calls: list[Call] = [call_of(computation)]
        if incumbent is not None:
            known = detector(shape, Known("det").coordinates(shape))
            calls += filter(None, [incumbent.calls(what, known)])
            theirs = None
        ms, *measured = cpu_ms(calls, frames[shape], seconds)
        theirs = measured[0] if measured else theirs
        beside = f"{theirs:13.2f} ms {theirs / ms:6.1f}x" if theirs else f"{'-':>16} {'':>7}"
        print(f"{what:33} {ms:6.2f} ms {beside}   {1e3 * ready:5.0f} ms", flush=True)


def main() -> None:
    given = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    given.add_argument("--seconds", type=float, default=1.5, help="of CPU time for each function")
    given.add_argument("--incumbent", type=Path, metavar="CHECKOUT", help="of smalldata_tools, to measure beside ours")
    given.add_argument("--only", default="", help="the cases whose name has this in it")
    options = given.parse_args()
    table(Incumbent(options.incumbent.resolve()) if options.incumbent else None, options.seconds, options.only)


if __name__ == "__main__":
    main()

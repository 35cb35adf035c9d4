"""What the detectors of the demo see, in plain numpy: a pure function of (seed, run, event).

A pump-probe experiment. The laser fires on every other shot; its arrival against the X-rays is the delay (step scan)
plus a jitter of 30 fs, which the time tool measures as an edge on a camera. X-rays diffract from a powder (a ring) and
a crystal (one hot spot on it); both follow the pulse energy, and the spot weakens once the laser has hit the crystal.
Every 20th shot has no X-rays.
"""

from dataclasses import dataclass
from typing import Dict, Tuple

import numpy as np

RATE = 10  # Hz: that of the pump laser; a few events make a run of some seconds
PHOTON_KEV = 1.8
XRAY_CODE, DROPPED_CODE, LASER_ON_CODE, LASER_OFF_CODE = 137, 162, 90, 91
SXR, DUMP = 4, 0  # destinations of the electron beam
JITTER_PS = 0.03

# --- the area detector
EPIX_SHAPE = (704, 768)
CENTRE = (352.0, 384.0)  # row, column
RING_RADIUS, RING_WIDTH = 220.0, 4.0  # pixels
SPOT, SPOT_WIDTH = (212.0, 554.0), 4.0  # on the ring
RING_PHOTONS, SPOT_PHOTONS, HALO_PHOTONS = 16000.0, 2500.0, 2000.0  # per mJ
BLEACH = 0.15  # how much of the spot the laser takes away
NOISE_ADU = 3.0
GAIN_ADU_PER_KEV = 16.4

# --- the time tool's camera
OPAL_SHAPE = (128, 512)
PIXELS_PER_PS, PIXEL_AT_ZERO = 150.0, 256.0
CALIB_POLY = (-PIXEL_AT_ZERO / PIXELS_PER_PS, 1 / PIXELS_PER_PS, 0.0)  # ps = p0 + p1*px + p2*px**2
OPAL_DARK = 20.0

# --- the others
JUNGFRAU_SHAPE = (2, 512, 1024)
JUNGFRAU_PEDESTALS, JUNGFRAU_GAINS = (1000.0, 15000.0, 14000.0), (40.0, -1.5, -0.1)  # ADU, ADU/keV
ARCHON_SHAPE, ARCHON_DARK = (16, 4800), 30.0
WAVE8_SAMPLES, WAVE8_BASE = 200, 1000
HSD_SAMPLES, HSD_BASE = 2000, 2048
HSD_PEAKS = ((400, 40), (1200, 60))
MM_PER_PS = 0.149896  # a delay stage folds the way once
STAGE_MM = 20.0


@dataclass(frozen=True)
class Shots:
    """What happened, per event: float64[n] and bool[n]."""

    seed: int
    run: int
    energy: np.ndarray  # mJ, 0 without X-rays
    xray: np.ndarray
    laser: np.ndarray
    step: np.ndarray  # int64: which step of the scan
    delay: np.ndarray  # ps, asked of the laser
    arrival: np.ndarray  # ps, with the jitter

    def __len__(self) -> int:
        return len(self.energy)

    def edge(self) -> np.ndarray:
        """Pixel of the edge; 0 where there is none, as the DAQ reports it (no laser light or no X-rays)."""
        return np.where(self.laser & self.xray, PIXEL_AT_ZERO + PIXELS_PER_PS * self.arrival, 0.0)

    def spot_photons(self) -> np.ndarray:
        """Expected photons in the spot."""
        hit = self.laser * (1 - np.exp(-np.clip(self.arrival, 0, None) / 0.15))
        return SPOT_PHOTONS * self.energy * (1 - BLEACH * hit)

    def rng(self, event: int, detector: int) -> np.random.Generator:
        return np.random.default_rng([self.seed, self.run, event, detector])


def shots(seed: int, run: int, events: int, delays: Tuple[float, ...]) -> Shots:
    """`events` shots in as many steps as there are `delays` (ps); an uneven rest goes to the last step."""
    rng = np.random.default_rng([seed, run])
    index = np.arange(events)
    xray = index % 20 != 19
    per_step = max(events // len(delays), 1)
    step = np.minimum(index // per_step, len(delays) - 1)
    delay = np.asarray(delays, float)[step]
    energy = np.clip(rng.normal(1.0, 0.25, events), 0.1, None) * xray
    return Shots(seed, run, energy, xray, index % 2 == 0, step, delay, delay + rng.normal(0, JITTER_PS, events))


class Epix100:
    """Frames uint16 of EPIX_SHAPE, and the constants that turn them back into keV."""

    def __init__(self, seed: int):
        rng = np.random.default_rng([seed, 100])
        size = EPIX_SHAPE[0] * EPIX_SHAPE[1]
        banks = np.repeat([2000, 2040, 1980, 2020], EPIX_SHAPE[1] // 4)  # four readout banks side by side
        rows = np.linspace(0, 60, EPIX_SHAPE[0])[:, None]
        self.pedestals = np.rint(banks + rows + rng.normal(0, 5, EPIX_SHAPE)).astype(np.float32)
        self.gain = (GAIN_ADU_PER_KEV * (1 + 0.03 * rng.standard_normal(EPIX_SHAPE))).astype(np.float32)
        self.status = np.zeros(EPIX_SHAPE, np.uint64)
        self.status[300:304, 100] = 1  # a few dead pixels
        self.status[13, 600:610] = 1
        # Noise is cut from a strip twice a frame's length at a random place: 540,000 normals cost 10 ms a frame.
        self._noise = np.rint(NOISE_ADU * rng.standard_normal(2 * size, np.float32)).astype(np.int16)
        self._base = self.pedestals.astype(np.int16).ravel()
        self._adu = (PHOTON_KEV * self.gain).ravel()

    def frame(self, shots: Shots, event: int) -> np.ndarray:
        rng, energy = shots.rng(event, 1), shots.energy[event]
        ring, spot, halo = rng.poisson([RING_PHOTONS * energy, shots.spot_photons()[event], HALO_PHOTONS * energy])
        angle, radius = rng.uniform(0, 2 * np.pi, ring), rng.normal(RING_RADIUS, RING_WIDTH, ring)
        row = np.concatenate(
            [
                CENTRE[0] + radius * np.sin(angle),
                rng.normal(SPOT[0], SPOT_WIDTH, spot),
                rng.normal(CENTRE[0], 120, halo),
            ]
        )
        column = np.concatenate(
            [
                CENTRE[1] + radius * np.cos(angle),
                rng.normal(SPOT[1], SPOT_WIDTH, spot),
                rng.normal(CENTRE[1], 120, halo),
            ]
        )
        inside = (row >= 0) & (row < EPIX_SHAPE[0] - 0.5) & (column >= 0) & (column < EPIX_SHAPE[1] - 0.5)
        pixels = np.rint(row[inside]).astype(np.int64) * EPIX_SHAPE[1] + np.rint(column[inside]).astype(np.int64)
        start = int(rng.integers(0, self._base.size))
        frame = self._base + self._noise[start : start + self._base.size]
        hit, photons = np.unique(pixels, return_counts=True)
        frame[hit] += np.rint(photons * self._adu[hit]).astype(np.int16)
        return frame.view(np.uint16).reshape(EPIX_SHAPE)

    def constants(self) -> Dict[str, np.ndarray]:
        return {
            "pedestals": self.pedestals,
            "pixel_gain": self.gain,
            "pixel_rms": np.full(EPIX_SHAPE, NOISE_ADU, np.float32),
            "pixel_status": self.status,
        }


class Jungfrau:
    """Two panels, uint16 of JUNGFRAU_SHAPE in their high gain; the upper two bits of a value would be the gain."""

    def __init__(self, seed: int):
        rng = np.random.default_rng([seed, 200])
        size = JUNGFRAU_SHAPE[1] * JUNGFRAU_SHAPE[2]
        self._noise = np.rint(1000 + 5 * rng.standard_normal(2 * size, np.float32)).astype(np.uint16)

    def panel(self, shots: Shots, event: int, segment: int) -> np.ndarray:
        """uint16[1, 512, 1024]: noise and a stripe of fluorescence that follows the pulse energy."""
        rng = shots.rng(event, 2 + segment)
        size = JUNGFRAU_SHAPE[1] * JUNGFRAU_SHAPE[2]
        start = int(rng.integers(0, size))
        panel = self._noise[start : start + size].reshape(1, *JUNGFRAU_SHAPE[1:]).copy()
        panel[0, 240:272] += np.uint16(round(100 * shots.energy[event]))
        return panel

    @staticmethod
    def constants() -> Dict[str, np.ndarray]:
        per_gain = [np.reshape(np.array(v, np.float32), (3, 1, 1, 1)) for v in (JUNGFRAU_PEDESTALS, JUNGFRAU_GAINS)]
        pedestals, gain = (np.broadcast_to(values, (3, *JUNGFRAU_SHAPE)).copy() for values in per_gain)
        return {"pedestals": pedestals, "pixel_gain": gain}


def opal(shots: Shots, event: int) -> Tuple[np.ndarray, np.ndarray]:
    """(image uint16 of OPAL_SHAPE, its projection float64[columns]): white light of the laser, less of it after the
    edge; dark without the laser."""
    rng = shots.rng(event, 4)
    column = np.arange(OPAL_SHAPE[1])
    light = 200 * np.exp(-(((column - 256) / 220) ** 2)) * shots.laser[event]
    if shots.xray[event]:
        light = light * (1 - 0.4 / (1 + np.exp(-(column - shots.edge()[event]) / 6)))
    stripe = np.exp(-(((np.arange(OPAL_SHAPE[0]) - 64) / 30) ** 2))
    noise = rng.integers(0, 8, OPAL_SHAPE, np.uint16)
    image = noise + (OPAL_DARK - 4 + stripe[:, None] * light).astype(np.uint16)
    return image, image.mean(axis=0)


def opal_constants() -> Dict[str, np.ndarray]:
    return {"pedestals": np.full(OPAL_SHAPE, OPAL_DARK, np.float32)}


def timetool(shots: Shots, event: int) -> Dict[str, float]:
    edge = float(shots.edge()[event])
    ps = CALIB_POLY[0] + CALIB_POLY[1] * edge + CALIB_POLY[2] * edge**2 if edge else 0.0
    seen = float(edge > 0)
    return {
        "ampl": 0.4 * seen * float(shots.energy[event]),
        "fltpos": edge,
        "fltpos_ps": ps,
        "fltposfwhm": 24.0 * seen,
        "amplnxt": 0.02 * seen,
        "refampl": 180.0 * float(shots.laser[event]),
    }


def wave8(shots: Shots, event: int) -> Tuple[Dict[str, np.ndarray], Dict[str, float]]:
    """(waveforms uint16 per channel, feature extraction): four diodes around the beam, four channels of noise."""
    rng = shots.rng(event, 5)
    x, y = rng.normal(0, 0.1, 2)  # mm
    share = np.array([1 + x, 1 - x, 1 + y, 1 - y, 0, 0, 0, 0]) / 4
    pulse = np.exp(-(((np.arange(WAVE8_SAMPLES) - 80) / 8) ** 2))
    height = 8000 * shots.energy[event] * share
    traces = np.rint(WAVE8_BASE + height[:, None] * pulse + rng.normal(0, 4, (8, WAVE8_SAMPLES))).astype(np.uint16)
    integral = (traces.astype(np.int64) - WAVE8_BASE)[:, 50:120].sum(axis=1)
    fex: Dict[str, float] = {
        "itrigCount": event & 0xFFFF,
        "ptrigCount": event,
        "intensity": float(integral[:4].sum()),
        "posX": float(x),
        "posY": float(y),
    }
    for i in range(8):
        fex[f"integral_{i}"], fex[f"base_{i}"] = int(integral[i]), WAVE8_BASE
    return {f"raw_{i}": traces[i] for i in range(8)}, fex


def digitiser(shots: Shots, event: int) -> np.ndarray:
    """uint16[HSD_SAMPLES]: two electron lines at fixed times of flight."""
    time = np.arange(HSD_SAMPLES)
    trace = np.full(HSD_SAMPLES, float(HSD_BASE))
    for (first, length), height in zip(HSD_PEAKS, (900.0, 400.0)):
        trace += height * shots.energy[event] * np.exp(-(((time - first - length / 2) / (length / 8)) ** 2))
    return np.clip(np.rint(trace), 0, 4095).astype(np.uint16)


def archon(shots: Shots, event: int) -> np.ndarray:
    """uint16 of ARCHON_SHAPE: a spectrum, integrated since the last frame."""
    rng = shots.rng(event, 6)
    line = 40 * np.exp(-(((np.arange(ARCHON_SHAPE[1]) - 2400) / 60) ** 2)) * shots.energy[event]
    return (rng.integers(28, 33, ARCHON_SHAPE, np.uint16) + line.astype(np.uint16)).astype(np.uint16)


def stage_mm(shots: Shots) -> np.ndarray:
    """Position of the delay stage, in the encoder's steps of 0.1 um."""
    return np.rint((STAGE_MM + MM_PER_PS * shots.delay) * 1e4) / 1e4

"""The field tables of the detectors, as the LCLS-II DAQ declares them: field -> (numpy scalar type or str, rank).

A detector class of psana is chosen by type, algorithm and version together, so these belong with their table.
"""

from dataclasses import dataclass
from typing import Any, Dict, Iterable, List, Tuple

import numpy as np

U8, U16, U32, U64 = np.uint8, np.uint16, np.uint32, np.uint64
I8, I16, I32, I64, F4, F8 = np.int8, np.int16, np.int32, np.int64, np.float32, np.float64

Table = Dict[str, Tuple[Any, int]]


@dataclass(frozen=True)
class Kind:
    """What a detector contributes to the data under one algorithm."""

    type: str
    algorithm: str
    version: Tuple[int, int, int]
    table: Table


def scalars(dtype: Any, names: str) -> Table:
    """`names`: with blanks between them."""
    return {name: (dtype, 0) for name in names.split()}


TIMING = Kind(
    "ts",
    "raw",
    (2, 1, 0),
    {
        **scalars(U64, "pulseId timeStamp"),
        "fixedRates": (U8, 1),
        "acRates": (U8, 1),
        "timeSlot": (U8, 0),
        "timeSlotPhase": (U16, 0),
        "ebeamPresent": (U8, 0),
        "ebeamDestn": (U8, 0),
        "ebeamCharge": (U16, 0),
        "ebeamEnergy": (U16, 1),
        "xWavelength": (U16, 1),
        "dmod5": (U16, 0),
        "mpsLimits": (U8, 1),
        "mpsPowerClass": (U8, 1),
        "sequenceValues": (U16, 1),  # 288 event codes, 16 to a word
        "inhibitCounts": (U32, 1),
    },
)
TRIGGER = Kind("triginfo", "triginfo", (0, 0, 1), {"data": (U32, 0)})
SCAN = Kind(
    "scan",
    "raw",
    (2, 0, 0),
    {"step_value": (F4, 0), "step_docstring": (str, 1), "lxt": (F8, 0)},
)
EBEAM = Kind(
    "ebeam",
    "raw",
    (2, 0, 0),
    {
        "damageMask": (U32, 0),
        **scalars(
            F8,
            (
                "ebeamCharge ebeamL3Energy ebeamLTUPosX ebeamLTUPosY ebeamLUTAngX ebeamLTUAngY ebeamPkCurrBC2 "
                "ebeamEnergyBC2 ebeamPkCurrBC1 ebeamEnergyBC1 ebeamUndPosX ebeamUndPosY ebeamUndAngX ebeamUndAngY "
                "ebeamXTCAVAmpl ebeamXTCAVPhase ebeamDumpCharge ebeamPhotonEnergy ebeamLTU250 ebeamLTU450"
            ),
        ),
    },
)
GASDET = Kind("gasdet", "raw", (1, 0, 0), scalars(F8, "f11ENRC f12ENRC f21ENRC f22ENRC f63ENRC f64ENRC"))
PCAV = Kind("pcav", "raw", (2, 0, 0), scalars(F8, "fitTime1 fitTime2 charge1 charge2"))
_GMD: Table = {
    **scalars(F8, "energy xpos ypos avgIntensity"),
    "rmsElectronSum": (I64, 0),
    **scalars(I16, "electron1BkgNoiseAvg electron2BkgNoiseAvg"),
}
GMD = Kind("gmd", "raw", (2, 1, 0), _GMD)
XGMD = Kind("xgmd", "raw", (2, 1, 0), _GMD)
BMMON = Kind(
    "bmmon",
    "raw",
    (1, 0, 0),
    {
        **scalars(F8, "totalIntensityJoules xPositionMeters yPositionMeters"),
        "peakAmplitude": (F8, 1),
        "peakTime": (U16, 1),
    },
)
USB_ENCODER = Kind(
    "usdusb",
    "raw",
    (1, 0, 0),
    {
        "_countMode": (U32, 1),
        "_quadMode": (U32, 1),
        "_offset": (I32, 1),
        "_scale": (F8, 1),
        "_name": (I8, 1),
        "_header": (U8, 1),
        "_din": (U8, 0),
        "_estop": (U8, 0),
        "_timestamp": (U32, 0),
        "_count": (U32, 1),
        "_status": (U8, 1),
        "_ain": (U16, 1),  # four analog inputs, ADC counts
        "encoder_values": (F8, 1),
    },
)
OPAL = Kind("opal", "raw", (2, 0, 0), {"image": (U16, 2)})
OPAL_CONFIG = Kind(
    "opal", "config", (2, 0, 0), {"fex.calib_poly": (F8, 1), "fex.roi.x0": (I32, 0), "fex.roi.x1": (I32, 0)}
)
OPAL_TIMETOOL = Kind("opal", "ttfex", (2, 1, 1), scalars(F8, "ampl fltpos fltpos_ps fltposfwhm amplnxt refampl"))
OPAL_PROJECTION = Kind("opal", "ttproj", (2, 0, 0), {"proj_sig": (F8, 1), "proj_ref": (F8, 1)})
EPIX100 = Kind("epix100", "raw", (2, 0, 1), {"raw": (U16, 2)})
JUNGFRAU = Kind(
    "jungfrau",
    "raw",
    (0, 2, 0),
    {
        "raw": (U16, 3),
        "frame_cnt": (U64, 0),
        "timestamp": (U64, 0),
        "hotPixelThresh": (U16, 0),
        "numHotPixels": (U32, 0),
        "maxHotPixels": (U32, 0),
    },
)
WAVE8 = Kind("wave8", "raw", (0, 0, 1), {f"raw_{i}": (U16, 1) for i in range(8)})
WAVE8_FEX = Kind(
    "wave8",
    "fex",
    (0, 0, 1),
    {
        "itrigCount": (U16, 0),
        **scalars(I32, " ".join(f"integral_{i}" for i in range(8))),
        **scalars(U16, " ".join(f"base_{i}" for i in range(8))),
        "ptrigCount": (U32, 0),
        **scalars(F8, "intensity posX posY"),
    },
)
HSD_CONFIG = Kind(
    "hsd",
    "config",
    (2, 0, 0),
    scalars(I32, "user.fex.corr.baseline user.fex.gate_ns user.fex.ymin user.fex.ymax"),
)
HSD = Kind("hsd", "raw", (2, 0, 0), {"eventHeader": (U32, 1), "chan00": (U8, 1)})
ENCODER = Kind(
    "encoder",
    "raw",
    (3, 0, 0),
    {
        "encoderValue": (U32, 0),
        "frameCount": (U16, 0),
        "timing": (U32, 0),
        **scalars(U16, "scale scaleDenom"),
        **scalars(U8, "mode error"),
    },
)
ARCHON = Kind("archon", "raw", (1, 0, 0), {"value": (U16, 2)})
RUN_INFO = Kind("runinfo", "runinfo", (0, 0, 1), {"expt": (str, 1), "runnum": (U32, 0)})
SMD_INFO = Kind("offset", "offsetAlg", (0, 0, 0), {"intOffset": (U64, 0), "intDgramSize": (U64, 0)})


def event_codes(codes: Iterable[int]) -> np.ndarray:
    """The 288 bits (uint16[18]) in which the timing system reports its event codes."""
    words = np.zeros(18, U16)
    for code in codes:
        words[code >> 4] |= U16(1 << (code & 15))
    return words


def hsd_channel(samples: np.ndarray, peaks: Iterable[Tuple[int, int]]) -> np.ndarray:
    """The bytes (uint8) of one digitiser channel: the full waveform and its sparsified form.

    Each is a header of 4 x uint32 (sample count, stream number << 24) and uint16 samples. In the sparse one, what lies
    between `peaks` (first sample, length: multiples of 4) is a group of 4 words, the first of which is 0x8000 | the
    number of samples left out.
    """
    count = len(samples)
    sparse: List[np.ndarray] = []
    at = 0
    for first, length in peaks:
        sparse += [np.array([0x8000 | (first - at), 0x8000, 0x8000, 0x8000], U16), samples[first : first + length]]
        at = first + length
    sparse.append(np.array([0x8000 | (count - at), 0x8000, 0x8000, 0x8000], U16))
    body = np.concatenate(sparse).astype(U16)
    parts: List[np.ndarray] = [
        np.array([count, 0, 0, 0], U32),
        samples.astype(U16),
        np.array([len(body), 1 << 24, 0, 0], U32),
        body,
    ]
    return np.concatenate([part.view(U8) for part in parts])

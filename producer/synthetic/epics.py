"""The demo's EPICS PVs: names a hutch has, values that move during a run. Pure numpy."""

from dataclasses import dataclass
from typing import Any, Dict, List

import numpy as np

from producer.synthetic import physics
from producer.synthetic.fields import F8, I32, U32, Table

# (alias, PV, kind, value, spread): first the ones with a meaning, then families to fill the list.
_NAMED = (
    ("lxt_vitara", "LAS:TMO:VIT:FS_TGT_TIME", F8, 0.0, 0.0),  # ns, follows the delay
    ("lxt_stage", "TMO:LAS:MMN:05.RBV", F8, 0.0, 0.0),  # mm, follows the delay
    ("sam_x", "TMO:SAM:MMS:01.RBV", F8, -1.25, 0.002),
    ("sam_y", "TMO:SAM:MMS:02.RBV", F8, 3.40, 0.002),
    ("sam_z", "TMO:SAM:MMS:03.RBV", F8, 12.0, 0.001),
    ("s1h_w", "TMO:JAWS:S1:ACTUAL_XWIDTH", F8, 0.5, 0.0),
    ("s1v_w", "TMO:JAWS:S1:ACTUAL_YWIDTH", F8, 0.5, 0.0),
    ("photon_energy", "SIOC:SYS0:ML00:AO627", F8, 1000 * physics.PHOTON_KEV, 0.4),
    ("pulse_energy", "EM1K0:GMD:HPS:milliJoulesPerPulse", F8, 1.0, 0.02),
    ("transmission", "AT1K4:L2SI:CALC:TRANS_RBV", F8, 0.3, 0.0),
    ("laser_energy", "LAS:TMO:PWR:01:MEASURED", F8, 85.0, 0.5),
    ("gas_pressure", "TMO:GAS:PMON:01", F8, 1.1e-5, 1e-7),
    ("sample_temp", "TMO:LS336:01:TEMP_A", F8, 295.0, 0.05),
    ("sample_name", "TMO:SAM:NAME", str, "LaB6 + Si(111)", 0.0),
    ("shutter", "TMO:SHUTTER:01:STATE", str, "OPEN", 0.0),
    ("bunch_charge", "BPMS:DMPH:502:CHARGE", F8, 80.0, 0.3),
    ("ring_detector_z", "TMO:DET:MMS:07.RBV", F8, 80.0, 0.0),
    ("epix_temp", "TMO:EPIX:01:TEMP", F8, -15.0, 0.02),
    ("shots_today", "TMO:USR:COUNT:01", I32, 41000, 1.0),
    ("vitara_lost", "LAS:TMO:VIT:LOCK_STATE", str, "LOCKED", 0.0),
)
# (alias or None for a PV that has none, PV, kind, value, spread)
_FAMILIES = (
    ("mr{:03d}", "TMO:MR:MMS:{:03d}.RBV", F8, 1.5, 0.003),
    ("kb_pitch_{:03d}", "MR2K4:KBO:MMS:PITCH:{:03d}.RBV", F8, 250.0, 0.05),
    (None, "TMO:VGC:{:03d}:PRESS_RBV", F8, 3e-9, 1e-10),
    (None, "TMO:PIP:{:03d}:CURRENT_RBV", F8, 1e-6, 1e-8),
    ("rtd_{:03d}", "TMO:RTD:{:03d}:TEMP_RBV", F8, 22.5, 0.05),
    (None, "TMO:VVC:{:03d}:POS_STATE_RBV", str, "OPEN", 0.0),
    ("hv_{:03d}", "TMO:HVC:{:03d}:VoltageMeasure", F8, 1450.0, 0.2),
    (None, "TMO:FLOW:{:03d}:RATE_RBV", F8, 2.1, 0.02),
    ("evr_{:03d}_delay", "TMO:EVR:{:03d}:TRIG0:TDES", F8, 890000.0, 0.0),
    (None, "TMO:CAM:{:03d}:FRAMES", I32, 100, 20.0),
)
_STALE_EVERY = 137  # a PV in so many did not answer


@dataclass(frozen=True)
class Pv:
    alias: str  # the name in the data; the PV's own where it has no other
    pv: str
    type: Any  # F8, I32 or str
    value: Any
    spread: float
    stale: bool


def pvs(count: int) -> List[Pv]:
    """The first `count` PVs; the same ones for every seed."""
    rows: List[Any] = list(_NAMED[:count])
    while len(rows) < count:
        serial, family = divmod(len(rows) - len(_NAMED), len(_FAMILIES))
        alias, pv, kind, value, spread = _FAMILIES[family]
        pv = pv.format(serial + 1)
        rows.append((alias.format(serial + 1) if alias else pv, pv, kind, value, spread))
    return [Pv(a, p, k, v, s, i % _STALE_EVERY == _STALE_EVERY - 1) for i, (a, p, k, v, s) in enumerate(rows)]


def table(listed: List[Pv]) -> Table:
    """As epicsArch has it: the flags of those that did not answer, then a value each."""
    return {"StaleFlags": (U32, 1), **{pv.alias: (pv.type, int(pv.type is str)) for pv in listed}}


def info_table(listed: List[Pv]) -> Table:
    return {"keys": (str, 1), **{pv.alias: (str, 1) for pv in listed}}


def info(listed: List[Pv]) -> Dict[str, str]:
    return {"keys": "epicsname", **{pv.alias: pv.pv for pv in listed}}


def values(listed: List[Pv], shots: physics.Shots, event: int) -> Dict[str, Any]:
    """What the PVs say just before `event`: a slow wave of its own phase for each, and the delay's followers."""
    phase = np.arange(len(listed)) * 2.399963  # the golden angle: no two alike
    wave = np.sin(phase + shots.run + event / 60.0)
    delay = float(shots.delay[min(event, len(shots) - 1)])
    stage = float(physics.stage_mm(shots)[min(event, len(shots) - 1)])
    follow = {"lxt_vitara": round(1e-3 * delay, 9), "lxt_stage": stage}
    flags = np.zeros((len(listed) + 31) // 32, np.uint32)
    found: Dict[str, Any] = {"StaleFlags": flags}
    for i, pv in enumerate(listed):
        if pv.stale:
            flags[i >> 5] |= np.uint32(1 << (i & 31))
            found[pv.alias] = "" if pv.type is str else 0
        elif pv.type is str:
            found[pv.alias] = pv.value
        elif pv.type is I32:
            found[pv.alias] = int(pv.value + pv.spread * event)
        else:
            found[pv.alias] = follow.get(pv.alias, float(pv.value + pv.spread * wave[i]))
    return found

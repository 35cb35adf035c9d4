"""Which detectors the demo has, in which stream each is, and what each contributes to an event."""

from typing import Any, Dict, List, Optional, Set, Tuple

import numpy as np

from producer.synthetic import epics, fields, physics
from producer.synthetic.stream import Declared, Item, Stream

TIMING, BEAM, OPAL, EPIX, DIGITISERS, EPICS, ARCHON, JUNGFRAU = range(8)
ARCHON_EVERY, JUNGFRAU_EVERY = 12, 2  # events per frame of the slower ones
# The streams that `write_run(detectors=...)` can leave out: those with something large in them.
OPTIONAL = {"tmo_atmopal": OPAL, "epix100_0": EPIX, "archon": ARCHON, "jungfrau1M": JUNGFRAU}

Contributions = Dict[int, List[Item]]


class Detectors:
    """Declares everything in `streams` (by number), then tells what they see of `shots`, event by event."""

    def __init__(self, streams: Dict[int, Stream], shots: physics.Shots, pvs: int, scan: bool):
        self.shots = shots
        self.pvs = epics.pvs(pvs)
        self._edge, self._stage = shots.edge(), physics.stage_mm(shots)
        s = streams
        self.timing = s[TIMING].declare("timing", fields.TIMING, "ts_0")
        self.trigger = s[TIMING].declare("triginfo", fields.TRIGGER)
        self.scan = s[TIMING].declare("scan", fields.SCAN) if scan else None
        self.ebeam = s[BEAM].declare("ebeam", fields.EBEAM, "ebeam")
        self.gasdet = s[BEAM].declare("gasdet", fields.GASDET, "gasdet")
        self.pcav = s[BEAM].declare("pcav", fields.PCAV, "pcav")
        self.gmd = s[BEAM].declare("gmd", fields.GMD, "gmd")
        self.xgmd = s[BEAM].declare("xgmd", fields.XGMD, "xgmd")
        self.monitor = s[BEAM].declare("TmoBmMon", fields.BMMON, "bmmon")
        self.usb = s[BEAM].declare("TmoUsbEncoder01", fields.USB_ENCODER, "usdusb")
        d = s[DIGITISERS]
        self.wave8, self.wave8_fex = (d.declare("tmo_fim0", kind, "w8-0") for kind in (fields.WAVE8, fields.WAVE8_FEX))
        self.hsd_config, self.hsd = (d.declare("hsd", kind, "hsd-0") for kind in (fields.HSD_CONFIG, fields.HSD))
        self.encoder = d.declare("las_enc", fields.ENCODER, "enc-0")
        self.epics = s[EPICS].declare("epics", _kind("epics", (2, 0, 0), epics.table(self.pvs), "raw"))
        self.epicsinfo = s[EPICS].declare(
            "epicsinfo", _kind("epicsinfo", (1, 0, 0), epics.info_table(self.pvs)), "epics-0"
        )
        self.streams = s
        if OPAL in s:
            kinds = (fields.OPAL_CONFIG, fields.OPAL, fields.OPAL_TIMETOOL, fields.OPAL_PROJECTION)
            self.opal_config, self.opal, self.ttfex, self.ttproj = (
                s[OPAL].declare("tmo_atmopal", kind, "opal-77") for kind in kinds
            )
        if EPIX in s:
            self.epix = s[EPIX].declare("epix100_0", fields.EPIX100, "epix100-0001")
            self.epix_frames = physics.Epix100(shots.seed)
        if ARCHON in s:
            self.archon = s[ARCHON].declare("archon", fields.ARCHON, "archon-1")
        if JUNGFRAU in s:
            self.jungfrau: List[Declared] = [
                s[JUNGFRAU].declare("jungfrau1M", fields.JUNGFRAU, f"jf-{i}", segment=i) for i in (0, 1)
            ]
            self.jungfrau_frames = physics.Jungfrau(shots.seed)

    def configuration(self) -> Contributions:
        hsd = {"user.fex.corr.baseline": physics.HSD_BASE, "user.fex.gate_ns": 1000}
        found: Contributions = {
            DIGITISERS: [(self.hsd_config, {**hsd, "user.fex.ymin": 0, "user.fex.ymax": 4095})],
            EPICS: [(self.epicsinfo, epics.info(self.pvs))],
        }
        if OPAL in self.streams:
            window = {"fex.roi.x0": 0, "fex.roi.x1": physics.OPAL_SHAPE[1] - 1}
            found[OPAL] = [(self.opal_config, {"fex.calib_poly": np.array(physics.CALIB_POLY), **window})]
        return found

    def run_info(self, experiment: str) -> Contributions:
        values = {"expt": experiment, "runnum": self.shots.run}
        return {number: [(stream.run_info, values)] for number, stream in self.streams.items()}

    def step(self, index: int, delay: float) -> Contributions:
        """The scan variables of BeginStep; lxt in s, as the DAQ's scan tools have it."""
        if self.scan is None:
            return {}
        text = f'{{"detname": "scan", "scantype": "delay", "step": {index}}}'
        values = {"step_value": float(index), "step_docstring": text, "lxt": delay * 1e-12}
        return {TIMING: [(self.scan, values)]}

    def slow(self, event: int) -> Contributions:
        return {EPICS: [(self.epics, epics.values(self.pvs, self.shots, event))]}

    def event(self, i: int, timestamp: int) -> Contributions:
        found: Contributions = {
            TIMING: self._timing(i, timestamp),
            BEAM: self._beam(i),
            DIGITISERS: self._digitisers(i),
        }
        if OPAL in self.streams:
            image, projection = physics.opal(self.shots, i)
            reference = np.full(len(projection), physics.OPAL_DARK)
            found[OPAL] = [
                (self.opal, {"image": image}),
                (self.ttfex, physics.timetool(self.shots, i)),
                (self.ttproj, {"proj_sig": projection, "proj_ref": reference}),
            ]
        if EPIX in self.streams:
            found[EPIX] = [(self.epix, {"raw": self.epix_frames.frame(self.shots, i)})]
        if ARCHON in self.streams and i % ARCHON_EVERY == ARCHON_EVERY - 1:
            found[ARCHON] = [(self.archon, {"value": physics.archon(self.shots, i)})]
        if JUNGFRAU in self.streams and i % JUNGFRAU_EVERY == 0:
            found[JUNGFRAU] = [self._panel(i, timestamp, segment) for segment in (0, 1)]
        return found

    def codes(self, i: int) -> Set[int]:
        beam = physics.XRAY_CODE if self.shots.xray[i] else physics.DROPPED_CODE
        return {10, 40, beam, physics.LASER_ON_CODE if self.shots.laser[i] else physics.LASER_OFF_CODE}

    def _timing(self, i: int, timestamp: int) -> List[Item]:
        beam = bool(self.shots.xray[i])
        values: Dict[str, Any] = {
            "pulseId": 7_000_000 + 12 * i,  # pulses come at 120 Hz
            "timeStamp": timestamp,
            "fixedRates": np.zeros(10, np.uint8),
            "acRates": np.zeros(6, np.uint8),
            "timeSlot": 1,
            "timeSlotPhase": 0,
            "ebeamPresent": int(beam),
            "ebeamDestn": physics.SXR if beam else physics.DUMP,
            "ebeamCharge": 80,
            "ebeamEnergy": np.full(4, 4000, np.uint16),
            "xWavelength": np.full(2, 689, np.uint16),
            "dmod5": i % 5,
            "mpsLimits": np.zeros(16, np.uint8),
            "mpsPowerClass": np.zeros(16, np.uint8),
            "sequenceValues": fields.event_codes(self.codes(i)),
            "inhibitCounts": np.zeros(8, np.uint32),
        }
        return [(self.timing, values), (self.trigger, {"data": 1})]

    def _beam(self, i: int) -> List[Item]:
        rng, energy = self.shots.rng(i, 7), float(self.shots.energy[i])
        names = [name for name in fields.EBEAM.table if name != "damageMask"]
        beam = dict(zip(names, rng.normal(0, 0.01, len(names))))
        beam.update(
            damageMask=0,
            ebeamCharge=80 + rng.normal(0, 0.3),
            ebeamL3Energy=4000 + rng.normal(0, 1),
            ebeamPhotonEnergy=1000 * physics.PHOTON_KEV + rng.normal(0, 2),
            ebeamDumpCharge=80 + rng.normal(0, 0.3),
        )
        gas = {name: energy * (1 + rng.normal(0, 0.01)) for name in fields.GASDET.table}
        gmd = {
            "energy": energy,
            "xpos": rng.normal(0, 0.05),
            "ypos": rng.normal(0, 0.05),
            "avgIntensity": 1.0,
            "rmsElectronSum": int(1e5 * energy),
            "electron1BkgNoiseAvg": 3,
            "electron2BkgNoiseAvg": 4,
        }
        position = rng.normal(0, 1e-4, 2)
        monitor = {
            "totalIntensityJoules": 1e-3 * energy,
            "xPositionMeters": position[0],
            "yPositionMeters": position[1],
            "peakAmplitude": energy * np.linspace(1, 0, 16),
            "peakTime": np.arange(16, dtype=np.uint16),
        }
        pcav = {"fitTime1": rng.normal(0, 0.02), "fitTime2": rng.normal(0, 0.02), "charge1": 80.0, "charge2": 80.0}
        return [
            (self.ebeam, beam),
            (self.gasdet, gas),
            (self.pcav, pcav),
            (self.gmd, gmd),
            (self.xgmd, {**gmd, "energy": 0.8 * energy}),
            (self.monitor, monitor),
            (self.usb, self._usb(i, energy)),
        ]

    def _usb(self, i: int, energy: float) -> Dict[str, Any]:
        names = b"".join(name.ljust(48, b"\0") for name in (b"delay", b"theta", b"ch2", b"ch3"))
        counts = np.array([round(1e4 * self._stage[i]), 5000, 0, 0], np.uint32)
        laser = 30000 if self.shots.laser[i] else 300
        return {
            "_countMode": np.zeros(4, np.uint32),
            "_quadMode": np.zeros(4, np.uint32),
            "_offset": np.zeros(4, np.int32),
            "_scale": np.full(4, 1e-4),
            "_name": np.frombuffer(names, np.int8),
            "_header": np.zeros(6, np.uint8),
            "_din": 0,
            "_estop": 0,
            "_timestamp": i,
            "_count": counts,
            "_status": np.zeros(4, np.uint8),
            "_ain": np.array([laser, round(20000 * energy), 100, 0], np.uint16),
            "encoder_values": counts * 1e-4,
        }

    def _digitisers(self, i: int) -> List[Item]:
        traces, fex = physics.wave8(self.shots, i)
        channel = fields.hsd_channel(physics.digitiser(self.shots, i), physics.HSD_PEAKS)
        encoder = {"encoderValue": round(1e4 * self._stage[i]), "frameCount": i & 0xFFFF, "timing": 0}
        return [
            (self.wave8, traces),
            (self.wave8_fex, fex),
            (self.hsd, {"eventHeader": np.array([3 << 20, 0], np.uint32), "chan00": channel}),
            (self.encoder, {**encoder, "scale": 1, "scaleDenom": 10000, "mode": 0, "error": 0}),
        ]

    def _panel(self, i: int, timestamp: int, segment: int) -> Item:
        rest = {"hotPixelThresh": 0, "numHotPixels": 0, "maxHotPixels": 0}
        panel = self.jungfrau_frames.panel(self.shots, i, segment)
        return self.jungfrau[segment], {"raw": panel, "frame_cnt": i, "timestamp": timestamp, **rest}


def _kind(
    name: str, version: Tuple[int, int, int], table: fields.Table, algorithm: Optional[str] = None
) -> fields.Kind:
    return fields.Kind(name, algorithm or name, version, table)


def constants(seed: int) -> Dict[str, Dict[str, np.ndarray]]:
    """Calibration constants: detector -> kind -> array."""
    return {
        "epix100_0": physics.Epix100(seed).constants(),
        "jungfrau1M": physics.Jungfrau.constants(),
        "tmo_atmopal": physics.opal_constants(),
        "archon": {"pedestals": np.full(physics.ARCHON_SHAPE, physics.ARCHON_DARK, np.float32)},
    }

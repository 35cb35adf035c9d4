"""Write a run with detectors that the demo has not: ``python author_rare.py DIR RUN``. 40 events; an FEE spectrometer
with a varying number of peaks, a time tool recorded as a PV, a digitizer of two channels and one that keeps peaks only,
two slow cameras."""

import sys
from pathlib import Path

import numpy as np

from producer.synthetic import fields
from producer.synthetic.fields import Kind
from producer.synthetic.stream import Stream

F8, U4, U2 = np.float64, np.uint32, np.uint16
EVENTS, EXPERIMENT = 40, "tmoc00126"
SLOW = {"archon": 8, "archon2": 5}  # events between two frames
LENGTHS = (400, 240)


def peaks(i):
    """(FWHM, peakPos, peakHeight) of event i."""
    count = (3, 1, 0, 2)[i % 4]
    return tuple(np.arange(count, dtype=F8) + 10 * i + k for k in range(3))


def edge(i):
    return np.array([0.0 if i % 3 == 2 else 100.0 + i, 0.5, 20, 0.3, 0.01, 99], F8)


def samples(i, channel):
    return (2048 + 100 * np.sin(np.arange(LENGTHS[channel]) / 9 + i + channel)).astype(U2)


def kept(i):
    """(first sample, samples) of each peak that the digitizer keeps in event i."""
    return [(40, 20), (100 + 4 * i, 8)][: i % 3]


def frame(i, detector):
    return np.full((8, 4800), 100 * list(SLOW).index(detector) + i, U2)


def main(directory, run):
    streams = [Stream(directory, EXPERIMENT, run, number) for number in range(5)]
    ids = streams[0].ids
    spectrum_table = {"width": (U4, 0), "com": (F8, 0), "nPeaks": (U4, 0), "hproj": (np.int32, 1)}
    spectrum_table.update({name: (F8, 1) for name in ("FWHM", "peakPos", "peakHeight")})
    timing = streams[0].declare("timing", fields.TIMING)
    spectrum = streams[1].declare("feespec", Kind("feespec", "raw", (1, 0, 0), spectrum_table))
    tool = streams[1].declare("alvium_tt", Kind("pv", "raw", (1, 0, 0), {"value": (F8, 1)}))
    motor = [
        streams[1].declare("mono_encoder", Kind("encoder", name, (3, 0, 0), fields.ENCODER.table))
        for name in ("raw", "interpolated")
    ]
    tools = [streams[1].declare(name, fields.OPAL_TIMETOOL) for name in ("opal_a", "opal_b")]
    configs = [streams[2].declare("hsd", fields.HSD_CONFIG, f"hsd-{s}", segment=s) for s in (0, 1)]
    channels = [streams[2].declare("hsd", fields.HSD, f"hsd-{s}", segment=s) for s in (0, 1)]
    sparse = (
        streams[2].declare("hsd_fex", fields.HSD_CONFIG, "hsd-9"),
        streams[2].declare("hsd_fex", fields.HSD, "hsd-9"),
    )
    cameras = {name: streams[3 + k].declare(name, fields.ARCHON, name) for k, name in enumerate(SLOW)}
    now = 1 << 40
    gates = {"user.fex.corr.baseline": 2048, "user.fex.gate_ns": 1000, "user.fex.ymin": 0, "user.fex.ymax": 4095}
    for k, stream in enumerate(streams):
        stream.configure(now, [(config, gates) for config in (*configs, sparse[0])] if k == 2 else ())
    now += 1000
    for stream in streams:
        stream.transition(ids.BeginRun, now, [(stream.run_info, {"expt": EXPERIMENT, "runnum": run})])
    for service in (ids.BeginStep, ids.Enable):
        now += 1000
        for stream in streams:
            stream.transition(service, now)
    for i in range(EVENTS):
        now += 1000
        codes = {40, 137 if i % 4 else 162, *([90] if i % 2 else [])}
        shot = {
            "pulseId": i,
            "timeStamp": now,
            "fixedRates": np.zeros(10, np.uint8),
            "acRates": np.zeros(6, np.uint8),
            "timeSlot": 1,
            "timeSlotPhase": 0,
            "ebeamPresent": 1,
            "ebeamDestn": 4,
            "ebeamCharge": 80,
            "ebeamEnergy": np.full(4, 4000, U2),
            "xWavelength": np.full(2, 689, U2),
            "dmod5": 0,
            "mpsLimits": np.zeros(16, np.uint8),
            "mpsPowerClass": np.zeros(16, np.uint8),
            "sequenceValues": fields.event_codes(codes),
            "inhibitCounts": np.zeros(8, U4),
        }
        streams[0].event(now, [(timing, shot)])
        found = dict(zip(("FWHM", "peakPos", "peakHeight"), peaks(i)))
        values = {"width": 6, "com": 3.5, "nPeaks": len(found["FWHM"]), "hproj": np.arange(6, dtype=np.int32) * i}
        counts = {"frameCount": i, "timing": 0, "scale": 3, "scaleDenom": 2, "mode": 0, "error": 0}
        positions = [(part, {**counts, "encoderValue": 100 * i + k}) for k, part in enumerate(motor)]
        names = list(fields.OPAL_TIMETOOL.table)
        fits = [(part, {name: float(i + 50 * k) for name in names}) for k, part in enumerate(tools)]
        streams[1].event(now, [(spectrum, {**values, **found}), (tool, {"value": edge(i)}), *positions, *fits])
        header = np.array([3 << 20, 0], U4)
        traces = [fields.hsd_channel(samples(i, s), [(40, 20)]) for s in (0, 1)]
        both = fields.hsd_channel(samples(i, 0), [(first, count) for first, count in kept(i)])
        alone = {"eventHeader": np.array([2 << 20, 0], U4), "chan00": both[16 + 2 * LENGTHS[0] :]}
        raw = [(c, {"eventHeader": header, "chan00": t}) for c, t in zip(channels, traces)]
        streams[2].event(now, [*raw, (sparse[1], alone)])
        for k, (name, every) in enumerate(SLOW.items()):
            if i % every == every - 1:
                streams[3 + k].event(now, [(cameras[name], {"value": frame(i, name)})])
    for service in (ids.Disable, ids.EndStep, ids.EndRun):
        now += 1000
        for stream in streams:
            stream.transition(service, now)
    for stream in streams:
        stream.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))

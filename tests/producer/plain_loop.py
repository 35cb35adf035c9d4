"""An independent reading of a run with psana's public interface alone, one event after the other, to compare with.

``python plain_loop.py EXP RUN DIR CALIB OUT.pickle DETECTOR,... VARIABLE,...`` writes a list of a dict for each event:
timestamp, codes, ebeam, gmd, fim, tt (attributes of psana's detectors), frames (detector -> calibrated array or None)
and values (variable -> what psana's Detector(variable)(event) gives).
"""

import os
import pickle
import sys
from pathlib import Path

import numpy as np
import psana.psexp.ds_base as base
from psana import DataSource


def main(experiment, run, directory, folder, output, detectors, variables):
    base.DataSourceBase._get_file_info_from_db = lambda self, number: {}
    ds = DataSource(exp=experiment, run=int(run), dir=directory, skip_calib_load="all", batch_size=5)
    opened = next(ds.runs())
    for detector in os.listdir(folder) if folder else []:
        constants, about = {}, {"experiment": "plain", "run": 0}
        for name in os.listdir(os.path.join(folder, detector)):
            ctype, extension = os.path.splitext(name)
            path = os.path.join(folder, detector, name)
            constants[ctype] = (np.load(path) if extension == ".npy" else Path(path).read_text(), about)
        opened._calib_const[detector] = constants
    opened.dsparms.calibconst = opened._calib_const
    there = opened.detnames
    detectors = [name for name in detectors.split(",") if name]
    readers = {name: opened.Detector(name) for name in detectors}
    settings = {name: opened.Detector(name) for name in variables.split(",") if name}
    groups = {"ebeam": "raw", "gmd": "raw", "tmo_fim0": "fex", "tmo_atmopal": "ttfex", "las_enc": "raw"}
    beams = {name: getattr(opened.Detector(name), kind) for name, kind in groups.items() if name in there}
    fields = {name: [f for f in opened.detinfo[name, groups[name]] if f != "config"] for name in beams}
    timing = opened.Detector("timing") if "timing" in there else None
    rows = []
    for event in opened.events():
        row = {"timestamp": event.timestamp, "frames": {}, "beams": {}}
        row["codes"] = None if timing is None else timing.raw.eventcodes(event)
        for name, reader in beams.items():
            row["beams"][name] = {field: copied(getattr(reader, field)(event)) for field in fields[name]}
        for name, reader in readers.items():
            row["frames"][name] = frame(reader.raw, event)
        row["values"] = {name: copied(setting(event)) for name, setting in settings.items()}
        rows.append(row)
    with open(output, "wb") as file:
        pickle.dump(rows, file)


def frame(reader, event):
    if reader._segments(event) is None:
        return None
    constants = reader._calibconst or {}
    calibrated = "pedestals" in constants or not hasattr(reader, "raw")
    return copied(reader.calib(event) if calibrated else reader.raw(event))


def copied(value):
    return value.copy() if isinstance(value, np.ndarray) else value


if __name__ == "__main__":
    main(*sys.argv[1:])

"""``python read_back.py XTC_DIR RUN CALIB OUT``: all that psana finds in a run, pickled. A process of its own for each
run, since psana keeps detector objects for the life of a process."""

import pickle
import sys
from pathlib import Path

import numpy as np
import psana.psexp.ds_base
from psana import DataSource

SKIPPED = {"config", "peaksDict", "image"}


def kept(value):
    if isinstance(value, np.ndarray):
        return value.copy()
    if isinstance(value, dict):
        return {key: kept(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [kept(inner) for inner in value]
    return value


def main(directory, run_number, calib, out):
    psana.psexp.ds_base.DataSourceBase._get_file_info_from_db = lambda self, runnum: {}  # the logbook, by the network
    source = DataSource(exp="tmoc00126", run=int(run_number), dir=directory, skip_calib_load="all")
    run = next(source.runs())
    for folder in Path(calib).iterdir():
        run._calib_const[folder.name] = {
            file.stem: (np.load(file), {"experiment": "local", "run": 0, "ctype": file.stem})
            for file in folder.iterdir()
        }
    run.dsparms.calibconst = run._calib_const
    found = {
        "expt": run.expt,
        "runnum": run.runnum,
        "detinfo": {key: list(value) for key, value in run.detinfo.items()},
        "epics": sorted(run.epicsinfo),
        "scan": sorted(name for name, _ in run.scaninfo),
        "events": [],
        "steps": [],
    }
    detectors = {name: run.Detector(name) for name in run.detnames}
    pvs = {alias: run.Detector(alias) for alias, _ in run.epicsinfo if alias != "StaleFlags"}
    scan = {name: run.Detector(name) for name, _ in run.scaninfo}
    for step in run.steps():
        found["steps"].append({name: detector(step) for name, detector in scan.items()})
        for event in step.events():
            seen = {
                "timestamp": event.timestamp,
                "damage": {i: d._xtc.damage for i, d in enumerate(event._dgrams) if d is not None},
                "step": len(found["steps"]) - 1,
                "pvs": {alias: pv(event) for alias, pv in pvs.items()},
            }
            for (name, algorithm), attributes in run.detinfo.items():
                interface = getattr(detectors[name], algorithm)
                hidden = ["_ain"] if name == "TmoUsbEncoder01" else []
                for attribute in [*attributes, *hidden]:
                    if attribute == "descriptions" and event._dgrams[1] is None:
                        continue  # psana raises TypeError where the device is missing
                    if attribute not in SKIPPED:
                        value = getattr(interface, attribute)(event)
                        seen[f"{name}.{algorithm}.{attribute}"] = kept(value)
            if "tmo_atmopal" in detectors:
                poly = detectors["tmo_atmopal"].raw._seg_configs()[0].config.fex.calib_poly
                found["calib_poly"] = np.array(poly)
            found["events"].append(seen)
    with open(out, "wb") as file:
        pickle.dump(found, file)


if __name__ == "__main__":
    main(*sys.argv[1:])

"""What psana itself says of a run, as JSON behind the word ANSWER: ``python ask_psana.py EXPERIMENT RUN DIRECTORY``."""

import json
import re
import sys

import psana.detector.detectors
import psana.psexp.ds_base
from psana import DataSource

# the only question that goes over the network however a run is opened
psana.psexp.ds_base.DataSourceBase._get_file_info_from_db = lambda self, run: {}

experiment, run_number, directory = sys.argv[1:]
run = next(DataSource(exp=experiment, run=int(run_number), dir=directory, skip_calib_load="all").runs())
interfaces = [(name, kind, getattr(run.Detector(name), kind)) for name, kind in run.detinfo]
pvs = {alias: run.Detector(alias) for alias, _ in run.epicsinfo}
answer = {
    "detnames": [list(key) for key in run.detinfo],
    "epics": [list(key) for key in run.epicsinfo],
    "scan": [list(key) for key in run.scaninfo],
    "raw": [list(row) for row in run.xtcinfo],
    "ids": [[name, kind, list(one._sorted_segment_inds), one._uniqueid] for name, kind, one in interfaces],
    "classes": [name for name in dir(psana.detector.detectors) if re.fullmatch(r"\w+_\w+_\d+_\d+_\d+", name)],
    "begin": run.timestamp,
    "timestamps": [],
    "shapes": {},
    "values": {},
}
for event in run.events():
    answer["timestamps"].append(event.timestamp)
    for name, kind, one in interfaces:
        read = getattr(one, "raw", None) if kind == "raw" else None
        array = read(event) if callable(read) else None
        if array is not None and name not in answer["shapes"]:
            answer["shapes"][name] = [list(array.shape), array.dtype.name]
    for alias, pv in pvs.items():
        value = pv(event)
        if value is not None:
            answer["values"][alias] = value.tolist() if hasattr(value, "tolist") else value
print("ANSWER" + json.dumps(answer))

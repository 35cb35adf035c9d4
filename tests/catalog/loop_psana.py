"""What a plain loop over the events meets, as JSON behind the word ANSWER: ``python loop_psana.py EXP RUN DIRECTORY``;
behind it the FILE of a run that is a single one without an EndRun.

The value of every PV at every event, and in how many events each detector has all its segments.
"""

import json
import sys

import numpy as np
import psana.psexp.ds_base
from psana import DataSource

# the only question that goes over the network however a run is opened
psana.psexp.ds_base.DataSourceBase._get_file_info_from_db = lambda self, run: {}

experiment, run_number, directory, *single = sys.argv[1:]
where = {"files": single[0]} if single else {"exp": experiment, "run": int(run_number), "dir": directory}
run = next(DataSource(**where, skip_calib_load="all").runs())
pvs = {alias: run.Detector(alias) for alias, _ in run.epicsinfo}
interfaces = [
    (name, kind, getattr(run.Detector(name), kind)) for name, kind in run.detinfo if name not in ("epicsinfo", "config")
]
values = {alias: [] for alias in pvs}
present = [0] * len(interfaces)
events = 0
for event in run.events():
    events += 1
    for alias, pv in pvs.items():
        value = pv(event)
        if value is not None:
            values[alias].append(value.tolist() if isinstance(value, np.ndarray) else value)
    for i, (_, _, one) in enumerate(interfaces):
        present[i] += one._segments(event) is not None
answer = {
    "pvs": {alias: met for alias, met in values.items() if met},
    "present": [[name, kind, count] for (name, kind, _), count in zip(interfaces, present, strict=True)],
    "events": events,
}
print("ANSWER" + json.dumps(answer))

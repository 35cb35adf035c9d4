"""What psana itself says of a run, as JSON behind the word ANSWER: ``python ask_psana.py EXP RUN DIRECTORY [FILE]``.

`printed`: what its program detnames prints, with no flag and with each of its flags.  The events of a run that is a
single FILE without an EndRun are read from that: in the other way psana fails at its end.
"""

import contextlib
import io
import json
import re
import sys

import psana.detector.detectors
import psana.pscalib.calib.MDBWebUtils
import psana.psexp.ds_base
from psana import DataSource
from psana.app.detnames import detnames

# the only question that goes over the network however a run is opened, and the one that detnames puts
psana.psexp.ds_base.DataSourceBase._get_file_info_from_db = lambda self, run: {}
psana.pscalib.calib.MDBWebUtils.calib_constants_all_types = lambda *args, **options: {}

experiment, run_number, directory, *single = sys.argv[1:]
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
    "end": None,
    "timestamps": [],
    "shapes": {},
    "values": {},
}
if single:
    run = next(DataSource(files=single[0], skip_calib_load="all").runs())
    interfaces = [(name, kind, getattr(run.Detector(name), kind)) for name, kind in run.detinfo]
    pvs = {alias: run.Detector(alias) for alias, _ in run.epicsinfo}
update = run._update_envstore_from_dgrams


def note_end(dgrams):
    """psana meets the EndRun in its loop over the events, and does not hand it on; where there is none, as in the
    single files, it makes one up."""
    met = [one for one in dgrams if one is not None]
    if met[0].service() == 5 and not single:
        answer["end"] = max(one.timestamp() for one in met)
    update(dgrams)


run._update_envstore_from_dgrams = note_end
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
answer["printed"] = {}
for flag in ("", "-e", "-s", "-r", "-i"):
    said = io.StringIO()
    sys.argv = ["detnames", *([flag] if flag else []), f"exp={experiment},run={run_number},dir={directory}"]
    with contextlib.redirect_stdout(said):
        detnames()
    answer["printed"][flag] = said.getvalue()
print("ANSWER" + json.dumps(answer))

"""The analysis functions of area detectors: one module each, found by looking into this folder.

A module here is a function when it has

* ``NAME``: its key under ``[runs.RANGE.DETECTOR]``, and ``MANY``: True for an array of entries told apart by `name`;
* ``Parameters``: a frozen dataclass as `producer.parameters` reads it. ``parameters.misfit(shape)``, where there is
  one, says in words why data of that shape cannot be analysed, or "";
* ``Computation(parameters, detector, shape, dtype)``: made by each worker when it sees the first frame of the detector,
  with

  - ``columns``: the `producer.schema.Column`s it fills with each event (paths from the root of the file),
  - ``event(frame, timestamp)``: a dict of column path -> value for one event; a column left out is missing in that
    event. `frame` is the calibrated array (float32 mostly; the raw integers of a detector without constants), read-only
    and only valid during the call: copy what is to be kept,
  - ``totals()``: what was accumulated over the events of this worker: (`producer.schema.Total`, array, events that
    went into it) each; the totals of the workers are put together by the merge;

* ``promises(parameters, detector)``: path -> shape of one row (None where it depends on the detector) of what a file
  must hold for these parameters, so that a file can be verified without the data;
* ``RECORDED`` (optional): parameter -> name under which ``UserDataCfg`` has it, where readers expect another than ours.

A module without a computation can be written into profiles, but a production with it is refused.

What `event` raises is counted as a problem of that event and fails the verdict; nothing is skipped silently. To add a
function, add one file.
"""

import importlib
import pkgutil
from types import ModuleType
from typing import Dict


def _functions() -> Dict[str, ModuleType]:
    modules = [importlib.import_module(f"{__name__}.{found.name}") for found in pkgutil.iter_modules(__path__)]
    return {module.NAME: module for module in modules if hasattr(module, "NAME")}


FUNCTIONS: Dict[str, ModuleType] = _functions()

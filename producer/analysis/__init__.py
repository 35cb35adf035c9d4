"""The analysis functions of area detectors: one module each, found by looking into this folder.

A module here is a function when it has

* ``NAME``: its key under ``[runs.RANGE.DETECTOR]``, and ``MANY``: True for an array of entries told apart by `name`;
* ``Parameters``: a frozen dataclass as `producer.parameters` reads it. ``parameters.misfit(shape)``, where there is
  one, says in words why data of that shape cannot be analysed, or ""; ``parameters.unmet(plan)`` what else the plan
  would have to say;
* ``Computation(parameters, owner, shape, dtype)``: made by each worker when it sees the first frame of the detector
  (`owner` is the name of the detector, or for a function that goes on from another's result what its datasets begin
  with, see `names.within`); with a parameter ``context``, it gets the `producer.detector_context.Context`: mask, noise
  and geometry of the detector. It has

  - ``columns``: what it fills with each event: `producer.schema.Column`s (paths from the root of the file), and
    `producer.schema.Variable`s for results of any length;
  - ``event(frame, timestamp)``: a dict of path -> value for one event (for a `Variable`: field -> entries); a path left
    out is missing in that event. `frame` is the calibrated array (float32 mostly; the raw integers of a detector
    without constants), read-only and only valid during the call: copy what is to be kept. A class with ``WANTS_SHOT =
    True`` gets the `producer.shot.Shot` as third argument: were there X-rays, and laser;
  - ``totals()``: what was accumulated over the events of this worker: (`producer.schema.Total`, array, events that
    went into it) each; the totals of the workers are put together by the merge;
  - ``once`` (optional): (`Column`, value) each, what is written once for the file, such as the axes of a result, below
    ``UserDataCfg/<detector>``;

  and raises `producer.detector_context.Lacking` when the detector does not have what it needs;
* or instead of it, or beside it, ``PREPARES`` (a number: their order) and ``prepare(parameters, context, shape)``: it
  adds to the context a mask, or a change of each frame before the functions get it;
* ``promises(parameters, owner)``: path -> shape of one row (None where it depends on the detector) of what a file
  must hold for these parameters, so that a file can be verified without the data;
* ``RECORDED`` (optional): parameter -> name under which ``UserDataCfg`` has it, where readers expect another than ours.

A field of `Parameters` that is itself the `Parameters` of a function, or a tuple of such, is a function that goes on
from the result of this one: ``[runs.all.epix_1.droplet.photons]``, ``[[runs.all.epix_1.roi.projection]]``. This one
makes its computation and calls it. A module without ``NAME`` can only go on from another.

What `event` raises is counted as a problem of that event and fails the verdict; nothing is skipped silently. To add a
function, add one file; or have it in a package of your own, see docs/plugins.md.
"""

import importlib
import pkgutil
from types import ModuleType
from typing import Dict

from producer.plugins import Plugin, plugins


def _functions() -> Dict[str, ModuleType]:
    modules = [importlib.import_module(f"{__name__}.{found.name}") for found in pkgutil.iter_modules(__path__)]
    return {module.NAME: module for module in modules if hasattr(module, "NAME")}


FUNCTIONS: Dict[str, ModuleType] = _functions()
PLUGINS: Dict[str, Plugin] = plugins(FUNCTIONS)
FUNCTIONS.update({name: plugin.module for name, plugin in PLUGINS.items() if not plugin.broken})

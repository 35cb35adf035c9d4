"""``UserDataCfg`` of a produced file: what was asked, of what data, by which software; and its ``problems``."""

import getpass
import json
import os
import platform
import socket
import sys
import time
from dataclasses import dataclass, is_dataclass
from typing import Any, Dict, List, Mapping, Tuple

import h5py
import numpy as np

import producer
from producer.analysis import FUNCTIONS, PLUGINS
from producer.calibration import Found
from producer.defaults.epics import ABOUT_TIME
from producer.event_problems import FIELDS, EventProblem
from producer.parameters import describe
from producer.part_file import TIMESTAMP
from producer.plan import Plan
from producer.promises import promises


@dataclass(frozen=True)
class Facts:
    """Of one production. `events`: written and expected; `limit` 0: none was asked for; `begin` unix seconds."""

    experiment: str
    run: int
    recorded_as: str
    directory: str
    profile: str
    profile_text: str
    command: str
    ranks: int
    begin: float
    limit: int
    events_written: int
    events_expected: int


def versions() -> Dict[str, str]:
    """Of everything that had a hand in the numbers."""
    found = {"producer": producer.__version__, "python": platform.python_version(), "numpy": np.__version__}
    found["h5py"], found["hdf5"] = h5py.__version__, h5py.version.hdf5_version
    for name in ("psana", "mpi4py"):
        module = sys.modules.get(name)
        if module is not None:
            found[name] = _version(name, module)
    mpi = sys.modules.get("mpi4py.MPI")
    if mpi is not None:
        found["mpi"] = mpi.Get_library_version().splitlines()[0].strip()
    return found


def _version(name: str, module: Any) -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(name)
    except PackageNotFoundError:
        return str(getattr(module, "__version__", "unknown"))


def user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())


def write_provenance(file: h5py.File, plan: Plan, facts: Facts, constants: Mapping[str, Found]) -> None:
    group = file.require_group("UserDataCfg")
    text = plan.to_toml()
    entries: Dict[str, Any] = {
        "plan": text,
        "plan_sha256": plan.sha256,
        "promised": json.dumps(promises(plan)),
        "profile": facts.profile,
        "profile_text": facts.profile_text,
        "experiment": facts.experiment,
        "run": facts.run,
        "recorded_as": facts.recorded_as,
        "xtc_dir": facts.directory,
        "command": facts.command,
        "host": socket.gethostname(),
        "user": user(),
        "ranks": facts.ranks,
        "begin": _utc(facts.begin),
        "end": _utc(time.time()),
        "event_limit": facts.limit,
        "events_expected": facts.events_expected,
        "events_written": facts.events_written,
    }
    for name, value in entries.items():
        group[name] = value
    plugins = [PLUGINS[name] for functions in plan.detectors.values() for name in functions if name in PLUGINS]
    for name, version in {**versions(), **{plugin.package: plugin.version for plugin in plugins}}.items():
        group[f"versions/{name}"] = version
    for detector, functions in plan.detectors.items():
        for path, value in _parameters(functions):
            group[f"{detector}/{path}"] = value
    for detector, found in constants.items():
        group[f"{detector}/calibration"] = found.source or "none"
        group[f"{detector}/calibration_sha256"] = found.digest if found.constants else ""
    file.attrs["description"] = (
        f"SmallData of {facts.experiment} run {facts.run}: one row for each event, in time order"
    )
    file.attrs["missing_values"] = "NaN for floats, -99999 for integers, an empty text for texts"
    for name in ("epicsUser", "epicsAll"):
        if name in file:
            file[name].attrs["description"] = f"EPICS values: each is {ABOUT_TIME}"
    file[TIMESTAMP.path].attrs["origin"] = "psana's event timestamp"


def _parameters(functions: Mapping[str, Any]) -> List[Tuple[str, Any]]:
    """``<entry>__<entry>_<parameter>``, as smalldata_tools writes the parameters of its functions."""
    return [
        one
        for function, given in functions.items()
        for parameters in (given if FUNCTIONS[function].MANY else (given,))
        for one in recorded(function, parameters)
    ]


def recorded(function: str, parameters: Any) -> List[Tuple[str, Any]]:
    """The parameters of one entry of a function: name below the detector's group of UserDataCfg, value."""
    entry = getattr(parameters, "name", function)
    names = getattr(FUNCTIONS[function], "RECORDED", {})
    return _of_one(parameters, f"{entry}__{entry}_", f"{entry}__", names)


def _of_one(parameters: Any, start: str, inner: str, names: Mapping[str, str]) -> List[Tuple[str, Any]]:
    """`start` begins the name of each parameter, `inner` that of each function which goes on from this one."""
    found: List[Tuple[str, Any]] = []
    cls: Any = type(parameters)
    for field in describe(cls):
        value = getattr(parameters, field.name)
        following = [v for v in (value if isinstance(value, tuple) else (value,)) if is_dataclass(v)]
        for one in following:
            of_its_own = getattr(sys.modules[type(one).__module__], "RECORDED", {})
            name = f"{inner}{getattr(one, 'name', field.name)}_"
            found += _of_one(one, name, name, of_its_own)
        if not following:
            found.append((f"{start}{names.get(field.name, field.name)}", _storable(value)))
    return found


def _storable(value: Any) -> Any:
    """As HDF5 can hold it: numbers and text as they are, lists of lists of unequal length as text."""
    if value is None:
        return "None"
    if not isinstance(value, (tuple, list)):
        return value
    if any(isinstance(item, str) for item in value):
        return list(value)
    try:
        return np.asarray(value, dtype=np.float64 if not value else None)
    except ValueError:
        return json.dumps(value)


def write_problems(file: h5py.File, problems: List[EventProblem]) -> None:
    """One dataset each field, row by row one problem; empty when there was none."""
    group = file.create_group("problems")
    group.attrs["description"] = "what went wrong in single events, by detector, function and kind"
    for name in FIELDS:
        values = [getattr(problem, name) for problem in problems]
        if name in ("first_event", "count"):
            group.create_dataset(name, data=np.array(values, np.int64))
        else:
            group.create_dataset(name, data=np.array(values, object), dtype=h5py.string_dtype())


def _utc(seconds: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))

"""The analysis functions of area detectors: one module each, found by looking into this folder.

A module here is a function when it has `NAME` (its key under ``[runs.RANGE.DETECTOR]``), `MANY` (True: an array of
entries told apart by `name`) and `Parameters` (a frozen dataclass as `producer.parameters` reads it), beside the
computation.
"""

import importlib
import pkgutil
from types import ModuleType
from typing import Dict


def _functions() -> Dict[str, ModuleType]:
    modules = [importlib.import_module(f"{__name__}.{found.name}") for found in pkgutil.iter_modules(__path__)]
    return {module.NAME: module for module in modules if hasattr(module, "NAME")}


FUNCTIONS: Dict[str, ModuleType] = _functions()

"""Default data of a run: one module each kind.

A module here that a profile can set up has `SECTION` (its key in the profile), `MANY` (True: an array of tables) and
`Parameters`; the others need no setting.
"""

import importlib
import pkgutil
from types import ModuleType
from typing import Dict


def _sections() -> Dict[str, ModuleType]:
    modules = [importlib.import_module(f"{__name__}.{found.name}") for found in pkgutil.iter_modules(__path__)]
    return {module.SECTION: module for module in modules if hasattr(module, "SECTION")}


SECTIONS: Dict[str, ModuleType] = _sections()

"""Scan variables: the values of the step that each event belongs to."""

from typing import List

from producer.data_source import OpenRun
from producer.defaults.held import Held

_ABOUT = {
    "step_value": ("", "number of the step, as the DAQ counts"),
    "step_docstring": ("", "what the DAQ wrote about the step"),
}


def held(run: OpenRun) -> List[Held]:
    found = [(f"scan/{name}", name, run.scan.find(name)) for name in run.scan.names]
    about = {path: _ABOUT.get(name, ("", f"scan variable {name}, set before the step")) for path, name, _ in found}
    return [Held("scan", run.scan, [(path, variable) for path, _, variable in found if variable], about)]

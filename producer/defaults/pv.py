"""PVs that the DAQ reads out with every shot, as detectors of their own: time-matched, unlike EPICS values."""

from typing import Dict, List

from producer.data_source import OpenRun
from producer.defaults.source import About, Fields, Source, of_types, public

ABOUT: Dict[str, About] = {"value": ("", "value of the PV at the shot")}


def sources(run: OpenRun) -> List[Source]:
    """Numbers and traces; images are for the analysis functions."""
    found: List[Source] = []
    for interface in of_types(run, ["pv"], "raw"):
        fields = [name for name in public(interface) if interface.fields[name].rank <= 1]
        if fields:
            found.append(Fields(interface, interface.detector, fields, ABOUT))
    return found

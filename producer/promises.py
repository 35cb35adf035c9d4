"""What a file must hold for a plan, known without the data."""

from typing import Dict, Optional, Tuple

from producer.analysis import FUNCTIONS
from producer.defaults import epics
from producer.plan import Plan

Shape = Optional[Tuple[int, ...]]


def promises(plan: Plan) -> Dict[str, Shape]:
    """Dataset -> shape of one row, None where that depends on the data."""
    found: Dict[str, Shape] = {"timestamp": ()}
    found.update(epics.promises(plan.epics))
    found.update({f"lightStatus/{light}": () for light in plan.light_status.lights})
    found.update({f"ai/{one.name}": () for one in plan.analog_input})
    found.update({f"intg/{detector}/count": () for detector in plan.integrating.detectors})
    if plan.time_tool.refit is not None:
        found["ttRaw/pos"] = ()
    for detector, functions in plan.detectors.items():
        for name, given in functions.items():
            module = FUNCTIONS[name]
            if hasattr(module, "promises"):
                for parameters in given if module.MANY else (given,):
                    found.update(module.promises(parameters, detector))
    return found
